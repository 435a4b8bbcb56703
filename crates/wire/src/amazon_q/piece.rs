//! What a model says, in the order in which it began to say it.

/// One piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Thought(String),
    /// Closes the thought before it, or stands for one that is not shown.
    Signature(String),
    /// A thought that only the service can read.
    Redacted(String),
    Call(Call),
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: String,
    /// As the request named it.
    pub(super) name: String,
    /// JSON.
    pub(super) input: String,
}
