//! Chat Completions: what is asked, and the answer in chunks or whole.

use std::collections::HashSet;
use std::sync::LazyLock;

use bytes::Bytes;
use llm::{Answer, Content, StopReason, Usage};
use serde_json::{Value, json};

use super::{Maker, check, sse};
use crate::Refusal;
use crate::bedrock::cache::Prefixes;
use crate::bedrock::{Invocation, check_tier};
use crate::compose::{Asked, Choice, Thinking, Tool, compose, deltas};
use crate::dice::Dice;
use crate::reply::{Frames, Reply};
use crate::turn::Turn;

/// What a tool that takes plain text looks like to whoever composes its call.
static PLAIN: LazyLock<Value> = LazyLock::new(
    || json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}),
);

pub(super) fn answer(
    invocation: &Invocation<'_>,
    maker: Maker,
    body: &Value,
    dice: &mut Dice,
) -> Result<Reply, Refusal> {
    if invocation.strict {
        check_tier(invocation.model, body["service_tier"].as_str())?;
        check::chat(invocation.model, maker, body)?;
    }
    let mut answer = compose(&read(invocation, maker, body), "call_", dice);
    invocation.account(&prefixes(invocation, body), &mut answer)?;
    if maker == Maker::Oss {
        number_calls(&mut answer);
    }
    let told = Told {
        id: dice.word("chatcmpl-", 29),
        model: invocation.model.id.to_owned(),
        customs: customs(body),
        maker,
        tier: body["service_tier"].as_str().unwrap_or("default").to_owned(),
        usage: body["stream_options"]["include_usage"] == true,
    };
    Ok(match invocation.streams {
        true => Reply::sse(told.stream(answer), sse::failure),
        false => Reply::json(&told.whole(&answer)),
    })
}

/// Open-weight models count their calls from 0 in every answer.
fn number_calls(answer: &mut Answer) {
    let calls = answer.content.iter_mut().filter_map(|block| match &mut block.content {
        Content::ToolUse { id, .. } => Some(id),
        _ => None,
    });
    calls.enumerate().for_each(|(number, id)| *id = format!("call_{number}"));
}

fn read<'a>(invocation: &Invocation<'_>, maker: Maker, body: &'a Value) -> Asked<'a> {
    let choice = &body["tool_choice"];
    let named = choice["function"]["name"].as_str().or(choice["custom"]["name"].as_str());
    let thinks = invocation.model.thinks() && body["reasoning_effort"] != "none";
    Asked {
        turn: Turn::read_chat(&body["messages"]),
        tools: items(&body["tools"]).filter_map(tool).collect(),
        choice: match (choice.as_str(), named) {
            (Some("none"), _) => Choice::None,
            (Some("required"), _) => Choice::Any,
            (_, Some(name)) => Choice::Named(name),
            _ => Choice::Auto,
        },
        stop_sequences: match &body["stop"] {
            Value::String(one) => vec![one],
            many => items(many).filter_map(Value::as_str).collect(),
        },
        max_tokens: body["max_completion_tokens"]
            .as_u64()
            .or(body["max_tokens"].as_u64())
            .unwrap_or(invocation.model.max_output),
        // GPT keeps its thoughts to itself here.
        thinking: if thinks && maker != Maker::Gpt { Thinking::Unsigned } else { Thinking::Off },
        schema: body["response_format"]["json_schema"].get("schema").cloned(),
    }
}

fn tool(tool: &Value) -> Option<Tool<'_>> {
    Some(match tool.get("custom") {
        Some(custom) => Tool { name: custom["name"].as_str()?, schema: &PLAIN },
        None => Tool { name: tool["function"]["name"].as_str()?, schema: &tool["function"]["parameters"] },
    })
}

fn customs(body: &Value) -> HashSet<String> {
    items(&body["tools"]).filter_map(|tool| tool["custom"]["name"].as_str()).map(str::to_owned).collect()
}

