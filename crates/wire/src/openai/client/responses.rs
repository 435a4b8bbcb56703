//! A Responses request for an upstream that speaks Responses itself.

use bytes::Bytes;
use llm::{Effort, Error, RawBody, Request, ThinkingStyle, Wire};
use memchr::memmem;
use serde_json::Value;

use super::items::{self, Items};
use super::ours::{self, Ours};
use super::toolbox::{self, Toolbox};
use super::{Passage, Terms};
use crate::openai::error::{missing, unsupported};
use crate::openai::responses::ends_in_trigger;

/// What a client asks to be included; nothing else brings thoughts back where the upstream keeps no conversations.
const SEALED: &str = "reasoning.encrypted_content";

pub(super) fn pass(asked: &Request, terms: &Terms<'_>) -> Result<Passage, Error> {
    let mut ours = Ours::new(asked, terms);
    let input = asked.raw.get("input").ok_or_else(|| missing("input"))?;
    // Only we can sum up: the upstream's own form of it is nobody's business here.
    if ends_in_trigger(input) {
        return Ok(Passage::Closed("compaction"));
    }
    let Items { input, tools: more } = match items::pass(input, &mut ours.notes)? {
        Ok(items) => items,
        Err(why) => return Ok(Passage::Closed(why)),
    };
    if let Some(input) = input {
        ours.body.set("input", input);
    }
    match toolbox::pass(&asked.raw, &more, &mut ours.notes) {
        Toolbox::Same => {}
        Toolbox::Changed(tools) => ours.body.set("tools", tools),
        Toolbox::Closed => return Ok(Passage::Closed("tools")),
    }
    choice(&mut ours, &asked.raw)?;
    // What is kept is kept here, and the whole conversation is sent.
    ours.body.set("store", &b"false"[..]);
    for name in ["previous_response_id", "background", "client_metadata", "conversation", "prompt"] {
        drop(ours.body.remove(name));
    }
    if !asked.stream {
        drop(ours.body.remove("stream_options"));
    }
    let effort = ours::effort(&asked.raw, terms)?;
    think(&mut ours, terms, effort);
    ours.sampling(terms.model, effort != Some(Effort::None));
    ours.limit(terms.model, &["max_output_tokens"], "max_output_tokens")?;
    ours.tier(asked)?;
    ours.plain();
    include(&mut ours.body, terms);
    Ok(Passage::Open { body: ours.body, adjustments: ours.notes.into_tokens() })
}

/// The switch for thoughts; `summary` and what else stands beside it stays.
fn think(ours: &mut Ours, terms: &Terms<'_>, effort: Option<Effort>) {
    drop(ours.body.remove("thinking"));
    drop(ours.body.remove("reasoning_effort"));
    if terms.model.thinking == ThinkingStyle::No {
        return ours.drop("reasoning");
    }
    let given = ours.body.get("reasoning").filter(|json| json.as_ref() != b"null").cloned();
    let Some(mut reasoning) = (match &given {
        Some(json) => RawBody::parse(Wire::OpenAiResponses, json).ok(),
        None => effort.map(|_| RawBody::empty(Wire::OpenAiResponses)),
    }) else {
        return;
    };
    let said: Option<String> = reasoning.read("effort").ok().flatten();
    let word = effort.map(Effort::word);
    let others =
        ["max_tokens", "enabled"].into_iter().filter(|name| reasoning.remove(name).is_some()).count();
    if said.as_deref() == word && others == 0 {
        return;
    }
    if let (Some(_), Some(word)) = (said, word) {
        ours.notes.add(format!("reasoning.effort:{word}"));
    }
    if let Some(word) = word {
        reasoning.set("effort", ours::quoted(word));
    }
    ours.body.set("reasoning", reasoning.to_payload().to_bytes());
}

/// Asks for sealed thoughts, and for nothing of tools that are not there.
fn include(body: &mut RawBody, terms: &Terms<'_>) {
    let mut wanted: Vec<String> = body.read("include").ok().flatten().unwrap_or_default();
    wanted.retain(|what| !what.contains("_call.") && !what.contains("_call_output."));
    if terms.model.thinking != ThinkingStyle::No && !wanted.iter().any(|what| what == SEALED) {
        wanted.push(SEALED.to_owned());
    }
    if wanted.is_empty() {
        drop(body.remove("include"));
    } else {
        body.set("include", Bytes::from(Value::from(wanted).to_string()));
    }
}

/// A tool that is not here cannot be chosen.
fn choice(ours: &mut Ours, raw: &RawBody) -> Result<(), Error> {
    let Some(choice) = raw.get("tool_choice").filter(|json| json.starts_with(b"{")) else { return Ok(()) };
    let kind = crate::anthropic::peek::kind(choice).unwrap_or_default();
    if toolbox::is_hosted(kind) {
        return Err(unsupported(
            "tool_choice",
            format!("The tool '{kind}' runs at OpenAI and is not available here."),
        ));
    }
    // A list of those that may be called names tools that are left out, too.
    if kind == "allowed_tools" && memmem::find(choice, b"\"web_search").is_some() {
        ours.drop("tool_choice");
    }
    Ok(())
}
