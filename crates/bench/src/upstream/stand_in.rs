//! Which answer a request gets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;

use bench::reply::{Interface, Reply};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::control;
use crate::knobs::Knobs;

pub(crate) struct StandIn {
    knobs: Knobs,
    replies: HashMap<(Interface, usize, usize), Rc<Reply>>,
    answered: u64,
    body_bytes: u64,
}

impl StandIn {
    pub(crate) fn new(knobs: Knobs) -> Self {
        StandIn { knobs, replies: HashMap::new(), answered: 0, body_bytes: 0 }
    }

    fn reply(&mut self, interface: Interface) -> Rc<Reply> {
        let Knobs { pieces, bytes, .. } = self.knobs;
        let reply = self.replies.entry((interface, pieces, bytes));
        reply.or_insert_with(|| Rc::new(interface.reply(pieces, bytes))).clone()
    }
}

type Answered = Result<Response<Answer>, Infallible>;

/// Answers one request after reading all of its body, as the services do.
pub(crate) async fn answer(stand_in: Rc<RefCell<StandIn>>, request: Request<Incoming>) -> Answered {
    let (head, mut body) = request.into_parts();
    let path = head.uri.path();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let kept = path.starts_with("/__") || path.ends_with("/messages");
    let (mut read, mut len) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return json_answer(StatusCode::BAD_REQUEST, json!({"message": "body cut"}));
        };
        if let Some(data) = frame.data_ref() {
            len += data.len();
            if kept {
                read.extend_from_slice(data);
            }
        }
    }
    let mut state = stand_in.borrow_mut();
    if path == "/__knobs" && head.method == Method::POST {
        return match state.knobs.turn(&read) {
            Ok(()) => json_answer(StatusCode::OK, json!({})),
            Err(message) => json_answer(StatusCode::BAD_REQUEST, json!({"message": message})),
        };
    }
    if path == "/__counts" {
        return json_answer(
            StatusCode::OK,
            json!({"answered": state.answered, "body_bytes": state.body_bytes}),
        );
    }
    let Some((interface, streams)) = interface(path, target, &read) else {
        let (status, value) = control::answer(path, target);
        return json_answer(status, value);
    };
    state.answered += 1;
    state.body_bytes += len as u64;
    let (reply, knobs) = (state.reply(interface), state.knobs);
    let (content_type, body) = match &reply.json {
        Some(json) if !streams => ("application/json", Answer::whole(json.clone())),
        _ => (reply.content_type, Answer::stream(reply, interface, knobs)),
    };
    Ok(respond(interface, HeaderValue::from_static(content_type), knobs.pieces, body))
}

/// The interface that a path, a target header or a body asks, and whether for a stream.
fn interface(path: &str, target: &str, body: &[u8]) -> Option<(Interface, bool)> {
    if path == "/generateAssistantResponse" || control::operation(target) == "GenerateAssistantResponse" {
        return Some((Interface::AmazonQ, true));
    }
    if path.ends_with("/messages") {
        let streams = [&b"\"stream\":true"[..], b"\"stream\": true"];
        return Some((
            Interface::Messages,
            streams.iter().any(|mark| memchr::memmem::find(body, mark).is_some()),
        ));
    }
    let (_, operation) = path.strip_prefix("/model/")?.split_once('/')?;
    match operation {
        "invoke" => Some((Interface::Invoke, false)),
        "invoke-with-response-stream" => Some((Interface::Invoke, true)),
        "converse" => Some((Interface::Converse, false)),
        "converse-stream" => Some((Interface::Converse, true)),
        _ => None,
    }
}

fn respond(interface: Interface, content_type: HeaderValue, tokens: usize, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert("x-amzn-requestid", HeaderValue::from_static("6f1d5c0e-0000-4000-8000-00000000be9c"));
    if interface == Interface::Invoke {
        headers.insert("x-amzn-bedrock-content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-bedrock-input-token-count", HeaderValue::from_static("321"));
        headers.insert("x-amzn-bedrock-output-token-count", HeaderValue::from(tokens));
    }
    response
}

fn json_answer(status: StatusCode, value: Value) -> Answered {
    let mut response = Response::new(Answer::whole(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_interface() {
        let id = "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0";
        let asked = |path: &str, body: &str| interface(path, "", body.as_bytes());
        assert_eq!(asked(&format!("{id}/invoke"), ""), Some((Interface::Invoke, false)));
        assert_eq!(asked(&format!("{id}/converse-stream"), ""), Some((Interface::Converse, true)));
        assert_eq!(asked("/v1/messages", "{\"stream\":true}"), Some((Interface::Messages, true)));
        assert_eq!(asked("/v1/messages", "{\"stream\":false}"), Some((Interface::Messages, false)));
        assert_eq!(asked(&format!("{id}/count-tokens"), ""), None);
        assert_eq!(asked("/generateAssistantResponse", "{}"), Some((Interface::AmazonQ, true)));
        let targeted =
            |operation: &str| interface("/", &format!("AmazonCodeWhispererService.{operation}"), b"");
        assert_eq!(targeted("GenerateAssistantResponse"), Some((Interface::AmazonQ, true)));
        assert_eq!(targeted("ListAvailableModels"), None);
    }
}
