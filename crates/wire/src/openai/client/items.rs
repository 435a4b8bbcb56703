//! The items of a Responses request: those that Bedrock does not know are said otherwise, those that are kept at OpenAI go.

use bytes::{BufMut, Bytes, BytesMut};
use llm::{Error, RawBody, Wire};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::messages::picture;
use crate::anthropic::peek;
use crate::openai::notes::Notes;
use crate::openai::responses::{Sealed, told, unsealed};
use crate::openai::text::Text;

/// What a request's items came to.
#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    /// `None` where they stay as they are.
    pub(super) input: Option<Bytes>,
    /// Tools that stood among them.
    pub(super) tools: Vec<&'a RawValue>,
}

/// What only OpenAI's own clients put into their items, for OpenAI alone.
const INTERNAL: &str = "internal_chat_message_metadata_passthrough";

enum Item<'a> {
    Same,
    Other(Bytes),
    Gone,
    Tools(Vec<&'a RawValue>),
    Closed(&'static str),
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(default)]
    image_url: Option<Value>,
}

/// Goes through them; the inner error says why they must be read for their meaning.
pub(super) fn pass<'a>(
    input: &'a Bytes,
    notes: &mut Notes,
) -> Result<Result<Items<'a>, &'static str>, Error> {
    if input.starts_with(b"\"") {
        return Ok(Ok(Items::default()));
    }
    let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(input) else { return Ok(Err("input")) };
    let mut tools = Vec::new();
    let mut list = BytesMut::new();
    let mut changed = false;
    for (number, item) in items.iter().enumerate() {
        let put = match one(input, item, number, notes)? {
            Item::Same => Some(Bytes::from_static(b"")),
            Item::Other(json) => Some(json),
            Item::Gone => None,
            Item::Tools(more) => {
                tools.extend(more);
                None
            }
            Item::Closed(why) => return Ok(Err(why)),
        };
        changed |= put.as_ref().is_none_or(|json| !json.is_empty());
        if let Some(json) = put {
            list.put_u8(if list.is_empty() { b'[' } else { b',' });
            list.put_slice(if json.is_empty() { item.get().as_bytes() } else { &json });
        }
    }
    if changed && list.is_empty() {
        return Ok(Err("input"));
    }
    list.put_u8(b']');
    Ok(Ok(Items { input: changed.then(|| list.freeze()), tools }))
}

fn one<'a>(input: &Bytes, item: &'a RawValue, number: usize, notes: &mut Notes) -> Result<Item<'a>, Error> {
    let text = item.get().as_bytes();
    let body = || RawBody::parse(Wire::OpenAiResponses, &input.slice_ref(text));
    let kind = peek::kind(text).unwrap_or(if peek::member(text, b"role").is_some() { "message" } else { "" });
    Ok(match kind {
        "message" => {
            if let Some(why) = content(text, number)? {
                return Ok(Item::Closed(why));
            }
            match peek::member(text, INTERNAL.as_bytes()) {
                Some(_) => {
                    let mut body = body()?;
                    drop(body.remove(INTERNAL));
                    Item::Other(body.to_payload().to_bytes())
                }
                None => Item::Same,
            }
        }
        // What one agent says to another is to the model that hears it a user's.
        "agent_message" => {
            let parts: Vec<Value> = body()?.read("content").ok().flatten().unwrap_or_default();
            let heard = parts.into_iter().filter(|part| part["type"] == "input_text");
            notes.add("agent_message:message");
            let said = json!({"type": "message", "role": "user", "content": heard.collect::<Vec<_>>()});
            Item::Other(said.to_string().into())
        }
        "reasoning" => match sealed(text) {
            // Without its seal nobody takes it back, and a seal of ours is for another model.
            None | Some(Sealed::Thought) => {
                notes.add("thinking:dropped");
                Item::Gone
            }
            Some(_) => Item::Same,
        },
        "compaction" | "context_compaction" | "compaction_summary" => match sealed(text) {
            Some(Sealed::Summary(summary)) => {
                let part = json!({"type": "input_text", "text": told(&summary)});
                let said = json!({"type": "message", "role": "user", "content": [part]});
                Item::Other(said.to_string().into())
            }
            Some(Sealed::Foreign) if kind == "compaction" => Item::Same,
            Some(Sealed::Foreign) => {
                notes.add(format!("{kind}:compaction"));
                let mut body = body()?;
                body.set("type", &b"\"compaction\""[..]);
                Item::Other(body.to_payload().to_bytes())
            }
            _ => {
                notes.add("compaction:dropped");
                Item::Gone
            }
        },
        "local_shell_call" | "shell_call" => {
            let body = body()?;
            let mut action: Value = body.read("action").ok().flatten().unwrap_or_default();
            if let Some(members) = action.as_object_mut() {
                members.retain(|name, value| name != "type" && !value.is_null());
            }
            let name = kind.trim_end_matches("_call");
            notes.add(format!("{kind}:function_call"));
            let call = json!({
                "type": "function_call", "call_id": call_id(&body), "name": name, "arguments": action.to_string(),
            });
            Item::Other(call.to_string().into())
        }
        "local_shell_call_output" | "shell_call_output" => {
            let body = body()?;
            let output: Value = body.read("output").ok().flatten().unwrap_or_default();
            let output = output.as_str().map_or_else(|| output.to_string(), str::to_owned);
            let told = json!({"type": "function_call_output", "call_id": call_id(&body), "output": output});
            Item::Other(told.to_string().into())
        }
        "additional_tools" => match peek::member(text, b"tools").map(serde_json::from_slice) {
            Some(Ok(tools)) => Item::Tools(tools),
            _ => Item::Gone,
        },
        "compaction_trigger" => Item::Closed("compaction"),
        "function_call_output" | "custom_tool_call_output" => output(text, number)?,
        "item_reference" => {
            notes.add_dropped("input.item_reference");
            Item::Gone
        }
        kind if is_kept_elsewhere(kind) => {
            notes.add_dropped(&format!("input.{kind}"));
            Item::Gone
        }
        _ => Item::Same,
    })
}

