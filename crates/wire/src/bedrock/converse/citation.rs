//! Citations of Converse in Anthropic's form.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Citation {
    title: Option<String>,
    source: Option<String>,
    source_content: Vec<Cited>,
    location: Option<Location>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cited {
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Location {
    DocumentChar(Range),
    DocumentPage(Range),
    DocumentChunk(Range),
    Web(Web),
    #[serde(rename = "searchResultLocation")]
    SearchResult(Range),
    #[serde(untagged)]
    Unknown(serde::de::IgnoredAny),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Range {
    document_index: u64,
    search_result_index: u64,
    start: u64,
    end: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Web {
    url: Option<String>,
}

impl Citation {
    /// `None` for a place that Anthropic has no word for.
    pub(super) fn into_anthropic(self) -> Option<Value> {
        let Self { title, source, source_content, location } = self;
        let cited: String = source_content.into_iter().filter_map(|piece| piece.text).collect();
        Some(match location? {
            Location::DocumentChar(at) => json!({
                "type": "char_location", "cited_text": cited, "document_index": at.document_index,
                "document_title": title, "file_id": null, "start_char_index": at.start, "end_char_index": at.end,
            }),
            Location::DocumentPage(at) => json!({
                "type": "page_location", "cited_text": cited, "document_index": at.document_index,
                "document_title": title, "file_id": null, "start_page_number": at.start, "end_page_number": at.end,
            }),
            Location::DocumentChunk(at) => json!({
                "type": "content_block_location", "cited_text": cited, "document_index": at.document_index,
                "document_title": title, "file_id": null, "start_block_index": at.start, "end_block_index": at.end,
            }),
            Location::Web(web) => json!({
                "type": "web_search_result_location", "cited_text": cited, "encrypted_index": "",
                "title": title, "url": web.url.unwrap_or_default(),
            }),
            Location::SearchResult(at) => json!({
                "type": "search_result_location", "cited_text": cited, "search_result_index": at.search_result_index,
                "source": source, "title": title, "start_block_index": at.start, "end_block_index": at.end,
            }),
            Location::Unknown(_) => return None,
        })
    }
}
