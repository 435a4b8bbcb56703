//! What messages are made of.

use bytes::Bytes;
use serde_json::Value;

use crate::Wire;

/// Who said it. `System` inside a conversation is a later instruction (Anthropic's mid-conversation system
/// message, OpenAI's `developer`); leading instructions live in [`crate::Meaning::system`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
    System,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub role: Role,
    pub content: Vec<Block>,
}

/// A piece of content and the prompt-cache marker that follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub content: Content,
    pub cache: Option<CacheMark>,
}

impl Block {
    /// A text block without a cache marker.
    pub fn text(text: impl Into<String>) -> Self {
        Content::Text { text: text.into() }.into()
    }
}

impl From<Content> for Block {
    fn from(content: Content) -> Self {
        Self { content, cache: None }
    }
}

/// "Everything up to here may be cached."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheMark {
    pub ttl: Option<CacheTtl>,
}

/// How long a cached prefix lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheTtl {
    FiveMinutes,
    OneHour,
}

/// One content block. `Opaque` is what only its own wire understands: it is replayed there and dropped,
/// with a note in the log row, elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Text {
        text: String,
    },
    Image {
        source: Source,
    },
    Document {
        source: Source,
        title: Option<String>,
        context: Option<String>,
        citations: bool,
    },
    /// `input` is the JSON text of the arguments, always an object.
    ToolUse {
        id: String,
        name: String,
        input: String,
    },
    ToolResult {
        id: String,
        content: Vec<Block>,
        is_error: bool,
    },
    /// `signature` is what the model's vendor needs to accept the block again.
    Thinking {
        text: String,
        signature: Option<String>,
    },
    RedactedThinking {
        data: String,
    },
    Opaque {
        wire: Wire,
        value: Value,
    },
}

/// Where the bytes of an image or document are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Base64 text as the client sent it (standard alphabet), with its media type, e.g. `image/png`.
    Base64 { media_type: String, data: Bytes },
    /// Plain text documents.
    Text { text: String },
    /// Never fetched, because a request could make us call addresses of its choice: codecs refuse it with words
    /// that say to send base64.
    Url { url: String },
}
