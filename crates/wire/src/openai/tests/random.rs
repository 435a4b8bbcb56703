//! Any stream of blocks, however interleaved, gives chunks that hold together.

use std::collections::BTreeMap;

use bytes::BytesMut;
use llm::{Category, Error, Event, Opening, StopReason};
use proptest::prelude::*;
use serde_json::Value;

use super::{STAMP, chat, chunk, chunks};
use crate::ServerCodec;
use crate::openai::chat::OpenAiChatServer;

#[derive(Clone, Debug)]
enum Piece {
    Text(Vec<String>),
    Thinking(Vec<String>),
    Tool(String, Vec<String>),
}

fn any_piece() -> impl Strategy<Value = Piece> {
    let deltas = || prop::collection::vec(any::<String>(), 0..5);
    prop_oneof![
        deltas().prop_map(Piece::Text),
        deltas().prop_map(Piece::Thinking),
        ("[a-z_]{1,8}", deltas()).prop_map(|(name, deltas)| Piece::Tool(name, deltas)),
    ]
}

/// Blocks open in order; deltas of open blocks mix as `picks` say.
fn events(pieces: &[Piece], picks: &[usize]) -> Vec<Event> {
    let mut events = vec![Event::Start { id: None, model: None }];
    let mut queues: Vec<Vec<Event>> = Vec::new();
    for (index, piece) in (0_u32..).zip(pieces) {
        let (block, mut deltas): (_, Vec<Event>) = match piece {
            Piece::Text(deltas) => (
                Opening::Text,
                deltas.iter().map(|text| Event::TextDelta { index, text: text.clone() }).collect(),
            ),
            Piece::Thinking(deltas) => (
                Opening::Thinking,
                deltas.iter().map(|text| Event::ThinkingDelta { index, text: text.clone() }).collect(),
            ),
            Piece::Tool(name, deltas) => (
                Opening::ToolUse { id: format!("id_{index}"), name: name.clone() },
                deltas.iter().map(|json| Event::ToolInputDelta { index, json: json.clone() }).collect(),
            ),
        };
        deltas.push(Event::BlockEnd { index });
        deltas.reverse();
        events.push(Event::BlockStart { index, block });
        queues.push(deltas);
    }
    let mut picks = picks.iter().cycle();
    while !queues.is_empty() {
        let at = picks.next().copied().unwrap_or(0) % queues.len();
        match queues[at].pop() {
            Some(event) => events.push(event),
            None => drop(queues.remove(at)),
        }
    }
    events
}

fn any_stop() -> impl Strategy<Value = Option<StopReason>> {
    prop_oneof![
        Just(None),
        Just(Some(StopReason::EndTurn)),
        Just(Some(StopReason::ToolUse)),
        Just(Some(StopReason::MaxTokens)),
    ]
}

/// What a client puts together out of the deltas.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    thinking: String,
    /// Name, id and arguments by index.
    calls: BTreeMap<u64, (String, String, String)>,
}

fn hear(chunks: &[Value]) -> Heard {
    let mut heard = Heard::default();
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for chunk in chunks {
        let Some(choice) = chunk["choices"].get(0) else { continue };
        let delta = &choice["delta"];
        heard.text += &words(&delta["content"]);
        heard.thinking += &words(&delta["reasoning_content"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let entry = heard.calls.entry(call["index"].as_u64().expect("an index")).or_default();
            entry.0 += &words(&call["function"]["name"]);
            entry.1 += &words(&call["id"]);
            entry.2 += &words(&call["function"]["arguments"]);
        }
    }
    heard
}

/// What was said, block by block. Text of several blocks is joined in the order of arrival.
fn said(pieces: &[Piece], events: &[Event]) -> Heard {
    let mut expected = Heard::default();
    for event in events {
        match event {
            Event::TextDelta { text, .. } => expected.text += text,
            Event::ThinkingDelta { text, .. } => expected.thinking += text,
            _ => {}
        }
    }
    let tools = pieces.iter().enumerate().filter_map(|(index, piece)| match piece {
        Piece::Tool(name, deltas) => Some((index, name, deltas.concat())),
        _ => None,
    });
    for (number, (index, name, json)) in (0..).zip(tools) {
        let json = if json.is_empty() { "{}".to_owned() } else { json };
        expected.calls.insert(number, (name.clone(), format!("id_{index}"), json));
    }
    expected
}

proptest! {
    #[test]
    fn chunks_hold_together(
        pieces in prop::collection::vec(any_piece(), 0..6),
        picks in prop::collection::vec(0_usize..6, 1..20),
        stop in any_stop(),
        cuts in prop::collection::vec(1_usize..4, 1..8),
        usage in any::<bool>(),
    ) {
        let asked = chat(&format!(
            r#"{{"model":"m","stream":true,"stream_options":{{"include_usage":{usage}}},"messages":[{{"role":"user","content":"hi"}}]}}"#
        ));
        let mut events = events(&pieces, &picks);
        events.extend(stop.clone().map(|reason| Event::Stop { reason, sequence: None }));
        let mut writer = OpenAiChatServer.writer(&asked, STAMP);
        let mut out = BytesMut::new();
        let mut rest = events.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            writer.write(&chunk(now.to_vec()), &mut out);
            rest = later;
        }
        writer.finish(&mut out);
        let text = String::from_utf8(out.to_vec()).expect("UTF-8");
        prop_assert!(text.ends_with("data: [DONE]\n\n"));
        prop_assert_eq!(text.matches("[DONE]\n").count(), 1);
        let chunks = chunks(&text);
        prop_assert_eq!(hear(&chunks), said(&pieces, &events));
        let tools = pieces.iter().any(|piece| matches!(piece, Piece::Tool(..)));
        let finishes: Vec<_> = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"].get(0)?["finish_reason"].as_str())
            .collect();
        let expected = match stop {
            Some(StopReason::MaxTokens) => "length",
            _ if tools => "tool_calls",
            _ => "stop",
        };
        prop_assert_eq!(finishes, vec![expected]);
        prop_assert_eq!(&chunks[0]["choices"][0]["delta"]["role"], "assistant");
        let last = if usage { chunks.len() - 1 } else { chunks.len() };
        for (at, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(&chunk["id"], &chunks[0]["id"]);
            prop_assert_eq!(&chunk["object"], "chat.completion.chunk");
            prop_assert_eq!(&chunk["created"], STAMP.created);
            prop_assert_eq!(at < last, chunk["choices"].get(0).is_some());
            prop_assert_eq!(chunk.get("usage").is_some(), usage);
            prop_assert_eq!(chunk["usage"].is_object(), usage && at == last);
        }
    }

    #[test]
    fn an_error_ends_any_stream_without_done(
        pieces in prop::collection::vec(any_piece(), 0..4),
        picks in prop::collection::vec(0_usize..4, 1..9),
        cut in 0_usize..20,
    ) {
        let asked = chat(r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
        let events = events(&pieces, &picks);
        let mut writer = OpenAiChatServer.writer(&asked, STAMP);
        let mut out = BytesMut::new();
        writer.write(&chunk(events[..cut.min(events.len())].to_vec()), &mut out);
        writer.error(&Error::new(Category::Upstream, "broken"), &mut out);
        writer.write(&chunk(events), &mut out);
        writer.finish(&mut out);
        let text = String::from_utf8(out.to_vec()).expect("UTF-8");
        prop_assert!(!text.ends_with("data: [DONE]\n\n"));
        let chunks = chunks(&text);
        prop_assert_eq!(&chunks[chunks.len() - 1]["error"]["message"], "broken");
        prop_assert!(chunks.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()));
    }
}
