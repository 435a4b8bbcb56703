//! Converse and ConverseStream: one dialect for every vendor's models.

mod ask;
mod check;
mod render;
mod shape;

pub(super) use check::check_counted;
use llm::Answer;
use render::Extras;
use serde_json::{Value, json};

use super::Invocation;
use crate::Refusal;
use crate::compose::compose;
use crate::dice::Dice;
use crate::reply::Reply;

pub(super) fn answer(invocation: &Invocation<'_>, body: &Value, dice: &mut Dice) -> Result<Reply, Refusal> {
    if invocation.strict {
        check::check(invocation.model, body, invocation.streams)?;
    }
    let mut answer = compose(&ask::read(invocation, body), "tooluse_", dice);
    invocation.account(&ask::prefixes(invocation, body), &mut answer)?;
    let extras = Extras {
        tier: body["serviceTier"]["type"].as_str().map(str::to_owned),
        fields: response_fields(invocation, body, &answer),
    };
    if invocation.streams {
        return Ok(Reply::event_stream(render::stream(answer, &extras, dice.next())));
    }
    Ok(Reply::json(&render::whole(&answer, &extras)))
}

/// The one member of Claude's own answer that Converse's words do not carry: which sequence stopped it.
fn response_fields(invocation: &Invocation<'_>, body: &Value, answer: &Answer) -> Option<Value> {
    let paths = body["additionalModelResponseFieldPaths"].as_array()?;
    let asked = invocation.model.is_claude() && paths.iter().any(|path| path == "/stop_sequence");
    asked.then(|| json!({ "stop_sequence": answer.stop_sequence }))
}
