//! A chat request for an upstream that speaks Chat Completions itself.

use bytes::Bytes;
use llm::{Effort, Error, RawBody, Request, ThinkingStyle, Wire};

use super::family::{Family, calls_or_reasons};
use super::messages::{self, Passed};
use super::ours::{self, Ours};
use super::{Passage, Terms, tools};
use crate::openai::error::missing;
use crate::openai::parameters;

pub(super) fn pass(asked: &Request, terms: &Terms<'_>) -> Result<Passage, Error> {
    let mut ours = Ours::new(asked, terms);
    if ours.has("functions") || ours.has("function_call") {
        return Ok(Passage::Closed("functions"));
    }
    let tools = tools::chat(&asked.raw);
    if !tools.fit || (tools.custom && ours.family != Family::Gpt) {
        return Ok(Passage::Closed("tools"));
    }
    let messages = asked.raw.get("messages").ok_or_else(|| missing("messages"))?;
    match messages::pass(messages, &mut ours.notes)? {
        Passed::Same => {}
        Passed::Changed(messages) => ours.body.set("messages", messages),
        Passed::Closed(why) => return Ok(Passage::Closed(why)),
    }
    let mut effort = ours::effort(&asked.raw, terms)?;
    if tools.any && calls_or_reasons(terms.model) && effort != Some(Effort::None) {
        if !terms.insist {
            return Ok(Passage::Closed("tools_with_reasoning"));
        }
        effort = Some(Effort::None);
    }
    think(&mut ours, terms, effort);
    ours.sampling(terms.model, effort != Some(Effort::None));
    if ours.family.is_hosted() {
        ours.drop("stop");
    } else if ours.has("stop") {
        stop(&mut ours)?;
    }
    if ours.family == Family::Oss {
        ours.drop("logit_bias");
    }
    let names = ["max_completion_tokens", "max_tokens"];
    let into = names.into_iter().find(|name| ours.has(name)).filter(|_| ours.family != Family::Gpt);
    ours.limit(terms.model, &names, into.unwrap_or(names[0]))?;
    ours.tier(asked)?;
    ours.plain();
    // One answer is the rule, and more were refused before.
    drop(ours.body.remove("n"));
    // Text is the rule, too.
    drop(ours.body.remove("modalities"));
    drop(ours.body.remove("store"));
    ours.drop("audio");
    ours.drop("web_search_options");
    if !tools.any {
        ["tools", "tool_choice", "parallel_tool_calls"].iter().for_each(|name| drop(ours.body.remove(name)));
    }
    stream(&mut ours.body, asked.stream)?;
    Ok(Passage::Open { body: ours.body, adjustments: ours.notes.into_tokens() })
}

/// The switch for thoughts, in this wire's word for it.
fn think(ours: &mut Ours, terms: &Terms<'_>, effort: Option<Effort>) {
    let said: Option<String> = ours.body.read("reasoning_effort").ok().flatten();
    drop(ours.body.remove("reasoning"));
    drop(ours.body.remove("thinking"));
    match effort {
        Some(_) if terms.model.thinking == ThinkingStyle::No => ours.drop("reasoning_effort"),
        Some(effort) => {
            if said.as_deref().is_some_and(|said| said != effort.word()) {
                ours.notes.add(format!("reasoning_effort:{}", effort.word()));
            }
            ours.body.set("reasoning_effort", ours::quoted(effort.word()));
        }
        None => drop(ours.body.remove("reasoning_effort")),
    }
}

/// Without blank ones, which are refused.
fn stop(ours: &mut Ours) -> Result<(), Error> {
    let stop = parameters::stop(&ours.body, &mut ours.notes)?;
    if stop.is_empty() {
        drop(ours.body.remove("stop"));
    } else {
        ours.body.set("stop", Bytes::from(serde_json::json!(stop).to_string()));
    }
    Ok(())
}

/// A stream always tells its usage: who did not ask for it does not hear of it.
fn stream(body: &mut RawBody, stream: bool) -> Result<(), Error> {
    let options = body.remove("stream_options").filter(|options| stream && options.as_ref() != b"null");
    if !stream {
        return Ok(());
    }
    let mut options = match options {
        Some(options) => RawBody::parse(Wire::OpenAiChat, &options)?,
        None => RawBody::empty(Wire::OpenAiChat),
    };
    options.set("include_usage", &b"true"[..]);
    body.set("stream_options", options.to_payload().to_bytes());
    Ok(())
}
