//! CountTokens: either an invoke body in base64 or a Converse request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::cache::Prefixes;
use super::model::{MODELS, Model, Thoughts};
use crate::Refusal;
use crate::reply::Reply;

pub(super) fn answer(strict: bool, id: &str, body: &[u8]) -> Result<Reply, Refusal> {
    let unsupported = || Refusal::validation("The provided model doesn't support counting tokens.");
    // The id rules are stricter than those of the generating operations: no profiles, no ARNs.
    let model =
        MODELS.iter().find(|model| model.id == id).filter(|model| counts(model)).ok_or_else(unsupported)?;
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::validation(format!("Malformed input request: {error}")))?;
    let input = &body["input"];
    let inner;
    let asked = match (input["invokeModel"]["body"].as_str(), input.get("converse")) {
        (Some(body), None) => {
            let bytes = STANDARD.decode(body).map_err(|_| Refusal::validation("body: invalid base64"))?;
            inner = serde_json::from_slice(&bytes)
                .map_err(|error| Refusal::validation(format!("Malformed input request: {error}")))?;
            if strict {
                super::invoke::check(model, &inner)?;
            }
            &inner
        }
        (None, Some(asked)) => {
            if strict {
                super::converse::check_counted(model, asked)?;
            }
            asked
        }
        _ => {
            return Err(Refusal::validation(
                "Invalid number of parameters set for tagged union structure input. Can only set one of the \
                 following keys: invokeModel, converse.",
            ));
        }
    };
    let mut prefixes = Prefixes::new(&[], u64::MAX);
    for part in ["tools", "toolConfig", "system", "messages"] {
        if let Some(part) = asked.get(part) {
            prefixes.block(part);
        }
    }
    Ok(Reply::json(&json!({ "inputTokens": prefixes.tokens().max(1) })))
}

/// Observed: Claude from 3.5 to 4.6 counts, newer ones and other vendors refuse on this operation.
fn counts(model: &Model) -> bool {
    !model.retired()
        && model.is_claude()
        && matches!(model.thoughts, Thoughts::Never | Thoughts::Extended | Thoughts::Either)
}
