//! What a model answers, piece by piece.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use crate::{Usage, Wire};

/// One step of an answer: what it means, and the words it came in.
///
/// A reader working for a client of the same wire fills `frame` and leaves `events` empty but for the steps that
/// carry usage or a stop reason; a reader working for another wire fills `events`.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The wire of `frame`.
    pub wire: Wire,
    pub events: Vec<Event>,
    pub frame: Option<Frame>,
    /// True for anything a person or tool would see: after such a chunk was written there is no way back to
    /// another account.
    pub content: bool,
}

/// The upstream's own words, still in its wire.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The event's name, e.g. `content_block_delta`.
    pub name: Cow<'static, str>,
    /// The event's JSON as it came.
    pub json: Bytes,
}

/// What a step means. `index` numbers blocks 0, 1, 2 in order of opening, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Start {
        id: Option<String>,
        model: Option<String>,
    },
    BlockStart {
        index: u32,
        block: Opening,
    },
    TextDelta {
        index: u32,
        text: String,
    },
    ThinkingDelta {
        index: u32,
        text: String,
    },
    SignatureDelta {
        index: u32,
        signature: String,
    },
    /// A piece of the JSON text of a tool's arguments.
    ToolInputDelta {
        index: u32,
        json: String,
    },
    /// A citation in Anthropic's form (`char_location`, `page_location`, ...).
    Citation {
        index: u32,
        citation: Value,
    },
    BlockEnd {
        index: u32,
    },
    /// Counters so far; later ones win, field by field.
    Usage(Usage),
    Stop {
        reason: StopReason,
        sequence: Option<String>,
    },
    Opaque {
        wire: Wire,
        value: Value,
    },
}

/// How a block opens.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    Text,
    Thinking,
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: String,
        name: String,
    },
    /// A block kind only its own wire knows; the block as it opened.
    Opaque {
        wire: Wire,
        value: Value,
    },
}

/// Why the model stopped: the words of Anthropic Messages and of Bedrock Converse, as one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    EndTurn,
    StopSequence,
    MaxTokens,
    ContextWindow,
    ToolUse,
    PauseTurn,
    Refusal,
    /// A guardrail or content filter of the upstream, not the model, ended it.
    Filtered,
    Compaction,
    /// The model produced something that is not a valid message or tool call.
    Malformed,
    /// A word we do not know yet, kept verbatim.
    Other(String),
}

impl StopReason {
    /// Reads the word of Anthropic Messages or Bedrock Converse; they share their vocabulary.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "end_turn" => Self::EndTurn,
            "stop_sequence" => Self::StopSequence,
            "max_tokens" => Self::MaxTokens,
            "model_context_window_exceeded" => Self::ContextWindow,
            "tool_use" => Self::ToolUse,
            "pause_turn" => Self::PauseTurn,
            "refusal" => Self::Refusal,
            "guardrail_intervened" | "content_filtered" => Self::Filtered,
            "compaction" => Self::Compaction,
            "malformed_model_output" | "malformed_tool_use" => Self::Malformed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word of Anthropic Messages.
    #[must_use]
    pub fn anthropic(&self) -> &str {
        match self {
            Self::EndTurn | Self::Malformed => "end_turn",
            Self::StopSequence => "stop_sequence",
            Self::MaxTokens => "max_tokens",
            Self::ContextWindow => "model_context_window_exceeded",
            Self::ToolUse => "tool_use",
            Self::PauseTurn => "pause_turn",
            Self::Refusal | Self::Filtered => "refusal",
            Self::Compaction => "compaction",
            Self::Other(word) => word,
        }
    }

    /// The `finish_reason` of OpenAI chat.
    #[must_use]
    pub const fn openai(&self) -> &'static str {
        match self {
            Self::MaxTokens | Self::ContextWindow => "length",
            Self::ToolUse => "tool_calls",
            Self::Refusal | Self::Filtered => "content_filter",
            _ => "stop",
        }
    }
}
