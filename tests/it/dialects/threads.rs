//! Threads of Anthropic's SDKs: a server that keeps the conversation, which we do not.

use serde_json::json;

use crate::client::{Dialect, MODELS};
use crate::harness::TestApp;

#[tokio::test]
async fn a_thread_is_refused_in_the_words_on_which_clients_send_the_whole_conversation() {
    let app = TestApp::start().await;
    for model in MODELS {
        for thread in [json!({"type": "create"}), json!({"type": "continue", "previous_message_id": "msg_1"})]
        {
            for stream in [false, true] {
                let mut body = Dialect::Messages.asking(model, "hello", stream);
                body["thread"] = thread.clone();
                let answer = app.ask(Dialect::Messages, &body).await;
                assert_eq!(answer.status, 400, "{}", answer.text());
                let error = answer.json();
                assert_eq!(error["type"], "error");
                assert_eq!(error["error"]["type"], "invalid_request_error");
                let details = json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]});
                assert_eq!(error["error"]["details"], details, "{error}");
                // What the client does then.
                body["thread"] = json!(null);
                assert_eq!(app.said(Dialect::Messages, &body).await.text, "echo: hello");
            }
        }
    }
    app.stop().await;
}
