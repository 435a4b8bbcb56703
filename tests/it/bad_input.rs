//! What no client should send: each gets the right status and the error of its dialect, and a row in the log.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::client::{CLAUDE, DIALECTS, Dialect, MODELS};
use crate::harness::{Answer, KEY, TestApp};

/// What a refusal must say: status, Anthropic's type, OpenAI's type and code, and the row's category.
#[derive(Clone, Copy, Debug)]
struct Verdict(u16, &'static str, (&'static str, &'static str), &'static str);

const INVALID_TYPE: &str = "invalid_request_error";
const INVALID: Verdict = Verdict(400, INVALID_TYPE, (INVALID_TYPE, ""), "invalid_request");
const TOO_LARGE: Verdict =
    Verdict(413, "request_too_large", (INVALID_TYPE, "request_too_large"), "too_large");
const MEDIA: Verdict =
    Verdict(415, INVALID_TYPE, (INVALID_TYPE, "unsupported_media_type"), "unsupported_media");
const NO_KEY: Verdict = Verdict(401, "authentication_error", (INVALID_TYPE, "invalid_api_key"), "local_key");
const NO_MODEL: Verdict =
    Verdict(404, "not_found_error", (INVALID_TYPE, "model_not_found"), "model_not_found");
const FORBIDDEN: Verdict = Verdict(403, "permission_error", ("permission_error", "forbidden"), "forbidden");

/// Checks a refusal of ours.
async fn check(app: &TestApp, dialect: Dialect, what: &str, answer: &Answer, verdict: Verdict) {
    let row = told(app, dialect, what, answer, verdict).await;
    assert_eq!((&row["attempts"], &row["upstream_status"]), (&json!(0), &json!(null)), "{what}: {row}");
}

/// Checks a refusal, whoever spoke it, and returns its row.
async fn told(app: &TestApp, dialect: Dialect, what: &str, answer: &Answer, verdict: Verdict) -> Value {
    let Verdict(status, anthropic, openai, category) = verdict;
    let at = format!("{dialect:?} {what}: {} {}", answer.status, answer.text());
    assert_eq!(answer.status, status, "{at}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{at}");
    let (kind, code, message) = dialect.error(&answer.json());
    match dialect {
        Dialect::Messages => assert_eq!(kind, anthropic, "{at}"),
        _ => assert_eq!((kind.as_str(), code.as_str()), openai, "{at}"),
    }
    let row = app.row(answer).await;
    let expected = json!({
        "status": status, "error_category": category, "error_message": message, "dialect": dialect.name(),
        "path": dialect.path(), "incomplete": false,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&row[name], value, "{name}: {at}: {row}");
    }
    assert!(!row.to_string().contains(KEY) && !row.to_string().contains("sk-wrong"), "{row}");
    row
}

/// A good request with one member changed.
fn with(dialect: Dialect, model: &str, member: &str, value: Value) -> String {
    let mut body = dialect.asking(model, "hello", false);
    body[member] = value;
    body.to_string()
}

fn without(dialect: Dialect, member: &str) -> String {
    let mut body = dialect.asking(MODELS[0], "hello", false);
    body.as_object_mut().expect("an object").remove(member);
    body.to_string()
}

/// What is asked, in the dialect's word.
const fn question(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Completions => "prompt",
        Dialect::Responses => "input",
        _ => "messages",
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        let good = dialect.asking(MODELS[0], "hello", false).to_string();
        let mut latin = good.clone().into_bytes();
        let at = good.find("hello").expect("the text");
        latin[at] = 0xe9;
        let bodies: [(&str, Bytes); 9] = [
            ("empty", Bytes::new()),
            ("blank", " \n".into()),
            ("cut", good[..good.len() - 1].to_owned().into()),
            ("two", format!("{good}{good}").into()),
            ("list", format!("[{good}]").into()),
            ("text", "\"hello\"".into()),
            ("comment", format!("{good} // so").into()),
            ("single quotes", good.replace('"', "'").into()),
            ("latin-1", latin.into()),
        ];
        for (what, body) in bodies {
            check(&app, dialect, what, &app.post_bytes(dialect.path(), body).await, INVALID).await;
        }
    }
    assert_eq!(app.emulator.journal().count(), 0);
}

#[tokio::test]
async fn wrong_types_are_refused() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        let question = question(dialect);
        let limit = if dialect == Dialect::Responses { "max_output_tokens" } else { "max_tokens" };
        for model in MODELS {
            let mut bodies = vec![
                ("model", with(dialect, model, "model", json!(5))),
                ("no model", without(dialect, "model")),
                ("empty model", with(dialect, model, "model", json!(""))),
                ("stream", with(dialect, model, "stream", json!("yes"))),
                ("max_tokens", with(dialect, model, limit, json!("many"))),
                ("negative max_tokens", with(dialect, model, limit, json!(-1))),
                ("temperature", with(dialect, model, "temperature", json!("hot"))),
                ("no question", without(dialect, question)),
                ("null question", with(dialect, model, question, json!(null))),
                ("number for a question", with(dialect, model, question, json!(5))),
                ("empty question", with(dialect, model, question, json!([]))),
            ];
            if dialect != Dialect::Completions {
                bodies.extend([
                    ("truth for messages", with(dialect, model, question, json!(true))),
                    ("number for a message", with(dialect, model, question, json!([5]))),
                    ("role", with(dialect, model, question, json!([{"role": 5, "content": "hello"}]))),
                    (
                        "unknown role",
                        with(dialect, model, question, json!([{"role": "king", "content": "hello"}])),
                    ),
                    ("content", with(dialect, model, question, json!([{"role": "user", "content": 5}]))),
                    (
                        "block",
                        with(dialect, model, question, json!([{"role": "user", "content": ["hello"]}])),
                    ),
                    ("tools", with(dialect, model, "tools", json!("all"))),
                    ("tool", with(dialect, model, "tools", json!([5]))),
                ]);
            }
            for (what, body) in bodies {
                let answer = app.post_bytes(dialect.path(), body).await;
                let what = format!("{model} {what}");
                if (dialect, model) == (Dialect::Messages, CLAUDE) {
                    // Its own words go up as they are, and the upstream knows best what is wrong with them.
                    told(&app, dialect, &what, &answer, INVALID).await;
                } else {
                    check(&app, dialect, &what, &answer, INVALID).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_model_is_told_by_name() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            let answer = app.ask(dialect, &dialect.asking("claude-nonsense-9", "hello", stream)).await;
            check(&app, dialect, "unknown model", &answer, NO_MODEL).await;
            assert!(answer.text().contains("claude-nonsense-9"), "{}", answer.text());
            assert_eq!(app.row(&answer).await["model_asked"], "claude-nonsense-9");
        }
    }
}

