//! What a failed exchange means. Addresses are left out of messages: they may carry what a person put there.

use std::error::Error as StdError;
use std::fmt::Write as _;

use llm::{Category, Error};

/// The exchange failed before there was an answer.
pub(super) fn before_answer(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_builder() {
        return Error::new(Category::Internal, format!("The request could not be made: {}.", chain(&error)));
    }
    if error.is_connect() {
        let why = if error.is_timeout() { "the connection took too long".to_owned() } else { chain(&error) };
        return Error::new(Category::Unreachable, format!("The upstream cannot be reached: {why}."));
    }
    Error::new(
        Category::Upstream,
        format!("The upstream closed the connection before it answered: {}.", chain(&error)),
    )
}

/// The answer broke off.
pub(super) fn within_answer(error: reqwest::Error) -> Error {
    let error = error.without_url();
    Error::new(Category::Truncated, format!("The upstream's answer broke off: {}.", chain(&error)))
}

/// The error and what caused it, outermost first, without repeating itself.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            // Writing into a String cannot fail.
            let _ = write!(text, ": {words}");
        }
        next = cause.source();
    }
    text
}
