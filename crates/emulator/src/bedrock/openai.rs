//! Chat Completions and Responses for models that speak them: JSON in, JSON or server-sent events out, the model named in the body.

mod chat;
mod check;
mod events;
mod items;
mod responses;
mod sse;

use http::Method;
use serde_json::Value;

use super::Invocation;
use super::model::Model;
use crate::Refusal;
use crate::dice::Dice;
use crate::refusal::Form;
use crate::reply::Reply;
use crate::route::{Call, Operation};

/// Who made a model, as far as that decides what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// OpenAI's hosted models.
    Gpt,
    /// OpenAI's open-weight models.
    Oss,
    Grok,
}

/// Whether a call names its model in the body.
pub(super) const fn is(operation: Operation) -> bool {
    matches!(operation, Operation::ChatCompletions | Operation::Responses)
}

/// Reads a path of these languages.
pub(super) fn route(method: &Method, path: &str) -> Option<Call> {
    let operation = match path {
        "/openai/v1/chat/completions" => Operation::ChatCompletions,
        "/openai/v1/responses" => Operation::Responses,
        _ => return None,
    };
    (*method == Method::POST).then(|| Call::new(operation, String::new(), Form::OpenAi))
}

/// Models of other makers are not there.
fn maker(model: &Model) -> Result<Maker, Refusal> {
    match model.vendor() {
        _ if model.is_magic() => Ok(Maker::Grok),
        "openai" if model.id.starts_with("openai.gpt-oss") => Ok(Maker::Oss),
        "openai" => Ok(Maker::Gpt),
        "xai" => Ok(Maker::Grok),
        _ => Err(Refusal::new(
            404,
            "ResourceNotFoundException",
            format!("The model '{}' does not exist or you do not have access to it.", model.id),
        )),
    }
}

pub(super) fn answer(
    invocation: &Invocation<'_>,
    operation: Operation,
    body: &Value,
    dice: &mut Dice,
) -> Result<Reply, Refusal> {
    let maker = maker(invocation.model)?;
    match operation {
        Operation::ChatCompletions => chat::answer(invocation, maker, body, dice),
        Operation::Responses => responses::answer(invocation, maker, body, dice),
        _ => Err(Refusal::unknown_operation()),
    }
}
