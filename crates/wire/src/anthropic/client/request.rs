//! A Messages body written from a meaning.

mod blocks;
mod tools;

use bytes::Bytes;
use llm::{CacheMark, Content, Effort, Error, Meaning, Model, RawBody, Role, Sampling, Wire};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::blocks::{Block, CacheControl, Known};
use super::format::Plan;
use super::thinking::{self, Switch};
use super::{cache, turns};
use crate::{NameRule, ToolNames, Undo};

/// What the caller decides about a request.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Effort from a suffix of the asked model name; beats what the request says.
    pub effort: Option<Effort>,
    /// The mark to set where the client set none; `None` sets none.
    pub auto_cache: Option<CacheMark>,
    /// False once the upstream refused `output_config.format` for this request.
    pub native_format: bool,
}

impl Default for Manner {
    /// Marks of the usual five minutes, native structured output where the model has it.
    fn default() -> Self {
        Self { effort: None, auto_cache: Some(CacheMark { ttl: None }), native_format: true }
    }
}

/// A request that was written.
#[derive(Debug)]
pub struct Written {
    /// The body, with `model` and without `stream`.
    pub body: RawBody,
    /// What the reader of the answer must turn back.
    pub undo: Undo,
    /// What was changed, as stable tokens like `max_tokens:64000` or `temperature:dropped`, those of
    /// [`Meaning::adjustments`] first.
    pub adjustments: Vec<String>,
}

/// Writes a body that `model` accepts.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] for images and documents by URL and for a request that says nothing.
pub fn write_request(meaning: &Meaning, model: &Model, manner: Manner) -> Result<Written, Error> {
    let mut adjustments = meaning.adjustments.clone();
    let names = ToolNames::new(tool_names(meaning), NameRule::Bedrock);
    let modern = version(&model.name) >= (4, 6);
    // From 4.6 on Claude refuses a conversation that ends with its own words.
    let mut turns = turns::arrange(meaning, model, !modern, &mut adjustments)?;
    let max_tokens = max_tokens(meaning, model, &mut adjustments);
    let switch = thinking::switch(meaning, model, manner.effort, max_tokens, &mut adjustments);
    let plan = Plan::of(meaning, model, manner.native_format, switch.on);
    let marks = cache::mark(meaning, model, &mut turns, manner.auto_cache);

    let mut body = Body(RawBody::empty(Wire::AnthropicMessages));
    body.set("model", &model.id);
    body.set("max_tokens", &max_tokens);
    let system = system(meaning, &plan, marks.last_system);
    if !system.is_empty() {
        body.set("system", &system);
    }
    body.set("messages", &blocks::messages(&turns, &names));
    let tools = tools::tools(meaning, &turns, &plan, model, &names, marks.last_tool, &mut adjustments);
    if !tools.is_empty() {
        body.set("tools", &tools);
        if let Some(choice) = tools::choice(meaning, &plan, model, switch.on, &names, &mut adjustments) {
            body.set("tool_choice", &choice);
        }
    }
    output(&mut body, &plan, &switch);
    sampling(&mut body, meaning.sampling, model, switch.on, &mut adjustments);
    let stop: Vec<&str> =
        meaning.stop.iter().map(String::as_str).filter(|word| !word.trim().is_empty()).collect();
    if !stop.is_empty() {
        body.set("stop_sequences", &stop);
    }
    let undo = Undo {
        answer_tool: matches!(plan, Plan::Tool { .. }),
        fence: matches!(plan, Plan::Prompt(_)),
        names,
    };
    Ok(Written { body: body.0, undo, adjustments })
}

/// Every tool name of the request, so that definitions and history agree.
fn tool_names(meaning: &Meaning) -> impl Iterator<Item = &str> + Clone {
    let defined = meaning.tools.iter().map(|tool| tool.name.as_str());
    let called =
        meaning.messages.iter().flat_map(|message| &message.content).filter_map(|block| {
            match &block.content {
                Content::ToolUse { name, .. } => Some(name.as_str()),
                _ => None,
            }
        });
    defined.chain(called)
}

