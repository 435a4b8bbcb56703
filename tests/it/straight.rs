//! The straight line: a client asks, Bedrock answers, the log knows.

use emulator::AccessKey;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn anthropic_to_claude_plain_and_streamed() {
    let app = TestApp::start().await;
    let mut asked = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 64,
        "messages": [{"role": "user", "content": "hello"}],
    });
    let plain = app.post("/v1/messages", &asked).await;
    assert_eq!(plain.status, 200, "{}", plain.text());
    assert_eq!(plain.json()["content"][0]["text"], "echo: hello");
    assert_eq!(plain.header("x-proxy-model"), Some("us.anthropic.claude-sonnet-4-5-20250929-v1:0"));

    asked["stream"] = json!(true);
    let streamed = app.post("/v1/messages", &asked).await;
    let events = streamed.events();
    assert_eq!(events.first().map(|(name, _)| name.as_str()), Some("message_start"));
    assert_eq!(events.last().map(|(name, _)| name.as_str()), Some("message_stop"));

    let rows = app.rows().await;
    let asked: Vec<_> = rows.iter().filter(|row| row["path"] == "/v1/messages").collect();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|row| row["status"] == 200 && row["account_name"] == "main"));
    assert!(app.folder.path().join("core.db").exists());
    app.stop().await;
}

#[tokio::test]
async fn openai_to_a_converse_model() {
    let app = TestApp::start().await;
    let asked = json!({"model": "qwen3-coder-480b", "messages": [{"role": "user", "content": "hello"}]});
    let answer = app.post("/v1/chat/completions", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "echo: hello");
    app.stop().await;
}

#[tokio::test]
async fn the_sandbox_answers_on_a_first_start() {
    let app = TestApp::sandbox().await;
    let wrong = AccessKey::new("AKIAWRONG00000000000", "wrong");
    app.add_account_with("idle", &app.emulator.url(), &wrong).await;
    let activated = app.post("/api/accounts/sandbox/activate", &json!({})).await;
    assert_eq!(activated.status, 200, "{}", activated.text());
    let asked = json!({"model": "claude-sonnet-4-5", "prompt": "hello"});
    let answer = app.post("/v1/completions", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["text"], "echo: hello");
    app.stop().await;
}
