//! What the reader of an answer must know of how its request was written.

use crate::Undo;

/// The way back from what the request writer changed, and what is done on our side because the service cannot.
#[derive(Clone, Debug, Default)]
pub struct WayBack {
    pub undo: Undo,
    /// Thoughts were asked for in words: they come between tags inside the text.
    pub tagged_thinking: bool,
    /// The client's stop sequences, looked for in the text.
    pub stop: Vec<String>,
    /// The client's output limit in tokens where the service was not told; kept by estimate.
    pub max_tokens: Option<u32>,
    /// The model's window in tokens; 0 when unknown. With the service's percentage it tells the input.
    pub context: u32,
    /// Our guess at the input's tokens.
    pub input_estimate: u64,
}
