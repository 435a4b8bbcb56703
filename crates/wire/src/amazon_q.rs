//! Amazon Q Developer / Kiro, from the side of a caller: `conversationState` in, an event stream out.
//!
//! The vendor documents neither; what is here was learned from AWS's own published clients and from what other
//! clients met. Facts that contradict each other became settings of [`Manner`].

mod manner;
mod way_back;

pub use manner::{Manner, SchemaDepth, Shape};
pub use way_back::WayBack;
