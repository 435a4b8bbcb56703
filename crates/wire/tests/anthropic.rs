//! Golden files of the Anthropic wire: what real clients send, what Bedrock streams, what a client gets.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "anthropic/clients.rs"]
mod clients;
#[path = "anthropic/errors.rs"]
mod errors;
#[path = "anthropic/requests.rs"]
mod requests;
#[path = "anthropic/streams.rs"]
mod streams;

use bytes::Bytes;
use http::HeaderMap;
use llm::Request;
use serde_json::Value;
use wire::anthropic::server::AnthropicServer;
use wire::{ServerCodec, Stamp};

const STAMP: Stamp = Stamp { id: 0x3e5b_7d1c_0000_4000_8000_0000_0000_0005, created: 1_795_000_000 };

fn asked(model: &str) -> Request {
    let body =
        format!(r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":"hi"}}]}}"#);
    AnthropicServer::new().read_request(&HeaderMap::new(), Bytes::from(body)).expect("a good request")
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("JSON")
}
