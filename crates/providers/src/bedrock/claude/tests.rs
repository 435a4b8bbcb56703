use std::sync::Arc;

use llm::{Effort, Wire};
use serde_json::{Value, json};

use super::*;

mod conversation;
mod request;

pub(super) fn hints(betas: &[&str]) -> Hints {
    Hints { betas: betas.iter().map(|beta| (*beta).to_owned()).collect(), ..Hints::default() }
}

pub(super) fn target(model: &str) -> Target {
    let entry = Catalog::built_in()
        .iter()
        .find(|entry| entry.model.name == model && !entry.retired)
        .unwrap_or_else(|| panic!("{model}"));
    Target { model: entry.served(Some("us")), effort: None, long_context: false }
}

pub(super) fn raw(text: &str) -> (Bytes, RawBody) {
    let source = Bytes::copy_from_slice(text.as_bytes());
    let body = RawBody::parse(Wire::AnthropicMessages, &source).expect("a body");
    (source, body)
}

pub(super) fn try_text(target: &Target, betas: &[&str], text: &str) -> Result<(Value, Vec<String>), Error> {
    let hints = hints(betas);
    let terms = Terms {
        hints: &hints,
        target,
        format_refused: false,
        pass_unknown_betas: false,
        route: Route::Invoke,
        stream: true,
    };
    let mut prepared = prepare(raw(text).1, &terms)?;
    let sent = prepared.payload().to_bytes();
    let value: Value = serde_json::from_slice(&sent).expect("the body is JSON");
    assert_eq!(prepared.body_mut().to_payload().to_bytes(), sent, "pieces and members say the same");
    Ok((value, prepared.adjustments))
}

