//! What a surface does not have, does not take, or breaks off.

use emulator::Operation::{ChatCompletions, Converse, ConverseStream};
use emulator::{Fault, Refusal, When};
use serde_json::json;

use super::{GPT, OSS, sent};
use crate::client::Dialect::Chat;
use crate::dialects::tools::with_tools;
use crate::harness::{TestApp, access_key};

/// Operations of the requests that were judged, in order.
fn operations(app: &TestApp, from: usize) -> Vec<emulator::Operation> {
    let all = app.emulator.journal().requests();
    all.iter().filter_map(|row| row.operation).filter(|operation| operation.generates()).skip(from).collect()
}

#[tokio::test]
async fn a_surface_that_is_not_there_is_asked_once() {
    let app = TestApp::start().await;
    let gone = Refusal::new(404, "UnknownOperationException", "");
    app.emulator.script().push_when(When::operation(ChatCompletions), Fault::Refuse(gone));
    let answer = app.ask(Chat, &Chat.asking(GPT, "hello", true)).await;
    assert_eq!(Chat.read(&answer).text, "echo: hello");
    assert_eq!(answer.header("x-proxy-adjusted"), Some("openai_route:converse"));
    assert_eq!(app.row(&answer).await["attempts"], 2);
    app.said(Chat, &Chat.asking(GPT, "hello", false)).await;
    // Another model may have it all the same.
    app.said(Chat, &Chat.asking(OSS, "hello", false)).await;
    assert_eq!(operations(&app, 0), [ChatCompletions, ConverseStream, Converse, ChatCompletions]);
}

#[tokio::test]
async fn what_is_refused_without_a_reason_we_know_goes_the_other_way() {
    let app = TestApp::start().await;
    let refusal = Refusal::validation("Something about this request is new to us.");
    app.emulator.script().push_when(When::operation(ChatCompletions), Fault::Refuse(refusal.clone()));
    app.said(Chat, &Chat.asking(GPT, "hello", false)).await;
    assert_eq!(operations(&app, 0), [ChatCompletions, Converse]);
    // Refused on both, the client hears what was said in its own language.
    app.emulator.script().push_when(When::operation(ChatCompletions), Fault::Refuse(refusal));
    let other = Refusal::validation("toolConfig is odd");
    app.emulator.script().push_when(When::operation(Converse), Fault::Refuse(other));
    let refused = app.ask(Chat, &Chat.asking(GPT, "hello", false)).await;
    assert_eq!(refused.status, 400);
    assert_eq!(Chat.error(&refused.json()).2, "Something about this request is new to us.");
}

