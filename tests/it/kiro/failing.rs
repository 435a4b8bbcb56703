//! Every refusal that the service is known to answer, as each client hears of it, in both bindings, and what becomes
//! of the account.

use emulator::Fault;
use serde_json::{Value, json};

use super::account;
use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::{Answer, TestApp};

/// What clients are to hear: status, type, code and first words, case by case.
const SAMPLES: &str = include_str!("../../../crates/wire/tests/fixtures/amazon_q/http-errors.json");

/// A refusal and what is done about it.
struct Case {
    name: &'static str,
    category: &'static str,
    /// Of the log row.
    attempts: u64,
    /// Chats that the service received: more than attempts where a change may help.
    sent: usize,
    /// How the account is afterwards.
    state: &'static str,
    /// Seconds; a used-up month tells its own end.
    retry_after: Option<&'static str>,
}

const fn case(
    name: &'static str,
    category: &'static str,
    attempts: u64,
    sent: usize,
    state: &'static str,
    retry_after: Option<&'static str>,
) -> Case {
    Case { name, category, attempts, sent, state, retry_after }
}

const INVALID: &str = "invalid_request";
const DENIED: &str = "permission_denied";

#[rustfmt::skip]
const CASES: [Case; 27] = [
    // Refreshed once, and refused again.
    case("token_rejected", "expired", 2, 2, "needs_sign_in", None),
    case("token_expired", "expired", 2, 2, "needs_sign_in", None),
    case("management_token_rejected_as_400", "expired", 2, 2, "needs_sign_in", None),
    case("not_authorized", DENIED, 1, 1, "ready", None),
    case("suspended", "suspended", 1, 1, "suspended", None),
    case("feature_not_supported", DENIED, 1, 1, "ready", None),
    case("builder_id_profiles", DENIED, 1, 1, "ready", None),
    case("throttled", "rate_limited", 1, 1, "cooling", Some("5")),
    // Five minutes in which more requests only make it worse.
    case("throttled_credit_rate", "rate_limited", 1, 1, "cooling", Some("300")),
    case("capacity", "overloaded", 2, 2, "ready", Some("2")),
    case("legacy_capacity", "overloaded", 2, 2, "ready", Some("2")),
    case("model_unavailable", "overloaded", 2, 2, "ready", Some("2")),
    case("monthly_limit", "quota", 1, 1, "exhausted", None),
    case("monthly_limit_old_form", "quota", 1, 1, "exhausted", None),
    case("overage_limit", "quota", 1, 1, "exhausted", None),
    // Under a new id, once.
    case("conversation_limit", "context_length", 1, 2, "ready", None),
    case("too_long", "context_length", 1, 1, "ready", None),
    case("prompt_too_long", "context_length", 1, 1, "ready", None),
    case("bad_model", "model_not_found", 1, 1, "ready", None),
    case("malformed", INVALID, 1, 1, "ready", None),
    case("malformed_with_reason", INVALID, 1, 1, "ready", None),
    // As it is, once.
    case("tool_mismatch", INVALID, 1, 2, "ready", None),
    // Without thoughts, once.
    case("bad_signature", INVALID, 1, 2, "ready", None),
    case("profile_required", INVALID, 1, 1, "ready", None),
    // There was nothing that could be left out.
    case("effort_not_supported", "unsupported", 1, 1, "ready", None),
    case("internal", "upstream", 2, 2, "ready", None),
    case("unavailable", "overloaded", 2, 2, "ready", Some("2")),
];

fn check_words(case: &Case, dialect: Dialect, sample: &Value, answer: &Answer) {
    let at = format!("{} in {dialect:?}: {}", case.name, answer.text());
    let expected = &sample[if dialect == Dialect::Messages { "anthropic" } else { "openai" }];
    assert_eq!(answer.status.as_u16(), expected["status"], "{at}");
    let (kind, code, message) = dialect.error(&answer.json());
    let asked = &expected["body"]["error"];
    assert_eq!(asked["type"], kind.as_str(), "{at}");
    assert_eq!(asked["code"].as_str().unwrap_or_default(), code, "{at}");
    // The person's own model has a name here, which the samples do not know.
    if case.category != "model_not_found" {
        let words = asked["message"].as_str().expect("words").trim_end_matches('.').to_lowercase();
        let (words, told) = (words.trim_start_matches("the "), message.to_lowercase());
        assert!(told.contains(words), "{words:?} in {at}");
    }
    // Coding clients compact the conversation when they read these words.
    if case.name.ends_with("too_long") && dialect == Dialect::Messages {
        assert!(message.starts_with("prompt is too long"), "{at}");
    }
    assert!(!message.contains("00000000-0000-0000-0000-000000000000"), "a user id is told: {at}");
}

