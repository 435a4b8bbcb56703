//! What a client is told when the upstream refuses: status, type and code in its dialect, and the row.

use emulator::{Fault, Refusal};
use serde_json::{Value, json};

use crate::client::{DIALECTS, Dialect, MODELS};
use crate::harness::{Answer, TestApp};
use crate::sides::{SIDES, Sides};

/// A fault of the upstream and what clients make of it.
struct Case {
    /// As spelled in a prompt: it strikes every attempt.
    fault: &'static str,
    category: &'static str,
    anthropic: (u16, &'static str),
    openai: (u16, &'static str, &'static str),
    /// What the upstream answered, and how often it was asked.
    upstream: u16,
    attempts: u64,
    retry_after: Option<&'static str>,
}

const INVALID: &str = "invalid_request_error";
const SERVER: &str = "server_error";

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { fault: "throttle", category: "rate_limited", anthropic: (429, "rate_limit_error"), openai: (429, "rate_limit_error", "rate_limit_exceeded"), upstream: 429, attempts: 1, retry_after: Some("5") },
    Case { fault: "daily", category: "quota", anthropic: (429, "rate_limit_error"), openai: (429, "insufficient_quota", "insufficient_quota"), upstream: 429, attempts: 1, retry_after: Some("5") },
    Case { fault: "quota", category: "quota", anthropic: (429, "rate_limit_error"), openai: (429, "insufficient_quota", "insufficient_quota"), upstream: 400, attempts: 1, retry_after: Some("5") },
    Case { fault: "too-long", category: "context_length", anthropic: (400, INVALID), openai: (400, INVALID, "context_length_exceeded"), upstream: 400, attempts: 1, retry_after: None },
    Case { fault: "conflict", category: "invalid_request", anthropic: (400, INVALID), openai: (400, INVALID, ""), upstream: 400, attempts: 1, retry_after: None },
    Case { fault: "denied", category: "permission_denied", anthropic: (403, "permission_error"), openai: (403, "permission_error", "model_access_denied"), upstream: 403, attempts: 1, retry_after: None },
    Case { fault: "use-case", category: "permission_denied", anthropic: (403, "permission_error"), openai: (403, "permission_error", "model_access_denied"), upstream: 404, attempts: 1, retry_after: None },
    Case { fault: "eol", category: "model_not_found", anthropic: (404, "not_found_error"), openai: (404, INVALID, "model_not_found"), upstream: 404, attempts: 1, retry_after: None },
    Case { fault: "timeout", category: "timeout", anthropic: (504, "timeout_error"), openai: (504, SERVER, "timeout"), upstream: 408, attempts: 1, retry_after: None },
    Case { fault: "model-error", category: "upstream", anthropic: (502, "api_error"), openai: (502, SERVER, "upstream_error"), upstream: 424, attempts: 2, retry_after: None },
    Case { fault: "status 500", category: "upstream", anthropic: (500, "api_error"), openai: (500, SERVER, ""), upstream: 500, attempts: 2, retry_after: None },
    Case { fault: "html", category: "upstream", anthropic: (502, "api_error"), openai: (502, SERVER, "upstream_error"), upstream: 502, attempts: 2, retry_after: None },
    Case { fault: "status 503", category: "overloaded", anthropic: (529, "overloaded_error"), openai: (503, SERVER, "overloaded"), upstream: 503, attempts: 2, retry_after: Some("2") },
    Case { fault: "status 529", category: "overloaded", anthropic: (529, "overloaded_error"), openai: (503, SERVER, "overloaded"), upstream: 529, attempts: 2, retry_after: Some("2") },
    Case { fault: "not-ready", category: "overloaded", anthropic: (529, "overloaded_error"), openai: (503, SERVER, "model_not_ready"), upstream: 429, attempts: 2, retry_after: Some("2") },
];

fn check(case: &Case, dialect: Dialect, answer: &Answer, row: &Value) {
    let at = format!("{} in {dialect:?}: {}", case.fault, answer.text());
    let (kind, code, message) = dialect.error(&answer.json());
    let told = (answer.status.as_u16(), kind.as_str());
    match dialect {
        Dialect::Messages => {
            assert_eq!(told, case.anthropic, "{at}");
            assert_eq!(answer.json()["request_id"].as_str(), answer.header("request-id"), "{at}");
        }
        _ => {
            let (status, kind, expected) = case.openai;
            assert_eq!((told, code.as_str()), ((status, kind), expected), "{at}");
        }
    }
    assert_eq!(answer.header("content-type"), Some("application/json"), "{at}");
    assert_eq!(answer.header("retry-after"), case.retry_after, "{at}");
    assert_eq!(answer.header("x-should-retry"), (case.attempts > 1).then_some("false"), "{at}");
    assert_eq!(answer.header("x-proxy-account"), Some("main"), "{at}");
    let expected = json!({
        "status": answer.status.as_u16(), "error_category": case.category, "error_message": message,
        "upstream_status": case.upstream, "attempts": case.attempts, "incomplete": false, "account_name": "main",
        "output_tokens": null, "cost_usd": null, "stop_reason": null,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&row[name], value, "{name}: {at}: {row}");
    }
}

async fn all_cases(dialect: Dialect) {
    let app = TestApp::sandbox().await;
    let id = app.add_account("main").await;
    for case in CASES {
        for model in MODELS {
            for stream in [false, true] {
                // Ends the rest that the case before brought.
                app.activate(&id).await;
                let before = app.emulator.journal().count() as u64;
                let text = format!("hello [[fault:{}]]", case.fault);
                let answer = app.ask(dialect, &dialect.asking(model, &text, stream)).await;
                check(case, dialect, &answer, &app.row(&answer).await);
                assert_eq!(app.emulator.journal().count() as u64 - before, case.attempts, "{}", case.fault);
            }
        }
    }
}

#[tokio::test]
async fn refusals_are_told_in_anthropics_words() {
    all_cases(Dialect::Messages).await;
}

#[tokio::test]
async fn refusals_are_told_in_openais_words() {
    all_cases(Dialect::Chat).await;
}

#[tokio::test]
async fn refusals_are_told_to_responses() {
    all_cases(Dialect::Responses).await;
}

#[tokio::test]
async fn refusals_are_told_to_legacy_completions() {
    all_cases(Dialect::Completions).await;
}

#[tokio::test]
async fn a_model_that_is_asked_in_vain_says_why() {
    let app = TestApp::start().await;
    app.emulator.script().push(Fault::Refuse(Refusal::validation(
        "The model returned the following errors: messages.0: the very reason",
    )));
    let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(MODELS[0], "hello", true)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["message"], "messages.0: the very reason");
    let row = app.row(&answer).await;
    assert_eq!(row["upstream_code"], "ValidationException");
    assert!(row["upstream_request_id"].is_string(), "{row}");
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    for dialect in DIALECTS {
        // An instance tries again only so often.
        let sides = Sides::start().await;
        let app = &sides.app;
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            for stream in [false, true] {
                app.emulator.script().push(Fault::Refuse(Refusal::of_status(503)));
                let answer = app.ask(dialect, &dialect.asking(model, "hello", stream)).await;
                assert_eq!(dialect.read(&answer).text, "echo: hello");
                let row = app.row(&answer).await;
                assert_eq!((&row["attempts"], &row["error_category"]), (&json!(2), &json!(null)));
                assert_eq!(row["failover_from"][0]["category"], "overloaded", "{row}");
            }
        }
        sides.finish().await;
    }
}
