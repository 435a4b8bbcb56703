//! Where a text comes from, as OpenAI shows it: links, each with the stretch of the text that it supports.

use serde::Serialize;
use serde_json::Value;

/// One link. Places are counted in characters of the message's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    start_index: usize,
    end_index: usize,
    title: String,
    url: String,
}

impl Link {
    /// `None` for a citation that leads nowhere on the web: OpenAI's form has no place for a page of a document.
    fn of(citation: &Value, start: usize, end: usize) -> Option<Self> {
        let word = |name: &str| citation.get(name).and_then(Value::as_str);
        let url = match word("type")? {
            "web_search_result_location" => word("url")?,
            "search_result_location" => word("source")?,
            _ => return None,
        };
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return None;
        }
        let title = word("title").unwrap_or_default().to_owned();
        Some(Self { start_index: start, end_index: end, title, url: url.to_owned() })
    }
}

/// Collects the links of one message while its text grows. A citation supports the block of text it came in.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    all: Vec<Link>,
    /// Characters so far, and where the block that is being written began.
    said: usize,
    from: usize,
    /// Links whose block is not over.
    open: usize,
}

impl Annotations {
    pub(super) const fn begin(&mut self) {
        self.from = self.said;
    }

    pub(super) fn say(&mut self, text: &str) {
        self.said += text.chars().count();
    }

    pub(super) fn cite(&mut self, citation: &Value) {
        if let Some(link) = Link::of(citation, self.from, self.said) {
            self.all.push(link);
            self.open += 1;
        }
    }

    /// The block is over.
    pub(super) fn end(&mut self) {
        let closed = self.all.len() - std::mem::take(&mut self.open);
        for link in &mut self.all[closed..] {
            link.end_index = self.said;
        }
    }

    pub(super) fn all(&self) -> &[Link] {
        &self.all
    }
}
