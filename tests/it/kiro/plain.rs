//! A question and its answer: who is asked, in which words, and what is told of it.

use emulator::{KIRO_PROFILE, Operation};
use serde_json::{Value, json};

use super::{KINDS, SONNET, account, chats, current};
use crate::client::{CLAUDE, DIALECTS, Dialect, Usage};
use crate::harness::{Answer, TestApp};

#[tokio::test]
async fn headers_and_the_row_tell_who_answered_and_what_it_cost() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in DIALECTS {
        for (model, served, credits, counted) in [
            (CLAUDE, SONNET, 0.013, false),
            // The service counts its tokens.
            ("claude-sonnet-4-6", "claude-sonnet-4.6", 0.013, true),
            ("claude-opus-4-8", "claude-opus-4.8", 0.022, false),
        ] {
            for stream in [false, true] {
                let answer = app.ask(dialect, &dialect.asking(model, "hello", stream)).await;
                let said = dialect.read(&answer);
                assert_eq!((said.text.as_str(), said.model.as_str()), ("echo: hello", model));
                assert_eq!(answer.header("x-proxy-model"), Some(served));
                assert_eq!(answer.header("x-proxy-account"), Some("social"));
                assert_eq!(answer.header("x-proxy-failover"), None);
                assert_eq!(answer.header("x-proxy-adjusted"), None, "{dialect:?} {model} {stream}");
                let row = app.row(&answer).await;
                let expected = json!({
                    "dialect": dialect.name(), "model_asked": model, "model_served": served,
                    "account_name": "social", "provider": "amazon_q", "upstream_wire": "amazon_q",
                    "stream": stream, "attempts": 1, "status": 200, "error_category": null,
                    "usage_estimated": !counted, "credits": credits, "cost_usd": null, "incomplete": false,
                    "stop_reason": "end_turn", "failover_from": null, "adjustments": [], "cache_read_tokens":
                    if counted { json!(0) } else { json!(null) },
                });
                for (name, value) in expected.as_object().expect("an object") {
                    assert_eq!(&row[name], value, "{name} of {row}");
                }
                assert_eq!(said.usage, Some(Usage::of_row(&row)), "{dialect:?} {model} {stream}");
                assert!(said.usage.is_some_and(|usage| usage.input > 0 && usage.output > 0), "{row}");
                let (first, total) = (row["first_byte_ms"].as_f64(), row["total_ms"].as_f64());
                assert!(first > Some(0.0) && first <= total, "{first:?} {total:?}");
                assert!(row["upstream_request_id"].is_string(), "{row}");
            }
        }
    }
    app.finish().await;
}

/// How a request for each way to sign in looks: `tokentype`, origin, and whether it names the profile.
fn manner(kind: &str) -> (Option<&'static str>, &'static str, bool) {
    match kind {
        "builder-id" => (None, "KIRO_CLI", false),
        "api-key" => (Some("API_KEY"), "KIRO_CLI", false),
        "external" => (Some("EXTERNAL_IDP"), "AI_EDITOR", true),
        _ => (None, "AI_EDITOR", true),
    }
}

#[tokio::test]
async fn every_way_to_sign_in_speaks_both_bindings() {
    for kind in KINDS {
        let app = TestApp::sandbox().await;
        let mut added = account(&app.emulator, kind);
        added["options"] = json!({"binding": "aws_json"});
        let id = app.add_kiro_with(&added).await;
        app.activate(&id).await;
        for (binding, path) in [("aws_json", "/"), ("rest", "/generateAssistantResponse")] {
            app.patch(&id, &json!({"options": {"binding": binding}})).await;
            for dialect in DIALECTS {
                for stream in [false, true] {
                    let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
                    let at = format!("{kind} {binding} {dialect:?} {stream}: {}", answer.text());
                    assert_eq!(answer.status, 200, "{at}");
                    assert_eq!(dialect.read(&answer).text, "echo: hello", "{at}");
                    assert_eq!(answer.header("x-proxy-account"), Some(kind), "{at}");
                    check_sent(&app, kind, path, &at);
                }
            }
        }
        let refreshes = if kind == "api-key" { 0 } else { 1 };
        // A changed binding asks for a session anew, not for a token.
        assert_eq!(app.emulator.kiro().refreshes(kind), refreshes, "{kind}");
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

fn check_sent(app: &TestApp, kind: &str, path: &str, at: &str) {
    let sent = app.emulator.journal().requests().pop().expect("a request");
    assert_eq!(sent.operation, Some(Operation::GenerateAssistantResponse), "{at}");
    assert_eq!(sent.path, path, "{at}");
    let header = |name: &str| sent.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
    let (token_type, origin, profiled) = manner(kind);
    assert_eq!(header("tokentype").as_deref(), token_type, "{at}");
    let expected = profiled.then_some(KIRO_PROFILE);
    assert_eq!(header("x-amzn-kiro-profile-arn").as_deref(), expected, "{at}");
    assert_eq!(header("x-amzn-kiro-agent-mode").as_deref(), profiled.then_some("vibe"), "{at}");
    assert_eq!(header("x-amzn-codewhisperer-optout").as_deref(), Some("true"), "nothing is shared: {at}");
    let agent = header("user-agent").expect("a user agent").to_lowercase();
    assert!(agent.starts_with("switchboard/"), "{agent}");
    for other in ["kiro", "aws-sdk", "amazonq"] {
        assert!(!agent.contains(other), "{agent} is another's name");
    }
    let targeted = path == "/";
    let kind = if targeted { "application/x-amz-json-1.0" } else { "application/json" };
    assert_eq!(header("content-type").as_deref(), Some(kind), "{at}");
    assert_eq!(header("x-amz-target").is_some(), targeted, "{at}");
    let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
    assert_eq!(body["profileArn"].as_str(), expected, "{at}");
    let (state, said) = (&body["conversationState"], current(&body));
    assert_eq!((&said["origin"], &said["modelId"]), (&json!(origin), &json!(SONNET)), "{at}");
    assert_eq!(said["content"], "hello", "{at}");
    assert_eq!(state["agentContinuationId"].is_string(), !profiled, "{at}");
}

#[tokio::test]
async fn the_person_may_share_what_is_said() {
    let (app, id) = TestApp::kiro("social").await;
    app.patch(&id, &json!({"options": {"share_content": true}})).await;
    app.said(Dialect::Messages, &super::hello(true)).await;
    let sent = app.emulator.journal().requests().pop().expect("a request");
    assert_eq!(sent.headers["x-amzn-codewhisperer-optout"], "false");
    app.finish().await;
}

/// The router's choice is not told to clients as another model than the one they asked for.
#[tokio::test]
async fn the_router_is_a_model_like_others() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            let answer = app.ask(dialect, &dialect.asking("auto", "hello", stream)).await;
            let said = dialect.read(&answer);
            assert_eq!((said.text.as_str(), said.model.as_str()), ("echo: hello", "auto"));
            assert_eq!(app.row(&answer).await["credits"], 0.01);
            assert_eq!(current(&app.last_chat())["modelId"], "auto");
        }
    }
    app.finish().await;
}