struct Body(RawBody);

impl Body {
    fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.0.set(name, Bytes::from(serde_json::to_vec(value).unwrap_or_default()));
    }
}

/// Major and minor version in a friendly name: `claude-sonnet-4-5` is (4, 5), `claude-opus-5` (5, 0).
fn version(name: &str) -> (u32, u32) {
    let mut numbers = name
        .split(['-', '.'])
        .skip_while(|part| !is_version(part))
        .map_while(|part| is_version(part).then(|| part.parse().unwrap_or(0)));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn is_version(part: &str) -> bool {
    // Longer numbers are dates.
    !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The output limit. Anthropic requires one; other wires do not.
fn max_tokens(meaning: &Meaning, model: &Model, adjustments: &mut Vec<String>) -> u32 {
    let most = if model.max_output == 0 { u32::MAX } else { model.max_output };
    match meaning.max_tokens {
        Some(asked) if asked > most => {
            adjustments.push(format!("max_tokens:{most}"));
            most
        }
        Some(asked) => asked,
        None if version(&model.name) >= (4, 5) => most.min(32_000),
        None => most.min(8192),
    }
}

fn system<'a>(meaning: &'a Meaning, plan: &Plan, mark: Option<CacheMark>) -> Vec<Block<'a>> {
    let given = meaning.system.iter().filter_map(|block| match &block.content {
        Content::Text { text } if !text.trim().is_empty() => Some((text, block.cache)),
        _ => None,
    });
    let mut blocks: Vec<Known<'a>> = given
        .map(|(text, cache)| Known::Text { text: text.into(), cache_control: cache.map(CacheControl::from) })
        .collect();
    // Before our own sentence, which another request may not have.
    if let (Some(mark), Some(Known::Text { cache_control, .. })) = (mark, blocks.last_mut()) {
        *cache_control = Some(mark.into());
    }
    if let Some(words) = plan.instruction() {
        blocks.push(Known::Text { text: words.into(), cache_control: None });
    }
    blocks.into_iter().map(Block::Known).collect()
}

fn output(body: &mut Body, plan: &Plan, switch: &Switch) {
    if let Some(thinking) = &switch.thinking {
        body.set("thinking", thinking);
    }
    let mut config = serde_json::Map::new();
    if let Some(effort) = switch.effort {
        config.insert("effort".to_owned(), Value::from(effort));
    }
    if let Plan::Native(schema) = plan {
        config.insert("format".to_owned(), json!({"type": "json_schema", "schema": schema}));
    }
    if !config.is_empty() {
        body.set("output_config", &config);
    }
}

/// Sampling within what Claude takes: temperature up to 1, one of temperature and top_p, next to nothing while it
/// thinks.
fn sampling(body: &mut Body, asked: Sampling, model: &Model, thinking: bool, adjustments: &mut Vec<String>) {
    let free = model.sampling && !thinking;
    let mut dropped = |name: &str| adjustments.push(format!("{name}:dropped"));
    let temperature = asked.temperature.filter(|temperature| {
        let keep = free || (model.sampling && *temperature >= 1.0);
        if !keep {
            dropped("temperature");
        }
        keep
    });
    let top_p = asked.top_p.filter(|top_p| {
        let keep = (free || (model.sampling && *top_p >= 0.95)) && temperature.is_none();
        if !keep {
            dropped("top_p");
        }
        keep
    });
    let top_k = asked.top_k.filter(|_| {
        if !free {
            dropped("top_k");
        }
        free
    });
    if let Some(temperature) = temperature {
        if temperature > 1.0 {
            adjustments.push("temperature:1".to_owned());
        }
        body.set("temperature", &temperature.min(1.0));
    }
    if let Some(top_p) = top_p {
        body.set("top_p", &top_p);
    }
    if let Some(top_k) = top_k {
        body.set("top_k", &top_k);
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
    }
}

#[cfg(test)]
mod tests;
