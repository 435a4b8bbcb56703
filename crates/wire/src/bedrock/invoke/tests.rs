use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use llm::{Answer, Collector, Content, Event, StopReason, Usage, Wire};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::NameRule;
use crate::eventstream::encode;

const STREAM: &[u8] = include_bytes!("../../../tests/fixtures/bedrock/02-invoke-stream.bin");

fn reader(detail: Detail) -> InvokeReader {
    InvokeReader::new(detail, Undo::default())
}

fn frame(event: &str) -> Vec<u8> {
    let payload = json!({"bytes": STANDARD.encode(event), "p": "abc"}).to_string();
    encode(&[(":event-type", "chunk"), (":message-type", "event")], payload.as_bytes())
}

fn chunks<'a>(
    reader: &mut InvokeReader,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Chunk>, Error> {
    let mut chunks = Vec::new();
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece));
        while let Some(chunk) = reader.next()? {
            chunks.push(chunk);
        }
    }
    Ok(chunks)
}

/// Server-sent events, as a client of the same wire gets them.
fn sse(chunks: &[Chunk]) -> String {
    chunks
        .iter()
        .map(|chunk| {
            let frame = chunk.frame.as_ref().expect("the same wire has frames");
            format!("event: {}\ndata: {}\n\n", frame.name, std::str::from_utf8(&frame.json).expect("UTF-8"))
        })
        .collect()
}

fn answer(chunks: Vec<Chunk>) -> Answer {
    let mut collector = Collector::new();
    chunks.into_iter().flat_map(|chunk| chunk.events).for_each(|event| collector.push(event));
    collector.finish()
}

#[test]
fn the_sample_reaches_a_client_of_the_same_wire_byte_for_byte() {
    let mut reader = reader(Detail::Control);
    let chunks = chunks(&mut reader, [STREAM]).expect("a good stream");
    reader.finish().expect("complete");
    let expected = include_str!("../../../tests/fixtures/bedrock/02-invoke-stream.sse")
        .replace("event: ping\ndata: {\"type\":\"ping\"}\n\n", "");
    assert_eq!(sse(&chunks), expected);
    assert!(chunks.iter().all(|chunk| chunk.wire == Wire::AnthropicMessages));
    let answer = answer(chunks);
    assert_eq!(answer.stop, Some(StopReason::ToolUse));
    assert_eq!((answer.usage.input, answer.usage.output), (Some(9), Some(71)));
    assert_eq!((answer.usage.cache_read, answer.usage.cache_write), (Some(18_204), Some(412)));
}

#[test]
fn the_sample_is_understood_for_another_wire() {
    let mut reader = reader(Detail::Full);
    let chunks = chunks(&mut reader, [STREAM]).expect("a good stream");
    reader.finish().expect("complete");
    assert!(chunks.iter().all(|chunk| chunk.frame.is_none()));
    insta::assert_debug_snapshot!("sample_answer", answer(chunks));
}

#[test]
fn an_exception_ends_the_stream_after_what_came_before() {
    let bytes: &[u8] = include_bytes!("../../../tests/fixtures/bedrock/03-invoke-stream-exception.bin");
    let mut reader = reader(Detail::Control);
    reader.push(Bytes::from_static(bytes));
    let mut given = Vec::new();
    let error = loop {
        match reader.next() {
            Ok(Some(chunk)) => given.push(chunk),
            Ok(None) => panic!("the exception was lost"),
            Err(error) => break error,
        }
    };
    let expected = include_str!("../../../tests/fixtures/bedrock/03-invoke-stream-exception.sse");
    let before = expected.split("event: error").next().expect("events");
    assert_eq!(sse(&given), before);
    assert_eq!(error.category, Category::RateLimited);
    assert_eq!(error.message, "Too many tokens, please wait before trying again.");
}

#[test]
fn a_stream_that_stops_short_is_cut_off() {
    for end in [0, 100, STREAM.len() / 2, STREAM.len() - 1] {
        let mut reader = reader(Detail::Control);
        chunks(&mut reader, [&STREAM[..end]]).expect("no damage");
        assert_eq!(reader.finish().expect_err("cut off").category, Category::Truncated, "{end}");
    }
    let mut reader = reader(Detail::Control);
    chunks(&mut reader, [STREAM, &[0]]).expect("no damage");
    assert_eq!(reader.finish().expect_err("left over").category, Category::Truncated);
}

