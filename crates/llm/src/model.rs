//! What is known of a model. Providers fill it, codecs write requests by it.

use serde::{Deserialize, Serialize};

use crate::{Effort, Wire};

/// A model as one account serves it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The id the upstream wants, e.g. `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
    pub id: String,
    /// The friendly name clients may use, e.g. `claude-sonnet-4-5`.
    pub name: String,
    /// For people, e.g. `Claude Sonnet 4.5`.
    pub display_name: String,
    /// `anthropic`, `amazon`, `qwen`, ...
    pub vendor: String,
    /// The wire the upstream wants for it.
    pub wire: Wire,
    /// Context window in tokens; 0 when unknown.
    pub context: u32,
    /// Largest `max_tokens`; 0 when unknown.
    pub max_output: u32,
    pub price: Option<Price>,
    pub tools: ToolSupport,
    /// False where a system prompt must ride in the first user message.
    pub system: bool,
    pub vision: bool,
    pub documents: bool,
    pub thinking: ThinkingStyle,
    /// Efforts the model takes; empty when it has no effort parameter.
    pub efforts: Vec<Effort>,
    pub structured_output: StructuredOutput,
    pub cache: CachePoints,
    /// Least cacheable prefix in tokens; 0 when it cannot cache or nobody knows.
    pub cache_min_tokens: u32,
    /// False where temperature, top_p and top_k are refused.
    pub sampling: bool,
    /// False where `tool_choice` `any` and `tool` are refused.
    pub forced_tool_use: bool,
    /// True where `role: "system"` may stand inside `messages`.
    pub mid_conversation_system: bool,
    /// ISO date after which the upstream no longer serves it.
    pub end_of_life: Option<String>,
}

/// USD per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Price {
    pub input: f64,
    pub output: f64,
    pub cache_read: Option<f64>,
    /// Writes that live five minutes.
    pub cache_write: Option<f64>,
    /// Writes that live an hour. `None` also means that the lifetime is not offered.
    pub cache_write_1h: Option<f64>,
}

impl Price {
    /// Estimated cost in USD.
    #[must_use]
    pub fn cost(&self, usage: &crate::Usage) -> f64 {
        let tokens = |count: Option<u64>| count.unwrap_or(0) as f64;
        let written = tokens(usage.cache_write);
        let long = tokens(usage.cache_write_1h).min(written);
        let short_price = self.cache_write.unwrap_or(self.input);
        let micros = tokens(usage.input) * self.input
            + tokens(usage.output) * self.output
            + tokens(usage.cache_read) * self.cache_read.unwrap_or(self.input)
            + (written - long) * short_price
            + long * self.cache_write_1h.unwrap_or(short_price);
        micros / 1e6
    }
}

/// Whether and how tools work. Several models on Bedrock refuse tools only when the answer is streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolSupport {
    No,
    /// Only when the answer is not streamed: ask for the whole answer and replay it.
    WholeOnly,
    Yes,
}

/// The form of the thinking switch: every family of models has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkingStyle {
    No,
    /// Thinks always, has no switch.
    AlwaysOn,
    /// Claude: `thinking: {type: enabled, budget_tokens}`.
    Extended,
    /// Claude: `{type: adaptive}` with an effort; `disabled` allowed.
    Adaptive,
    /// Claude: adaptive that cannot be switched off.
    AdaptiveAlways,
    /// Nova 2: `reasoningConfig`.
    NovaReasoning,
    /// gpt-oss, DeepSeek: `reasoning_effort`.
    ReasoningEffort,
    /// GPT, Grok: `reasoning: {effort}`.
    ReasoningObject,
    /// No switch, but asked for in words the model answers with its thoughts between tags (Kiro's older models).
    Prompted,
}

/// Whether the model can be held to a JSON Schema by the upstream itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructuredOutput {
    No,
    Native,
    /// Documentation says no, some regions accept: try, then fall back to a forced tool.
    TryThenFallback,
}

/// Where cache points are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CachePoints {
    pub system: bool,
    pub messages: bool,
    pub tools: bool,
    pub one_hour: bool,
}

impl Model {
    /// True for Claude models.
    #[must_use]
    pub fn is_claude(&self) -> bool {
        self.vendor == "anthropic"
    }
}
