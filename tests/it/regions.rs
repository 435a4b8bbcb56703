//! What a Bedrock account may use, and where.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;

use crate::client::{CLAUDE, Dialect};
use crate::harness::{Answer, TestApp};

impl TestApp {
    pub(crate) async fn options(&self, id: &str, options: serde_json::Value) -> Answer {
        let request = self.request("PATCH", &format!("/api/accounts/{id}"));
        let body = json!({ "options": options }).to_string();
        self.send(request.body(Full::new(Bytes::from(body))).expect("a request")).await
    }
}

#[tokio::test]
async fn another_region_answers_what_the_first_has_no_room_for() {
    let app = TestApp::start().await;
    let id = app.add_account("a").await;
    let listed = app.options(&id, json!({"fallback_regions": ["eu-west-1", "us-west-2"]})).await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    for stream in [false, true] {
        let answer = app
            .ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "[[fault:throttle 1]] hello", stream))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-proxy-adjusted"), Some("region:eu-west-1"), "stream {stream}");
        let last = app.emulator.journal().requests().pop().expect("a request");
        assert!(
            last.subject.starts_with("eu.anthropic."),
            "the profile of that part of the world: {}",
            last.subject
        );
    }
    // Who is refused for good is not asked about elsewhere.
    let before = app.emulator.journal().count();
    let denied =
        app.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "[[fault:denied]] hello", false)).await;
    assert_eq!(
        (denied.status.as_u16(), app.emulator.journal().count()),
        (403, before + 1),
        "{}",
        denied.text()
    );
    for wrong in [json!("eu-west-1"), json!(["EU"]), json!(["a-b-c.example/x"])] {
        assert_eq!(app.options(&id, json!({ "fallback_regions": wrong })).await.status, 400, "{wrong}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_test_tells_what_stands_between_an_account_and_a_model() {
    let app = TestApp::start().await;
    let id = app.add_account("a").await;
    let test = async |model: &str| {
        app.post(&format!("/api/accounts/{id}/test"), &json!({"model": model})).await.json()
    };
    let refused = test("us.anthropic.test.denied").await;
    assert_eq!(refused["ok"], false, "{refused}");
    assert_eq!(refused["hurdles"], json!(["agreement", "authorization", "entitlement"]), "{refused}");
    assert_eq!(test(CLAUDE).await["hurdles"], json!([]));
    app.stop().await;
}
