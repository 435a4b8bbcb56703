//! Scripted failures of the chat.

use emulator::{Fault, Refusal};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{Client, code, emulator, says, text};
use crate::CLAUDE;
use crate::caller::{emulator as bedrock, invoke};

const MODEL: &str = "claude-sonnet-4.5";

#[tokio::test]
async fn every_error_is_told_in_the_binding_that_was_used() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/amazon_q/errors.json")).unwrap();
    for case in &cases {
        let name = case["case"].as_str().unwrap();
        let body = says(MODEL, &format!("hi [[fault:q_{name} 2]]"));
        let typed = client.chat(&body).await;
        assert_eq!(
            (u64::from(typed.status), typed.json()),
            (case["status"].as_u64().unwrap(), case["awsjson_body"].clone())
        );
        let rest = client.post("/generateAssistantResponse", &body).await;
        assert_eq!((rest.status, rest.json()), (typed.status, case["restjson_body"].clone()));
        assert_eq!(code(&rest), code(&typed));
        assert_eq!(client.chat(&body).await.status, 200, "{name}: twice, then an answer");
    }
}

#[tokio::test]
async fn streams_go_wrong_as_they_were_seen_to() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    for (name, last) in [
        ("throttled_midstream", "ThrottlingException"),
        ("internal_midstream", "error"),
        ("truncated_tool_call", "toolUseEvent"),
        ("max_tokens", "meteringEvent"),
        ("empty_stream", "contextUsageEvent"),
        ("context_exceeded", "metadataEvent"),
    ] {
        let answer = client.chat(&says(MODEL, &format!("[[fault:q_{name}]]"))).await;
        assert!(answer.complete);
        let events = answer.events();
        assert_eq!(events.last().unwrap().0, last, "{name}");
    }
}

#[tokio::test]
async fn any_stream_can_be_replayed() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let lines = r#"{"headers":{":message-type":"event",":event-type":"codeEvent"},"payload":{"content":"x"}}

{"headers":{":message-type":"event",":event-type":"assistantResponseEvent"},"payload":{"content":"canned"}}"#;
    emulator.script().push(Fault::replay(lines).unwrap());
    let events = client.chat(&says(MODEL, "hi")).await.events();
    assert_eq!(events[0], ("codeEvent".into(), json!({ "content": "x" })));
    assert_eq!((events.len(), text(&events).as_str()), (2, "canned"));
    assert_eq!(text(&client.chat(&says(MODEL, "hi")).await.events()), "echo: hi");
    assert!(Fault::replay("no json").is_err());
    emulator.script().push(Fault::spelled("q_empty_stream").unwrap());
    let mut wrong = says(MODEL, "hi");
    wrong["conversationState"]["history"] = json!([{}]);
    assert_eq!(client.chat(&wrong).await.status, 400, "what is refused is not replayed");
}

#[tokio::test]
async fn bodies_are_cut_clipped_and_damaged() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let cut = client.chat(&says(MODEL, "[[fault:cut-after 300]]")).await;
    assert_eq!((cut.body.len(), cut.complete), (300, false));
    // Frames are about a hundred bytes long, so one of these sizes or another is where a frame ends.
    for size in 300..500 {
        let clipped = client.chat(&says(MODEL, &format!("[[fault:clip-after {size}]]"))).await;
        assert!(clipped.complete && clipped.body.len().abs_diff(size) <= 1, "{size}");
        let mut rest = &clipped.body[..];
        while let Some(length) = rest.first_chunk().map(|length| u32::from_be_bytes(*length) as usize)
            && length <= rest.len()
        {
            rest = &rest[length..];
        }
        assert!(!rest.is_empty(), "{size}");
    }
    let damaged = client.chat(&says(MODEL, "[[fault:garbage 3]]")).await.frames();
    assert!(damaged.len() == 3 && damaged[1].is_ok() && damaged[2].is_err());
    let exception =
        client.chat(&says(MODEL, "[[fault:exception-after 2 ThrottlingException]]")).await.events();
    assert_eq!((exception.len(), exception[2].0.as_str()), (3, "ThrottlingException"));
    let page = client.chat(&says(MODEL, "[[fault:html]]")).await;
    assert_eq!((page.status, page.header("content-type")), (502, "text/html"));
    assert_eq!(client.chat(&says(MODEL, "[[fault:throttle 1]]")).await.status, 429);
    emulator.script().push(Fault::Refuse(Refusal::named("q_throttled").unwrap().after(7)));
    let throttled = client.chat(&says(MODEL, "hi")).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "7"));
}

#[tokio::test]
async fn frames_are_torn_at_any_place() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let mut torn = false;
    for turn in 0..20 {
        let body = says(MODEL, &"some words to repeat ".repeat(20 + turn)).to_string();
        let headers = [("x-amz-target", super::GENERATE), ("content-type", "application/x-amz-json-1.0")];
        let mut open = client.open("POST", "/", &headers, body).await;
        let (mut bytes, mut borders) = (Vec::new(), Vec::new());
        while let Some(piece) = open.response.body_mut().frame().await {
            bytes.extend_from_slice(piece.unwrap().data_ref().unwrap());
            borders.push(bytes.len());
        }
        let mut ends = Vec::new();
        while ends.last().copied().unwrap_or(0) < bytes.len() {
            let at = ends.last().copied().unwrap_or(0);
            ends.push(at + u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize);
        }
        torn |= borders.iter().any(|border| !ends.contains(border));
    }
    assert!(torn, "pieces end within frames");
}

#[tokio::test]
async fn a_fault_of_one_service_leaves_the_other_alone() {
    let (_emulator, caller) = bedrock();
    let answer = caller.model(CLAUDE, "invoke", &invoke("[[fault:q_throttled]]")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_silent_stream_is_left() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let body = says(MODEL, "[[fault:stall-after 2]]").to_string();
    let mut open = client.open("POST", "/generateAssistantResponse", &[], body).await;
    assert!(open.response.body_mut().frame().await.is_some());
    drop(open);
    emulator.journal().wait_closed(1).await;
}
