//! OpenAI's languages as clients speak them to us.
//!
//! No upstream speaks them yet, so every answer is written from events: the hot path is the chunk writers, which
//! append bytes and build no JSON values.

mod annotation;
mod attachment;
mod cache;
pub mod chat;
pub mod completions;
pub mod embeddings;
mod error;
mod line;
mod media;
pub mod models;
mod notes;
mod parameters;
mod reasoning;
pub mod responses;
mod text;
mod tool;
mod usage;

#[cfg(test)]
mod tests;