fn check_row(case: &Case, sample: &Value, answer: &Answer, row: &Value) {
    let at = format!("{}: {}: {row}", case.name, answer.text());
    let expected = json!({
        "status": answer.status.as_u16(), "error_category": case.category, "attempts": case.attempts,
        "upstream_status": sample["status"], "incomplete": false, "account_name": "social",
        "provider": "amazon_q", "output_tokens": null, "credits": null, "stop_reason": null,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&row[name], value, "{name}: {at}");
    }
    assert!(row["upstream_code"].as_str().is_some_and(|code| code.contains("Exception")), "{at}");
    assert!(row["upstream_request_id"].is_string(), "{at}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{at}");
    assert_eq!(answer.header("x-proxy-account"), Some("social"), "{at}");
    assert_eq!(answer.header("x-should-retry"), (case.attempts > 1).then_some("false"), "{at}");
    match case.category {
        "quota" => {
            let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
            assert!((1..=31 * 24 * 3600).contains(&wait), "{at}");
        }
        _ => assert_eq!(answer.header("retry-after"), case.retry_after, "{at}"),
    }
}

async fn all_cases(binding: &str) {
    let samples: Value = serde_json::from_str(SAMPLES).expect("JSON");
    let samples = samples["cases"].as_array().expect("cases");
    assert_eq!(samples.len(), CASES.len());
    let app = TestApp::sandbox().await;
    let mut added = account(&app.emulator, "social");
    added["options"] = json!({"binding": binding});
    let id = app.add_kiro_with(&added).await;
    for (case, sample) in CASES.iter().zip(samples) {
        assert_eq!(sample["case"], case.name);
        for dialect in DIALECTS {
            for stream in [false, true] {
                // Ends what the case before brought.
                app.activate(&id).await;
                let (before, refreshes) =
                    (app.emulator.journal().count(), app.emulator.kiro().refreshes("social"));
                let text = format!("{dialect:?} {stream} [[fault:q_{}]]", case.name);
                let answer = app.ask(dialect, &dialect.asking(CLAUDE, &text, stream)).await;
                check_words(case, dialect, sample, &answer);
                check_row(case, sample, &answer, &app.row(&answer).await);
                let at = format!("{} {dialect:?} {stream}", case.name);
                assert_eq!(app.emulator.journal().count() - before, case.sent, "{at}");
                let more = app.emulator.kiro().refreshes("social") - refreshes;
                let first = usize::from(refreshes == 0);
                assert_eq!(more, first + usize::from(case.category == "expired"), "{at}");
                assert_eq!(app.state(&id).await, case.state, "{at}");
            }
        }
    }
    app.activate(&id).await;
    app.said(Dialect::Messages, &super::hello(true)).await;
    app.finish().await;
}

#[tokio::test]
async fn every_refusal_of_one_binding_has_its_words_and_its_consequences() {
    all_cases("aws_json").await;
}

#[tokio::test]
async fn every_refusal_of_the_other_binding_too() {
    all_cases("rest").await;
}

/// What passes is not seen, and what a change helps against is healed and told.
#[tokio::test]
async fn what_can_be_helped_is_helped() {
    let (app, _) = TestApp::kiro("social").await;
    app.learn_models().await;
    for (fault, model, token, attempts) in [
        ("q_token_rejected", CLAUDE, None, 2),
        ("q_internal", CLAUDE, None, 2),
        ("q_unavailable", CLAUDE, None, 2),
        ("html", CLAUDE, None, 2),
        ("q_tool_mismatch", CLAUDE, None, 2),
        ("q_conversation_limit", CLAUDE, Some("conversation:renewed"), 2),
        ("q_bad_signature", CLAUDE, Some("reasoning:dropped"), 2),
        ("q_malformed", CLAUDE, Some("tools:schema_bare"), 2),
        ("q_effort_not_supported", "claude-opus-5", Some("fields:refused"), 2),
    ] {
        for stream in [false, true] {
            let dialect = Dialect::Messages;
            // What was learned of a model counts for all that follow.
            let learned = stream && model != CLAUDE;
            let text = format!("{fault} {stream}");
            if !learned {
                app.emulator.script().push(Fault::spelled(fault).expect("a fault"));
            }
            let mut body = dialect.asking(model, &text, stream);
            body["tools"] = json!([dialect.tool("weather", &json!({"type": "object", "properties": {}}))]);
            if model != CLAUDE {
                body["thinking"] = json!({"type": "adaptive"});
            }
            let answer = app.ask(dialect, &body).await;
            let said = dialect.read(&answer);
            assert!(said.ended && said.text == format!("echo: {text}"), "{fault}: {said:?}");
            let told = super::adjusted(&answer);
            assert_eq!(
                app.row(&answer).await["attempts"],
                if learned { 1 } else { attempts },
                "{fault} {stream}"
            );
            if let Some(token) = token {
                assert!(told.contains(&token.to_owned()), "{fault}: {told:?}");
            }
        }
    }
    app.finish().await;
}
