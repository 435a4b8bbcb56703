//! What tests of the provider start from.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use llm::{Chunk, Request};
use serde_json::json;
use wire::ServerCodec;
use wire::anthropic::server::AnthropicServer;
use wire::eventstream::encode;
use wire::openai::chat::OpenAiChatServer;

use super::BedrockOptions;
use crate::{Account, Body, EndpointEnvironment, Http, HttpOptions, Identity, ProfileOptions, Session};

/// Options with a clock that stands still.
pub(super) fn at(now: SystemTime) -> BedrockOptions {
    BedrockOptions {
        http: Http::new(HttpOptions::default()).unwrap(),
        clock: Arc::new(move || now),
        endpoints: EndpointEnvironment::default(),
        profiles: ProfileOptions::default(),
    }
}

/// A session of an account in us-east-1 whose address is `endpoint`.
pub(super) fn session(endpoint: &str) -> Session {
    let account = Account {
        id: "a".into(),
        name: "A".into(),
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: Some(endpoint.to_owned()),
        options: serde_json::Value::Null,
    };
    let identity = Identity::SigV4(Credentials::from_keys("AKIAEXAMPLE", "secret", None));
    Session { account: Arc::new(account), identity, expires: None, clock_offset: 0 }
}

/// A request as Claude Code would send it.
pub(super) fn anthropic(body: &serde_json::Value) -> Request {
    let body = Bytes::from(body.to_string());
    AnthropicServer::new().read_request(&HeaderMap::new(), body).unwrap()
}

/// A request of an OpenAI client.
pub(super) fn openai(body: &serde_json::Value) -> Request {
    let body = Bytes::from(body.to_string());
    OpenAiChatServer.read_request(&HeaderMap::new(), body).unwrap()
}

/// A stream of InvokeModel.
pub(super) fn invoke_stream(events: &[serde_json::Value]) -> Vec<u8> {
    let frame = |event: &serde_json::Value| {
        let payload = json!({"bytes": STANDARD.encode(event.to_string()), "p": "abcd"}).to_string();
        encode(
            &[(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")],
            payload.as_bytes(),
        )
    };
    events.iter().flat_map(frame).collect()
}

/// A stream of Converse.
pub(super) fn converse_stream(events: &[(&str, serde_json::Value)]) -> Vec<u8> {
    let frame = |(name, event): &(&str, serde_json::Value)| {
        let headers =
            [(":event-type", *name), (":content-type", "application/json"), (":message-type", "event")];
        encode(&headers, event.to_string().as_bytes())
    };
    events.iter().flat_map(frame).collect()
}

/// Reads a streamed answer to its end.
pub(super) async fn drain(body: Body) -> Vec<Chunk> {
    let Body::Stream { mut bytes, mut reader } = body else { panic!("streams") };
    let mut chunks = Vec::new();
    while let Some(piece) = bytes.next().await {
        reader.push(piece.unwrap());
        while let Some(chunk) = reader.next().unwrap() {
            chunks.push(chunk);
        }
    }
    reader.finish().unwrap();
    chunks
}
