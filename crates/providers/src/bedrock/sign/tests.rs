use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use aws_credential_types::Credentials;
use http::{HeaderMap, Method};
use llm::Secret;
use serde::Deserialize;

use super::*;
use crate::Account;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-11-21T12:00:00Z.
const NOW: Duration = Duration::from_secs(1_795_262_400);

#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    url: String,
    request_headers_before: BTreeMap<String, String>,
    body: Option<String>,
    service: String,
    region: String,
    session_token: Option<String>,
    headers_after: BTreeMap<String, String>,
}

fn outgoing(vector: &Vector) -> Outgoing {
    let mut headers = HeaderMap::new();
    for (name, value) in &vector.request_headers_before {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    // In two pieces, as a large body would be.
    let body = vector.body.clone().unwrap_or_default();
    let (start, end) = body.split_at(body.len() / 2);
    let mut payload = Payload::new();
    payload.push(start.to_owned());
    payload.push(end.to_owned());
    Outgoing {
        method: Method::from_bytes(vector.method.as_bytes()).unwrap(),
        url: vector.url.parse().unwrap(),
        headers,
        payload,
    }
}

fn session(identity: Identity, clock_offset: i64) -> Session {
    let account = Account {
        id: "a".into(),
        name: "A".into(),
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: None,
        options: serde_json::Value::Null,
    };
    Session { account: Arc::new(account), identity, expires: None, clock_offset }
}

#[test]
fn signs_as_awss_own_tools_do() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../fixtures/sigv4-vectors.json")).unwrap();
    assert!(vectors.len() >= 6);
    for vector in vectors {
        let mut outgoing = outgoing(&vector);
        assert_eq!(outgoing.url.as_str(), vector.url, "the address is sent as it was signed");
        let credentials = Credentials::from_keys(KEY, SECRET, vector.session_token.clone());
        sign_v4(&mut outgoing, &credentials, &vector.region, &vector.service, UNIX_EPOCH + NOW).unwrap();
        let mut signed: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &outgoing.headers {
            signed.insert(name.as_str().to_owned(), value.to_str().unwrap().to_owned());
        }
        let wanted: BTreeMap<String, String> =
            vector.headers_after.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        assert_eq!(signed, wanted, "{}", vector.name);
    }
}

#[test]
fn an_api_key_is_sent_as_it_is_and_nothing_is_signed() {
    let mut outgoing = Outgoing {
        method: Method::POST,
        url: "https://h.example/".parse().unwrap(),
        headers: HeaderMap::new(),
        payload: Payload::new(),
    };
    authorize(
        &mut outgoing,
        &session(Identity::Bearer(Secret::new("ABSKexample")), 0),
        Service::Runtime,
        UNIX_EPOCH + NOW,
    )
    .unwrap();
    assert_eq!(outgoing.headers.len(), 1);
    assert_eq!(outgoing.headers[AUTHORIZATION], "Bearer ABSKexample");
    assert!(outgoing.headers[AUTHORIZATION].is_sensitive());

    let broken = session(Identity::Bearer(Secret::new("a\nb")), 0);
    assert_eq!(
        authorize(&mut outgoing, &broken, Service::Runtime, UNIX_EPOCH).unwrap_err().category,
        Category::NoCredentials
    );
}

#[test]
fn the_learned_offset_moves_the_clock() {
    let mut outgoing = Outgoing {
        method: Method::GET,
        url: "http://127.0.0.1:4566/x".parse().unwrap(),
        headers: HeaderMap::new(),
        payload: Payload::new(),
    };
    let identity = Identity::SigV4(Credentials::from_keys(KEY, SECRET, None));
    authorize(&mut outgoing, &session(identity, -3600), Service::Runtime, UNIX_EPOCH + NOW).unwrap();
    assert_eq!(outgoing.headers["x-amz-date"], "20261121T110000Z");
}

#[test]
fn the_signed_host_is_the_one_the_client_sends() {
    for (url, host) in [
        ("https://h.example/x", "h.example"),
        ("https://h.example:443/x", "h.example"),
        ("https://h.example:8443/x", "h.example:8443"),
        ("http://[::1]:4566/x", "[::1]:4566"),
    ] {
        assert_eq!(authority(&url.parse().unwrap()), host);
    }
}
