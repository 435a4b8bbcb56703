use http::Request;
use http::header::AUTHORIZATION;
use llm::{Category, Error};
use serde_json::json;
use url::Url;

use super::*;
use crate::Settings;
use crate::house::House;

fn parts(headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::post("/v1/messages?beta=true");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn taped(limit_kb: u32) -> (House, Arc<Tape>) {
    let house = House::new().await;
    let mut settings = Settings::default();
    settings.capture.enabled = true;
    settings.capture.max_kb = limit_kb;
    house.gateway.apply(settings);
    let head = parts(&[("x-api-key", "sk-secret"), ("anthropic-version", "2023-06-01")]);
    let tape = tape(&house.gateway, &head, None, false, Instant::now(), "req_1").unwrap();
    (house, tape)
}

/// Sends a request in front of the tape.
fn send(tape: &Tape, body: &[&'static str]) -> usize {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=AKIA"));
    headers.insert("x-amz-security-token", HeaderValue::from_static("token"));
    headers.insert("x-vendor-session-token", HeaderValue::from_static("token"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body: Vec<Bytes> = body.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
    let url = Url::parse("https://user:pass@aws.test/model?X-Amz-Signature=abc&region=x").unwrap();
    tape.sent(Sent { method: &http::Method::POST, url: &url, headers: &headers, body: &body })
}

#[tokio::test]
async fn only_who_wants_and_may_gets_a_tape() {
    let house = House::new().await;
    let asks = parts(&[("x-switchboard-capture", "1")]);
    let silent = parts(&[("x-switchboard-capture", "0")]);
    let now = Instant::now();
    assert!(tape(&house.gateway, &silent, None, true, now, "a").is_none());
    assert!(tape(&house.gateway, &asks, None, false, now, "b").is_none());
    let kept = tape(&house.gateway, &asks, None, true, now, "c").unwrap();
    assert_eq!(kept.keep_mb, None, "in memory alone");
    assert!(house.gateway.office.captures.find("c").is_some());
    let mut on = Settings::default();
    on.capture.enabled = true;
    house.gateway.apply(on);
    assert_eq!(tape(&house.gateway, &silent, None, true, now, "d").unwrap().keep_mb, Some(100));
    assert!(tape(&house.gateway, &silent, Some(false), true, now, "e").is_none(), "not of this key");
    let asked = tape(&house.gateway, &asks, Some(false), true, now, "e").unwrap();
    assert_eq!(asked.keep_mb, None, "shown to who asked, and not kept");
    assert!(house.gateway.office.captures.find("d").is_none());
    for number in 0..KEPT {
        tape(&house.gateway, &asks, None, true, now, &number.to_string()).unwrap();
    }
    assert!(house.gateway.office.captures.find("c").is_none(), "the oldest goes");
}

#[tokio::test]
async fn what_is_shown_holds_no_secret() {
    let (_house, tape) = taped(64).await;
    tape.body(&Bytes::from_static(b"{\"model\":\"m\"}"));
    tape.turned_to("Work", "m-1");
    let number = send(&tape, &["{\"a\":", "1,\"clientSecret\":\"hush\"}"]);
    let mut headers = HeaderMap::new();
    headers.insert("set-cookie", HeaderValue::from_static("session=hush"));
    tape.answered(number, 200, &headers);
    tape.read(number, &Bytes::from_static(b"{\"accessToken\":\"hush\",\"expiresIn\":1}"));
    tape.ended(number, None);
    tape.content();
    tape.done();
    let shown = tape.developed("req_1");
    let text = serde_json::to_string(&shown).unwrap();
    for secret in ["hush", "AKIA", "sk-secret", "user:pass", "abc", "\"token\""] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(shown.client.path, "/v1/messages?beta=true");
    assert!(shown.client.headers.contains(&("anthropic-version".into(), "2023-06-01".into())));
    let attempt = &shown.attempts[0];
    assert_eq!(
        (attempt.account.as_str(), attempt.model.as_str(), attempt.status),
        ("Work", "m-1", Some(200))
    );
    assert_eq!(attempt.events[0].data, r#"{"accessToken":"<redacted>","expiresIn":1}"#);
    let timing = shown.timing;
    let marks =
        [timing.read_ms, timing.sent_ms, timing.first_byte_ms, timing.first_content_ms, timing.ended_ms];
    assert!(marks.iter().all(Option::is_some) && marks.is_sorted(), "{timing:?}");
}

#[tokio::test]
async fn bodies_are_cut_at_the_limit() {
    let (_house, tape) = taped(1).await;
    let long: &'static str = "é".repeat(1000).leak();
    tape.body(&Bytes::from_static(long.as_bytes()));
    let number = send(&tape, &["x", long]);
    tape.read(number, &Bytes::from_static(&[b'a'; 1000]));
    tape.read(number, &Bytes::from_static(&[b'b'; 100]));
    tape.read(number, &Bytes::from_static(b"c"));
    tape.ended(number, Some(&Error::new(Category::Truncated, "broke off")));
    let shown = tape.developed("req_1");
    assert_eq!((shown.client.body_bytes, shown.client.body_truncated), (2000, true));
    assert_eq!(shown.client.body.unwrap(), "é".repeat(512));
    let attempt = &shown.attempts[0];
    assert_eq!((attempt.body_bytes, attempt.body.as_deref().unwrap().len()), (2001, 1023));
    assert_eq!((attempt.events[0].data.len(), attempt.events_truncated), (1000, true));
    assert_eq!(attempt.error.as_deref(), Some("broke off"));
}

#[tokio::test]
async fn a_capture_on_disk_is_what_it_was() {
    let (house, tape) = taped(64).await;
    tape.body(&Bytes::from(json!({"model": "m"}).to_string()));
    send(&tape, &["{}"]);
    let before = tape.developed("req_1");
    house.gateway.sink.keep(document(tape, "req_1".into(), 5, 1));
    house.gateway.logs.flush().await.unwrap();
    let stored = house.gateway.logs.capture("req_1").await.unwrap().unwrap();
    assert_eq!(read(&stored).unwrap(), before);
    house.gateway.logs.forget_captures().await.unwrap();
    assert!(house.gateway.logs.capture("req_1").await.unwrap().is_none());
}
