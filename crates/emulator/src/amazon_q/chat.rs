//! GenerateAssistantResponse: judged, answered, paid.

mod ask;
mod render;
pub(super) mod signature;

use llm::Content;
use serde_json::Value;

use super::check::{self, Broken};
use super::errors::case;
use super::{Invocation, KiroConfig, model, profile};
use crate::Refusal;
use crate::compose::compose;
use crate::dice::Dice;
use crate::refusal::Form;
use crate::reply::Reply;

pub(super) fn answer(invocation: &Invocation<'_>, dice: &mut Dice) -> Result<Reply, Refusal> {
    let precise = invocation.settings.precise_reasons;
    let worded = |broken: Broken| broken.refusal(precise);
    let body: Value = serde_json::from_slice(invocation.body)
        .map_err(|error| worded(Broken::hidden("REQUEST_BODY_INVALID_JSON", error.to_string())))?;
    let account = &invocation.account;
    if account.credits.is_some_and(|credits| credits <= invocation.kiro.spent(&account.name)) {
        return Err(case("monthly_limit").because("no credits are left"));
    }
    let header = invocation.head.headers.get("x-amzn-kiro-profile-arn").and_then(|arn| arn.to_str().ok());
    profile::check(account, &[body["profileArn"].as_str(), header], true)?;
    let input = ask::input_tokens(&body, invocation.body.len());
    if invocation.strict {
        check::check(invocation, &body, input).map_err(worded)?;
    }
    let current = &body["conversationState"]["currentMessage"]["userInputMessage"];
    let model = model::find(current["modelId"].as_str().unwrap_or("auto"))
        .ok_or_else(|| case("bad_model").because("no such model"))?;
    let asked = ask::read(model, &body);
    let mut answer = compose(&asked.words, "tooluse_", dice);
    if asked.tagged {
        ask::tag_thinking(&mut answer);
    }
    for block in &mut answer.content {
        if let Content::Thinking { text, signature } = &mut block.content {
            *signature = Some(signature::of(model.id, text));
        }
    }
    let conversation = body["conversationState"]["conversationId"].as_str();
    let conversation = conversation.map_or_else(|| dice.uuid(), str::to_owned);
    invocation.kiro.charge(&account.name, model.cost());
    let targeted = matches!(invocation.call.errors, Form::Type(_));
    let telling = render::Telling {
        model,
        conversation: conversation.clone(),
        input,
        opaque: asked.opaque.then(|| signature::opaque(model.id, dice)),
        initial: targeted,
        counts: invocation.settings.token_usage || model.id == KiroConfig::COUNTS,
        stop_reason: invocation.settings.stop_reason,
    };
    let mut reply = Reply::event_stream(render::stream(answer, &telling, dice));
    reply.ragged = Some(dice.next());
    if !targeted {
        reply = reply.with_header("x-amzn-codewhisperer-conversation-id", conversation);
    }
    Ok(reply)
}
