//! Any sequence of our events, also one that no reader makes, gives a stream that holds together.

use std::collections::BTreeMap;

use bytes::BytesMut;
use llm::{Category, Error, Event, Opening, StopReason, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{STAMP, ask, chunk};
use crate::ServerCodec;
use crate::openai::responses::OpenAiResponsesServer;

const TOOLS: [&str; 6] = ["f", "free", "ns__g", "local_shell", "shell", "apply_patch"];

fn asked() -> llm::Request {
    let body = json!({
        "model": "claude-x", "stream": true, "input": "hi",
        "tools": [
            {"type": "function", "name": "f"}, {"type": "custom", "name": "free"},
            {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "g"}]},
            {"type": "local_shell"}, {"type": "shell"}, {"type": "apply_patch"},
        ],
    });
    ask(&OpenAiResponsesServer::new(), &body.to_string()).expect("a good request")
}

fn any_event() -> impl Strategy<Value = Event> {
    let index = || 0_u32..4;
    let text = || prop_oneof![Just(String::new()), any::<String>(), Just("{\"input\":\"x\"}".to_owned())];
    let opening = prop_oneof![
        Just(Opening::Text),
        Just(Opening::Thinking),
        any::<String>().prop_map(|data| Opening::RedactedThinking { data }),
        ("[a-z]{1,3}", 0_usize..7).prop_map(|(id, tool)| Opening::ToolUse {
            id,
            name: TOOLS.get(tool).copied().unwrap_or("unknown").to_owned(),
        }),
    ];
    let stop = prop_oneof![
        Just(StopReason::EndTurn),
        Just(StopReason::ToolUse),
        Just(StopReason::MaxTokens),
        Just(StopReason::Refusal),
        Just(StopReason::Other("new".to_owned())),
    ];
    let citation = json!({"type": "web_search_result_location", "url": "https://a.example", "title": "A"});
    prop_oneof![
        1 => Just(Event::Start { id: None, model: None }),
        6 => (index(), opening).prop_map(|(index, block)| Event::BlockStart { index, block }),
        6 => (index(), text()).prop_map(|(index, text)| Event::TextDelta { index, text }),
        4 => (index(), text()).prop_map(|(index, text)| Event::ThinkingDelta { index, text }),
        2 => (index(), text()).prop_map(|(index, signature)| Event::SignatureDelta { index, signature }),
        6 => (index(), text()).prop_map(|(index, json)| Event::ToolInputDelta { index, json }),
        2 => index().prop_map(move |index| Event::Citation { index, citation: citation.clone() }),
        6 => index().prop_map(|index| Event::BlockEnd { index }),
        1 => any::<u32>().prop_map(|output| Event::Usage(Usage {
            output: Some(output.into()),
            ..Usage::default()
        })),
        1 => stop.prop_map(|reason| Event::Stop { reason, sequence: None }),
    ]
}

fn read(text: &str) -> Vec<Value> {
    assert!(text.ends_with("\n\n"));
    let events = text.split_terminator("\n\n").filter(|event| !event.starts_with(':'));
    events
        .map(|event| {
            let (name, data) = event.split_once('\n').expect("two lines");
            let data: Value =
                serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("one line of JSON");
            assert_eq!(data["type"], name.strip_prefix("event: ").expect("a name"));
            data
        })
        .collect()
}

/// One item as a client puts it together, and what it has heard of it.
#[derive(Default)]
struct Heard {
    id: String,
    kind: String,
    text: String,
    part: bool,
    done: Option<Value>,
}

