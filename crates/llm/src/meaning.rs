//! What a client asked, freed from its dialect. Built only when the upstream speaks another wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Block, CacheMark, Message};

/// A whole request in dialect-free form.
#[derive(Clone, Debug, Default)]
pub struct Meaning {
    /// Leading instructions, in order. Text blocks only.
    pub system: Vec<Block>,
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    /// `Some(false)`: at most one tool call a turn.
    pub parallel_tools: Option<bool>,
    /// Output limit in tokens; `None` when the client left it to us.
    pub max_tokens: Option<u32>,
    pub sampling: Sampling,
    pub stop: Vec<String>,
    pub thinking: Option<Thinking>,
    pub effort: Option<Effort>,
    pub format: Option<Format>,
    pub tier: Option<Tier>,
    /// The client's own id of its end user; never a secret.
    pub user: Option<String>,
    /// What the reader had to leave out or change, as stable tokens like `seed:dropped`.
    pub adjustments: Vec<String>,
}

/// Sampling parameters as the client gave them; ranges are the upstream codec's business.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampling {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<u32>,
}

/// A tool the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    pub schema: Value,
    pub strict: Option<bool>,
    pub cache: Option<CacheMark>,
    pub kind: ToolKind,
}

/// What sort of tool it is on the client's wire.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolKind {
    /// Runs at the client, takes JSON.
    Function,
    /// OpenAI's `custom`: takes one string. The model sees `{"input": string}`; writers turn the call back.
    Freeform,
    /// Runs at the vendor or has a versioned vendor type; the raw definition. Other wires drop it.
    Vendor(Value),
}

/// Which tools the model may or must call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    Auto,
    None,
    Any,
    Named(String),
}

/// The thinking switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    Off,
    /// Up to so many tokens.
    Budget(u32),
    /// The model decides, guided by [`Effort`].
    Adaptive,
}

/// How hard to think; ordered from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    /// Parses the words OpenAI and Anthropic use.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::XHigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// Tokens of thinking for models that take a budget. Ours to choose: from the least that Anthropic takes (1024)
    /// to what leaves room for an answer. `None` switches off.
    #[must_use]
    pub const fn budget(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Minimal => Some(1024),
            Self::Low => Some(2048),
            Self::Medium => Some(8192),
            Self::High => Some(16_384),
            Self::XHigh => Some(24_576),
            Self::Max => Some(32_000),
        }
    }

    /// The reverse of [`Self::budget`], for models that take an effort.
    #[must_use]
    pub const fn from_budget(tokens: u32) -> Self {
        match tokens {
            0..4096 => Self::Low,
            4096..16_384 => Self::Medium,
            _ => Self::High,
        }
    }
}

/// Structured output.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Any JSON object.
    JsonObject,
    JsonSchema {
        name: Option<String>,
        description: Option<String>,
        schema: Value,
        strict: Option<bool>,
    },
}

/// Paid priority of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tier {
    /// What everybody gets. Requests leave it out; answers name it.
    Default,
    Priority,
    Flex,
    Reserved,
}

impl Tier {
    /// Reads Bedrock's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "default" => Self::Default,
            "priority" => Self::Priority,
            "flex" => Self::Flex,
            "reserved" => Self::Reserved,
            _ => return None,
        })
    }
}
