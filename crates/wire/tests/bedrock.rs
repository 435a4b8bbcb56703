//! Golden files of Bedrock: an Anthropic client in front, Converse behind, through both codecs.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm::{CachePoints, Effort, Error, Model, Request, StructuredOutput, ThinkingStyle, ToolSupport, Wire};
use serde_json::{Value, json};
use wire::anthropic::UNSIGNED;
use wire::anthropic::server::AnthropicServer;
use wire::bedrock::InvokeReader;
use wire::bedrock::converse::{ConverseReader, Written, write_request};
use wire::{Detail, FrameReader, ServerCodec, Stamp, Undo};

const STAMP: Stamp = Stamp { id: 1, created: 1_795_000_000 };

fn sample() -> Value {
    serde_json::from_str(include_str!("fixtures/bedrock/04-anthropic-to-converse.json")).expect("JSON")
}

fn read(body: &Value) -> Request {
    AnthropicServer::new().read_request(&HeaderMap::new(), body.to_string().into()).expect("a good request")
}

fn model(vendor: &str, thinking: ThinkingStyle) -> Model {
    Model {
        id: vendor.into(),
        name: vendor.into(),
        display_name: vendor.into(),
        vendor: vendor.into(),
        wire: Wire::BedrockConverse,
        context: 0,
        max_output: 16_384,
        price: None,
        tools: ToolSupport::Yes,
        system: true,
        vision: true,
        documents: true,
        thinking,
        efforts: if thinking == ThinkingStyle::Adaptive { vec![Effort::Low, Effort::High] } else { vec![] },
        structured_output: StructuredOutput::Native,
        cache: CachePoints {
            system: true,
            messages: true,
            tools: vendor == "anthropic",
            one_hour: vendor == "anthropic",
        },
        cache_min_tokens: 0,
        sampling: true,
        forced_tool_use: true,
        mid_conversation_system: false,
        end_of_life: None,
    }
}

fn qwen() -> Model {
    Model { cache: CachePoints::default(), ..model("qwen", ThinkingStyle::No) }
}

fn write(asked: &Request, model: &Model) -> Written {
    write_request(asked, asked.meaning().expect("it makes sense"), model, None).expect("writable")
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

/// `(name, data)` of every event, pings left out: they may come at any time.
fn events(sse: &str) -> Vec<(String, Value)> {
    sse.split_terminator("\n\n")
        .map(|event| {
            let (name, data) = event.split_once('\n').expect("two lines");
            let name = name.strip_prefix("event: ").expect("a name").to_owned();
            (name, json_of(data.strip_prefix("data: ").expect("data").as_bytes()))
        })
        .filter(|(name, _)| name != "ping")
        .collect()
}

fn stream(asked: &Request, reader: &mut dyn FrameReader, bytes: &[u8]) -> Result<String, Error> {
    let mut writer = AnthropicServer::new().writer(asked, STAMP);
    let mut out = BytesMut::new();
    for piece in bytes.chunks(97) {
        reader.push(Bytes::copy_from_slice(piece));
        while let Some(chunk) = reader.next()? {
            writer.write(&chunk, &mut out);
        }
    }
    reader.finish()?;
    writer.finish(&mut out);
    Ok(String::from_utf8(out.to_vec()).expect("UTF-8"))
}

#[test]
fn a_claude_code_request_reaches_qwen() {
    let sample = sample();
    let asked = read(&sample["inbound"]["body"]);
    let written = write(&asked, &qwen());
    assert_eq!(json_of(&written.body), sample["expect"]["body"]);
    assert!(written.stream);
}

#[test]
fn the_answer_of_qwen_reaches_claude_code() {
    let asked = read(&sample()["inbound"]["body"]);
    let undo = write(&asked, &qwen()).undo;
    let mut reader = ConverseReader::new(Some("3e5b7d1c-0000-4000-8000-000000000005"), undo);
    let stream = stream(&asked, &mut reader, include_bytes!("fixtures/bedrock/05-converse-stream.bin"));
    let expected =
        include_str!("fixtures/bedrock/05-converse-stream.sse").replace("bdrkproxy.unsigned.v1", UNSIGNED);
    assert_eq!(events(&stream.expect("a good stream")), events(&expected));
}

#[test]
fn the_answer_of_claude_reaches_claude_code_byte_for_byte() {
    let asked = read(
        &json!({"model": "claude-opus-4-8", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]}),
    );
    let bytes = include_bytes!("fixtures/bedrock/02-invoke-stream.bin");
    let expected = include_str!("fixtures/bedrock/02-invoke-stream.sse");
    for detail in [Detail::Control, Detail::Full] {
        let stream =
            stream(&asked, &mut InvokeReader::new(detail, Undo::default()), bytes).expect("a good stream");
        match detail {
            Detail::Control => assert_eq!(stream, expected),
            Detail::Full => {
                // An empty piece of arguments says nothing.
                let mut expected = events(expected);
                expected.retain(|(_, data)| data["delta"]["partial_json"] != "");
                let written = events(&stream);
                assert_eq!(written[1..], expected[1..]);
                assert_eq!(written[0].1["message"]["id"], expected[0].1["message"]["id"]);
            }
        }
    }
}

