//! Anthropic Messages as we speak it to an upstream.

mod cache;
mod error;
mod event;
mod format;
mod request;
mod thinking;
mod turns;
mod whole;

pub use error::read_error;
pub use event::EventReader;
pub use request::{Manner, Written, write_request};
pub use whole::{read_answer, read_whole};
