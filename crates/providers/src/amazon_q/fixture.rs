//! What tests of the provider start from.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use llm::{Chunk, Request, Secret};
use serde_json::{Value, json};
use wire::ServerCodec;
use wire::amazon_q::Shape;
use wire::anthropic::server::AnthropicServer;
use wire::eventstream::encode;

use super::{AmazonQ, AmazonQOptions, Bearer, HostTemplates, SignIn, TokenKind};
use crate::upstream::Scripted;
use crate::{Account, Body, Http, HttpOptions, Identity, Session};

pub(super) const ARN: &str = "arn:aws:codewhisperer:us-east-1:000011112222:profile/EXAMPLEPROF01";

/// 2026-11-21T12:00:00Z.
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_262_400)
}

/// The provider with a clock that stands still.
pub(super) fn provider() -> AmazonQ {
    provider_at(now(), HostTemplates::default())
}

pub(super) fn provider_at(now: SystemTime, hosts: HostTemplates) -> AmazonQ {
    let http = Http::new(HttpOptions::default()).unwrap();
    AmazonQ::new(AmazonQOptions { http, clock: Arc::new(move || now), hosts })
}

/// Hosts that are told apart by the first part of their paths.
pub(super) fn hosts(endpoint: &str) -> HostTemplates {
    HostTemplates {
        kiro_streaming: format!("{endpoint}/runtime/{{region}}"),
        kiro_control: format!("{endpoint}/management/{{region}}"),
        legacy: format!("{endpoint}/q/{{region}}"),
        oidc: format!("{endpoint}/oidc/{{region}}"),
        social: format!("{endpoint}/social"),
        portal: format!("{endpoint}/portal"),
    }
}

/// An account in us-east-1 whose address is `endpoint`; without an address when that is empty.
pub(super) fn account(endpoint: &str) -> Account {
    Account {
        id: "a".into(),
        name: "A".into(),
        provider: "amazon_q".into(),
        region: "us-east-1".into(),
        endpoint_url: Some(endpoint.to_owned()).filter(|endpoint| !endpoint.is_empty()),
        options: Value::Null,
    }
}

/// A token of an account with a profile.
pub(super) fn ide() -> Bearer {
    Bearer {
        token: Secret::new("aoaEXAMPLE"),
        kind: TokenKind::Aws,
        shape: Shape::Ide,
        profile_arn: Some(ARN.to_owned()),
        sign_in: SignIn::default(),
    }
}

/// An API key.
pub(super) fn key() -> Bearer {
    Bearer {
        token: Secret::new("ksk_EXAMPLE"),
        kind: TokenKind::ApiKey,
        shape: Shape::Cli,
        profile_arn: None,
        sign_in: SignIn::default(),
    }
}

pub(super) fn session(account: Account, bearer: Bearer) -> Session {
    Session { account: Arc::new(account), identity: Identity::Kiro(bearer), expires: None, clock_offset: 0 }
}

/// A request as Claude Code would send it.
pub(super) fn anthropic(body: &Value) -> Request {
    let body = Bytes::from(body.to_string());
    AnthropicServer::new().read_request(&HeaderMap::new(), body).unwrap()
}

/// An error as the service words it with operations in a header.
pub(super) fn refusal(status: u16, name: &str, reason: Option<&str>, message: &str) -> Scripted {
    let kind = format!("com.amazon.aws.codewhisperer#{name}");
    let body = json!({"__type": kind, "message": message, "reason": reason});
    let headers = vec![
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amzn-requestid", "req-0".to_owned()),
    ];
    Scripted { status, headers, body: body.to_string().into_bytes() }
}

pub(super) fn good(body: &Value) -> Scripted {
    Scripted::ok(body.to_string())
}

/// A stream of events.
pub(super) fn stream(events: &[(&str, Value)]) -> Scripted {
    let frame = |(name, event): &(&str, Value)| {
        let headers =
            [(":event-type", *name), (":content-type", "application/json"), (":message-type", "event")];
        encode(&headers, event.to_string().as_bytes())
    };
    Scripted::ok(events.iter().flat_map(frame).collect::<Vec<u8>>())
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
    chunks.extend(reader.finish().unwrap());
    chunks
}