#[tokio::test]
async fn depth_has_a_limit() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        for (member, depth) in [("metadata", 200), (question(dialect), 200), ("tools", 1_000_000)] {
            let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            let body = with(dialect, MODELS[0], member, json!("DEEP")).replace("\"DEEP\"", &deep);
            check(&app, dialect, member, &app.post_bytes(dialect.path(), body).await, INVALID).await;
        }
    }
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let app = TestApp::start().await;
    let large = Bytes::from(vec![b' '; 33 * 1024 * 1024]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&large).expect("in memory");
    let bomb = Bytes::from(encoder.finish().expect("in memory"));
    assert!(bomb.len() < 1024 * 1024);
    for dialect in DIALECTS {
        let answer = app.post_bytes(dialect.path(), large.clone()).await;
        check(&app, dialect, "33 MiB", &answer, TOO_LARGE).await;
        let request = app.request("POST", dialect.path()).header("content-encoding", "gzip");
        let answer = app.send(request.body(Full::new(bomb.clone())).expect("request")).await;
        check(&app, dialect, "a bomb", &answer, TOO_LARGE).await;
    }
    // And the next request of the same client is served.
    assert_eq!(
        app.said(Dialect::Chat, &Dialect::Chat.asking(MODELS[1], "hello", false)).await.text,
        "echo: hello"
    );
}

#[tokio::test]
async fn only_gzip_and_zstd_are_undone() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        let body = dialect.asking(MODELS[0], "hello", false).to_string();
        for (coding, verdict) in
            [("br", MEDIA), ("gzip, gzip", MEDIA), ("deflate", MEDIA), ("gzip", INVALID), ("zstd", INVALID)]
        {
            let request = app.request("POST", dialect.path()).header("content-encoding", coding);
            let answer = app.send(request.body(Full::from(body.clone())).expect("request")).await;
            check(&app, dialect, coding, &answer, verdict).await;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body.as_bytes()).expect("in memory");
        let request = app.request("POST", dialect.path()).header("content-encoding", "gzip");
        let packed = Full::from(encoder.finish().expect("in memory"));
        let answer = app.send(request.body(packed).expect("request")).await;
        assert_eq!(dialect.read(&answer).text, "echo: hello");
    }
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_told() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        let body = dialect.asking(MODELS[0], "hello", true).to_string();
        for key in [None, Some(("x-api-key", "sk-wrong")), Some(("authorization", "Bearer sk-wrong"))] {
            let mut request =
                Request::post(app.url(dialect.path())).header("content-type", "application/json");
            if let Some((name, value)) = key {
                request = request.header(name, value);
            }
            let answer = app.send(request.body(Full::from(body.clone())).expect("request")).await;
            check(&app, dialect, "no key", &answer, NO_KEY).await;
            assert!(answer.text().contains("switchboard key"), "says what to do: {}", answer.text());
        }
    }
    assert_eq!(app.emulator.journal().count(), 0);
}

/// Refused before anybody reads them, and in the log all the same.
#[tokio::test]
async fn what_the_boundary_refuses_is_in_the_log() {
    for dialect in DIALECTS {
        // Of one instance's refusals, those of one second that are many are not all written down.
        let app = TestApp::start().await;
        let body = dialect.asking(MODELS[0], "hello", false).to_string();
        let cases = [
            ("content-type", "text/plain", MEDIA),
            ("origin", "https://evil.test", FORBIDDEN),
            ("host", "evil.test", FORBIDDEN),
        ];
        for (name, value, verdict) in cases {
            let mut request = app.request("POST", dialect.path());
            request.headers_mut().expect("headers").insert(name, value.parse().expect("a value"));
            let answer = app.send(request.body(Full::from(body.clone())).expect("request")).await;
            check(&app, dialect, name, &answer, verdict).await;
        }
    }
}

/// A web page can send such requests as fast as it likes.
#[tokio::test]
async fn what_the_boundary_refuses_does_not_flood_the_log() {
    let app = TestApp::start().await;
    for _ in 0..300 {
        let request = app.request("POST", "/v1/messages").header("origin", "https://evil.test");
        let answer = app.send(request.body(Full::default()).expect("request")).await;
        assert_eq!(answer.status, 403);
    }
    let rows = app.rows().await.into_iter().filter(|row| row["error_category"] == "forbidden").count();
    assert!((1..300).contains(&rows), "{rows}");
}
