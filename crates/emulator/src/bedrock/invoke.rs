//! InvokeModel and InvokeModelWithResponseStream for Claude: Anthropic's Messages dialect without `model` and
//! `stream`, streamed as base64 in `chunk` events.

mod ask;
mod check;
pub(super) mod render;

use llm::Answer;
use serde_json::Value;

pub(super) use check::{Checked, check, compiles, inside, refuse, sniff};

use super::Invocation;
use crate::Refusal;
use crate::compose::compose;
use crate::dice::Dice;
use crate::reply::Reply;

pub(super) fn answer(invocation: &Invocation<'_>, body: &Value, dice: &mut Dice) -> Result<Reply, Refusal> {
    if !invocation.model.is_claude() {
        // Every vendor has a body of its own; only Claude's is played.
        return Err(Refusal::validation(format!(
            "Malformed input request: #: extraneous key [messages] is not permitted for {}, please reformat your \
             input and try again.",
            invocation.id
        )));
    }
    let tier = invocation.head.headers.get("x-amzn-bedrock-service-tier").and_then(|tier| tier.to_str().ok());
    if invocation.strict {
        super::check_tier(invocation.model, tier)?;
        check(invocation.model, body)?;
    }
    let answer = composed(invocation, body, dice)?;
    let reply = if invocation.streams {
        Reply::event_stream(render::stream(answer, dice.next()))
            .with_header("x-amzn-bedrock-content-type", "application/json")
    } else {
        let usage = answer.usage;
        Reply::json(&render::whole(&answer))
            .with_header("x-amzn-bedrock-input-token-count", usage.input.unwrap_or(0).to_string())
            .with_header("x-amzn-bedrock-output-token-count", usage.output.unwrap_or(0).to_string())
    };
    Ok(match tier {
        Some(tier) => reply.with_header("x-amzn-bedrock-service-tier", tier),
        None => reply,
    })
}

/// What the model says to `body`, with its counters.
pub(super) fn composed(
    invocation: &Invocation<'_>,
    body: &Value,
    dice: &mut Dice,
) -> Result<Answer, Refusal> {
    let mut answer = compose(&ask::read(body), "toolu_bdrk_01", dice);
    invocation.account(&ask::prefixes(invocation, body), &mut answer)?;
    answer.id = Some(dice.word("msg_bdrk_01", 22));
    answer.model = Some(invocation.model.public_name().to_owned());
    Ok(answer)
}
