use llm::{Answer, Collector, Content, StopReason, Wire};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::NameRule;

const STREAM: &str = include_str!("../../../tests/fixtures/bedrock/02-invoke-stream.sse");
const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";

fn read<'a>(
    reader: &mut MessagesReader,
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

fn event(data: &serde_json::Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or("throttlingException"))
}

#[test]
fn the_sample_reaches_a_client_of_the_same_wire_byte_for_byte() {
    let mut reader = MessagesReader::new(Detail::Control, Undo::default());
    let chunks = read(&mut reader, [STREAM.as_bytes()]).expect("a good stream");
    reader.finish().expect("complete");
    assert_eq!(sse(&chunks), STREAM);
    assert!(chunks.iter().all(|chunk| chunk.wire == Wire::AnthropicMessages));
    let answer = answer(chunks);
    assert_eq!(answer.stop, Some(StopReason::ToolUse));
    assert_eq!((answer.usage.input, answer.usage.output), (Some(9), Some(71)));
    assert_eq!((answer.usage.cache_read, answer.usage.cache_write), (Some(18_204), Some(412)));
}

#[test]
fn the_sample_is_understood_for_another_wire() {
    let mut reader = MessagesReader::new(Detail::Full, Undo::default());
    let chunks = read(&mut reader, [STREAM.as_bytes()]).expect("a good stream");
    reader.finish().expect("complete");
    assert!(chunks.iter().all(|chunk| chunk.frame.is_none()));
    let kinds = answer(chunks).content.into_iter().map(|block| match block.content {
        Content::Thinking { .. } => "thinking",
        Content::Text { .. } => "text",
        Content::ToolUse { .. } => "tool_use",
        _ => "other",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["thinking", "text", "tool_use"]);
}

#[test]
fn counters_that_the_end_leaves_out_are_filled_in() {
    let start = json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}});
    let end =
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}});
    let stop = json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 3}});
    let mut reader = MessagesReader::new(Detail::Control, Undo::default());
    let text = [start, end, stop].iter().map(event).collect::<String>();
    let chunks = read(&mut reader, [text.as_bytes()]).expect("good");
    assert!(sse(&chunks).contains(r#""usage":{"input_tokens":3,"output_tokens":5}"#), "{}", sse(&chunks));
    assert!(sse(&chunks).ends_with("data: {\"type\":\"message_stop\"}\n\n"));
}

#[test]
fn errors_inside_the_stream_are_told_in_both_shapes() {
    for (data, category) in [
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            Category::Overloaded,
        ),
        (
            json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}),
            Category::RateLimited,
        ),
        (json!({"message": "Too many requests, please wait before trying again."}), Category::RateLimited),
    ] {
        let mut reader = MessagesReader::new(Detail::Control, Undo::default());
        let text = format!("{PING}{}", event(&data));
        let error = read(&mut reader, [text.as_bytes()]).expect_err("an error");
        assert_eq!(error.category, category, "{data}");
    }
}

#[test]
fn a_stream_without_its_end_is_truncated() {
    for cut in [STREAM.len() / 2, STREAM.find("event: message_stop").unwrap()] {
        let mut reader = MessagesReader::new(Detail::Control, Undo::default());
        read(&mut reader, [&STREAM.as_bytes()[..cut]]).expect("good so far");
        assert_eq!(reader.finish().unwrap_err().category, Category::Truncated);
    }
}

#[test]
fn tools_get_their_names_back_once() {
    let long = "a".repeat(70);
    let names = ToolNames::new([long.as_str()], NameRule::Bedrock);
    let opened = json!({"type": "content_block_start", "index": 0, "content_block": {
        "type": "tool_use", "id": "t", "name": names.to_wire(&long), "input": {},
    }});
    for detail in [Detail::Control, Detail::Full] {
        let undo = Undo { names: names.clone(), ..Undo::default() };
        let mut reader = MessagesReader::new(detail, undo);
        let chunks = read(&mut reader, [event(&opened).as_bytes()]).expect("good");
        let told = format!("{:?}", chunks[0]);
        assert!(told.contains(&long), "{told}");
    }
}

#[test]
fn a_message_is_told_from_what_else_comes_with_a_good_status() {
    assert!(is_message(br#"{"model":"m","id":"x","type":"message","content":[]}"#));
    assert!(!is_message(br#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"}}"#));
    assert!(!is_message(b"<html>"));
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut(at in 0..STREAM.len()) {
        let mut reader = MessagesReader::new(Detail::Control, Undo::default());
        let (start, end) = STREAM.as_bytes().split_at(at);
        let chunks = read(&mut reader, [start, end]).expect("a good stream");
        reader.finish().expect("complete");
        prop_assert_eq!(sse(&chunks), STREAM);
    }
}
