//! Streams with the irregularities of real models, and whole answers.

use llm::{Answer, Block, Category, Collector, Content, Event, Opening, StopReason, Usage};
use serde_json::json;

use super::*;
use crate::bedrock::converse::{ConverseReader, read_answer};
use crate::eventstream::encode;
use crate::{FrameReader, Undo};

fn frame(name: &str, payload: &Value) -> Vec<u8> {
    encode(&[(":message-type", "event"), (":event-type", name)], payload.to_string().as_bytes())
}

fn events(frames: &[(&str, Value)]) -> Result<Vec<Event>, Error> {
    let mut reader = ConverseReader::new(None, Undo::default());
    frames.iter().for_each(|(name, payload)| reader.push(frame(name, payload).into()));
    let mut events = Vec::new();
    while let Some(chunk) = reader.next()? {
        events.extend(chunk.events);
    }
    reader.finish()?;
    Ok(events)
}

fn answer(frames: &[(&str, Value)]) -> Answer {
    let mut collector = Collector::new();
    events(frames).expect("a good stream").into_iter().for_each(|event| collector.push(event));
    collector.finish()
}

fn delta(index: u64, delta: Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta, "p": "ab"}))
}

fn stop(index: u64) -> (&'static str, Value) {
    ("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn tool(index: u64, kind: Option<&str>) -> (&'static str, Value) {
    let start = json!({"toolUse": {"toolUseId": "t", "name": "f", "type": kind}});
    ("contentBlockStart", json!({"contentBlockIndex": index, "start": start}))
}

fn end(reason: &str) -> [(&'static str, Value); 2] {
    [
        (
            "messageStop",
            json!({"stopReason": reason, "additionalModelResponseFields": {"stop_sequence": "END"}}),
        ),
        ("metadata", json!({"usage": {"inputTokens": 3, "outputTokens": 4}})),
    ]
}

fn start() -> (&'static str, Value) {
    ("messageStart", json!({"role": "assistant"}))
}

#[test]
fn a_missing_stop_and_gaps_do_not_matter() {
    let mut frames = vec![
        start(),
        delta(0, json!({"reasoningContent": {"text": "hm"}})),
        delta(0, json!({"reasoningContent": {"signature": "sig"}})),
        delta(4, json!({"text": "a"})),
        delta(4, json!({"toolUse": {"input": "lost"}})),
        tool(7, None),
        delta(7, json!({"toolUse": {"input": ""}})),
        delta(7, json!({"text": "not an argument"})),
        delta(7, json!({"newThing": {}})),
        stop(3),
    ];
    frames.extend(end("end_turn"));
    let indexes: Vec<(u32, bool)> = events(&frames)
        .expect("a good stream")
        .iter()
        .filter_map(|event| match event {
            Event::BlockStart { index, .. } => Some((*index, true)),
            Event::BlockEnd { index } => Some((*index, false)),
            _ => None,
        })
        .collect();
    assert_eq!(indexes, [(0, true), (0, false), (1, true), (1, false), (2, true), (2, false)]);
    let answer = answer(&frames);
    let thought = Content::Thinking { text: "hm".into(), signature: Some("sig".into()) };
    let call = Content::ToolUse { id: "t".into(), name: "f".into(), input: "{}".into() };
    assert_eq!(answer.content, [thought.into(), Block::text("a"), call.into()]);
    assert_eq!(answer.stop, Some(StopReason::ToolUse), "a call was made, whatever the model says");
    assert_eq!(answer.stop_sequence.as_deref(), Some("END"));
}

#[test]
fn text_may_follow_a_thought_under_one_index() {
    let mut frames = vec![
        start(),
        delta(0, json!({"reasoningContent": {"text": "hm"}})),
        delta(0, json!({"text": "a"})),
        stop(0),
    ];
    frames.extend(end("max_tokens"));
    let answer = answer(&frames);
    let thought = Content::Thinking { text: "hm".into(), signature: None };
    assert_eq!(answer.content, [thought.into(), Block::text("a")]);
    assert_eq!(answer.stop, Some(StopReason::MaxTokens));
}

#[test]
fn hidden_thoughts_server_tools_and_citations() {
    let place = json!({"documentPage": {"documentIndex": 1, "start": 2, "end": 3}});
    let mut frames = vec![
        start(),
        delta(0, json!({"reasoningContent": {"redactedContent": "ZW5j"}})),
        delta(1, json!({"text": "a"})),
        delta(1, json!({"citation": {"title": "T", "sourceContent": [{"text": "c"}], "location": place}})),
        delta(1, json!({"citation": {"title": "T", "location": {"newPlace": {}}}})),
        tool(2, Some("server_tool_use")),
    ];
    frames.extend(end("end_turn"));
    let events = events(&frames).expect("a good stream");
    let redacted = Opening::RedactedThinking { data: "ZW5j".into() };
    assert_eq!(events[1..3], [Event::BlockStart { index: 0, block: redacted }, Event::BlockEnd { index: 0 }]);
    let citation = json!({"type": "page_location", "cited_text": "c", "document_index": 1, "document_title": "T",
        "file_id": null, "start_page_number": 2, "end_page_number": 3});
    let cited: Vec<_> = events.iter().filter(|event| matches!(event, Event::Citation { .. })).collect();
    assert_eq!(cited, [&Event::Citation { index: 1, citation }]);
    assert!(
        events.iter().any(|event| matches!(event, Event::BlockStart { block: Opening::Opaque { .. }, .. }))
    );
    assert!(matches!(events.last(), Some(Event::Stop { reason: StopReason::EndTurn, .. })));
}

#[test]
fn an_answer_without_blocks_still_ends() {
    let mut frames = vec![start()];
    frames.extend(end("content_filtered"));
    assert_eq!(answer(&frames).stop, Some(StopReason::Filtered));
}

#[test]
fn malformed_answers_are_errors_unless_text_was_said() {
    let mut frames = vec![start()];
    frames.extend(end("malformed_tool_use"));
    assert_eq!(events(&frames).expect_err("malformed").category, Category::Upstream);
    let mut frames = vec![start(), delta(0, json!({"text": "a"}))];
    frames.extend(end("malformed_model_output"));
    assert_eq!(answer(&frames).stop, Some(StopReason::Malformed));
}

#[test]
fn a_stop_reason_is_never_invented() {
    let frames = [start(), delta(0, json!({"text": "a"})), ("metadata", json!({"usage": {}}))];
    assert_eq!(events(&frames).expect_err("no stop").category, Category::Truncated);
    let frames = [start(), ("contentBlockDelta", json!({"delta": 3}))];
    assert_eq!(events(&frames).expect_err("unreadable").category, Category::Upstream);
}

#[test]
fn cache_counters_are_read() {
    let usage = json!({"inputTokens": 1, "outputTokens": 2, "totalTokens": 20, "cacheReadInputTokens": 8,
        "cacheWriteInputTokens": 9, "cacheDetails": [{"ttl": "5m", "inputTokens": 4}, {"ttl": "1h", "inputTokens": 5}]});
    let frames =
        [start(), ("messageStop", json!({"stopReason": "end_turn"})), ("metadata", json!({"usage": usage}))];
    let expected = Usage {
        input: Some(1),
        output: Some(2),
        cache_read: Some(8),
        cache_write: Some(9),
        cache_write_5m: Some(4),
        cache_write_1h: Some(5),
        ..Usage::default()
    };
    assert_eq!(answer(&frames).usage, expected);
}

#[test]
fn whole_answers_are_read() {
    let json = json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
            {"reasoningContent": {"redactedContent": "ZW5j"}},
            {"text": "a"},
            {"text": ""},
            {"citationsContent": {"content": [{"text": "cited"}], "citations": [
                {"title": "T", "sourceContent": [{"text": "c"}], "location": {"web": {"url": "https://a.example"}}},
            ]}},
            {"toolUse": {"toolUseId": "t", "name": "f", "input": {"b": 1, "a": [2]}}},
            {"image": {}},
        ]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        "metrics": {"latencyMs": 5},
    });
    let answer = read_answer(json.to_string().as_bytes(), Some("a-b"), Undo::default()).expect("readable");
    assert_eq!(answer.id.as_deref(), Some("msg_ab"));
    assert_eq!(answer.stop, Some(StopReason::ToolUse));
    assert_eq!(answer.usage.total(), 7);
    let expected: Vec<Block> = vec![
        Content::Thinking { text: "hm".into(), signature: Some("s".into()) }.into(),
        Content::RedactedThinking { data: "ZW5j".into() }.into(),
        Block::text("a"),
        Block::text("cited"),
        Content::ToolUse { id: "t".into(), name: "f".into(), input: "{\"b\":1,\"a\":[2]}".into() }.into(),
    ];
    assert_eq!(answer.content, expected);
    let citation = json!({"type": "web_search_result_location", "cited_text": "c", "encrypted_index": "",
        "title": "T", "url": "https://a.example"});
    assert_eq!(answer.citations, [(3, citation)]);
    assert_eq!(
        read_answer(b"{}", None, Undo::default()).expect_err("no answer").category,
        Category::Upstream
    );
}