/// Calls of tools that ran at OpenAI.
fn is_kept_elsewhere(kind: &str) -> bool {
    ["web_search_call", "image_generation_call", "code_interpreter_call", "file_search_call"].contains(&kind)
}

/// The first clients with a shell answered by the item's own id.
fn call_id(body: &RawBody) -> Option<String> {
    let read = |name: &str| body.read(name).ok().flatten();
    read("call_id").or_else(|| read("id"))
}

fn sealed(item: &[u8]) -> Option<Sealed> {
    let sealed: Text<'_> = serde_json::from_slice(peek::member(item, b"encrypted_content")?).ok()?;
    Some(unsealed(sealed.as_str()))
}

/// Outputs may hold pictures too.
fn output<'a>(item: &[u8], number: usize) -> Result<Item<'a>, Error> {
    let parts = peek::member(item, b"output").filter(|output| output.starts_with(b"["));
    match parts.map(|parts| look(parts, &format!("input[{number}].output"))).transpose()?.flatten() {
        Some(why) => Ok(Item::Closed(why)),
        None => Ok(Item::Same),
    }
}

fn content(item: &[u8], number: usize) -> Result<Option<&'static str>, Error> {
    let parts = peek::member(item, b"content").filter(|content| content.starts_with(b"["));
    parts.map_or(Ok(None), |parts| look(parts, &format!("input[{number}].content")))
}

/// Why parts cannot go as they are: clients of other servers write some of them in chat's words.
fn look(parts: &[u8], at: &str) -> Result<Option<&'static str>, Error> {
    let Ok(parts) = serde_json::from_slice::<Vec<Part<'_>>>(parts) else { return Ok(Some("content")) };
    for (place, part) in parts.into_iter().enumerate() {
        match part.kind.as_ref().map(Text::as_str) {
            Some("input_text" | "output_text" | "refusal" | "input_file" | "summary_text") => {}
            Some("input_image") => {
                let Some(url) = part.image_url else { continue };
                let Some(url) = url.as_str() else { return Ok(Some("content")) };
                if let Some(why) = picture(url, || format!("{at}[{place}].image_url"))? {
                    return Ok(Some(why));
                }
            }
            _ => return Ok(Some("content")),
        }
    }
    Ok(None)
}

/// Takes all thoughts out of a request's items, for a model that cannot open them: those of another one, most often. False
/// when there are none.
#[must_use]
pub fn without_thoughts(body: &mut RawBody) -> bool {
    let Some(input) = body.get("input").cloned() else { return false };
    let items: Vec<&RawValue> = serde_json::from_slice(&input).unwrap_or_default();
    let left: Vec<&RawValue> =
        items.iter().filter(|item| peek::kind(item.get().as_bytes()) != Some("reasoning")).copied().collect();
    let fewer = left.len() < items.len();
    if fewer {
        body.set("input", serde_json::to_vec(&left).unwrap_or_default());
    }
    fewer
}
