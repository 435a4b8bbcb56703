use std::time::UNIX_EPOCH;

use serde_json::json;
use wire::Detail;

use super::*;
use crate::Provider;
use crate::bedrock::fixture::{anthropic, at, openai, session};

fn draft(options: Value, asked: &llm::Request) -> Draft {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let mut session = session("http://127.0.0.1:1");
    Arc::make_mut(&mut session.account).options = options;
    let target = bedrock.resolve(&session.account, &asked.model).unwrap();
    let call = Call { asked, target: &target, detail: Detail::Control };
    let route = bedrock.route(&session.account, call, &target.model).unwrap();
    bedrock.draft(&session, call, &target.model, true, route).unwrap()
}

#[test]
fn a_large_conversation_is_sent_from_where_it_was_read() {
    let mut messages = Vec::new();
    for turn in 0..200 {
        let role = if turn % 2 == 0 { "user" } else { "assistant" };
        messages.push(json!({"role": role, "content": [{"type": "text", "text": "x".repeat(10_000)}]}));
    }
    messages.push(json!({"role": "user", "content": "go on"}));
    let asked = anthropic(
        &json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "stream": true, "messages": messages}),
    );
    let source = asked.raw.get("messages").unwrap().as_ptr_range();
    let payload = draft(Value::Null, &asked).payload();
    let (ours, theirs): (Vec<&Bytes>, Vec<&Bytes>) =
        payload.pieces().iter().partition(|piece| !source.contains(&piece.as_ptr()));
    let sum = |pieces: Vec<&Bytes>| pieces.iter().map(|piece| piece.len()).sum::<usize>();
    assert!(sum(theirs) > 2_000_000);
    assert!(sum(ours) < 1000);
}

#[test]
fn the_account_may_send_claude_through_converse() {
    let asked = anthropic(&json!({
        "model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}],
    }));
    assert_eq!(draft(json!({"claude_route": "converse"}), &asked).operation, Operation::Converse);
    assert_eq!(draft(json!({"claude_route": "invoke"}), &asked).operation, Operation::Invoke);
}

#[test]
fn the_account_may_have_prompts_marked_for_the_cache() {
    let asked = openai(&json!({
        "model": "claude-sonnet-4-5",
        "messages": [{"role": "system", "content": "s".repeat(20_000)}, {"role": "user", "content": "hi"}],
    }));
    let marked = |options| {
        String::from_utf8(draft(options, &asked).payload().to_bytes().to_vec())
            .unwrap()
            .contains("cache_control")
    };
    assert!(marked(json!({"auto_cache": "5m"})));
    assert!(!marked(json!({"auto_cache": "off"})));
    assert!(!marked(Value::Null));
}
