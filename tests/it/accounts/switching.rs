//! Another account becomes the active one while answers are under way.

use http_body_util::{BodyExt, Full};
use serde_json::json;

use super::Three;
use crate::client::{DIALECTS, MODELS};
use crate::harness::{TestApp, rest};

#[tokio::test]
async fn a_running_stream_stays_with_its_account_and_the_next_request_goes_to_the_new_one() {
    let app = TestApp::sandbox().await;
    let b = app.add_account("b").await;
    let a = app.add_account("a").await;
    for dialect in DIALECTS {
        for model in MODELS {
            app.activate(&a).await;
            let text = format!("{} [[fault:pace 20]]", "words ".repeat(30));
            let body = dialect.asking(model, &text, true).to_string();
            let running =
                app.open(app.request("POST", dialect.path()).body(Full::from(body)).expect("request")).await;

            app.activate(&b).await;
            let next = app.ask(dialect, &dialect.asking(model, "hello", true)).await;
            assert_eq!(app.emulator.journal().open(), 1, "the first stream still runs");
            assert_eq!(dialect.read(&next).text, "echo: hello");
            assert_eq!(next.header("x-proxy-account"), Some("b"));

            let running = rest(running).await;
            let said = dialect.read(&running);
            assert!(said.ended && said.error.is_none(), "{said:?}");
            assert_eq!(said.text, format!("echo: {text}"));
            assert_eq!(running.header("x-proxy-account"), Some("a"));

            for (answer, name) in [(&running, "a"), (&next, "b")] {
                let row = app.row(answer).await;
                assert_eq!(row["account_name"], name, "{row}");
                assert_eq!((&row["attempts"], &row["incomplete"]), (&json!(1), &json!(false)), "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_running_stream_outlives_its_account() {
    let three = Three::start().await;
    let app = &three.app;
    let dialect = DIALECTS[0];
    let body = dialect.asking(MODELS[0], &format!("{} [[fault:pace 20]]", "words ".repeat(30)), true);
    let request = app.request("POST", dialect.path()).body(Full::from(body.to_string())).expect("request");
    let running = app.open(request).await;
    let removed = app.request("DELETE", &format!("/api/accounts/{}", three.a));
    assert_eq!(app.send(removed.body(Full::default()).expect("request")).await.status, 204);
    assert_eq!(app.emulator.journal().open(), 1, "the stream still runs");
    let answer = rest(running).await;
    assert!(dialect.read(&answer).ended);
    assert_eq!(app.row(&answer).await["account_name"], "a");
    assert_ne!(three.ask("hello").await.header("x-proxy-account"), Some("a"));
}

#[tokio::test]
async fn an_account_that_is_off_is_not_asked() {
    let three = Three::start().await;
    let patch = three.app.request("PATCH", &format!("/api/accounts/{}", three.b));
    let patched =
        three.app.send(patch.body(Full::from(json!({"enabled": false}).to_string())).expect("request")).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    let answer = three.ask("[[fault:throttle]] hello").await;
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(three.asked_since(0), ["a", "c"]);
}

#[tokio::test]
async fn many_streams_at_once_stay_with_theirs() {
    let app = TestApp::sandbox().await;
    let ids = [app.add_account("a").await, app.add_account("b").await];
    let mut running = Vec::new();
    for turn in 0..20 {
        app.activate(&ids[turn % 2]).await;
        let body = DIALECTS[0].asking(MODELS[turn % 2], &format!("number {turn} [[fault:pace 5]]"), true);
        let request =
            app.request("POST", "/v1/messages").body(Full::from(body.to_string())).expect("request");
        running.push(app.open(request).await);
    }
    for (turn, response) in running.into_iter().enumerate() {
        assert_eq!(response.headers()["x-proxy-account"], ["a", "b"][turn % 2]);
        let text = response.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("message_stop"), "{text}");
    }
}
