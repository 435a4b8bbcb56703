use llm::Request;
use serde_json::json;
use wire::Detail;

use super::*;
use crate::Provider;
use crate::bedrock::fixture::{anthropic, at, openai, session};

fn asked(more: Value) -> Request {
    let mut body = json!({
        "model": "claude-opus-4-8", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    anthropic(&body)
}

fn route(options: Value, asked: &Request) -> Route {
    let bedrock = Bedrock::new(at(std::time::UNIX_EPOCH));
    let account = Account { options, ..Account::clone(&session("http://127.0.0.1:1").account) };
    let target = bedrock.resolve(&account, &asked.model).unwrap();
    let call = Call { asked, target: &target, detail: Detail::Control };
    bedrock.route(&account, call, &target.model).unwrap()
}

#[test]
fn the_person_chooses_the_way() {
    let plain = asked(json!({}));
    for (word, way) in [
        (json!(null), Route::Invoke),
        (json!("invoke"), Route::Invoke),
        (json!("messages"), Route::Messages),
        (json!("mantle"), Route::Mantle),
        (json!("converse"), Route::Converse),
    ] {
        assert_eq!(route(json!({"claude_route": word}), &plain), way);
    }
    let other = asked(json!({"model": "qwen.qwen3-32b-v1:0"}));
    assert_eq!(route(json!({"claude_route": "messages"}), &other), Route::Converse);
}

#[test]
fn what_a_route_cannot_take_goes_to_invoke_unasked() {
    let arn = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-opus-4-8";
    for word in ["messages", "mantle"] {
        let guarded = json!({"claude_route": word, "guardrail": {"identifier": "g1"}});
        assert_eq!(route(guarded, &asked(json!({}))), Route::Invoke);
        assert_eq!(
            route(json!({"claude_route": word, "latency": "optimized"}), &asked(json!({}))),
            Route::Invoke
        );
        let on = |more| route(json!({"claude_route": word}), &asked(more));
        assert_eq!(on(json!({"model": arn})), Route::Invoke, "{word}");
        let format = json!({"type": "json_schema", "schema": {"type": "object"}});
        assert_eq!(on(json!({"output_config": {"format": format}})), Route::Invoke);
        assert_eq!(on(json!({"output_format": format})), Route::Invoke);
        assert_ne!(on(json!({"output_config": {"effort": "low"}, "output_format": null})), Route::Invoke);
        let schema =
            json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}});
        let chat = json!({
            "model": "claude-opus-4-8", "response_format": schema, "messages": [{"role": "user", "content": "hi"}],
        });
        assert_eq!(route(json!({"claude_route": word}), &openai(&chat)), Route::Invoke);
    }
}

#[test]
fn what_is_not_served_is_remembered_for_its_account_route_and_model() {
    let unserved = Unserved::default();
    let account = Account::clone(&session("http://127.0.0.1:1").account);
    unserved.put(&account, Route::Messages, "us.anthropic.claude-opus-4-8");
    assert!(unserved.has(&account, Route::Messages, "us.anthropic.claude-opus-4-8"));
    assert!(!unserved.has(&account, Route::Mantle, "us.anthropic.claude-opus-4-8"));
    assert!(!unserved.has(&account, Route::Messages, "us.anthropic.claude-opus-4-7"));
    let other = Account { id: "b".into(), ..account.clone() };
    assert!(!unserved.has(&other, Route::Messages, "us.anthropic.claude-opus-4-8"));
    for number in 0..2 * MOST {
        unserved.put(&account, Route::Mantle, &format!("m{number}"));
    }
    assert_eq!(unserved.0.load().len(), MOST, "clients choose the names");
}

#[test]
fn only_what_says_that_the_model_is_elsewhere_leads_elsewhere() {
    let error = |category, words: &str| Error::new(category, words);
    for (route, category, words, leads) in [
        (Route::Messages, Category::ModelNotFound, "", true),
        (
            Route::Messages,
            Category::InvalidRequest,
            "The model 'x' does not support the '/v1/messages' API",
            true,
        ),
        (Route::Messages, Category::InvalidRequest, "messages: Field required", false),
        (Route::Messages, Category::Unreachable, "", false),
        (Route::Mantle, Category::Unreachable, "", true),
        (Route::Mantle, Category::PermissionDenied, "", false),
        (Route::Mantle, Category::RateLimited, "", false),
        (Route::Invoke, Category::ModelNotFound, "", false),
    ] {
        assert_eq!(route.is_unserved(&error(category, words)), leads, "{route:?} {category:?} {words}");
    }
}
