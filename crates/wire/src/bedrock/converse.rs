//! Bedrock Converse, from the side of a caller: one request and answer shape for every model on Bedrock.
//!
//! [`write_request`] writes what a client meant in the way a model takes it; [`ConverseReader`] reads the stream and
//! [`read_answer`] the answer in one piece.

mod answer;
mod cache;
mod citation;
mod family;
mod format;
mod history;
mod limits;
mod reasoning;
mod request;
mod shape;
mod stream;
mod tools;
mod usage;

#[cfg(test)]
mod tests;

pub use answer::read_answer;
pub use request::{Written, write_request};
pub use stream::ConverseReader;
