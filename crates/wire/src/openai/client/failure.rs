//! Errors that come within a stream, after its good status.

use llm::{Category, Error, Upstream};
use serde::Deserialize;
use serde_json::Value;

use crate::bedrock::classify;

/// Longest text that is kept, in bytes.
const LONGEST: usize = 2048;

/// What an error says. `code` is a word, sometimes a number.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    message: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<Value>,
    param: Option<String>,
}

#[derive(Deserialize)]
struct Wrapped {
    error: Words,
}

/// Reads an error out of an event's JSON: in a member of its own, as in chat, or bare, as in an `error` event of Responses.
pub(super) fn read(json: &[u8]) -> Error {
    let words = match serde_json::from_slice::<Wrapped>(json) {
        Ok(wrapped) => wrapped.error,
        Err(_) => serde_json::from_slice(json).unwrap_or_default(),
    };
    words.into_error()
}

impl Words {
    pub(super) fn into_error(self) -> Error {
        let kind = self.kind.filter(|kind| kind != "error");
        let invalid = kind.as_deref() == Some("invalid_request_error");
        let code = self.code.as_ref().and_then(Value::as_str).map(str::to_owned).or(kind).unwrap_or_default();
        let message = self.message.filter(|message| !message.is_empty());
        let mut message = message.unwrap_or_else(|| "The upstream failed without saying why.".to_owned());
        message.truncate(message.floor_char_boundary(LONGEST));
        let told = if invalid { 400 } else { 500 };
        let category = classify(&code, told, &message, None);
        let status = if category == Category::InvalidRequest { 400 } else { 500 };
        let upstream = Upstream { status, code, message: message.clone(), ..Upstream::default() };
        let error = Error::new(category, message).with_upstream(upstream);
        match self.param {
            Some(param) => error.with_param(param),
            None => error,
        }
    }
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::new(Category::Upstream, format!("The upstream sent an answer that cannot be read: {error}"))
}
