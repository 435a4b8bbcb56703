//! Claude in its own wire: what we do not know reaches the other side byte for byte.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect};
use crate::harness::{Answer, TestApp};
use crate::upstream::{Prepared, Upstream};

/// Events as no serializer of ours writes them: odd blanks, escapes, orders and numbers, and things nobody knows yet.
const EVENTS: [&str; 16] = [
    r#"{"type":"message_start", "message":{"id":"msg_1","model":"claude-sonnet-4-5","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"new_counter":1.50},"container":{"z":1,"a":2}},"x_new":[ ]}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"hologram","beams":[1,2.50,1e3],"b":"\u00e9\/"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"hologram_delta","light":"\ud83c\udf0d"}}"#,
    r#"{"type":"content_block_stop","index":0,"checksum":"x"}"#,
    r#"{ "index":1, "content_block":{"text":"","type":"text","citations":null}, "type":"content_block_start" }"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"h\u00e9llo\n","confidence":0.10}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"page_location","new":true}}}"#,
    r#"{"type":"content_block_stop","index":1}"#,
    r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{},"caller":{"type":"direct"}}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\" : 1.0}"}}"#,
    r#"{"type":"content_block_stop","index":2}"#,
    r#"{"type":"weather_report","sky":"clear","at":12345678901234567890123}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"pause_for_tea","stop_sequence":null,"mood":"calm"},"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":12,"thoughts":{"deep":3}},"context_management":{"applied_edits":[]}}"#,
    r#"{"type":"weather_report","sky":"dark"}"#,
    r#"{"type":"message_stop"}"#,
];

async fn claude_at(upstream: &Upstream) -> TestApp {
    let app = TestApp::sandbox().await;
    app.add_account_at("own", upstream).await;
    app
}

async fn ask(app: &TestApp, body: &'static str) -> Answer {
    let answer = app.post_bytes(Dialect::Messages.path(), Bytes::from_static(body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

#[tokio::test]
async fn every_event_leaves_as_it_came() {
    let upstream = Upstream::start().await;
    let app = claude_at(&upstream).await;
    upstream.prepare(Prepared::stream(&EVENTS));
    let mut body = Dialect::Messages.asking(CLAUDE, "hello", true);
    body["tools"] = json!([Dialect::Messages.tool("weather", &json!({"type": "object"}))]);
    let answer = app.ask(Dialect::Messages, &body).await;
    let events = answer.events();
    let sent: Vec<&str> = events.iter().map(|(_, data)| data.as_str()).collect();
    assert_eq!(sent, EVENTS);
    for (name, data) in &events {
        let event: Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(event["type"], name.as_str());
    }
    let row = app.row(&answer).await;
    assert_eq!((&row["stop_reason"], &row["output_tokens"]), (&json!("pause_for_tea"), &json!(12)), "{row}");
    assert_eq!(row["incomplete"], false);
}

/// Bedrock puts its own metrics on the last event; they are no word of Claude's.
#[tokio::test]
async fn only_what_is_bedrocks_is_taken_out_of_an_event() {
    let upstream = Upstream::start().await;
    let app = claude_at(&upstream).await;
    let mut events = EVENTS;
    events[15] = r#"{"type":"message_stop","kept":1,"amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":12,"invocationLatency":5,"firstByteLatency":2}}"#;
    upstream.prepare(Prepared::stream(&events));
    let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", true)).await;
    let sent = answer.events();
    assert_eq!(sent.len(), EVENTS.len());
    assert_eq!(sent[15].1, r#"{"type":"message_stop","kept":1}"#);
    for (event, (_, data)) in EVENTS.iter().zip(&sent).take(15) {
        assert_eq!(data, event);
    }
}

#[tokio::test]
async fn a_whole_answer_leaves_as_it_came() {
    const WHOLE: &str = r#"{"id":"msg_1", "type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"hologram","beams":[1,2.50]},{"text":"h\u00e9llo","type":"text","citations":null}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5,"new_counter":1.50},"zz_new":{"b":1,"a":[ ]}}"#;
    let upstream = Upstream::start().await;
    let app = claude_at(&upstream).await;
    upstream.prepare(Prepared::json(WHOLE));
    let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", false)).await;
    assert_eq!(answer.text(), WHOLE);
}

/// Members that InvokeModel takes are passed with their text untouched, members it refuses are left out and told.
#[tokio::test]
async fn what_a_client_says_arrives_as_it_was_written() {
    const MESSAGES: &str = r#"[ {"content":[{"type":"text","text":"h\u00e9llo\/","x_unknown":[1,2.50 ]},{"type":"hologram","beams":{"z":1e3,"a":12345678901234567890}}],"role":"user","note":null},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"weather","input":{"b":1.0,"a":"\u0041"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok","weight":0.10}]}]"#;
    const SYSTEM: &str = r#"[{"text":"Be \u0042rief.","type":"text","tone" : "dry"}]"#;
    const TOOLS: &str = r#"[{"name":"weather","input_schema":{"type":"object","properties":{"z":{"type":"string","x-order":1.50},"a":{}}},"description":"d\u0065"}]"#;
    const CHOICE: &str = r#"{ "type":"auto" }"#;
    const BODY: &str = r#"{"system":$SYSTEM,"model":"claude-sonnet-4-5","brand_new":{"z":1},"messages":$MESSAGES,"tools":$TOOLS,"stream":true,"max_tokens":100,"tool_choice":$CHOICE}"#;
    let upstream = Upstream::start().await;
    let app = claude_at(&upstream).await;
    upstream.prepare(Prepared::saying("hello"));
    let body = BODY
        .replace("$MESSAGES", MESSAGES)
        .replace("$SYSTEM", SYSTEM)
        .replace("$TOOLS", TOOLS)
        .replace("$CHOICE", CHOICE);
    let answer = app.post_bytes(Dialect::Messages.path(), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let received = upstream.received().pop().expect("a request");
    assert!(
        received.path.ends_with("sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream"),
        "{}",
        received.path
    );
    assert!(received.headers["authorization"].to_str().expect("text").starts_with("AWS4-HMAC-SHA256 "));
    let sent = received.text();
    for (member, json) in
        [("messages", MESSAGES), ("system", SYSTEM), ("tools", TOOLS), ("tool_choice", CHOICE)]
    {
        assert!(sent.contains(&format!("\"{member}\":{json}")), "{member} in {sent}");
    }
    for left_out in ["\"model\"", "\"stream\"", "brand_new"] {
        assert!(!sent.contains(left_out), "{left_out} in {sent}");
    }
    assert_eq!(answer.header("x-proxy-adjusted"), Some("brand_new:dropped"));
}

#[tokio::test]
async fn edits_of_the_context_and_unknown_parts_of_known_members_are_kept() {
    let upstream = Upstream::start().await;
    let app = claude_at(&upstream).await;
    upstream.prepare(Prepared::saying("hello"));
    ask(
        &app,
        r#"{"model":"claude-sonnet-4-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}],"context_management":{"edits":[{"type":"clear_tool_uses_20250919","trigger":{"type":"input_tokens","value":30000},"keep_more":2.50}]}}"#,
    )
    .await;
    let sent = upstream.received().pop().expect("a request");
    assert!(
        sent.text().contains(r#"{"type":"clear_tool_uses_20250919","trigger":{"type":"input_tokens","value":30000},"keep_more":2.50}"#),
        "{}",
        sent.text()
    );
}
