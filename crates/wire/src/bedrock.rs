//! What Bedrock adds to the wires it carries: event-stream envelopes around Anthropic events, the Converse wire, and
//! its errors. Endpoints, signing and model ids belong to the provider.

pub mod converse;
mod error;
mod exception;
mod invoke;

pub use crate::ErrorHead;
pub use error::read_error;
pub use exception::read_exception;
pub use invoke::InvokeReader;
