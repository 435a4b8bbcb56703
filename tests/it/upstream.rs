//! An upstream of a test's own, where the emulator is too well-behaved: gives prepared answers, keeps what it was
//! asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// A running upstream; ends when it is dropped.
pub(crate) struct Upstream {
    address: SocketAddr,
    play: Arc<Play>,
    _accepting: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Play {
    ahead: Mutex<VecDeque<Prepared>>,
    received: Mutex<Vec<Received>>,
}

/// An answer to give.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl Prepared {
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: vec![("content-type", "application/json".into())], body: body.into() }
    }

    /// A stream of InvokeModel with these events in it.
    pub(crate) fn stream<T: AsRef<str>>(events: &[T]) -> Self {
        let headers =
            [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];
        let mut body = BytesMut::new();
        for event in events {
            let payload = json!({"bytes": STANDARD.encode(event.as_ref()), "p": "abcdefg"}).to_string();
            body.extend_from_slice(&wire::eventstream::encode(&headers, payload.as_bytes()));
        }
        let kind = ("content-type", "application/vnd.amazon.eventstream".into());
        Self { status: 200, headers: vec![kind], body: body.freeze() }
    }

    /// An answer that only says `text`.
    pub(crate) fn saying(text: &str) -> Self {
        Self::stream(&[
            r#"{"type":"message_start","message":{"model":"m","id":"msg_1","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}"#.to_owned(),
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}).to_string(),
            r#"{"type":"content_block_stop","index":0}"#.to_owned(),
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}"#.to_owned(),
            r#"{"type":"message_stop"}"#.to_owned(),
        ])
    }

    /// An error as AWS words it.
    pub(crate) fn refusal(status: u16, name: &str, message: &str) -> Self {
        let refusal = Self::json(json!({ "message": message }).to_string()).with("x-amzn-errortype", name);
        Self { status, ..refusal }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Upstream {
    /// Listens on a port of its own.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let play = Arc::<Play>::default();
        let tasks = tokio_util::task::TaskTracker::new();
        let accepting = AbortOnDropHandle::new(tasks.clone().spawn(accept(listener, play.clone(), tasks)));
        Self { address, play, _accepting: accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Gives `answer` to the next request that has none yet.
    pub(crate) fn prepare(&self, answer: Prepared) {
        self.play.ahead.lock().expect("sound").push_back(answer);
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.play.received.lock().expect("sound").clone()
    }
}

async fn accept(listener: TcpListener, play: Arc<Play>, tasks: tokio_util::task::TaskTracker) {
    while let Ok((stream, _)) = listener.accept().await {
        tasks.spawn(serve(stream, play.clone()));
    }
}

async fn serve(stream: TcpStream, play: Arc<Play>) {
    let service = service_fn(|request: Request<Incoming>| {
        let play = play.clone();
        async move { Ok::<_, Infallible>(play.answer(request).await) }
    });
    // A proxy that hangs up is no failure of the test.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Play {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let received = Received { path: head.uri.path().to_owned(), headers: head.headers, body };
        self.received.lock().expect("sound").push(received);
        let prepared = self.ahead.lock().expect("sound").pop_front();
        let prepared =
            prepared.unwrap_or_else(|| Prepared::refusal(418, "NothingPrepared", "nothing was prepared"));
        let mut response = Response::builder().status(prepared.status);
        for (name, value) in &prepared.headers {
            response = response.header(*name, value);
        }
        response.body(Full::new(prepared.body)).expect("a response")
    }
}
