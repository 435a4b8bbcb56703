//! Texts as vectors.

use llm::Usage;

/// What a client wants as vectors.
#[derive(Clone, Debug, Default)]
pub struct Embed {
    pub texts: Vec<String>,
    /// Length of each vector; `None` leaves it to the model.
    pub dimensions: Option<u32>,
}

/// The vectors, in the order of the texts.
#[derive(Clone, Debug, Default)]
pub struct Embedded {
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens alone.
    pub usage: Usage,
}