/// Sends `members` beside a harmless conversation. Returns the body without version and conversation.
pub(super) fn request(target: &Target, betas: &[&str], members: Value) -> (Value, Vec<String>) {
    let mut body = json!({"max_tokens": 4096, "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().expect("object").extend(members.as_object().expect("object").clone());
    let (mut sent, notes) = try_text(target, betas, &body.to_string()).expect("prepared");
    assert_eq!(sent["anthropic_version"], "bedrock-2023-05-31");
    let sent_members = sent.as_object_mut().expect("object");
    for name in ["anthropic_version", "messages"] {
        sent_members.shift_remove(name);
    }
    if body["max_tokens"] == sent_members["max_tokens"] {
        sent_members.shift_remove("max_tokens");
    }
    (sent, notes)
}

#[test]
fn a_request_of_claude_code_becomes_one_that_bedrock_takes() {
    let file: Value =
        serde_json::from_str(include_str!("../fixtures/claude-code-request.json")).expect("fixture");
    let betas: Vec<&str> = file["headers"]["anthropic-beta"].as_str().expect("betas").split(',').collect();
    for text in [file["inbound"].to_string(), serde_json::to_string_pretty(&file["inbound"]).expect("json")] {
        let (sent, notes) = try_text(&target("claude-opus-4-8"), &betas, &text).expect("prepared");
        assert_eq!(sent, file["expected"]);
        assert_eq!(
            notes,
            [
                "context_management.clear_thinking_20251015:dropped",
                "tools.defer_loading:dropped",
                "tools.web_search_20250305:dropped"
            ]
        );
    }
}

#[test]
fn anthropics_own_routes_get_the_same_with_model_stream_and_a_digest_of_the_user() {
    let file: Value =
        serde_json::from_str(include_str!("../fixtures/claude-code-request.json")).expect("fixture");
    let hints =
        hints(&file["headers"]["anthropic-beta"].as_str().expect("betas").split(',').collect::<Vec<_>>());
    let target = target("claude-opus-4-8");
    for (route, model, betas) in [
        (
            Route::Messages,
            "us.anthropic.claude-opus-4-8",
            "claude-code-20250219,interleaved-thinking-2025-05-14,thinking-token-count-2026-05-13,\
             context-management-2025-06-27,mid-conversation-system-2026-04-07,effort-2025-11-24",
        ),
        (
            Route::Mantle,
            "anthropic.claude-opus-4-8",
            "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24,\
             fine-grained-tool-streaming-2025-05-14",
        ),
    ] {
        let terms = Terms {
            hints: &hints,
            target: &target,
            format_refused: false,
            pass_unknown_betas: false,
            route,
            stream: true,
        };
        let mut prepared = prepare(raw(&file["inbound"].to_string()).1, &terms).expect("prepared");
        let sent: Value = serde_json::from_slice(&prepared.payload().to_bytes()).expect("JSON");
        let mut expected = file["expected"].clone();
        let members = expected.as_object_mut().expect("object");
        members.shift_remove("anthropic_version");
        members.shift_remove("anthropic_beta");
        members.insert("model".into(), model.into());
        members.insert("stream".into(), true.into());
        // SHA-256 of what Claude Code wrote there.
        let user = "9d97128c129c93a039836c700ab02d532b853511a220e4ce304bb38a6d89a4aa";
        members.insert("metadata".into(), json!({ "user_id": user }));
        assert_eq!(sent, expected, "{route:?}");
        assert_eq!(prepared.beta_header().as_deref(), Some(betas));
        prepared.body_mut();
        let joined: Value = serde_json::from_slice(&prepared.payload().to_bytes()).expect("JSON");
        assert_eq!(joined, expected, "in pieces or not");
    }
}

#[test]
fn an_innocent_conversation_travels_as_a_slice_of_the_request() {
    let words = "A long text with \\\"quotes\\\", a caller, thinking, system and citations. ".repeat(200);
    let text = format!(
        r#"{{"model":"m","max_tokens":10,"messages": [ {{"role":"user","content":[{{"type":"text","text":"{words}","cache_control":{{"type":"ephemeral"}}}}]}}, {{"role":"assistant", "content":[{{"type":"tool_use","id":"t","name":"n","input":{{"url":"x","old":""}}}}],"x_new":1.50}} ],"stream":true}}"#
    );
    let (source, body) = raw(&text);
    let (hints, target) = (hints(&[]), target("claude-opus-4-8"));
    let terms = Terms {
        hints: &hints,
        target: &target,
        format_refused: false,
        pass_unknown_betas: false,
        route: Route::Invoke,
        stream: true,
    };
    let prepared = prepare(body, &terms).expect("prepared");
    let range = source.as_ptr_range();
    let pieces = prepared.payload();
    let piece = pieces.pieces().iter().find(|piece| range.contains(&piece.as_ptr())).expect("a slice");
    let start = text.find("[ {").expect("start");
    assert_eq!(piece.as_ptr(), source[start..].as_ptr());
    assert!(piece.ends_with(b"\"x_new\":1.50} ]"));
    assert!(prepared.adjustments.is_empty());
}

#[test]
fn an_edited_conversation_is_sliced_not_copied() {
    let words = "x".repeat(50_000);
    let text = format!(
        r#"{{"max_tokens":10,"messages":[{{"role":"user","content":"{words}"}},{{"role":"assistant","content":[{{"type":"text","text":"a","caller":1}}]}},{{"role":"user","content":"{words}"}}]}}"#
    );
    let (source, body) = raw(&text);
    let (hints, target) = (hints(&[]), target("claude-opus-4-8"));
    let terms = Terms {
        hints: &hints,
        target: &target,
        format_refused: false,
        pass_unknown_betas: false,
        route: Route::Invoke,
        stream: true,
    };
    let payload = prepare(body, &terms).expect("prepared").payload();
    let range = source.as_ptr_range();
    let sliced: usize =
        payload.pieces().iter().filter(|piece| range.contains(&piece.as_ptr())).map(Bytes::len).sum();
    assert!(sliced > 100_000, "{sliced}");
    assert!(!payload.to_bytes().windows(8).any(|window| window == b"\"caller\""));
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let text = format!(
        r#"{{"max_tokens":1,"messages":[{{"role":"user","content":"{}"}}]}}"#,
        "x".repeat(25_000_000)
    );
    let error = try_text(&target("claude-opus-4-8"), &[], &text).expect_err("too large");
    assert_eq!(error.category, Category::TooLarge);
}
