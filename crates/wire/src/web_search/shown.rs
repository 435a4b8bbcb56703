//! A search as a client of Anthropic's dialect sees it: a call, and what came of it.

use llm::{Event, Opening, Wire};
use serde_json::{Value, json};

use super::page::Page;

/// Why a search brought nothing, in Anthropic's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    InvalidInput,
    MaxUsesExceeded,
    TooManyRequests,
    Unavailable,
}

impl Failed {
    const fn code(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_tool_input",
            Self::MaxUsesExceeded => "max_uses_exceeded",
            Self::TooManyRequests => "too_many_requests",
            Self::Unavailable => "unavailable",
        }
    }
}

/// One search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    id: String,
    name: String,
    input: String,
}

impl Shown {
    /// A call of the model's. `id` is the upstream's, `input` the JSON object that it called with.
    #[must_use]
    pub fn new(id: &str, name: &str, input: &str) -> Self {
        let id: String =
            id.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        // An id is one of letters, digits and `_` behind this.
        let id = format!("srvtoolu_{id}");
        Self { id, name: name.to_owned(), input: input.to_owned() }
    }

    /// What the model searches for; `None` when its call does not say.
    #[must_use]
    pub fn query(&self) -> Option<String> {
        let input: Value = serde_json::from_str(&self.input).ok()?;
        let query = input.get("query")?.as_str()?.trim();
        (!query.is_empty()).then(|| query.to_owned())
    }

    /// The block of the call.
    #[must_use]
    pub fn call(&self, index: u32) -> [Event; 3] {
        let value = json!({"type": "server_tool_use", "id": self.id, "name": self.name, "input": {}});
        [
            Event::BlockStart { index, block: Opening::Opaque { wire: Wire::AnthropicMessages, value } },
            Event::ToolInputDelta { index, json: self.input.clone() },
            Event::BlockEnd { index },
        ]
    }

    /// The block of what came of it.
    #[must_use]
    pub fn outcome(&self, index: u32, outcome: &Result<Vec<Page>, Failed>) -> [Event; 2] {
        let content = match outcome {
            Ok(pages) => pages.iter().map(Page::block).collect(),
            Err(failed) => json!({"type": "web_search_tool_result_error", "error_code": failed.code()}),
        };
        let value = json!({"type": "web_search_tool_result", "tool_use_id": self.id, "content": content});
        [
            Event::BlockStart { index, block: Opening::Opaque { wire: Wire::AnthropicMessages, value } },
            Event::BlockEnd { index },
        ]
    }
}
