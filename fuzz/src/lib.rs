//! What the targets share: feeding a reader, and writing a request for models of different habits.

use bytes::Bytes;
use http::HeaderMap;
use llm::{CachePoints, Effort, Event, Model, StructuredOutput, ThinkingStyle, ToolSupport, Wire};
use wire::amazon_q::{self, Manner, SchemaDepth, Shape};
use wire::bedrock::converse;
use wire::{FrameReader, ServerCodec};

/// Feeds pieces of `size` bytes and takes everything; errors are a fine end.
pub fn drain(reader: &mut dyn FrameReader, data: &[u8], size: usize) -> Vec<Event> {
    let mut events = Vec::new();
    for piece in data.chunks(size.max(1)) {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(chunk)) => events.extend(chunk.events),
                Ok(None) => break,
                Err(_) => return events,
            }
        }
        if reader.is_done() {
            break;
        }
    }
    if let Ok(Some(chunk)) = reader.finish() {
        events.extend(chunk.events);
    }
    events
}

/// Splits fuzz data into frames with correct checksums: a byte of event kind, two of length, the payload.
pub fn frames(data: &[u8], kinds: &[&str], wrap: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = data;
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (payload, next) = after.split_at(length);
        let kind = kinds[usize::from(*kind) % kinds.len()];
        let headers = [(":message-type", "event"), (":event-type", kind)];
        out.extend(wire::eventstream::encode(&headers, &wrap(payload)));
        rest = next;
    }
    out
}

/// Block indexes must come without gaps, and every delta within its block.
pub fn check_order(events: &[Event]) {
    let mut next = 0;
    let mut open = Vec::new();
    for event in events {
        match event {
            Event::BlockStart { index, .. } => {
                assert_eq!(*index, next, "blocks are numbered in order of opening");
                next += 1;
                open.push(*index);
            }
            Event::BlockEnd { index } => {
                assert!(open.contains(index), "an end without a start");
                open.retain(|at| at != index);
            }
            Event::TextDelta { index, .. }
            | Event::ThinkingDelta { index, .. }
            | Event::SignatureDelta { index, .. }
            | Event::ToolInputDelta { index, .. }
            | Event::Citation { index, .. } => assert!(open.contains(index), "a delta outside of its block"),
            Event::Start { .. } | Event::Usage(_) | Event::Stop { .. } | Event::Opaque { .. } => {}
        }
    }
}

/// Reads a request and, when it makes sense, writes it for models of different habits.
pub fn request(codec: &dyn ServerCodec, body: &[u8]) {
    let Ok(asked) = codec.read_request(&HeaderMap::new(), Bytes::copy_from_slice(body)) else { return };
    let Ok(meaning) = asked.meaning() else { return };
    for model in [claude(), plain()] {
        for suffix in [None, Some(Effort::High)] {
            let Ok(written) = converse::write_request(&asked, meaning, &model, suffix) else { continue };
            let sent: serde_json::Value =
                serde_json::from_slice(&written.body).expect("what we send is JSON");
            check_turns(&sent);
        }
    }
    let manner = Manner {
        shape: Shape::Cli,
        profile_arn: None,
        conversation_id: "c",
        continuation_id: "a",
        fields_schema: None,
        effort: None,
        schemas: SchemaDepth::Bare,
        reasoning: true,
        most_tools: 119,
        input_estimate: 0,
        most_body: None,
    };
    for model in [claude(), plain()] {
        let Ok(written) = amazon_q::write_request(&asked, meaning, &model, &manner) else { continue };
        let sent: serde_json::Value = serde_json::from_slice(&written.body).expect("what we send is JSON");
        check_entries(&sent["conversationState"]);
    }
}

/// Kiro: pairs of user and assistant, then the user; nobody says nothing.
fn check_entries(state: &serde_json::Value) {
    let history = state["history"].as_array().expect("there is a history");
    assert!(history.len().is_multiple_of(2));
    for (at, entry) in history.iter().chain([&state["currentMessage"]]).enumerate() {
        let kind = if at % 2 == 0 { "userInputMessage" } else { "assistantResponseMessage" };
        assert!(entry[kind]["content"].as_str().is_some_and(|content| !content.is_empty()));
    }
}

fn check_turns(sent: &serde_json::Value) {
    let turns = sent["messages"].as_array().expect("there are messages");
    for (at, turn) in turns.iter().enumerate() {
        assert_eq!(turn["role"], if at % 2 == 0 { "user" } else { "assistant" });
        assert!(turn["content"].as_array().is_some_and(|content| !content.is_empty()));
    }
}

fn claude() -> Model {
    Model {
        vendor: "anthropic".into(),
        documents: true,
        thinking: ThinkingStyle::Extended,
        cache: CachePoints { system: true, messages: true, tools: true, one_hour: true },
        ..plain()
    }
}

fn plain() -> Model {
    Model {
        id: "m".into(),
        name: "m".into(),
        display_name: "m".into(),
        vendor: "amazon".into(),
        wire: Wire::BedrockConverse,
        context: 0,
        max_output: 4096,
        price: None,
        tools: ToolSupport::WholeOnly,
        system: false,
        vision: true,
        documents: false,
        thinking: ThinkingStyle::NovaReasoning,
        efforts: Vec::new(),
        structured_output: StructuredOutput::No,
        cache: CachePoints::default(),
        cache_min_tokens: 0,
        sampling: true,
        forced_tool_use: true,
        mid_conversation_system: false,
        end_of_life: None,
    }
}
