//! Exceptions that the service puts into a stream, after it has already answered 200.

use llm::Error;

use super::error;
use crate::eventstream::Message;

/// Reads a message of type `exception` (modelled) or `error` (anything else). `None` for an ordinary event.
///
/// An exception's class is what its name has as an answer of its own; the stream's union calls any failure of the
/// service itself `error`.
#[must_use]
pub fn read_exception(message: &Message) -> Option<Error> {
    let name = match message.message_type() {
        Some("exception") => message.exception_type().unwrap_or("exception"),
        Some("error") => message.error_code().unwrap_or("error"),
        _ => return None,
    };
    Some(error::in_stream(name, &message.payload, message.error_message()))
}
