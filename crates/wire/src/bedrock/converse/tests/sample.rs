//! The written-down exchange: a request with its expected body, and the stream that answers it.

use bytes::Bytes;
use llm::{
    Block, CacheMark, Category, Collector, Content, Message, Role, Sampling, StopReason, Thinking, Tool,
    ToolChoice, ToolKind, Usage,
};
use serde_json::json;

use super::*;
use crate::bedrock::converse::ConverseReader;
use crate::{FrameReader, NameRule, ToolNames, Undo};

const LONG_NAME: &str = "mcp__weather_station_network__get_current_conditions_for_named_city_v2";

fn meaning() -> Meaning {
    let message = |role, content| Message { role, content };
    Meaning {
        system: vec![Block { cache: Some(CacheMark { ttl: None }), ..Block::text("Answer briefly.") }],
        messages: vec![
            message(Role::User, vec![Block::text("Weather in Oslo?")]),
            message(
                Role::Assistant,
                vec![
                    Content::Thinking { text: "Need the tool.".into(), signature: None }.into(),
                    Block::text("Checking."),
                    Content::ToolUse {
                        id: "toolu_01".into(),
                        name: LONG_NAME.into(),
                        input: r#"{"city": "Oslo"}"#.into(),
                    }
                    .into(),
                ],
            ),
            message(
                Role::User,
                vec![
                    Content::ToolResult {
                        id: "toolu_01".into(),
                        content: vec![Block::text("4 C, rain")],
                        is_error: false,
                    }
                    .into(),
                    Block::text("And tomorrow?"),
                ],
            ),
        ],
        tools: vec![Tool {
            name: LONG_NAME.into(),
            description: Some("Current weather".into()),
            schema: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
            strict: None,
            cache: None,
            kind: ToolKind::Function,
        }],
        tool_choice: Some(ToolChoice::Any),
        parallel_tools: Some(false),
        max_tokens: Some(4096),
        sampling: Sampling { temperature: Some(0.2), top_p: None, top_k: Some(20) },
        stop: vec!["</done>".into()],
        thinking: Some(Thinking::Budget(2048)),
        ..Meaning::default()
    }
}

fn sample() -> Value {
    serde_json::from_str(include_str!("../../../../tests/fixtures/bedrock/04-anthropic-to-converse.json"))
        .expect("JSON")
}

#[test]
fn qwen_gets_what_the_sample_says() {
    let written =
        write_request(&asked(Wire::AnthropicMessages, &[]), &meaning(), &qwen(), None).expect("writable");
    let body: Value = serde_json::from_slice(&written.body).expect("JSON");
    assert_eq!(body, sample()["expect"]["body"]);
    assert!(written.stream);
    assert_eq!(written.adjustments, ["thinking:dropped", "top_k:dropped", "parallel_tool_calls:dropped"]);
    for (wire, original) in sample()["expect"]["tool_name_map"].as_object().expect("a map") {
        assert_eq!(written.undo.names.to_client(wire), original);
    }
}

#[test]
fn nova_gets_what_the_sample_says() {
    let (body, adjustments) = write(&meaning(), &nova_2());
    let expected = &sample()["same_for_nova_2_lite"];
    assert_eq!(body["system"], expected["system"]);
    assert_eq!(body["additionalModelRequestFields"], expected["additionalModelRequestFields"]);
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"auto": {}}));
    assert_eq!(adjustments, ["parallel_tool_calls:dropped", "tool_choice:auto"]);
}

fn reader() -> ConverseReader {
    let undo = Undo { names: ToolNames::new([LONG_NAME], NameRule::Bedrock), ..Undo::default() };
    ConverseReader::new(Some("3e5b7d1c-0000-4000-8000-000000000005"), undo)
}

#[test]
fn the_sample_stream_is_read() {
    let mut reader = reader();
    reader.push(Bytes::from_static(include_bytes!(
        "../../../../tests/fixtures/bedrock/05-converse-stream.bin"
    )));
    let mut collector = Collector::new();
    let mut events = Vec::new();
    let mut first_content = None;
    while let Some(chunk) = reader.next().expect("a good stream") {
        assert!(chunk.frame.is_none() && chunk.wire == Wire::BedrockConverse);
        if chunk.content {
            first_content.get_or_insert(events.len());
        }
        events.extend(chunk.events);
    }
    reader.finish().expect("complete");
    assert_eq!(first_content, Some(1));
    insta::assert_debug_snapshot!("sample_stream", events);
    events.into_iter().for_each(|event| collector.push(event));
    let answer = collector.finish();
    assert_eq!(answer.id.as_deref(), Some("msg_3e5b7d1c000040008000000000000005"));
    assert_eq!(answer.stop, Some(StopReason::ToolUse));
    let tier = Some(llm::Tier::Default);
    assert_eq!(answer.usage, Usage { input: Some(231), output: Some(48), tier, ..Usage::default() });
    assert_eq!(answer.content.len(), 3);
}

#[test]
fn any_cutting_gives_the_same_events() {
    let bytes: &[u8] = include_bytes!("../../../../tests/fixtures/bedrock/05-converse-stream.bin");
    let read = |size: usize| {
        let mut reader = reader();
        let mut events = Vec::new();
        for piece in bytes.chunks(size) {
            reader.push(Bytes::copy_from_slice(piece));
            while let Some(chunk) = reader.next().expect("a good stream") {
                events.extend(chunk.events);
            }
        }
        reader.finish().expect("complete");
        events
    };
    let whole = read(bytes.len());
    for size in [1, 7, 100, 1000] {
        assert_eq!(read(size), whole);
    }
}

#[test]
fn a_stream_without_its_metadata_is_cut_off() {
    let bytes: &[u8] = include_bytes!("../../../../tests/fixtures/bedrock/05-converse-stream.bin");
    for end in [0, 12, 700, bytes.len() - 1] {
        let mut reader = reader();
        reader.push(Bytes::copy_from_slice(&bytes[..end]));
        while reader.next().expect("no damage").is_some() {}
        assert_eq!(reader.finish().expect_err("cut off").category, Category::Truncated, "{end}");
    }
}

#[test]
fn an_exception_ends_the_stream() {
    let mut reader = reader();
    let bytes: &[u8] = include_bytes!("../../../../tests/fixtures/bedrock/03-converse-stream-exception.bin");
    reader.push(Bytes::from_static(bytes));
    assert_eq!(reader.next().expect("a start").expect("a chunk").events.len(), 1);
    assert!(reader.next().expect("text").expect("a chunk").content);
    let error = reader.next().expect_err("the exception");
    assert_eq!(
        (error.category, error.message.as_str()),
        (Category::Upstream, "The model stopped unexpectedly.")
    );
}