#[test]
fn damage_is_an_upstream_error() {
    let mut bad = STREAM.to_vec();
    bad[700] ^= 1;
    let error = chunks(&mut reader(Detail::Control), [bad.as_slice()]).expect_err("damaged");
    assert_eq!(error.category, Category::Upstream);
    let payload = encode(&[(":event-type", "chunk"), (":message-type", "event")], b"{\"bytes\":\"*\"}");
    let error = chunks(&mut reader(Detail::Control), [payload.as_slice()]).expect_err("not base64");
    assert_eq!(error.category, Category::Upstream);
}

#[test]
fn what_is_no_event_is_skipped_and_order_is_kept() {
    let frames: Vec<Vec<u8>> = [
        r#"{"outputText":"an older model's manner"}"#,
        r#"{"type":"message_start","message":{"usage":{"input_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":1}}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":2}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_stop"}"#,
    ]
    .into_iter()
    .map(frame)
    .collect();
    let mut reader = reader(Detail::Control);
    let chunks = chunks(&mut reader, frames.iter().map(Vec::as_slice)).expect("a good stream");
    reader.finish().expect("complete");
    let names: Vec<&str> = chunks.iter().map(|chunk| &*chunk.frame.as_ref().expect("a frame").name).collect();
    let expected = [
        "message_start",
        "ping",
        "message_delta",
        "content_block_stop",
        "message_delta",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    assert!(sse(&chunks).contains(r#""usage":{"input_tokens":1,"output_tokens":3}}"#));
}

#[test]
fn tools_get_their_names_back() {
    let names = ToolNames::new(["a b"], NameRule::Bedrock);
    let wire = names.to_wire("a b").into_owned();
    let start = json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "tool_use", "id": "t", "name": wire, "input": {}}});
    for detail in [Detail::Control, Detail::Full] {
        let mut reader = InvokeReader::new(detail, Undo { names: names.clone(), ..Undo::default() });
        let chunks = chunks(&mut reader, [frame(&start.to_string()).as_slice()]).expect("a good stream");
        match &chunks[0].frame {
            Some(frame) => assert_eq!(frame.json, start.to_string().replace(&wire, "a b")),
            None => assert!(matches!(&chunks[0].events[..],
                [Event::BlockStart { block: llm::Opening::ToolUse { name, .. }, .. }] if name == "a b")),
        }
    }
}

#[test]
fn an_answer_through_a_tool_becomes_text() {
    let frames: Vec<Vec<u8>> = [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"json_tool_call","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_stop"}"#,
    ]
    .into_iter()
    .map(frame)
    .collect();
    // Whatever the caller wants: these frames are not the client's.
    let mut reader = InvokeReader::new(Detail::Control, Undo { answer_tool: true, ..Undo::default() });
    let answer = answer(chunks(&mut reader, frames.iter().map(Vec::as_slice)).expect("a good stream"));
    assert_eq!(answer.content, [Content::Text { text: "{\"a\":1}".into() }.into()]);
    assert_eq!(answer.stop, Some(StopReason::EndTurn));
    assert_eq!(answer.usage, Usage { output: Some(3), ..Usage::default() });
}

#[test]
fn an_error_event_is_an_error() {
    let event = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    let error = chunks(&mut reader(Detail::Control), [frame(event).as_slice()]).expect_err("an error");
    assert_eq!((error.category, error.message.as_str()), (Category::Overloaded, "busy"));
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_words(size in 1_usize..700) {
        let whole = chunks(&mut reader(Detail::Control), [STREAM]).expect("a good stream");
        let cut = chunks(&mut reader(Detail::Control), STREAM.chunks(size)).expect("a good stream");
        prop_assert_eq!(sse(&cut), sse(&whole));
    }

    #[test]
    fn survives_any_event(event in "[{}\\[\\]\":,a-z0-9 \\\\]{0,60}", kind in "message_(start|delta|stop)|content_block_(start|delta|stop)") {
        let full = format!("{{\"type\":\"{kind}\",{event}");
        for detail in [Detail::Control, Detail::Full] {
            let frames = [frame(&event), frame(&full), frame(&format!("{full}}}"))];
            let _ = chunks(&mut reader(detail), frames.iter().map(Vec::as_slice));
        }
    }
}
