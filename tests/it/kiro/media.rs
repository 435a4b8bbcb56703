//! Images and documents.

use serde_json::{Value, json};

use super::{adjusted, current};
use crate::client::{CLAUDE, Dialect, RICH};
use crate::dialects::documents::{PDF, PNG, image_block, parts};
use crate::dialects::tools::{answered, with_tools};
use crate::harness::TestApp;

fn image(dialect: Dialect) -> Value {
    match dialect {
        Dialect::Messages => image_block(),
        // The declared type is wrong, as clients have it: the bytes decide.
        _ => json!({"type": "image_url", "image_url": {"url": format!("data:image/jpeg;base64,{PNG}")}}),
    }
}

#[tokio::test]
async fn an_image_stands_beside_the_words() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in RICH {
        for stream in [false, true] {
            let said =
                app.said(dialect, &parts(dialect, CLAUDE, &image(dialect), "what is it?", stream)).await;
            assert_eq!(said.text, "echo: what is it?");
            let chat = app.last_chat();
            assert_eq!(current(&chat)["images"], json!([{"format": "png", "source": {"bytes": PNG}}]));
            // Nothing but an image, and one that was sent before.
            let turns = json!([
                {"role": "user", "content": [image(dialect)]},
                {"role": "assistant", "content": "a pixel"},
                {"role": "user", "content": [image(dialect)]},
            ]);
            app.said(dialect, &dialect.talking(CLAUDE, &turns, stream)).await;
            let chat = app.last_chat();
            for message in [current(&chat), &chat["conversationState"]["history"][0]["userInputMessage"]] {
                assert_eq!(message["images"][0]["source"]["bytes"], PNG, "{chat:#}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_image_in_a_result_stands_beside_it() {
    let (app, _) = TestApp::kiro("social").await;
    let dialect = Dialect::Messages;
    for stream in [false, true] {
        let body = with_tools(dialect, CLAUDE, "[[tool:weather {\"city\":\"Rome\"}]]", stream);
        let said = app.said(dialect, &body).await;
        let mut next = answered(dialect, &body, &said, &[""]);
        next["messages"][2]["content"][0]["content"] =
            json!([{"type": "text", "text": "see"}, image_block()]);
        next["messages"][2]["content"][0]["is_error"] = json!(true);
        assert_eq!(app.said(dialect, &next).await.text, "tool said: see");
        let chat = app.last_chat();
        let current = current(&chat);
        assert_eq!(current["images"][0]["source"]["bytes"], PNG);
        let result = &current["userInputMessageContext"]["toolResults"][0];
        assert_eq!((&result["status"], &result["content"]), (&json!("error"), &json!([{"text": "see"}])));
        next["messages"][2]["content"][0]["content"] = json!([image_block()]);
        app.said(dialect, &next).await;
        let mut empty = answered(dialect, &body, &said, &[""]);
        empty["messages"][2]["content"][0].as_object_mut().expect("an object").remove("content");
        assert_eq!(app.said(dialect, &empty).await.text, "tool said: (no output)");
    }
    app.finish().await;
}

#[tokio::test]
async fn documents_stand_beside_the_words() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in RICH {
        let (pdf, note) = match dialect {
            Dialect::Messages => (
                json!({"type": "document", "title": "report.final", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}),
                json!({"type": "document", "title": "note", "source": {"type": "text", "media_type": "text/plain", "data": "a note"}}),
            ),
            _ => (
                json!({"type": "file", "file": {"filename": "report.final.pdf", "file_data": format!("data:application/pdf;base64,{PDF}")}}),
                json!({"type": "file", "file": {"filename": "note.txt", "file_data": "data:text/plain;base64,YSBub3Rl"}}),
            ),
        };
        for stream in [false, true] {
            for (part, format, bytes) in [(&pdf, "pdf", PDF), (&note, "txt", "YSBub3Rl")] {
                let answer = app.ask(dialect, &parts(dialect, CLAUDE, part, "sum it up", stream)).await;
                assert_eq!(dialect.read(&answer).text, "echo: sum it up");
                assert_eq!(adjusted(&answer), Vec::<String>::new());
                let chat = app.last_chat();
                let document = &current(&chat)["documents"][0];
                assert_eq!(
                    (&document["format"], &document["source"]["bytes"]),
                    (&json!(format), &json!(bytes))
                );
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_here() {
    let (app, _) = TestApp::kiro("social").await;
    let url = |dialect| match dialect {
        Dialect::Messages => {
            json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}})
        }
        _ => json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    };
    for dialect in RICH {
        for (model, part) in [("deepseek-v3.2", image(dialect)), (CLAUDE, url(dialect))] {
            let answer = app.ask(dialect, &parts(dialect, model, &part, "what is it?", true)).await;
            assert_eq!(answer.status, 400, "{model}: {}", answer.text());
            let (kind, _, message) = dialect.error(&answer.json());
            assert!(
                kind == "invalid_request_error" && message.to_lowercase().contains("image"),
                "{kind} {message}"
            );
            assert_eq!(app.row(&answer).await["attempts"], 0);
        }
    }
    app.said(Dialect::Messages, &super::hello(true)).await;
    app.finish().await;
}
