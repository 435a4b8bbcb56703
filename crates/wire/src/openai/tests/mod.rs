//! Golden files, rules and random streams of the OpenAI dialects.

mod completions;
mod conversation;
mod errors;
mod golden;
mod media;
mod random;
mod refusals;
mod responses_golden;
mod responses_random;
mod responses_refusals;
mod stream;
mod to_claude;
mod tools;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm::{Chunk, Error, Event, Meaning, Request, Wire};
use serde_json::Value;

use super::chat::OpenAiChatServer;
use crate::{ChunkWriter, ServerCodec, Stamp};

const STAMP: Stamp = Stamp { id: 0x3e5b_7d1c_0000_4000_8000_0000_0000_0002, created: 1_795_262_400 };

fn ask(codec: &dyn ServerCodec, body: &str) -> Result<Request, Error> {
    codec.read_request(&HeaderMap::new(), Bytes::copy_from_slice(body.as_bytes()))
}

fn chat(body: &str) -> Request {
    ask(&OpenAiChatServer, body).expect("a good request")
}

/// A chat request with these members beside the model, and with one message if it has none.
fn with(members: Value) -> Result<Meaning, Error> {
    let mut body = serde_json::json!({ "model": "m" });
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    if body.get("messages").is_none() {
        body["messages"] = serde_json::json!([{ "role": "user", "content": "hi" }]);
    }
    let request = ask(&OpenAiChatServer, &body.to_string())?;
    request.meaning().cloned()
}

fn of_messages(messages: Value) -> Result<Meaning, Error> {
    with(serde_json::json!({ "messages": messages }))
}

fn chunk(events: Vec<Event>) -> Chunk {
    Chunk { wire: Wire::AnthropicMessages, events, frame: None, content: true }
}

/// Everything a writer says about these events, each in a chunk of its own.
fn say(mut writer: Box<dyn ChunkWriter>, events: impl IntoIterator<Item = Event>) -> String {
    let mut out = BytesMut::new();
    for event in events {
        writer.write(&chunk(vec![event]), &mut out);
    }
    writer.finish(&mut out);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

/// The JSON of the `data:` lines, without `[DONE]`.
fn chunks(text: &str) -> Vec<Value> {
    text.split_terminator("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect("every chunk is JSON"))
        .collect()
}