pub(super) fn prefixes(invocation: &Invocation<'_>, body: &Value) -> Prefixes {
    let mut prefixes = Prefixes::new(&[invocation.model.id, &invocation.caller.key], u64::MAX);
    items(&body["tools"]).chain(items(&body["messages"])).for_each(|block| prefixes.block(block));
    prefixes
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What an answer is told with.
struct Told {
    id: String,
    model: String,
    customs: HashSet<String>,
    maker: Maker,
    tier: String,
    usage: bool,
}

impl Told {
    fn whole(&self, answer: &Answer) -> Value {
        let mut message = json!({"role": "assistant", "content": null, "refusal": null, "annotations": []});
        let mut calls = Vec::new();
        for block in &answer.content {
            match &block.content {
                Content::Text { text } => add(&mut message["content"], text),
                Content::Thinking { text, .. } => match self.maker {
                    Maker::Oss => add(&mut message["content"], &tagged(text)),
                    _ => message["reasoning_content"] = json!(text),
                },
                Content::ToolUse { id, name, input } => calls.push(self.call(id, name, input)),
                _ => {}
            }
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        json!({
            "id": self.id, "object": "chat.completion", "created": 1_790_000_000, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish(answer)}],
            "usage": usage(&answer.usage), "service_tier": self.tier, "system_fingerprint": "fp_emulator",
        })
    }

    fn call(&self, id: &str, name: &str, input: &str) -> Value {
        if self.customs.contains(name) {
            return json!({"id": id, "type": "custom", "custom": {"name": name, "input": plain(input)}});
        }
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": input}})
    }

    fn stream(self, answer: Answer) -> Frames {
        let (end, counted) = (finish(&answer), usage(&answer.usage));
        let mut deltas = vec![json!({"role": "assistant", "content": "", "refusal": null})];
        let mut called = 0;
        for block in answer.content {
            match block.content {
                Content::Text { text } => deltas.extend(pieces(&text, "content")),
                Content::Thinking { text, .. } => match self.maker {
                    Maker::Oss => deltas.extend(pieces(&tagged(&text), "content")),
                    _ => deltas.extend(pieces(&text, "reasoning_content")),
                },
                Content::ToolUse { id, name, input } => {
                    deltas.extend(self.call_pieces(called, &id, &name, &input));
                    called += 1;
                }
                _ => {}
            }
        }
        let last = self.chunk(&json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": end}]));
        let mut counters = self.chunk(&json!([]));
        counters["usage"] = counted;
        let counters = self.usage.then_some(counters);
        let chunks = deltas.into_iter().map(move |delta| {
            self.chunk(&json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]))
        });
        let chunks = chunks.chain(std::iter::once(last)).chain(counters).map(|chunk| sse::data(&chunk));
        Box::new(chunks.chain(std::iter::once(Bytes::from_static(b"data: [DONE]\n\n"))))
    }

    fn call_pieces(&self, index: u32, id: &str, name: &str, input: &str) -> Vec<Value> {
        let custom = self.customs.contains(name);
        let (kind, member) = if custom { ("custom", "input") } else { ("function", "arguments") };
        let first = json!({"index": index, "id": id, "type": kind, kind: {"name": name, member: ""}});
        let input = if custom { plain(input) } else { input.to_owned() };
        let pieces = deltas(&input).into_iter().map(|piece| json!({"index": index, kind: {member: piece}}));
        std::iter::once(first).chain(pieces).map(|call| json!({"tool_calls": [call]})).collect()
    }

    fn chunk(&self, choices: &Value) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": 1_790_000_000, "model": self.model,
            "service_tier": self.tier, "system_fingerprint": "fp_emulator", "choices": choices,
        });
        if self.usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }
}

fn add(content: &mut Value, more: &str) {
    *content = json!(format!("{}{more}", content.as_str().unwrap_or_default()));
}

fn tagged(thought: &str) -> String {
    format!("<reasoning>{thought}</reasoning>")
}

/// The text that a tool gets which takes plain text.
fn plain(input: &str) -> String {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    input["input"].as_str().unwrap_or_default().to_owned()
}

fn pieces(text: &str, member: &str) -> Vec<Value> {
    deltas(text).into_iter().map(|piece| json!({ member: piece })).collect()
}

fn finish(answer: &Answer) -> &'static str {
    answer.stop.as_ref().map_or("stop", StopReason::openai)
}

fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(), "completion_tokens": usage.output, "total_tokens": usage.total(),
        "prompt_tokens_details": {"cached_tokens": usage.cache_read.unwrap_or(0), "cache_write_tokens": usage.cache_write.unwrap_or(0), "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    })
}
