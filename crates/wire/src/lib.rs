//! Codecs and framings: a wire seen from one side, as pure functions.
//!
//! Bytes and values in, bytes and values out. No socket, no clock, no randomness: ids and times come in as a
//! [`Stamp`]. A server codec is what a client speaks to us ([`ServerCodec`]); the client side of a wire (what we
//! speak to an upstream) is a module of functions plus a [`FrameReader`], because a provider knows which wire it
//! speaks and needs no registry for it.

mod adjustments;
pub mod amazon_q;
mod answer_id;
pub mod anthropic;
mod arguments;
pub mod bedrock;
mod codec;
pub mod compilable;
mod document_names;
mod effort;
mod error_head;
pub mod eventstream;
mod in_words;
mod media;
pub mod openai;
mod quoted;
pub mod sse;
mod tool_names;
mod undo;
pub mod web_search;

pub use codec::{ChunkWriter, Detail, ErrorReply, FrameReader, ServerCodec, Stamp};
pub use document_names::DocumentNames;
pub use error_head::ErrorHead;
pub use tool_names::{NameRule, ToolNames};
pub use undo::{ANSWER_TOOL, Restorer, Undo};
