//! The meaning between wires: what a client asked, what a model answered, what went wrong.
//!
//! Every codec reads into these types or writes from them, so that W dialects need W codecs and not W x W.
//! Nothing here may do I/O, read a clock or draw a random number; nothing here knows a vendor's quirk.

mod answer;
mod content;
mod error;
mod event;
mod json;
mod meaning;
mod model;
mod payload;
mod raw;
mod request;
mod sealed;
mod secret;
mod usage;

pub use answer::{Answer, Collector, Whole, replay};
pub use content::{Block, CacheMark, CacheTtl, Content, Message, Role, Source};
pub use error::{Category, Cooling, Error, OtherAccount, Retry, SameAccount, Upstream};
pub use event::{Chunk, Event, Frame, Opening, StopReason};
pub use json::{MAX_DEPTH, check_depth};
pub use meaning::{Effort, Format, Meaning, Sampling, Thinking, Tier, Tool, ToolChoice, ToolKind};
pub use model::{CachePoints, Model, Price, StructuredOutput, ThinkingStyle, ToolSupport};
pub use payload::Payload;
pub use raw::{Member, RawBody};
pub use request::{Hints, Request};
pub use sealed::Sealed;
pub use secret::Secret;
pub use usage::Usage;

/// A JSON language. A codec is a wire seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// Anthropic Messages, `POST /v1/messages`; also what Claude speaks inside Bedrock's InvokeModel.
    AnthropicMessages,
    /// OpenAI Chat Completions, `POST /v1/chat/completions`.
    OpenAiChat,
    /// OpenAI legacy completions, `POST /v1/completions`.
    OpenAiCompletions,
    /// OpenAI embeddings, `POST /v1/embeddings`. No conversation is held in it.
    OpenAiEmbeddings,
    /// OpenAI Responses, `POST /v1/responses`.
    OpenAiResponses,
    /// Bedrock Converse and ConverseStream.
    BedrockConverse,
    /// Amazon Q Developer / Kiro `conversationState`.
    AmazonQ,
}

impl Wire {
    /// The stable name used in log rows and in the admin API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "anthropic_messages",
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiCompletions => "openai_completions",
            Self::OpenAiEmbeddings => "openai_embeddings",
            Self::OpenAiResponses => "openai_responses",
            Self::BedrockConverse => "bedrock_converse",
            Self::AmazonQ => "amazon_q",
        }
    }
}
