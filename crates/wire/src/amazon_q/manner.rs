//! How one request is to be written: what the account's credential and the model's own list decide.

use llm::Effort;
use serde_json::Value;

/// The two forms of a request. The service accepts a credential in one of them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `origin: AI_EDITOR`, for accounts with a profile.
    Ide,
    /// `origin: KIRO_CLI` and an `agentContinuationId`, for API keys and Builder IDs without a profile.
    Cli,
}

/// How much of a tool's JSON Schema stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaDepth {
    /// What the service is known to refuse goes: `$schema`, `$id`, `additionalProperties`, empty or null `required`
    /// and `properties`; references are written out.
    Minimal,
    /// Every keyword that constrains values goes too, after the service refused a schema.
    Bare,
}

/// Everything that is not in the client's request.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    pub shape: Shape,
    /// Sent in the body where the shape wants one.
    pub profile_arn: Option<&'a str>,
    /// A UUID, the same for all requests of one client session.
    pub conversation_id: &'a str,
    /// A fresh UUID; [`Shape::Cli`] sends it.
    pub continuation_id: &'a str,
    /// The model's advertised JSON Schema of `additionalModelRequestFields`; without one nothing is sent there.
    pub fields_schema: Option<&'a Value>,
    /// Effort from a suffix of the asked name; beats the body.
    pub effort: Option<Effort>,
    pub schemas: SchemaDepth,
    /// False once the service refused a signature: thoughts of earlier turns stay behind.
    pub reasoning: bool,
    /// More tools than this are refused here, with words, because the service refuses them without.
    pub most_tools: usize,
    /// A body of more bytes than this is made shorter, or refused here; `None` sends it as it is.
    pub most_body: Option<usize>,
    /// Our guess at the input's tokens, told when the service does not count.
    pub input_estimate: u64,
}
