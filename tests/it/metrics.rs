//! Figures for Prometheus: off at first, for the person alone, and what requests come to.

use http_body_util::Full;
use hyper::Request;
use serde_json::json;

use crate::client::{CLAUDE, Dialect};
use crate::harness::{TestApp, in_time};

impl TestApp {
    /// The figures, once one of their lines is `line`.
    async fn figures_with(&self, line: &str) -> String {
        let look = async {
            loop {
                let text = self.get("/metrics").await.text().to_owned();
                if text.lines().any(|found| found == line) {
                    return text;
                }
            }
        };
        in_time(look).await
    }
}

#[tokio::test]
async fn figures_are_told_to_the_person_who_turned_them_on() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/metrics").await.status, 404);
    app.set(&json!({"metrics": true})).await;
    let stranger = Request::builder().uri(app.url("/metrics")).body(Full::default()).expect("request");
    assert_eq!(app.send(stranger).await.status, 401);

    let dialect = Dialect::Messages;
    let answer = app.post(dialect.path(), &dialect.asking(CLAUDE, "hello", true)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(app.post(dialect.path(), &dialect.asking("no-such-model", "hello", false)).await.status, 404);
    let row = app.row(&answer).await;
    let model = row["model_served"].as_str().expect("a model");
    let text = app
        .figures_with(&format!(
            r#"switchboard_requests_total{{dialect="anthropic_messages",provider="bedrock",model="{model}",status="200"}} 1"#
        ))
        .await;
    let tokens = row["output_tokens"].as_u64().expect("tokens");
    for line in [
        format!(r#"switchboard_tokens_total{{provider="bedrock",model="{model}",kind="output"}} {tokens}"#),
        r#"switchboard_first_content_seconds_count{dialect="anthropic_messages",provider="bedrock"} 1"#
            .to_owned(),
        r#"switchboard_accounts{provider="bedrock",state="ready"} 1"#.to_owned(),
        "switchboard_requests_under_way 0".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("no-such-model") && !text.contains("main"), "{text}");
    let opened =
        text.lines().find(|line| line.starts_with(r#"switchboard_session_refreshes_total{outcome="done"}"#));
    assert!(opened.is_some_and(|line| !line.ends_with(" 0")), "{text}");

    app.set(&json!({"metrics": false})).await;
    assert_eq!(app.get("/metrics").await.status, 404);
    app.stop().await;
}
