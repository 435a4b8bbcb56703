//! OpenAI's languages as clients speak them to us.
//!
//! No upstream speaks them yet, so every answer is written from events: the hot path is the chunk writers, which
//! append bytes and build no JSON values.

pub mod chat;
pub mod completions;
mod error;
mod line;
pub mod models;
mod notes;
mod parameters;
mod usage;

#[cfg(test)]
mod tests;
