//! Scripted failures, and what the journal tells of clients.

use std::time::Duration;

use emulator::{AccessKey, Config, Fault, Refusal, When};
use http_body_util::BodyExt;

use crate::caller::{Caller, Identity, converse, emulator, invoke, started};
use crate::{CLAUDE, QWEN};

const STREAM: &str = "invoke-with-response-stream";

#[tokio::test]
async fn a_prompt_is_throttled_and_then_answered() {
    let (_emulator, caller) = emulator();
    let body = invoke("hi [[fault:throttle 2]]");
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(caller.model(CLAUDE, STREAM, &body).await.status);
    }
    assert_eq!(seen, [429, 429, 200, 429]);
    assert_eq!(caller.model(CLAUDE, STREAM, &invoke("another")).await.status, 200);
}

#[tokio::test]
async fn a_model_id_fails_as_it_says() {
    let (_emulator, caller) = emulator();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(caller.model("us.test.throttle-2", "converse", &converse("hi")).await.status);
    }
    assert_eq!(seen, [429, 429, 200]);
    let failed = caller.model("test.not-ready", "invoke", &invoke("hi")).await;
    assert_eq!((failed.status, failed.code()), (429, "ModelNotReadyException"));
    assert_eq!(
        caller.model("test.status-503", "invoke", &invoke("hi")).await.code(),
        "ServiceUnavailableException"
    );
    assert_eq!(caller.model("test.echo", "invoke", &invoke("hi")).await.status, 200);
}

#[tokio::test]
async fn an_exception_ends_a_stream() {
    let (_emulator, caller) = emulator();
    let chunks = caller
        .model(CLAUDE, STREAM, &invoke("[[fault:exception-after 3 throttlingException]]"))
        .await
        .chunks();
    assert_eq!(chunks.len(), 4);
    assert_eq!(chunks[3]["exception"], "throttlingException");
    assert_eq!(chunks[3]["message"], "Too many requests, please wait before trying again.");
    let events =
        caller.model(QWEN, "converse-stream", &converse("[[fault:exception-after 0]]")).await.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "modelStreamErrorException");
}

#[tokio::test]
async fn streams_are_cut_ended_and_damaged() {
    let (_emulator, caller) = emulator();
    let cut = caller.model(CLAUDE, STREAM, &invoke("[[fault:cut-after 700]]")).await;
    assert_eq!((cut.body.len(), cut.complete), (700, false));
    let ended = caller.model(CLAUDE, STREAM, &invoke("[[fault:end-after 3]]")).await;
    assert_eq!((ended.chunks().len(), ended.complete), (3, true));
    let damaged = caller.model(CLAUDE, STREAM, &invoke("[[fault:garbage 2]]")).await.frames();
    assert_eq!(damaged.len(), 2);
    assert!(damaged[0].is_ok() && damaged[1].is_err());
    let split = caller.model(CLAUDE, STREAM, &invoke("hi [[fault:split 7]]")).await;
    assert_eq!(split.chunks().last().unwrap()["type"], "message_stop");
}

#[tokio::test]
async fn a_gateway_in_front_answers_html() {
    let (_emulator, caller) = emulator();
    let page = caller.model(CLAUDE, STREAM, &invoke("[[fault:html 1]]")).await;
    assert_eq!((page.status, page.header("content-type")), (502, "text/html"));
}

#[tokio::test]
async fn a_skewed_clock_is_healed_by_the_date_header() {
    let (_emulator, caller) = emulator();
    let body = invoke("[[fault:skew 900]]");
    let refused = caller.model(CLAUDE, "invoke", &body).await;
    assert_eq!(refused.code(), "InvalidSignatureException");
    let healed = Caller { offset: 900, ..caller };
    assert_eq!(healed.model(CLAUDE, "invoke", &body).await.status, 200);
}

#[tokio::test]
async fn pushed_faults_strike_once_and_only_whom_they_are_for() {
    let other = AccessKey::new("AKIAOTHER", "secret");
    let (emulator, caller) =
        started(Config { access_keys: vec![AccessKey::sandbox(), other.clone()], ..Config::default() });
    let other = Caller { identity: Identity::Signs(other), ..caller.clone() };
    let script = emulator.script();
    script.push_when(When::key("AKIAOTHER"), Fault::Refuse(Refusal::throttling()));
    assert_eq!(caller.model(CLAUDE, "invoke", &invoke("hi")).await.status, 200);
    assert_eq!(other.model(CLAUDE, "invoke", &invoke("hi")).await.status, 429);
    assert_eq!(other.model(CLAUDE, "invoke", &invoke("hi")).await.status, 200);
    script.push(Fault::EndAfter(2));
    assert_eq!(script.pending(), 1);
    assert_eq!(caller.model(CLAUDE, STREAM, &invoke("hi")).await.chunks().len(), 2);
    assert!(emulator.journal().requests().is_empty(), "nothing is kept unless asked for");
    assert_eq!(emulator.journal().count(), 4);
}

#[tokio::test]
async fn the_journal_sees_a_client_leave_a_silent_stream() {
    let (emulator, caller) = emulator();
    let journal = emulator.journal();
    let mut open = caller.open_model(CLAUDE, STREAM, &invoke("[[fault:stall-after 3]]")).await;
    assert!(open.response.body_mut().frame().await.is_some());
    assert_eq!((journal.open(), journal.closed()), (1, 0));
    drop(open);
    tokio::time::timeout(Duration::from_secs(1), journal.wait_closed(1)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(1), journal.wait_idle()).await.unwrap();
}

#[tokio::test]
async fn the_journal_sees_a_client_leave_before_the_first_byte() {
    let (emulator, caller) = emulator();
    let journal = emulator.journal();
    let body = invoke("[[fault:delay 60000]]");
    tokio::select! {
        _ = caller.open_model(CLAUDE, STREAM, &body) => panic!("answered"),
        () = journal.wait_for(1) => {}
    }
    tokio::time::timeout(Duration::from_secs(1), journal.wait_closed(1)).await.unwrap();
}

#[tokio::test]
async fn complete_answers_are_not_counted_as_left() {
    let (emulator, caller) = emulator();
    assert!(caller.model(CLAUDE, STREAM, &invoke("hi [[fault:pace 1]]")).await.complete);
    assert!(caller.model(CLAUDE, "invoke", &invoke("hi")).await.complete);
    assert_eq!(caller.model(CLAUDE, "invoke", &invoke("hi [[fault:denied]]")).await.status, 403);
    let journal = emulator.journal();
    journal.wait_idle().await;
    assert_eq!((journal.count(), journal.closed()), (3, 0));
}

#[tokio::test]
async fn shutdown_ends_running_answers() {
    let (emulator, caller) = emulator();
    let open = caller.open_model(CLAUDE, STREAM, &invoke("[[fault:stall-after 1]]")).await;
    emulator.shutdown().await;
    assert!(!open.read().await.complete);
    assert!(tokio::net::TcpStream::connect(caller.addr).await.is_err());
}