/// What real clients send becomes a body that keeps every rule of Converse.
#[test]
fn every_capture_becomes_a_legal_request() {
    let mut written = 0;
    insta::glob!("fixtures/clients", "*.json", |path| {
        let capture = json_of(&std::fs::read(path).expect("a file"));
        let body = &capture["body"];
        // Counts have no limit, and some features nobody but Anthropic serves.
        let Ok(asked) = AnthropicServer::new().read_request(&HeaderMap::new(), body.to_string().into())
        else {
            return;
        };
        written += 1;
        for model in [
            model("anthropic", ThinkingStyle::Extended),
            model("anthropic", ThinkingStyle::Adaptive),
            model("amazon", ThinkingStyle::NovaReasoning),
            qwen(),
        ] {
            let sent = json_of(&write(&asked, &model).body);
            check(&sent, &model);
            if model.thinking == ThinkingStyle::NovaReasoning {
                insta::assert_json_snapshot!("nova", sent);
            }
        }
    });
    assert!(written >= 8, "{written} captures");
}

fn check(sent: &Value, model: &Model) {
    let turns = sent["messages"].as_array().expect("messages");
    let mut calls: Vec<&Value> = Vec::new();
    let mut points = 0;
    for (at, turn) in turns.iter().enumerate() {
        assert_eq!(turn["role"], if at % 2 == 0 { "user" } else { "assistant" });
        let content = turn["content"].as_array().expect("content");
        assert!(!content.is_empty());
        let mut results = Vec::new();
        for piece in content {
            points += usize::from(piece.get("cachePoint").is_some());
            if let Some(text) = piece.get("text") {
                assert!(text.as_str().is_some_and(|text| !text.trim().is_empty()));
            }
            if let Some(result) = piece.get("toolResult") {
                results.push(&result["toolUseId"]);
            }
            assert!(piece.get("reasoningContent").is_none() || model.is_claude());
        }
        assert_eq!(results, std::mem::take(&mut calls), "results answer the calls before, in order");
        calls.extend(content.iter().filter_map(|piece| piece.get("toolUse")).map(|call| &call["toolUseId"]));
    }
    let tools = sent["toolConfig"]["tools"].as_array().map_or(&[][..], Vec::as_slice);
    for tool in tools {
        points += usize::from(tool.get("cachePoint").is_some());
        if let Some(specification) = tool.get("toolSpec") {
            let name = specification["name"].as_str().expect("a name");
            assert!((1..=64).contains(&name.len()) && !(model.vendor == "amazon" && name.contains('-')));
            assert_eq!(specification["inputSchema"]["json"]["type"], "object");
        }
    }
    let system = sent["system"].as_array().map_or(&[][..], Vec::as_slice);
    points += system.iter().filter(|piece| piece.get("cachePoint").is_some()).count();
    assert!(points <= 4);
    assert!(sent["inferenceConfig"]["maxTokens"].as_u64().is_none_or(|limit| limit <= 16_384));
}
