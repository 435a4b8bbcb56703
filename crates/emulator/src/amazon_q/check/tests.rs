use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::amazon_q::chat::signature;
use crate::amazon_q::ledger::Kiro;
use crate::amazon_q::{KiroAccount, KiroConfig, KiroKind, TARGET};
use crate::route::{Call, Operation};

mod conversation;
mod extras;
mod toolbox;

const PNG: &str = "iVBORw0KGgo=";
const ID: &str = "7d0c1a52-0b8e-4d0b-9b2f-3f1f6a5c9e10";

/// A conversation with a tool that was called and is answered now; every rule can be broken in it.
fn good() -> Value {
    json!({
        "conversationState": {
            "conversationId": ID,
            "chatTriggerType": "MANUAL",
            "agentTaskType": "vibe",
            "history": [
                { "userInputMessage": { "content": "Read a.txt", "modelId": "claude-opus-4.8", "origin": "AI_EDITOR" } },
                { "assistantResponseMessage": { "content": " ", "toolUses": [call("t1")] } },
            ],
            "currentMessage": { "userInputMessage": {
                "content": "Here.",
                "modelId": "claude-opus-4.8",
                "origin": "AI_EDITOR",
                "userInputMessageContext": {
                    "toolResults": [result("t1")],
                    "tools": [tool("read", json!({ "path": { "type": "string" } }))],
                },
            } },
        },
    })
}

fn call(id: &str) -> Value {
    json!({ "toolUseId": id, "name": "read", "input": { "path": "a.txt" } })
}

fn result(id: &str) -> Value {
    json!({ "toolUseId": id, "status": "success", "content": [{ "text": "hi" }] })
}

fn tool(name: &str, properties: Value) -> Value {
    json!({ "toolSpecification": {
        "name": name,
        "description": "Does it.",
        "inputSchema": { "json": { "type": "object", "properties": properties } },
    } })
}

fn state(body: &mut Value) -> &mut Value {
    &mut body["conversationState"]
}

fn history(body: &mut Value) -> &mut Vec<Value> {
    state(body)["history"].as_array_mut().unwrap()
}

fn current(body: &mut Value) -> &mut Value {
    &mut state(body)["currentMessage"]["userInputMessage"]
}

fn tools(body: &mut Value) -> &mut Vec<Value> {
    current(body)["userInputMessageContext"]["tools"].as_array_mut().unwrap()
}

fn judged_by(settings: &KiroConfig, account: KiroAccount, body: &Value) -> Checked {
    let bytes = Bytes::from(body.to_string());
    let kiro = Kiro::new(settings, 1);
    let call = Call::new(Operation::GenerateAssistantResponse, String::new(), TARGET);
    let head = http::Request::new(()).into_parts().0;
    let now = std::time::UNIX_EPOCH;
    let invocation = Invocation {
        settings,
        strict: true,
        call: &call,
        account,
        kiro: &kiro,
        head: &head,
        body: &bytes,
        now,
    };
    check(&invocation, body, (bytes.len() / 4) as u64)
}

fn judged(body: &Value) -> Checked {
    judged_by(&KiroConfig::default(), KiroAccount::new(KiroKind::IdentityCenter, "me"), body)
}

/// The good body passes; with this one change it does not, for this reason and for no other.
#[track_caller]
fn refuses(change: impl FnOnce(&mut Value), reason: &str, why: &str) {
    let mut body = good();
    assert_eq!(judged(&body), Ok(()));
    change(&mut body);
    let broken = judged(&body).expect_err("accepted");
    assert!(broken.why.contains(why), "why: {}", broken.why);
    assert_eq!(broken.reason.unwrap_or_default(), reason);
}

#[track_caller]
fn accepts(change: impl FnOnce(&mut Value)) {
    let mut body = good();
    change(&mut body);
    assert_eq!(judged(&body), Ok(()));
}

#[test]
fn the_known_requests_pass() {
    let files = [
        include_str!("../../../fixtures/amazon_q/request-plain-text.json"),
        include_str!("../../../fixtures/amazon_q/request-plain-text.rest.json"),
        include_str!("../../../fixtures/amazon_q/request-multi-turn.json"),
        include_str!("../../../fixtures/amazon_q/request-tool-call.json"),
        include_str!("../../../fixtures/amazon_q/request-tool-result.json"),
        include_str!("../../../fixtures/amazon_q/request-image.json"),
        include_str!("../../../fixtures/amazon_q/request-thinking.json"),
        include_str!("../../../fixtures/amazon_q/request-redacted-reasoning.json"),
        include_str!("../../../fixtures/amazon_q/request-prompted-thinking.json"),
        include_str!("../../../fixtures/amazon_q/request-error-in-stream.json"),
        include_str!("../../../fixtures/amazon_q/request-api-key.json"),
    ];
    for file in files {
        let request: Value = serde_json::from_str(file).unwrap();
        assert_eq!(judged(&request["body"]), Ok(()), "{file}");
    }
}

#[test]
fn a_thought_is_replayed_with_the_signature_that_we_gave() {
    let file = include_str!("../../../fixtures/amazon_q/request-thinking-replay.json");
    let mut body: Value = serde_json::from_str::<Value>(file).unwrap()["body"].take();
    assert_eq!(judged(&body), Ok(()), "another service's signature is believed");
    let strict = KiroConfig { own_thoughts: true, ..KiroConfig::default() };
    let account = || KiroAccount::new(KiroKind::IdentityCenter, "me");
    let broken = judged_by(&strict, account(), &body).unwrap_err();
    assert_eq!(broken.reason, Some("THINKING_SIGNATURE_INVALID"));
    let thought = &mut history(&mut body)[1]["assistantResponseMessage"]["reasoningContent"]["reasoningText"];
    thought["signature"] = json!(signature::of("claude-opus-4.8", thought["text"].as_str().unwrap()));
    assert_eq!(judged_by(&strict, account(), &body), Ok(()));
    current(&mut body)["modelId"] = json!("claude-opus-4.6");
    assert!(judged(&body).is_err(), "a signature is of one model");
}

#[test]
fn most_rules_are_told_by_newer_stacks_alone() {
    let mut body = good();
    history(&mut body)[1]["assistantResponseMessage"]["toolUses"] = json!([]);
    let refusal = judged(&body).unwrap_err().refusal(false);
    assert_eq!((refusal.status, refusal.message.as_str()), (400, "Improperly formed request."));
    assert_eq!(refusal.more["reason"], Value::Null);
    assert!(refusal.why.unwrap().contains("not called just before"));
    let refusal = judged(&body).unwrap_err().refusal(true);
    assert_eq!(refusal.message, "Invalid tool use format.");
    assert_eq!(refusal.more["reason"], "TOOL_USE_RESULT_MISMATCH");
    let mut body = good();
    current(&mut body)["modelId"] = json!("claude-sonnet-4.7");
    let refusal = judged(&body).unwrap_err().refusal(false);
    assert_eq!(refusal.message, "Invalid model. Please select a different model to continue.");
    assert_eq!(refusal.more["reason"], "INVALID_MODEL_ID");
}