/// Reads a stream as strictly as the strictest client, and more. Returns the items that were done.
fn check(events: &[Value]) -> Vec<Value> {
    let mut items: BTreeMap<u64, Heard> = BTreeMap::new();
    assert_eq!(events[0]["type"], "response.created");
    assert_eq!(events[1]["type"], "response.in_progress");
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
        let kind = event["type"].as_str().expect("a type");
        if let Some(response) = event.get("response") {
            assert_eq!(response["id"], events[0]["response"]["id"]);
            assert!(response["output"].is_array());
            assert_eq!(
                number + 1 == events.len(),
                !matches!(kind, "response.created" | "response.in_progress")
            );
            assert_eq!(response["usage"].is_null(), number < 2, "no null in the last");
            continue;
        }
        let at = event["output_index"].as_u64().expect("an index");
        if kind == "response.output_item.added" {
            assert_eq!(at, items.len() as u64, "no gaps");
            let word = |name: &str| event["item"][name].as_str().expect("a word").to_owned();
            items.insert(at, Heard { id: word("id"), kind: word("type"), ..Heard::default() });
            continue;
        }
        let heard = items.get_mut(&at).expect("added before");
        assert!(heard.done.is_none(), "nothing after the end of an item");
        if kind == "response.output_item.done" {
            assert_eq!(event["item"]["id"], heard.id.as_str());
            assert_eq!(event["item"]["type"], heard.kind.as_str());
            assert_ne!(event["item"]["status"], "in_progress");
            heard.done = Some(event["item"].clone());
            continue;
        }
        assert_eq!(event["item_id"], heard.id.as_str());
        let delta = event["delta"].as_str().unwrap_or_default();
        let owner = match kind {
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                assert!(!std::mem::replace(&mut heard.part, true));
                None
            }
            "response.content_part.done" | "response.reasoning_summary_part.done" => {
                assert_eq!(event["part"]["text"], heard.text.as_str());
                None
            }
            "response.output_text.annotation.added" => Some("message"),
            "response.output_text.delta" | "response.output_text.done" => Some("message"),
            "response.reasoning_summary_text.delta" | "response.reasoning_summary_text.done" => {
                Some("reasoning")
            }
            "response.function_call_arguments.delta" | "response.function_call_arguments.done" => {
                Some("function_call")
            }
            "response.custom_tool_call_input.delta" | "response.custom_tool_call_input.done" => {
                Some("custom_tool_call")
            }
            other => panic!("{other}"),
        };
        if let Some(owner) = owner {
            assert_eq!(heard.kind, owner);
            assert!(heard.part || owner.ends_with("_call"), "a part takes the text");
        }
        heard.text.push_str(delta);
        for whole in ["text", "arguments", "input"] {
            if let Some(whole) = event.get(whole) {
                assert_eq!(whole, heard.text.as_str());
            }
        }
    }
    items.into_values().filter_map(|heard| heard.done).collect()
}

proptest! {
    #[test]
    fn every_stream_holds_together_and_ends_once(
        events in prop::collection::vec(any_event(), 0..40),
        fails in any::<bool>(),
    ) {
        let mut writer = OpenAiResponsesServer::new().writer(&asked(), STAMP);
        let mut out = BytesMut::new();
        for event in &events {
            writer.write(&chunk(vec![event.clone()]), &mut out);
            writer.ping(&mut out);
        }
        if fails {
            writer.error(&Error::new(Category::Upstream, "broken"), &mut out);
        }
        writer.finish(&mut out);
        writer.error(&Error::new(Category::Upstream, "late"), &mut out);
        writer.write(&chunk(events.clone()), &mut out);
        let said = read(std::str::from_utf8(&out).expect("UTF-8"));
        let done = check(&said);
        let last = &said[said.len() - 1];
        let stop = events.iter().rev().find_map(|event| match event {
            Event::Stop { reason, .. } => Some(reason),
            _ => None,
        });
        let expected = match stop {
            _ if fails => "failed",
            Some(StopReason::MaxTokens | StopReason::Refusal) => "incomplete",
            _ => "completed",
        };
        prop_assert_eq!(&last["type"], &format!("response.{expected}"));
        prop_assert_eq!(&last["response"]["status"], expected);
        let output = last["response"]["output"].as_array().expect("items");
        let whole: Vec<Value> =
            output.iter().filter(|item| item["status"] != "incomplete").cloned().collect();
        prop_assert_eq!(&whole, &done);
        if expected == "completed" {
            prop_assert_eq!(output.len(), done.len());
            let texts: String = events.iter().filter_map(|event| match event {
                Event::TextDelta { text, .. } => Some(text.as_str()),
                _ => None,
            }).collect();
            let heard: String =
                output.iter().filter_map(|item| item["content"][0]["text"].as_str()).collect();
            prop_assert_eq!(heard, texts);
        }
    }
}
