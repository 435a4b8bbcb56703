//! What Bedrock adds to the wires it carries: event-stream envelopes around Anthropic events, the Converse wire, and
//! its errors. Endpoints, signing and model ids belong to the provider.

pub mod converse;
mod error;
mod exception;
mod invoke;
mod messages;

pub use crate::ErrorHead;
pub(crate) use error::classify;
pub use error::read_error;
pub use exception::read_exception;
pub use invoke::InvokeReader;
pub use messages::{MessagesReader, is_message};
