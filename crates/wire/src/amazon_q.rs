//! Amazon Q Developer / Kiro, from the side of a caller: `conversationState` in, an event stream out.
//!
//! The vendor documents neither; what is here was learned from AWS's own published clients and from what other
//! clients met. Facts that contradict each other became settings of [`Manner`].

mod advertised;
mod body;
mod call_ids;
mod calls;
mod conversation;
mod ending;
mod entries;
mod error;
mod exception;
mod fields;
mod lenient;
mod manner;
mod mcp;
mod meter;
mod names;
mod payload;
mod piece;
mod prompted;
mod reader;
mod request;
mod schema;
mod shorten;
mod speech;
mod stop_sequences;
mod thinking_tags;
mod tokens;
mod tools;
mod way_back;

pub use crate::ErrorHead;
pub use error::{ENTER_AGAIN, Refused, Repair, has_no_profiles, read_error, wants_profile};
pub use exception::read_exception;
pub use manner::{Manner, SchemaDepth, Shape};
pub use mcp::{read_search, write_search};
pub use reader::AmazonQReader;
pub use request::{Written, write_request};
pub use way_back::WayBack;