#[tokio::test]
async fn requests_that_do_not_fit_go_the_other_way_at_once() {
    let app = TestApp::start().await;
    // Old functions, names that are too long, marks of another vendor, plain-text tools for an open-weight model, and a
    // model that does not call tools while it reasons.
    let mut legacy = Chat.asking(GPT, r#"[[tool:weather {"city":"Rome"}]]"#, false);
    legacy["functions"] = json!([{"name": "weather", "parameters": {"type": "object"}}]);
    assert_eq!(app.ask(Chat, &legacy).await.json()["choices"][0]["finish_reason"], "function_call");
    let long = "a".repeat(70);
    let mut named = Chat.asking(GPT, &format!("[[tool:{long} {{}}]]"), false);
    named["tools"] = json!([Chat.tool(&long, &json!({"type": "object"}))]);
    assert_eq!(app.said(Chat, &named).await.calls[0].name, long);
    let part = json!([{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]);
    app.said(Chat, &Chat.talking(GPT, &json!([{"role": "user", "content": part}]), false)).await;
    let mut plain = Chat.asking(OSS, r#"[[tool:patch {"input":"x"}]]"#, false);
    plain["tools"] = json!([{"type": "custom", "custom": {"name": "patch"}}]);
    assert_eq!(app.said(Chat, &plain).await.calls[0].input, "x");
    let calling = with_tools(Chat, "gpt-5.6-sol", "[[tool:ping]]", false);
    assert_eq!(app.said(Chat, &calling).await.calls[0].name, "ping");
    assert_eq!(operations(&app, 0), [Converse; 5]);
    let mut silent = calling;
    silent["reasoning_effort"] = json!("none");
    assert_eq!(app.said(Chat, &silent).await.calls[0].name, "ping");
    sent(&app, ChatCompletions);
}

#[tokio::test]
async fn an_account_may_choose_the_way() {
    let app = TestApp::start().await;
    let account = |route: &str| {
        let key = access_key("main");
        json!({
            "name": route, "provider": "bedrock", "region": "us-east-1", "endpoint_url": app.emulator.url(),
            "credential": {"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret},
            "options": {"openai_route": route},
        })
    };
    let refused = app.post("/api/accounts", &account("elsewhere")).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let converse =
        app.post("/api/accounts", &account("converse")).await.json()["id"].as_str().expect("id").to_owned();
    app.activate(&converse).await;
    app.said(Chat, &Chat.asking(GPT, "hello", false)).await;
    let runtime =
        app.post("/api/accounts", &account("runtime")).await.json()["id"].as_str().expect("id").to_owned();
    app.activate(&runtime).await;
    // With one way alone what does not go together is made to fit, and a refusal is final.
    let answer = app.ask(Chat, &with_tools(Chat, "gpt-5.6-sol", "[[tool:ping]]", false)).await;
    assert_eq!(Chat.read(&answer).calls[0].name, "ping");
    let refusal = Refusal::new(404, "UnknownOperationException", "");
    app.emulator.script().push_when(When::operation(ChatCompletions), Fault::Refuse(refusal));
    assert_eq!(app.ask(Chat, &Chat.asking(GPT, "hello", false)).await.status, 404);
    assert_eq!(operations(&app, 0), [Converse, ChatCompletions, ChatCompletions]);
}

#[tokio::test]
async fn a_guardrail_is_never_left_behind() {
    let app = TestApp::start().await;
    let id = app.add_account("a").await;
    let options = json!({"options": {"guardrail": {"identifier": "g1"}}}).to_string();
    let patch = app.request("PATCH", &format!("/api/accounts/{id}")).body(options.into()).expect("request");
    assert_eq!(app.send(patch).await.status, 200);
    app.ask(Chat, &Chat.asking(GPT, "hello", false)).await;
    assert_eq!(operations(&app, 0), [Converse]);
}

#[tokio::test]
async fn a_key_of_bedrocks_own_is_enough() {
    let app = TestApp::start().await;
    let account = json!({
        "name": "key", "provider": "bedrock", "region": "us-east-1", "endpoint_url": app.emulator.url(),
        "credential": {"kind": "bedrock_api_key", "api_key": emulator::SANDBOX_BEARER_KEY},
    });
    let added = app.post("/api/accounts", &account).await;
    assert_eq!(added.status, 201, "{}", added.text());
    app.activate(added.json()["id"].as_str().expect("id")).await;
    app.said(Chat, &Chat.asking(GPT, "hello", true)).await;
    let (request, _) = sent(&app, ChatCompletions);
    assert!(request.headers["authorization"].to_str().expect("text").starts_with("Bearer "));
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_an_error() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("main").await;
    for model in [GPT, OSS] {
        for (fault, category) in [
            ("exception-after 4 throttlingException", "rate_limited"),
            ("exception-after 4 serviceUnavailableException", "overloaded"),
            ("exception-after 4 internalServerException", "upstream"),
            ("cut-after 3000", "truncated"),
            ("clip-after 3000", "truncated"),
            ("end-after 8", "truncated"),
        ] {
            app.activate(&id).await;
            let text = format!("{} [[fault:{fault}]]", "many words ".repeat(40));
            let mut body = Chat.asking(model, &text, true);
            body["reasoning_effort"] = json!("low");
            let answer = app.ask(Chat, &body).await;
            let said = Chat.read(&answer);
            let at = format!("{model} {fault}: {}", answer.text());
            assert!(!said.ended && said.stop.is_empty() && said.error.is_some(), "{at}");
            let row = app.row(&answer).await;
            assert_eq!(row["error_category"], category, "{at}");
            assert_eq!((&row["incomplete"], &row["attempts"]), (&json!(true), &json!(1)), "{row}");
        }
    }
}

#[tokio::test]
async fn what_fails_before_the_answer_is_tried_again() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("main").await;
    for (fault, status, attempts) in [
        ("throttle", 429, 1),
        ("unavailable 1", 200, 2),
        ("internal 1", 200, 2),
        ("html 1", 200, 2),
        ("expired", 401, 1),
        ("too-long", 400, 1),
    ] {
        app.activate(&id).await;
        let answer = app.ask(Chat, &Chat.asking(GPT, &format!("hello [[fault:{fault}]]"), true)).await;
        assert_eq!(answer.status, status, "{fault}: {}", answer.text());
        assert_eq!(app.row(&answer).await["attempts"], attempts, "{fault}");
    }
}
