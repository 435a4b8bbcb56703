//! Claude through Anthropic's own API on Bedrock.

use super::*;
use crate::bedrock::fixture::session;

const PATH: &str = "POST /anthropic/v1/messages";
const INVOKE: &str = "POST /model/us.anthropic.claude-opus-4-8/invoke";

fn asked(stream: bool) -> Value {
    json!({
        "model": "claude-opus-4-8", "max_tokens": 64, "stream": stream,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "x_new": [1]}]}],
    })
}

/// Sends `asked` from an account with that `claude_route`, as often as `times`.
async fn send_by(
    bedrock: &Bedrock,
    options: Value,
    asked: &Request,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Result<Reply, Error>, Vec<Received>) {
    upstream(script, async |endpoint| {
        let mut session = session(&endpoint);
        std::sync::Arc::make_mut(&mut session.account).options = options;
        let target = bedrock.resolve(&session.account, &asked.model).unwrap();
        let detail = if asked.stream { Detail::Control } else { Detail::Full };
        let mut reply = bedrock.send(&session, Call { asked, target: &target, detail }).await?;
        if let Body::Stream { bytes, .. } = &mut reply.body {
            let empty: crate::ByteStream = Box::pin(futures_util::stream::empty());
            let all: Vec<_> = futures_util::StreamExt::collect(std::mem::replace(bytes, empty)).await;
            *bytes = Box::pin(futures_util::stream::iter(all));
        }
        Ok(reply)
    })
    .await
}

fn sse(events: &[Value]) -> Scripted {
    let text: String = events
        .iter()
        .map(|event| format!("event: {}\r\ndata: {event}\r\n\r\n", event["type"].as_str().unwrap()))
        .collect();
    let mut answer = Scripted::ok(text);
    answer.headers.push(("content-type", "text/event-stream; charset=utf-8".into()));
    answer
}