/// Ids of the chats that `ask` makes.
async fn conversation(app: &TestApp, ask: impl AsyncFn() -> Answer) -> String {
    let answer = ask().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = app.last_chat()["conversationState"]["conversationId"].clone();
    id.as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_session_keeps_its_conversation() {
    let (app, _) = TestApp::kiro("social").await;
    let turn = |user: Option<&str>, texts: &[&str]| {
        let role = |at: usize| if at.is_multiple_of(2) { "user" } else { "assistant" };
        let turns: Vec<Value> =
            texts.iter().enumerate().map(|(at, text)| json!({"role": role(at), "content": text})).collect();
        let mut body = Dialect::Messages.talking(CLAUDE, &turns.into(), true);
        if let Some(user) = user {
            body["metadata"] = json!({"user_id": user});
        }
        body
    };
    let id = async |user: Option<&str>, texts: &[&str]| {
        let body = turn(user, texts);
        conversation(&app, async || app.ask(Dialect::Messages, &body).await).await
    };
    let first = id(None, &["one"]).await;
    assert_eq!(first, id(None, &["one", "echo: one", "two"]).await);
    assert_ne!(first, id(None, &["another"]).await);
    let user = "user_1_account_2_session_aaaa-bbbb";
    let told = id(Some(user), &["one"]).await;
    assert_eq!(told, id(Some(user), &["something else"]).await);
    assert_ne!(told, id(Some("user_1_account_2_session_cccc-dddd"), &["one"]).await);
    for chat in chats(&app.emulator) {
        assert!(
            !chat.to_string().contains("session_aaaa-bbbb"),
            "the client's id is not the vendor's business"
        );
    }
    // Chat Completions name their session in a header.
    let chat = async |session: &'static str, text: &str| {
        let body = Dialect::Chat.asking(CLAUDE, text, false).to_string();
        conversation(&app, async || {
            let request = app.request("POST", Dialect::Chat.path()).header("session-id", session);
            app.send(request.body(body.clone().into()).expect("request")).await
        })
        .await
    };
    assert_eq!(chat("s1", "one").await, chat("s1", "two").await);
    assert_ne!(chat("s1", "one").await, chat("s2", "one").await);
    app.finish().await;
}

/// The service counts for nobody, and whoever asks for a count is told that it is a guess.
#[tokio::test]
async fn a_count_of_tokens_is_a_guess_and_costs_nothing() {
    let (app, _) = TestApp::kiro("social").await;
    app.said(Dialect::Messages, &super::hello(true)).await;
    let asked = app.emulator.journal().count();
    let mut counts = Vec::new();
    for text in ["hello".to_owned(), "hello ".repeat(200)] {
        let body = json!({"model": CLAUDE, "messages": [{"role": "user", "content": text}]});
        let answer = app.post("/v1/messages/count_tokens", &body).await;
        assert_eq!(answer.header("x-proxy-estimate"), Some("1"), "{}", answer.text());
        counts.push(answer.json()["input_tokens"].as_u64().expect("a count"));
    }
    assert!(counts[0] > 0 && counts[1] > counts[0] + 100, "{counts:?}");
    assert_eq!(app.emulator.journal().count(), asked);
    app.finish().await;
}
