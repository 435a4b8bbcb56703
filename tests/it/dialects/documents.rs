//! Images and documents.

use serde_json::{Value, json};

use crate::client::{Dialect, MODELS, NOVA, RICH};
use crate::harness::{Sent, TestApp};

/// One transparent pixel.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// `%PDF-1.4\n%%EOF\n`
pub(crate) const PDF: &str = "JVBERi0xLjQKJSVFT0YK";

pub(crate) fn image_block() -> Value {
    json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}})
}

pub(crate) fn parts(dialect: Dialect, model: &str, part: &Value, text: &str, stream: bool) -> Value {
    let content = json!([part, {"type": "text", "text": text}]);
    dialect.talking(model, &json!([{"role": "user", "content": content}]), stream)
}

#[tokio::test]
async fn an_image_reaches_the_model() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let part = match dialect {
            Dialect::Messages => image_block(),
            // The declared type is wrong, as clients have it: the bytes decide.
            _ => {
                json!({"type": "image_url", "image_url": {"url": format!("data:image/jpeg;base64,{PNG}"), "detail": "low"}})
            }
        };
        for model in MODELS {
            for stream in [false, true] {
                let said = app.said(dialect, &parts(dialect, model, &part, "what is it?", stream)).await;
                assert_eq!(said.text, "echo: what is it?");
                let sent = app.emulator.journal().requests().pop().expect("a request").json();
                let block = &sent["messages"][0]["content"][0];
                let expected = match model {
                    NOVA => json!({"image": {"format": "png", "source": {"bytes": PNG}}}),
                    _ => image_block(),
                };
                assert_eq!(*block, expected, "{dialect:?} {model}");
            }
        }
    }
}

#[tokio::test]
async fn a_pdf_reaches_the_model() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let part = match dialect {
            Dialect::Messages => {
                json!({"type": "document", "title": "report.final", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}})
            }
            _ => {
                json!({"type": "file", "file": {"filename": "report.final.pdf", "file_data": format!("data:application/pdf;base64,{PDF}")}})
            }
        };
        for model in MODELS {
            for stream in [false, true] {
                let said = app.said(dialect, &parts(dialect, model, &part, "sum it up", stream)).await;
                assert_eq!(said.text, "echo: sum it up");
                let sent = app.emulator.journal().requests().pop().expect("a request").json();
                let block = &sent["messages"][0]["content"][0];
                if model == NOVA {
                    assert_eq!(block["document"]["format"], "pdf", "{block}");
                    assert_eq!(block["document"]["source"]["bytes"], PDF, "{block}");
                } else {
                    assert_eq!(block["source"]["data"], PDF, "{block}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_text_file_reaches_the_model() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let part = match dialect {
            Dialect::Messages => {
                json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a note"}})
            }
            _ => {
                json!({"type": "file", "file": {"filename": "note.txt", "file_data": "data:text/plain;base64,YSBub3Rl"}})
            }
        };
        for model in MODELS {
            let said = app.said(dialect, &parts(dialect, model, &part, "read it", false)).await;
            assert_eq!(said.text, "echo: read it");
            let sent = app.emulator.journal().requests().pop().expect("a request");
            let seen = sent.text().contains("a note") || sent.text().contains("YSBub3Rl");
            assert!(seen, "{}", sent.text());
        }
    }
}

#[tokio::test]
async fn a_model_that_sees_nothing_says_so() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let part = match dialect {
            Dialect::Messages => image_block(),
            _ => json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}")}}),
        };
        let answer = app.ask(dialect, &parts(dialect, "qwen3-32b", &part, "what is it?", true)).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        let (kind, _, message) = dialect.error(&answer.json());
        assert_eq!(kind, "invalid_request_error");
        assert!(message.contains("image"), "{message}");
        assert_eq!(app.row(&answer).await["error_category"], "invalid_request");
    }
}
