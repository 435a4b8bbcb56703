//! A client that goes away frees its upstream at once, and the log says so.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{DIALECTS, Dialect};
use crate::harness::{KEY, TestApp, in_time};
use crate::sides::{SIDES, Sides};

/// What the upstream's people were promised.
const SOON: Duration = Duration::from_secs(1);

async fn assert_left(app: &TestApp, before: usize, what: &str) {
    let journal = app.emulator.journal();
    let closed = journal.wait_closed(before + 1);
    tokio::time::timeout(SOON, closed)
        .await
        .unwrap_or_else(|_| panic!("{what}: the upstream is still asked"));
    tokio::time::timeout(SOON, journal.wait_idle()).await.expect("nobody else");
}

#[tokio::test]
async fn a_client_that_leaves_within_a_stream_closes_the_upstream() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            // Silence after the first words: nothing that is sent could tell that nobody listens.
            for fault in ["stall-after 5", "pace 40"] {
                let before = app.emulator.journal().closed();
                let text = format!("{} [[fault:{fault}]]", "many words ".repeat(40));
                let body = Full::from(dialect.asking(model, &text, true).to_string());
                let mut response =
                    app.open(app.request("POST", dialect.path()).body(body).expect("request")).await;
                let id = response.headers()["request-id"].to_str().expect("text").to_owned();
                let first = in_time(response.body_mut().frame()).await.expect("a frame").expect("sound");
                assert!(first.into_data().is_ok_and(|data| !data.is_empty()));
                drop(response);

                let what = format!("{dialect:?} {side:?} {fault}");
                assert_left(app, before, &what).await;
                let row = app.row_where(|row| row["request_id"] == id.as_str()).await;
                let expected = json!({
                    "error_category": "cancelled", "incomplete": true, "status": 200, "attempts": 1,
                    "account_name": side.account, "stop_reason": null,
                });
                for (name, value) in expected.as_object().expect("an object") {
                    assert_eq!(&row[name], value, "{name}: {what}: {row}");
                }
                assert!(row["first_byte_ms"].is_number(), "{row}");
            }
        }
    }
    sides.finish().await;
}

/// Opens a connection of its own and asks; dropping it is all a client has to say.
async fn ask(app: &TestApp, dialect: Dialect, body: &str) -> TcpStream {
    let address = app.running.address();
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        dialect.path(),
        body.len()
    );
    socket.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
    socket
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_closes_the_upstream() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            for stream in [false, true] {
                let (before, asked) = (app.emulator.journal().closed(), app.emulator.journal().count());
                let newest = app.rows().await.first().and_then(|row| row["id"].as_u64());
                // Headers come, and then nothing.
                let body = dialect.asking(model, "hello [[fault:stall-after 0]]", stream).to_string();
                let socket = ask(app, dialect, &body).await;
                in_time(app.emulator.journal().wait_for(asked + 1)).await;
                drop(socket);
                let what = format!("{dialect:?} {side:?} {stream}");
                assert_left(app, before, &what).await;
                let found = app.row_where(|row| row["id"].as_u64() > newest).await;
                assert_eq!(
                    (&found["error_category"], &found["status"], &found["attempts"]),
                    (&json!("cancelled"), &json!(499), &json!(1)),
                    "{what}: {found}"
                );
                assert_eq!(found["account_name"], side.account, "{what}: {found}");
            }
        }
    }
    sides.finish().await;
}