fn events() -> Vec<Value> {
    vec![
        json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 3, "output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ]
}

fn unknown_operation() -> Scripted {
    let mut answer = Scripted::ok(
        r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#,
    );
    answer.headers.push(("content-type", "application/json".into()));
    answer
}

#[tokio::test]
async fn the_clients_words_travel_both_ways() {
    for (route, service, model) in [
        ("messages", "bedrock", "us.anthropic.claude-opus-4-8"),
        ("mantle", "bedrock-mantle", "anthropic.claude-opus-4-8"),
    ] {
        let options = json!({ "claude_route": route });
        let (reply, requests) =
            send_by(&bedrock(), options, &anthropic(&asked(true)), |_, _| sse(&events())).await;
        let reply = reply.unwrap();
        assert_eq!((reply.attempts, reply.request_id.as_deref()), (1, Some("req-1")));
        assert!(reply.adjustments.is_empty(), "{:?}", reply.adjustments);
        let frames: Vec<Value> = drain(reply.body)
            .await
            .into_iter()
            .filter_map(|chunk| serde_json::from_slice(&chunk.frame?.json).ok())
            .collect();
        assert_eq!(frames, events());

        let request = &requests[0];
        assert_eq!(request.line, PATH);
        assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(request.header("accept"), Some("text/event-stream"));
        assert_eq!(request.header("anthropic-beta"), None, "none was asked for");
        let authorization = request.header("authorization").unwrap();
        assert!(authorization.contains(&format!("/us-east-1/{service}/aws4_request")));
        assert!(authorization.contains("anthropic-version;"), "signed with the rest");
        let body = String::from_utf8(request.body.clone()).unwrap();
        assert!(body.starts_with(&format!(r#"{{"model":"{model}","stream":true,"#)), "{body}");
        assert!(body.contains(r#""x_new":[1]"#) && !body.contains("anthropic_version"), "{body}");
    }
}

#[tokio::test]
async fn a_whole_answer_is_asked_for_whole() {
    let options = json!({"claude_route": "messages"});
    let answer = Scripted::ok(message().to_string());
    let (reply, requests) =
        send_by(&bedrock(), options, &anthropic(&asked(false)), |_, _| answer.clone()).await;
    let Body::Whole(whole) = reply.unwrap().body else { panic!("whole") };
    assert_eq!(whole.json, message().to_string());
    assert!(requests[0].json().get("stream").is_none());
    assert_eq!(requests[0].header("accept"), Some("application/json"));
}

#[tokio::test]
async fn a_model_that_the_route_does_not_serve_goes_to_invoke_and_stays_there() {
    let refusals = [
        Scripted::refusal(404, "UnknownOperationException", ""),
        Scripted {
            status: 404,
            headers: vec![("content-type", "application/json".into())],
            body: json!({"type": "error", "error": {"type": "not_found_error", "message": "model: no"}})
                .to_string()
                .into_bytes(),
        },
        unknown_operation(),
    ];
    for (route, stream) in [("messages", false), ("messages", true), ("mantle", false), ("mantle", true)] {
        for refusal in &refusals {
            let bedrock = bedrock();
            let answered = if stream {
                Scripted::ok(invoke_stream(&events()))
            } else {
                Scripted::ok(message().to_string())
            };
            let script = |_: usize, request: &Received| {
                if request.line == PATH { refusal.clone() } else { answered.clone() }
            };
            for asked_there in [1, 0] {
                let options = json!({ "claude_route": route });
                let (reply, requests) = send_by(&bedrock, options, &anthropic(&asked(stream)), script).await;
                let reply = reply.unwrap();
                assert_eq!(reply.adjustments, ["claude_route:invoke"]);
                assert_eq!(requests.iter().filter(|request| request.line == PATH).count(), asked_there);
                let last = requests.last().unwrap();
                assert!(last.line.starts_with(INVOKE), "{}", last.line);
                assert_eq!(last.json()["anthropic_version"], "bedrock-2023-05-31");
                assert!(last.header("authorization").unwrap().contains("/bedrock/aws4_request"));
                assert_eq!(reply.attempts, asked_there as u32 + 1);
            }
        }
    }
}

#[tokio::test]
async fn what_no_route_serves_is_invokes_to_say_and_not_remembered() {
    let bedrock = bedrock();
    let gone = |_: usize, _: &Received| Scripted::refusal(404, "ResourceNotFoundException", "no such model");
    for _ in 0..2 {
        let options = json!({"claude_route": "messages"});
        let (reply, requests) = send_by(&bedrock, options, &anthropic(&asked(false)), gone).await;
        assert_eq!(reply.unwrap_err().category, Category::ModelNotFound);
        assert_eq!(requests.len(), 2);
    }
}

#[tokio::test]
async fn a_beta_that_is_refused_by_name_is_left_out_from_then_on() {
    let bedrock = bedrock();
    let mut body = asked(false);
    body["anthropic_beta"] = json!(["compact-2026-01-12", "effort-2025-11-24"]);
    let asked = anthropic(&body);
    let script = |_: usize, request: &Received| match request.header("anthropic-beta") {
        Some(betas) if betas.contains("compact") => Scripted::refusal(
            400,
            "ValidationException",
            "Unexpected value(s) `compact-2026-01-12` for the `anthropic-beta` header. Please consult our documentation.",
        ),
        _ => Scripted::ok(message().to_string()),
    };
    for attempts in [2, 1] {
        let (reply, requests) = send_by(&bedrock, json!({"claude_route": "messages"}), &asked, script).await;
        let reply = reply.unwrap();
        assert_eq!(reply.attempts, attempts);
        assert_eq!(reply.adjustments, ["anthropic_beta.compact-2026-01-12:refused"]);
        assert_eq!(requests.last().unwrap().header("anthropic-beta"), Some("effort-2025-11-24"));
    }
    // What one route refuses says nothing about another.
    let (reply, requests) = send_by(&bedrock, Value::Null, &asked, script).await;
    assert!(reply.unwrap().adjustments.is_empty());
    assert_eq!(requests[0].json()["anthropic_beta"], json!(["compact-2026-01-12", "effort-2025-11-24"]));
}

#[tokio::test]
async fn errors_of_both_shapes_are_read() {
    let vendor = |kind: &str| Scripted {
        status: 529,
        headers: vec![("request-id", "req_011".into())],
        body: json!({"type": "error", "error": {"type": kind, "message": "Overloaded"}})
            .to_string()
            .into_bytes(),
    };
    for (answer, category) in [
        (vendor("overloaded_error"), Category::Overloaded),
        (Scripted::refusal(429, "ThrottlingException", "Too many requests"), Category::RateLimited),
    ] {
        let (reply, requests) =
            send_by(&bedrock(), json!({"claude_route": "mantle"}), &anthropic(&asked(true)), |_, _| {
                answer.clone()
            })
            .await;
        let error = reply.unwrap_err();
        assert_eq!((error.category, requests.len()), (category, 1));
        assert!(error.upstream.unwrap().request_id.is_some());
    }
}
