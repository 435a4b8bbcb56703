//! What both ends of a measurement must agree on: the text an answer carries, how it is framed and which
//! questions are asked. Sees none of the product's crates, so that a mistake there cannot hide itself here.

pub mod conversation;
pub mod frame;
pub mod reply;
pub mod stamp;
pub mod text;
