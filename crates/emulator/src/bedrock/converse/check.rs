//! What Converse refuses beyond wrong shapes: order rules, and what the model at hand cannot do.

mod fields;
mod history;
mod limits;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::shape;
use crate::Refusal;
use crate::bedrock::model::Model;

type Checked = Result<(), Refusal>;

/// A request being checked.
struct Ask<'a> {
    model: &'static Model,
    body: &'a Value,
    streams: bool,
}

impl<'a> Ask<'a> {
    fn messages(&self) -> &'a [Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Every block of the conversation with its path.
    fn blocks(&self) -> impl Iterator<Item = (String, &'a Value)> {
        self.messages().iter().enumerate().flat_map(|(at, message)| {
            let blocks = message["content"].as_array().into_iter().flatten();
            blocks.enumerate().map(move |(place, block)| (format!("messages.{at}.content.{place}"), block))
        })
    }
}

pub(super) fn check(model: &'static Model, body: &Value, streams: bool) -> Checked {
    shape::check(&shape::REQUEST, body)?;
    let ask = Ask { model, body, streams };
    history::check(&ask)?;
    limits::check(&ask)?;
    fields::check(&ask)
}

/// The part of a request that CountTokens takes.
pub(in crate::bedrock) fn check_counted(model: &'static Model, body: &Value) -> Checked {
    shape::check(&shape::COUNTED, body)?;
    history::check(&Ask { model, body, streams: false })
}

fn say<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::validation(message))
}

fn unsupported<T>(field: &str) -> Result<T, Refusal> {
    say(format!("This model doesn't support the {field} field. Remove {field} and try again."))
}
