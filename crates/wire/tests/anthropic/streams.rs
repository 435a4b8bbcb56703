use bytes::{Bytes, BytesMut};
use llm::{Category, Chunk, Error, Upstream};
use serde_json::{Value, json};
use wire::anthropic::client::EventReader;
use wire::anthropic::server::AnthropicServer;
use wire::sse::SseParser;
use wire::{Detail, ServerCodec, ToolNames};

use crate::{STAMP, asked, json};

const EXPECTED: &[u8] = include_bytes!("../fixtures/bedrock/02-invoke-stream.sse");

/// Data of every event, pings left out: they may come at any time.
fn events(sse: &[u8]) -> Vec<(String, String)> {
    let mut parser = SseParser::new(1 << 20);
    parser.push(sse);
    let mut events = Vec::new();
    while let Some(event) = parser.next().expect("small events") {
        if event.name != "ping" {
            events.push((event.name, String::from_utf8_lossy(&event.data).into_owned()));
        }
    }
    assert!(parser.is_idle());
    events
}

fn upstream() -> Vec<Bytes> {
    events(EXPECTED).into_iter().map(|(_, data)| Bytes::from(data)).collect()
}

fn chunks(detail: Detail) -> Vec<Chunk> {
    let reader = EventReader::new(ToolNames::default());
    upstream().into_iter().filter_map(|json| reader.read(json, detail).expect("good events")).collect()
}

fn written(chunks: &[Chunk]) -> BytesMut {
    let mut writer = AnthropicServer::new().writer(&asked("claude-opus-4-8"), STAMP);
    let mut out = BytesMut::new();
    for chunk in chunks {
        writer.write(chunk, &mut out);
    }
    writer.finish(&mut out);
    out
}

#[test]
fn on_the_same_wire_the_bytes_come_through() {
    // The sample has its ping where we send it, so that even that is equal.
    assert_eq!(
        String::from_utf8_lossy(&written(&chunks(Detail::Control))),
        String::from_utf8_lossy(EXPECTED)
    );
}

#[test]
fn an_upstream_ping_is_not_doubled() {
    let mut all = chunks(Detail::Control);
    let ping = EventReader::default().read(Bytes::from_static(b"{\"type\": \"ping\"}"), Detail::Control);
    all.insert(1, ping.expect("a ping").expect("a chunk"));
    let out = String::from_utf8_lossy(&written(&all)).into_owned();
    assert_eq!(out.matches("event: ping").count(), 1);
    assert!(out.contains("event: ping\ndata: {\"type\": \"ping\"}\n\n"));
}

#[test]
fn the_meaning_makes_the_same_stream() {
    let normal = |sse: &[u8]| -> Vec<Value> {
        let empty = json!("");
        events(sse)
            .iter()
            .map(|(_, data)| json(data.as_bytes()))
            .filter(|e| e["delta"]["partial_json"] != empty)
            .collect()
    };
    assert_eq!(normal(&written(&chunks(Detail::Full))), normal(EXPECTED));
}

#[test]
fn an_error_mid_stream_ends_it() {
    let sample = include_str!("../fixtures/bedrock/03-invoke-stream-exception.sse");
    let reader = EventReader::default();
    let mut writer = AnthropicServer::new().writer(&asked("claude-opus-4-8"), STAMP);
    let mut out = BytesMut::new();
    for (name, data) in events(sample.as_bytes()) {
        match reader.read(Bytes::from(data), Detail::Control) {
            Ok(chunk) => writer.write(&chunk.expect("a frame"), &mut out),
            Err(error) => {
                assert_eq!((name.as_str(), error.category), ("error", Category::RateLimited));
                let said = Upstream {
                    request_id: Some("3e5b7d1c-0000-4000-8000-000000000003".to_owned()),
                    ..Upstream::default()
                };
                writer.error(&Error::new(error.category, error.message).with_upstream(said), &mut out);
            }
        }
    }
    // Nothing follows an error.
    writer.finish(&mut out);
    writer.error(&Error::new(Category::Internal, "again"), &mut out);
    assert_eq!(events(&out), events(sample.as_bytes()));
}
