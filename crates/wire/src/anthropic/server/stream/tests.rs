use bytes::Bytes;
use llm::{Chunk, Frame};
use proptest::prelude::*;

use super::*;
use crate::sse::SseParser;

const STAMP: Stamp = Stamp { id: 0xabc, created: 0 };

fn chunk(events: Vec<Event>) -> Chunk {
    Chunk { wire: Wire::BedrockConverse, events, frame: None, content: true }
}

fn write(events: Vec<Event>) -> String {
    let mut writer = Writer::new("m".to_owned(), STAMP);
    let mut out = BytesMut::new();
    for event in events {
        writer.write(&chunk(vec![event]), &mut out);
    }
    writer.finish(&mut out);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

fn parse(sse: &str) -> Vec<Value> {
    let mut parser = SseParser::new(1 << 20);
    parser.push(sse.as_bytes());
    let mut events = Vec::new();
    while let Some(event) = parser.next().expect("small events") {
        let json: Value = serde_json::from_slice(&event.data).expect("JSON");
        assert_eq!(json["type"], event.name);
        events.push(json);
    }
    assert!(parser.is_idle());
    events
}

/// What every client relies on. A `malformed` call must not run, so it does not end in `tool_use`.
fn check(events: &[Value], malformed: bool) {
    let kind = |at: usize| events[at]["type"].as_str().unwrap_or_default();
    assert_eq!((kind(0), kind(1)), ("message_start", "ping"));
    let numbers = |usage: &Value| {
        for name in
            ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
        {
            assert!(usage[name].is_u64(), "{name} in {usage}");
        }
    };
    let message = &events[0]["message"];
    assert!(message["id"].as_str().is_some_and(|id| id.starts_with("msg_") && id.len() > 4));
    assert_eq!((&message["model"], &message["role"]), (&json!("m"), &json!("assistant")));
    numbers(&message["usage"]);
    let last = events.len() - 1;
    let mut open: Option<(u64, String, Value)> = None;
    let mut next = 0;
    let (mut input, mut signed, mut tools) = (String::new(), false, false);
    for (at, event) in events.iter().enumerate().skip(2) {
        let index = event["index"].as_u64();
        match kind(at) {
            "content_block_start" => {
                assert!(open.is_none() && index == Some(next));
                let block = &event["content_block"];
                let kind = block["type"].as_str().unwrap_or_default().to_owned();
                tools |= kind == "tool_use";
                assert!(kind != "tool_use" || block["input"] == json!({}));
                open = Some((next, kind, block.clone()));
                (input, signed) = (String::new(), false);
            }
            "content_block_delta" => {
                let (ours, kind, _) = open.as_ref().expect("an open block");
                assert_eq!(index, Some(*ours));
                let delta = &event["delta"];
                match (kind.as_str(), delta["type"].as_str().unwrap_or_default()) {
                    ("text", "text_delta" | "citations_delta") | ("thinking", "thinking_delta") => {}
                    ("thinking", "signature_delta") => signed = true,
                    ("tool_use", "input_json_delta") => {
                        input.push_str(delta["partial_json"].as_str().unwrap_or_default());
                    }
                    (_, "new_delta") => {}
                    other => panic!("{other:?}"),
                }
            }
            "content_block_stop" => {
                let (ours, kind, _) = open.take().expect("an open block");
                assert_eq!(index, Some(ours));
                assert!(kind != "thinking" || signed);
                assert!(kind != "tool_use" || !input.trim().is_empty());
                next += 1;
            }
            "message_delta" => {
                assert!(open.is_none() && at == last - 1);
                let stop = event["delta"]["stop_reason"].as_str().expect("a reason");
                assert!(!tools || malformed || stop != "end_turn");
                numbers(&event["usage"]);
            }
            "message_stop" => assert_eq!(at, last),
            "error" => {
                assert_eq!((at, next), (last, 0));
                return;
            }
            "new_event" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(kind(last), "message_stop");
}

fn opening() -> impl Strategy<Value = Opening> {
    let opaque = |wire: Wire| Opening::Opaque { wire, value: json!({"type": "new_block", "a": [1]}) };
    prop_oneof![
        Just(Opening::Text),
        Just(Opening::Thinking),
        Just(Opening::RedactedThinking { data: "x".into() }),
        Just(Opening::ToolUse { id: "t".into(), name: "n".into() }),
        Just(opaque(Wire::AnthropicMessages)),
        Just(opaque(Wire::BedrockConverse)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let text = || prop_oneof![Just(String::new()), "[a-zé\"\n]{0,6}"];
    let reasons = prop_oneof![
        Just(StopReason::EndTurn),
        Just(StopReason::ToolUse),
        Just(StopReason::MaxTokens),
        Just(StopReason::Malformed),
        Just(StopReason::StopSequence),
    ];
    prop_oneof![
        Just(Event::Start { id: Some("x".into()), model: None }),
        (0..4_u32, opening()).prop_map(|(index, block)| Event::BlockStart { index, block }),
        (0..4_u32, text()).prop_map(|(index, text)| Event::TextDelta { index, text }),
        (0..4_u32, text()).prop_map(|(index, text)| Event::ThinkingDelta { index, text }),
        (0..4_u32, text()).prop_map(|(index, signature)| Event::SignatureDelta { index, signature }),
        (0..4_u32, text()).prop_map(|(index, json)| Event::ToolInputDelta { index, json }),
        (0..4_u32).prop_map(|index| Event::Citation { index, citation: json!({"type": "char_location"}) }),
        (0..4_u32).prop_map(|index| Event::BlockEnd { index }),
        any::<u32>().prop_map(|n| Event::Usage(Usage { output: Some(n.into()), ..Usage::default() })),
        reasons.prop_map(|reason| Event::Stop { reason, sequence: Some("s".into()) }),
        (0..4_u32).prop_map(|index| Event::Opaque {
            wire: Wire::AnthropicMessages,
            value: json!({"type": "content_block_delta", "index": index, "delta": {"type": "new_delta"}}),
        }),
        Just(Event::Opaque { wire: Wire::AnthropicMessages, value: json!({"type": "new_event"}) }),
        Just(Event::Opaque { wire: Wire::AmazonQ, value: json!({"type": "other"}) }),
    ]
}

proptest! {
    #[test]
    fn any_events_make_a_good_stream(events in prop::collection::vec(event(), 0..40)) {
        let last = events.iter().rev().find_map(|event| match event {
            Event::Stop { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        check(&parse(&write(events)), last == Some(StopReason::Malformed));
    }

    #[test]
    fn blocks_that_overlap_lose_nothing(order in Just((0..4_u32).flat_map(|i| [i; 3]).collect::<Vec<_>>()).prop_shuffle()) {
        // Every block opens first; its pieces come in any order among the others' and it ends with the last.
        let mut events: Vec<Event> =
            (0..4).map(|index| Event::BlockStart { index, block: Opening::Text }).collect();
        let mut seen = [0; 4];
        for index in order {
            let count = &mut seen[index as usize];
            events.push(Event::TextDelta { index, text: format!("{index}{count};") });
            *count += 1;
            if *count == 3 {
                events.push(Event::BlockEnd { index });
            }
        }
        let written = parse(&write(events));
        check(&written, false);
        let mut texts = vec![String::new(); 4];
        for event in &written {
            if let (Some(index), Some(text)) = (event["index"].as_u64(), event["delta"]["text"].as_str()) {
                texts[usize::try_from(index).unwrap_or_default()].push_str(text);
            }
        }
        texts.sort();
        prop_assert_eq!(texts, ["00;01;02;", "10;11;12;", "20;21;22;", "30;31;32;"]);
    }

    #[test]
    fn frames_keep_their_bytes(json in r#"[a-z{}"é: ]{0,40}"#, name in "[a-z_]{1,12}") {
        let mut writer = Writer::new("m".to_owned(), STAMP);
        let mut out = BytesMut::new();
        let frame = Frame { name: name.clone().into(), json: Bytes::from(json.clone()) };
        writer.write(
            &Chunk { wire: Wire::AnthropicMessages, events: vec![], frame: Some(frame), content: true },
            &mut out,
        );
        writer.finish(&mut out);
        let expected = format!("event: {name}\ndata: {json}\n\n");
        prop_assert_eq!(&out[..], expected.as_bytes());
    }
}

fn frame(name: &'static str, json: &'static [u8]) -> Chunk {
    let frame = Frame { name: name.into(), json: Bytes::from_static(json) };
    Chunk { wire: Wire::AnthropicMessages, events: vec![], frame: Some(frame), content: false }
}

#[test]
fn a_frame_cannot_write_lines_of_its_own() {
    let mut writer = Writer::new("m".to_owned(), STAMP);
    let mut out = BytesMut::new();
    let mut chunk = frame("a", b"{\n \"a\":\r\n1}");
    writer.write(&chunk, &mut out);
    chunk.frame = Some(Frame { name: "x\ndata: y".into(), json: Bytes::from_static(b"{}") });
    writer.write(&chunk, &mut out);
    assert_eq!(out, &b"event: a\ndata: { \"a\":1}\n\nevent: xdata: y\ndata: {}\n\n"[..]);
}

#[test]
fn the_start_shows_usage_of_its_own_chunk() {
    let mut writer = Writer::new("m".to_owned(), STAMP);
    let mut out = BytesMut::new();
    let usage = Usage { input: Some(5), ..Usage::default() };
    let start = Event::Start { id: Some("msg_up".into()), model: Some("up".into()) };
    writer.write(&chunk(vec![start, Event::Usage(usage)]), &mut out);
    let events = parse(&String::from_utf8_lossy(&out));
    assert_eq!(events[0]["message"]["usage"]["input_tokens"], 5);
    assert_eq!(events[0]["message"]["id"], "msg_up");
}

#[test]
fn a_tool_without_arguments_and_thinking_without_signature() {
    let written = write(vec![
        Event::BlockStart { index: 3, block: Opening::Thinking },
        Event::ThinkingDelta { index: 3, text: "hm".into() },
        Event::BlockEnd { index: 3 },
        Event::BlockStart { index: 5, block: Opening::ToolUse { id: "t".into(), name: "n".into() } },
        Event::BlockEnd { index: 5 },
        Event::Stop { reason: StopReason::EndTurn, sequence: None },
    ]);
    insta::assert_snapshot!(written);
}

#[test]
fn an_answer_that_cannot_be_read_is_an_error() {
    let stop = Event::Stop { reason: StopReason::Malformed, sequence: None };
    let written = parse(&write(vec![stop.clone()]));
    assert_eq!(written.last().map(|event| &event["error"]["type"]), Some(&json!("api_error")));
    let text = Event::TextDelta { index: 0, text: "half".into() };
    let written = parse(&write(vec![text, stop]));
    assert_eq!(written[written.len() - 2]["delta"]["stop_reason"], "end_turn");
}

#[test]
fn citations_are_written() {
    let citation = json!({"type": "page_location", "cited_text": "x"});
    let written = write(vec![
        Event::BlockStart { index: 0, block: Opening::Text },
        Event::TextDelta { index: 0, text: "x".into() },
        Event::Citation { index: 0, citation: citation.clone() },
        Event::BlockEnd { index: 0 },
    ]);
    let delta = parse(&written).into_iter().find(|event| event["delta"]["type"] == "citations_delta");
    assert_eq!(delta.map(|event| event["delta"]["citation"].clone()), Some(citation));
}
