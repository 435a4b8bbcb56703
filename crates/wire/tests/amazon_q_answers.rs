//! Golden files of Amazon Q's answers: every sample stream as events, and as clients of both dialects read it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm::{Answer, Chunk, Collector, Error, Event, Request};
use serde_json::{Value, json};
use wire::amazon_q::{AmazonQReader, WayBack};
use wire::anthropic::server::AnthropicServer;
use wire::eventstream::{Decoder, Message, encode};
use wire::openai::chat::OpenAiChatServer;
use wire::{FrameReader, ServerCodec, Stamp};

const STAMP: Stamp = Stamp { id: 1, created: 1_795_000_000 };

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/amazon_q").join(name)
}

fn read_json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(name)).expect("a file")).expect("JSON")
}

/// The frames of a sample: headers and payload, one a line.
fn body(path: &Path) -> Vec<u8> {
    let lines = std::fs::read_to_string(path).expect("a file");
    lines.lines().flat_map(|line| frame(&serde_json::from_str(line).expect("JSON"))).collect()
}

fn frame(line: &Value) -> Vec<u8> {
    encode(&headers(&line["headers"]), line["payload"].to_string().as_bytes())
}

fn headers(headers: &Value) -> Vec<(&str, &str)> {
    let headers = headers.as_object().expect("headers").iter();
    headers.map(|(name, value)| (name.as_str(), value.as_str().expect("text"))).collect()
}

/// As for a model with a window of 200,000 tokens that was asked in words to think.
fn back() -> WayBack {
    WayBack { tagged_thinking: true, context: 200_000, input_estimate: 500, ..WayBack::default() }
}

fn chunks(bytes: &[u8], size: usize) -> (Vec<Chunk>, Option<Error>) {
    let mut reader = AmazonQReader::new(Some("00000000-0000-4000-8000-000000000000"), back());
    let mut all = Vec::new();
    for piece in bytes.chunks(size) {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(chunk)) => all.push(chunk),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
    }
    match reader.finish() {
        Ok(last) => all.extend(last),
        Err(error) => return (all, Some(error)),
    }
    (all, None)
}

fn events(bytes: &[u8], size: usize) -> Vec<Event> {
    chunks(bytes, size).0.into_iter().flat_map(|chunk| chunk.events).collect()
}

fn asked(codec: &dyn ServerCodec) -> Request {
    let body = json!({"model": "claude-sonnet-4-6", "max_tokens": 999, "stream": true,
        "messages": [{"role": "user", "content": "q"}]});
    codec.read_request(&HeaderMap::new(), body.to_string().into()).expect("a good request")
}

fn heard(codec: &dyn ServerCodec, chunks: &[Chunk], error: Option<&Error>) -> String {
    let mut writer = codec.writer(&asked(codec), STAMP);
    let mut out = BytesMut::new();
    chunks.iter().for_each(|chunk| writer.write(chunk, &mut out));
    match error {
        Some(error) => writer.error(error, &mut out),
        None => writer.finish(&mut out),
    }
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

#[test]
fn every_sample_is_read_and_heard() {
    insta::glob!("fixtures/amazon_q", "*.events.jsonl", |path| {
        let bytes = body(path);
        let (chunks, error) = chunks(&bytes, bytes.len());
        let mut told = String::new();
        for event in chunks.iter().flat_map(|chunk| &chunk.events) {
            writeln!(told, "{event:?}").expect("in memory");
        }
        if let Some(error) = &error {
            writeln!(told, "{:?}: {error}", error.category).expect("in memory");
        }
        let anthropic = heard(&AnthropicServer::new(), &chunks, error.as_ref());
        let openai = heard(&OpenAiChatServer, &chunks, error.as_ref());
        insta::assert_snapshot!("answer", [told, anthropic, openai].join("\n--------\n\n"));
    });
}

#[test]
fn any_cutting_gives_the_same_events() {
    for name in
        ["01-plain-text", "03-tool-call", "06-thinking", "06d-prompted-thinking", "07a-throttled-midstream"]
    {
        let bytes = body(&fixture(&format!("{name}.events.jsonl")));
        let whole = events(&bytes, bytes.len());
        assert!(whole.len() > 2);
        for size in [1, 7, 100] {
            assert_eq!(events(&bytes, size), whole, "{name} by {size}");
        }
    }
}

#[test]
fn whole_answers_are_what_clients_build() {
    for name in ["03-tool-call", "06-thinking"] {
        let bytes = body(&fixture(&format!("{name}.events.jsonl")));
        let mut collector = Collector::new();
        events(&bytes, 50).into_iter().for_each(|event| collector.push(event));
        let answer: Answer = collector.finish();
        let expected = read_json(&format!("{name}.expected.json"));
        let same = |said: &Value, expected: &Value| {
            for (member, value) in expected.as_object().expect("an object") {
                assert_eq!(&said[member], value, "{name}: {member}");
            }
        };
        let whole = |codec: &dyn ServerCodec| -> Value {
            serde_json::from_slice(&codec.write_answer(&asked(codec), &answer, STAMP)).expect("JSON")
        };
        same(&whole(&AnthropicServer::new()), &expected["anthropic_message"]);
        if let Some(choice) = expected.get("openai_choice") {
            let said = whole(&OpenAiChatServer);
            same(&said["choices"][0]["message"], &choice["message"]);
            assert_eq!(said["choices"][0]["finish_reason"], choice["finish_reason"]);
        }
    }
}

fn decoded(bytes: Vec<u8>) -> Result<Option<Message>, wire::eventstream::DecodeError> {
    let mut decoder = Decoder::new();
    decoder.push(bytes.into());
    decoder.next()
}

fn hex_of(text: &Value) -> Vec<u8> {
    hex::decode(text.as_str().expect("text")).expect("hex")
}

#[test]
fn the_frame_vectors_hold() {
    let vectors = read_json("frames/frame-vectors.json");
    let good = vectors["vectors"].as_array().expect("a list");
    assert_eq!(good.len(), 5);
    for vector in good {
        let payload = vector["payload_utf8"].as_str().expect("text");
        let frame = hex_of(&vector["frame_hex"]);
        assert_eq!(encode(&headers(&vector["headers"]), payload.as_bytes()), frame, "{}", vector["name"]);
        let message = decoded(frame).expect("good").expect("whole");
        assert_eq!(message.payload, payload.as_bytes());
        for (name, value) in headers(&vector["headers"]) {
            assert_eq!(message.header(name), Some(value));
        }
    }
    let bad = vectors["bad_vectors"].as_array().expect("a list");
    assert_eq!(bad.len(), 3);
    for vector in bad {
        let (said, error) = chunks(&hex_of(&vector["frame_hex"]), 1000);
        assert!(said.is_empty());
        let category = if vector["name"] == "cut_short" { "truncated" } else { "upstream" };
        assert_eq!(error.expect("an error").category.name(), category);
    }
}

#[test]
fn whole_bodies_hold_what_their_lines_say() {
    for name in ["01-plain-text", "03-tool-call"] {
        let text =
            std::fs::read_to_string(fixture(&format!("frames/{name}.eventstream.hex"))).expect("a file");
        let text: String = text.split_whitespace().collect();
        let bytes = hex::decode(text).expect("hex");
        let lines = body(&fixture(&format!("{name}.events.jsonl")));
        assert_eq!(events(&bytes, 64), events(&lines, lines.len()), "{name}");
    }
}
