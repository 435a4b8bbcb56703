//! A signing client, as small as one can be.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use emulator::{AccessKey, Config, Emulator, SANDBOX_BEARER_KEY};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What may stand in a path as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Clone)]
pub(crate) enum Identity {
    Signs(AccessKey),
    Bears(String),
    /// As Anthropic's clients show a key.
    Shows(String),
}

#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) addr: SocketAddr,
    pub(crate) identity: Identity,
    pub(crate) region: &'static str,
    /// The service that signatures are made for.
    pub(crate) service: &'static str,
    /// Sent and signed besides.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Seconds that the caller's clock is wrong by.
    pub(crate) offset: i64,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body ended as it should.
    pub(crate) complete: bool,
}

/// An answer whose body is still to come, and its connection.
pub(crate) struct Open {
    pub(crate) response: http::Response<Incoming>,
    _connection: JoinSet<()>,
}

pub(crate) fn emulator() -> (Emulator, Caller) {
    started(Config { record: true, ..Config::default() })
}

pub(crate) fn started(config: Config) -> (Emulator, Caller) {
    let emulator = Emulator::start(config).unwrap();
    let identity = Identity::Signs(AccessKey::sandbox());
    let caller = Caller {
        addr: emulator.addr(),
        identity,
        region: "us-east-1",
        service: "bedrock",
        headers: Vec::new(),
        offset: 0,
    };
    (emulator, caller)
}

/// Sends a request on a connection of its own.
pub(crate) async fn open(addr: SocketAddr, request: Request<Full<Bytes>>) -> Open {
    let stream = TcpStream::connect(addr).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let _ = connection.await;
    });
    let response = sender.send_request(request).await.unwrap();
    Open { response, _connection: tasks }
}

impl Caller {
    pub(crate) fn bearing(&self) -> Self {
        Self { identity: Identity::Bears(SANDBOX_BEARER_KEY.into()), ..self.clone() }
    }

    pub(crate) async fn open(&self, method: Method, path: &str, body: Bytes) -> Open {
        open(self.addr, self.request(method, path, body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Bytes) -> Answer {
        self.open(method, path, body).await.read().await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn model(&self, id: &str, verb: &str, body: &Value) -> Answer {
        let path = format!("/model/{}/{verb}", utf8_percent_encode(id, KEPT));
        self.send(Method::POST, &path, body.to_string().into()).await
    }

    pub(crate) async fn open_model(&self, id: &str, verb: &str, body: &Value) -> Open {
        let path = format!("/model/{}/{verb}", utf8_percent_encode(id, KEPT));
        self.open(Method::POST, &path, body.to_string().into()).await
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
        let host = self.addr.to_string();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &host)
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .unwrap();
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match &self.identity {
            Identity::Bears(key) => {
                request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
            }
            Identity::Shows(key) => {
                request.headers_mut().insert("x-api-key", key.parse().unwrap());
            }
            Identity::Signs(key) => self.sign(key, &host, path, &body, &mut request),
        }
        request
    }

    fn sign(&self, key: &AccessKey, host: &str, path: &str, body: &[u8], request: &mut Request<Full<Bytes>>) {
        let identity = Credentials::new(&*key.id, &*key.secret, key.token.clone(), None, "test").into();
        #[expect(clippy::disallowed_methods, reason = "a client signs with the machine's clock")]
        let now = SystemTime::now();
        let by = Duration::from_secs(self.offset.unsigned_abs());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(if self.offset < 0 { now - by } else { now + by })
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let url = format!("http://{host}{path}");
        let signable =
            SignableRequest::new(request.method().as_str(), url, headers, SignableBody::Bytes(body)).unwrap();
        sign(signable, &params).unwrap().into_parts().0.apply_to_request_http1x(request);
    }
}

impl Open {
    /// Reads the body to its end, good or bad.
    pub(crate) async fn read(self) -> Answer {
        let (parts, mut body) = self.response.into_parts();
        let mut bytes = BytesMut::new();
        let mut complete = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(frame.data_ref().unwrap()),
                Err(_) => {
                    complete = false;
                    break;
                }
            }
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: bytes.freeze(), complete }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The exception's name, cut as clients must.
    pub(crate) fn code(&self) -> &str {
        self.header("x-amzn-errortype").split(':').next().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    /// The frames as AWS' decoder reads them; stops at the first it refuses.
    pub(crate) fn frames(&self) -> Vec<Result<Message, String>> {
        let mut decoder = MessageFrameDecoder::new();
        let mut bytes = self.body.clone();
        let mut frames = Vec::new();
        loop {
            match decoder.decode_frame(&mut bytes) {
                Ok(DecodedFrame::Complete(message)) => frames.push(Ok(message)),
                Ok(DecodedFrame::Incomplete) => return frames,
                Err(error) => {
                    frames.push(Err(error.to_string()));
                    return frames;
                }
            }
        }
    }

    /// Event type and payload of each frame; exceptions by their names.
    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        let named = |frame: &Message| {
            let header = |name: &str| {
                let found = frame.headers().iter().find(|header| header.name().as_str() == name)?;
                Some(found.value().as_string().unwrap().as_str().to_owned())
            };
            header(":event-type").or_else(|| header(":exception-type")).unwrap()
        };
        let frames = self.frames().into_iter().map(Result::unwrap);
        frames.map(|frame| (named(&frame), serde_json::from_slice(frame.payload()).unwrap())).collect()
    }

    /// The data of server-sent events, whose names must be the same as inside.
    pub(crate) fn server_sent(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        let blocks = text.split("\n\n").filter(|block| !block.is_empty());
        blocks
            .map(|block| {
                let (name, data) = block.split_once('\n').unwrap();
                let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
                data
            })
            .collect()
    }

    /// The Anthropic events inside the chunks of an invoke stream.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let chunk = |(name, payload): (String, Value)| {
            if name != "chunk" {
                return json!({ "exception": name, "message": payload["message"] });
            }
            assert!(payload["p"].is_string());
            serde_json::from_slice(&STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap()).unwrap()
        };
        self.events().into_iter().map(chunk).collect()
    }
}

pub(crate) fn invoke(prompt: &str) -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1024,
        "messages": [{ "role": "user", "content": prompt }],
    })
}

pub(crate) fn converse(prompt: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": [{ "text": prompt }] }] })
}
