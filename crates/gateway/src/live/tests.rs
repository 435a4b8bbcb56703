use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use http::HeaderMap;
use providers::Frames;
use wire::anthropic::server::AnthropicServer;
use wire::{ServerCodec, Stamp};

use super::*;
use crate::dispatch::tests::{Endless, upstream};
use crate::limits::Limits;

/// An answer that has an end has it at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client hears of an answer, and whether the upstream was let go by then.
async fn hear(pieces: &[&'static str], ends: bool) -> (String, bool) {
    hear_until(pieces, ends, Box::pin(std::future::pending())).await
}

async fn hear_until(pieces: &[&'static str], ends: bool, last_call: LastCall) -> (String, bool) {
    let body = r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"q"}]}"#;
    let asked = AnthropicServer::new().read_request(&HeaderMap::new(), Bytes::from_static(body.as_bytes()));
    let writer = AnthropicServer::new().writer(&asked.expect("readable"), Stamp { id: 1, created: 0 });
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let bytes = upstream(pieces, ends).inspect(move |_| drop(Arc::clone(&held)));
    let frames = Frames::new(Box::pin(bytes), Box::<Endless>::default());
    let started = Started::Stream { held: vec![], live: Some(frames.into()) };
    let permit = Limits::default().enter().expect("room");
    let mut live = LiveAnswer::bare(Source::Ended, writer, None, permit, last_call);
    live.begin(started);
    let mut heard = Vec::new();
    let all = async {
        while let Some(bytes) = std::future::poll_fn(|cx| live.poll_bytes(cx)).await {
            heard.extend_from_slice(&bytes);
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("an end");
    (String::from_utf8(heard).expect("UTF-8"), Arc::strong_count(&alive) == 1)
}

#[tokio::test]
async fn what_only_the_end_tells_reaches_the_client() {
    let (heard, _) = hear(&["a", "b"], true).await;
    assert!(heard.contains(r#""stop_reason":"max_tokens""#), "{heard}");
    assert!(heard.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), "{heard}");
}

#[tokio::test]
async fn a_reader_that_is_done_ends_the_answer_and_drops_the_upstream() {
    let (heard, dropped) = hear(&["ab!", "x"], false).await;
    assert!(heard.contains(r#""text":"b""#) && !heard.contains(r#""text":"x""#), "{heard}");
    assert!(heard.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), "{heard}");
    assert!(dropped);
}

#[tokio::test]
async fn an_end_that_is_none_is_told_in_band() {
    let (heard, _) = hear(&[], true).await;
    assert!(heard.starts_with("event: error\n") && !heard.contains("message_stop"), "{heard}");
}

#[tokio::test]
async fn an_end_of_the_program_is_told_in_band() {
    let quitting = Error::new(llm::Category::Unavailable, "quitting");
    let (heard, dropped) = hear_until(&["a"], false, Box::pin(std::future::ready(quitting))).await;
    assert!(heard.contains("event: error\n") && heard.contains("quitting"), "{heard}");
    assert!(!heard.contains("message_stop") && dropped, "{heard}");
}
