use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::NameRule;

fn control(json: &'static str) -> Chunk {
    EventReader::default()
        .read(Bytes::from_static(json.as_bytes()), Detail::Control)
        .expect("good")
        .expect("a chunk")
}

fn full(json: &str) -> Vec<Event> {
    let json = Bytes::copy_from_slice(json.as_bytes());
    EventReader::default().read(json, Detail::Full).expect("good").map_or_else(Vec::new, |chunk| chunk.events)
}

#[test]
fn a_delta_costs_nothing_on_the_same_wire() {
    let json = Bytes::from_static(
        br#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#,
    );
    let chunk = EventReader::default().read(json.clone(), Detail::Control).expect("good").expect("a chunk");
    let frame = chunk.frame.expect("a frame");
    // The same memory, a static name and a vector that never allocated.
    assert_eq!((frame.json.as_ptr(), frame.json.len()), (json.as_ptr(), json.len()));
    assert!(matches!(frame.name, Cow::Borrowed("content_block_delta")));
    assert_eq!(chunk.events.capacity(), 0);
    assert!(chunk.content);
}

#[test]
fn control_reads_usage_and_stop() {
    let start = control(
        r#"{"type":"message_start","message":{"id":"msg_1","model":"c","usage":{"input_tokens":3,"cache_creation_input_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":2},"output_tokens":null}}}"#,
    );
    assert!(!start.content);
    let usage =
        llm::Usage { input: Some(3), cache_write: Some(2), cache_write_5m: Some(2), ..llm::Usage::default() };
    assert_eq!(
        start.events,
        [Event::Start { id: Some("msg_1".into()), model: Some("c".into()) }, Event::Usage(usage)]
    );
    let delta = control(
        r#"{"usage":{"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}},"delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},"type":"message_delta"}"#,
    );
    let usage = llm::Usage { output: Some(9), thinking: Some(4), ..llm::Usage::default() };
    assert_eq!(
        delta.events,
        [Event::Usage(usage), Event::Stop { reason: StopReason::StopSequence, sequence: Some("END".into()) }]
    );
    assert!(control(r#"{"type":"message_stop"}"#).events.is_empty());
    let stop = control(r#"{"type":"message_stop","usage":{"input_tokens":12}}"#);
    assert_eq!(stop.events, [Event::Usage(llm::Usage { input: Some(12), ..llm::Usage::default() })]);
}

#[test]
fn what_is_not_known_goes_on_untouched() {
    let odd = control(r#"{"type":"message_start","message":"odd"}"#);
    assert!(odd.events.is_empty() && odd.frame.is_some());
    let new = control(r#"{ "type" : "brand_new", "x": 1 }"#);
    assert_eq!(new.frame.map(|frame| frame.name), Some("brand_new".into()));
    assert!(new.content);
    let none = EventReader::default().read(Bytes::from_static(b"{\"outputText\":\"x\"}"), Detail::Control);
    assert!(none.expect("no error").is_none());
}

#[test]
fn full_reads_every_kind() {
    assert_eq!(
        full(
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"n","input":{ }}}"#
        ),
        [Event::BlockStart { index: 1, block: Opening::ToolUse { id: "t".into(), name: "n".into() } }]
    );
    assert_eq!(
        full(
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"n","input":{"a":1}}}"#
        )[1],
        Event::ToolInputDelta { index: 1, json: "{\"a\":1}".into() }
    );
    assert_eq!(
        full(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"early"}}"#)[1],
        Event::TextDelta { index: 0, text: "early".into() }
    );
    let block = json!({"type": "server_tool_use", "id": "s"});
    assert_eq!(
        full(&json!({"type": "content_block_start", "index": 2, "content_block": block}).to_string()),
        [Event::BlockStart {
            index: 2,
            block: Opening::Opaque { wire: Wire::AnthropicMessages, value: block }
        }]
    );
    assert_eq!(
        full(
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"d"}}"#
        ),
        [Event::BlockStart { index: 0, block: Opening::RedactedThinking { data: "d".into() } }]
    );
    let delta =
        |delta: Value| full(&json!({"type": "content_block_delta", "index": 0, "delta": delta}).to_string());
    assert_eq!(
        delta(json!({"type": "input_json_delta", "partial_json": "{"})),
        [Event::ToolInputDelta { index: 0, json: "{".into() }]
    );
    assert_eq!(
        delta(json!({"type": "citations_delta", "citation": {"a": 1}})),
        [Event::Citation { index: 0, citation: json!({"a": 1}) }]
    );
    assert!(matches!(&delta(json!({"type": "compaction_delta"}))[..], [Event::Opaque { .. }]));
    assert_eq!(full(r#"{"type":"content_block_stop","index":4}"#), [Event::BlockEnd { index: 4 }]);
    assert!(full(r#"{"type":"ping"}"#).is_empty());
    let broken =
        EventReader::default().read(Bytes::from_static(b"{\"type\":\"content_block_delta\"}"), Detail::Full);
    assert_eq!(broken.expect_err("no index").category, Category::Upstream);
}

#[test]
fn an_error_event_is_an_error() {
    for detail in [Detail::Control, Detail::Full] {
        let json = Bytes::from_static(
            br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        );
        let error = EventReader::default().read(json, detail).expect_err("an error");
        assert_eq!((error.category, error.message.as_str()), (Category::Overloaded, "Overloaded"));
    }
}

#[test]
fn shortened_tools_get_their_names_back() {
    let long = "mcp__".repeat(20);
    let names = ToolNames::new([long.as_str()], NameRule::Bedrock);
    let short = names.to_wire(&long).into_owned();
    let event = |name: &str| {
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": name}})
            .to_string()
    };
    let reader = EventReader::new(names);
    let read = |detail| reader.read(Bytes::from(event(&short)), detail).expect("good").expect("a chunk");
    assert_eq!(read(Detail::Control).frame.map(|frame| frame.json), Some(Bytes::from(event(&long))));
    assert_eq!(
        read(Detail::Full).events,
        [Event::BlockStart { index: 0, block: Opening::ToolUse { id: "t".into(), name: long.clone() } }]
    );
}

proptest! {
    #[test]
    fn frames_are_the_bytes_that_came(text in r#"[a-z"\\é{}]{0,30}"#, index in 0..9_u32) {
        let event = json!({"index": index, "type": "content_block_delta", "delta": {"type": "text_delta", "text": text}});
        let json = Bytes::from(event.to_string());
        let chunk = EventReader::default().read(json.clone(), Detail::Control).expect("good").expect("a chunk");
        prop_assert_eq!(chunk.frame.map(|frame| frame.json), Some(json.clone()));
        let full = EventReader::default().read(json, Detail::Full).expect("good").expect("a chunk");
        prop_assert_eq!(full.events, [Event::TextDelta { index, text }]);
    }

    #[test]
    fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let reader = EventReader::default();
        let _ = reader.read(Bytes::from(bytes.clone()), Detail::Full);
        let _ = reader.read([br#"{"type":"content_block_start""#, &bytes[..]].concat().into(), Detail::Full);
    }
}
