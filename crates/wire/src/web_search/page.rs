//! A page that was found.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A page, as far as it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub title: String,
    /// `https` or `http`.
    pub url: String,
    /// The words of the page itself, no more of them than its owner lets others repeat.
    pub extract: String,
    /// The day that the page was published, as `2025-11-05`.
    pub published: Option<String>,
}

/// What `encrypted_content` carries of a page. Clients pass it on unread, and with it the model hears again what it had read.
#[derive(Default, Deserialize, Serialize)]
struct Carried {
    switchboard: String,
}

impl Page {
    /// An extract of at most so many words.
    #[must_use]
    pub fn extract_of(text: &str, most_words: Option<u64>) -> String {
        let text = text.trim();
        let most = most_words.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let mut words = text.split_whitespace();
        let kept: Vec<&str> = words.by_ref().take(most).collect();
        match words.next() {
            None => text.to_owned(),
            Some(_) if kept.is_empty() => String::new(),
            Some(_) => kept.join(" ") + " …",
        }
    }

    /// As Anthropic shows a result.
    pub(super) fn block(&self) -> Value {
        let carried = Carried { switchboard: self.extract.clone() };
        let carried = STANDARD.encode(serde_json::to_vec(&carried).unwrap_or_default());
        json!({
            "type": "web_search_result", "url": self.url, "title": self.title,
            "encrypted_content": carried, "page_age": self.published,
        })
    }

    /// Reads what a client was shown. Of pages that another program found the extract cannot be read.
    pub(super) fn of_block(block: &Value) -> Self {
        let text = |name: &str| block.get(name).and_then(Value::as_str);
        let carried = text("encrypted_content").and_then(|carried| STANDARD.decode(carried).ok());
        let carried = carried.and_then(|json| serde_json::from_slice::<Carried>(&json).ok());
        Self {
            title: text("title").unwrap_or_default().to_owned(),
            url: text("url").unwrap_or_default().to_owned(),
            extract: carried.unwrap_or_default().switchboard,
            published: text("page_age").map(str::to_owned),
        }
    }

    /// As the model reads it.
    pub(super) fn words(&self) -> String {
        let mut words = format!("{}\n{}", self.title, self.url);
        if let Some(published) = &self.published {
            words += &format!("\nPublished: {published}");
        }
        if !self.extract.is_empty() {
            words += "\n";
            words += &self.extract;
        }
        words
    }
}
