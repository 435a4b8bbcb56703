//! A chat answer that came in one piece.

use bytes::Bytes;
use llm::{Answer, Collector, Error, Event, StopReason, Usage, Whole, Wire};
use serde::Deserialize;

use super::Manner;
use super::chat_reader::{Spoken, stop};
use super::counters::{Counters, tier};
use super::events::Blocks;
use super::failure::{self, unreadable};
use super::tags::Tags;
use crate::anthropic::peek;
use crate::openai::text::Text;

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(default)]
    usage: Option<Counters>,
    #[serde(borrow, default)]
    service_tier: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Spoken<'a>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

fn parse(json: &Bytes) -> Result<Completion<'_>, Error> {
    // An error can come with a good status.
    if peek::member(json, b"error").is_some_and(|error| error != b"null") {
        return Err(failure::read(json));
    }
    serde_json::from_slice(json).map_err(unreadable)
}

fn counted(usage: Option<Counters>, word: Option<&Text<'_>>) -> Usage {
    let usage = usage.map_or_else(Usage::default, Usage::from);
    Usage { tier: word.and_then(|word| tier(word.as_str())), ..usage }
}

fn stopped(choices: &[Choice<'_>]) -> Option<StopReason> {
    choices.first()?.finish_reason.as_ref().map(|word| stop(word.as_str()))
}

/// Reads what every request needs of an answer, and keeps its words.
pub(super) fn read_whole(json: Bytes) -> Result<Whole, Error> {
    let completion = parse(&json)?;
    let stop = stopped(&completion.choices);
    let usage = counted(completion.usage, completion.service_tier.as_ref());
    Ok(Whole { wire: Wire::OpenAiChat, json, usage, stop })
}

/// Reads an answer into its meaning. `request_id` is the upstream's.
///
/// # Errors
/// As [`super::read_whole`].
pub fn read_answer(json: &Bytes, manner: Manner, request_id: Option<&str>) -> Result<Answer, Error> {
    let completion = parse(json)?;
    let reason = stopped(&completion.choices);
    let usage = counted(completion.usage, completion.service_tier.as_ref());
    let text = |text: Option<Text<'_>>| text.map(Text::into_owned);
    let (id, model) = (text(completion.id), text(completion.model));
    let seed = request_id.or(id.as_deref()).unwrap_or_default().to_owned();
    let mut events = vec![Event::Start { id, model }];
    let (mut tags, mut blocks) = (Tags::default(), Blocks::default());
    for choice in completion.choices.into_iter().take(1) {
        choice.message.events(&seed, manner, &mut tags, &mut blocks, &mut events);
    }
    let told = tags.finish();
    blocks.think(told.thought, &mut events);
    blocks.say(told.said, &mut events);
    blocks.close(&mut events);
    events.push(Event::Usage(usage));
    events.extend(reason.map(|reason| Event::Stop { reason, sequence: None }));
    let mut collector = Collector::new();
    events.into_iter().for_each(|event| collector.push(event));
    Ok(collector.finish())
}
