//! OpenAI's languages as clients speak them to us, and in [`client`] as we speak them to an upstream.
//!
//! The hot path is the chunk writers, which append bytes and build no JSON values: an answer of an upstream that speaks
//! the same language goes out in its frames, any other is written from events.

mod annotation;
mod attachment;
mod cache;
pub mod chat;
pub mod client;
pub mod completions;
pub mod embeddings;
mod error;
mod graft;
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
