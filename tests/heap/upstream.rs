//! Stands in for Bedrock: takes any body, says always the same. Allocates nothing while it does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wire::eventstream::encode;

/// The text of its answer.
pub(crate) const SAID: &str = "all of it was read";

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    body: Arc<Mutex<Vec<u8>>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("address");
        let body = Arc::new(Mutex::new(Vec::with_capacity(8 * 1024 * 1024)));
        let received = Arc::clone(&body);
        let answers = Answers { whole: whole(), streamed: streamed() };
        // Both buffers are made before anything is counted. One connection at a time: it is closed after each answer.
        let mut buffer = vec![0; 64 * 1024];
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                // A client that leaves early is the test's to notice.
                let _ = serve(stream, &mut buffer, &received, &answers);
            }
        });
        Self { address, body }
    }

    /// The body of the last request that had one.
    pub(crate) fn last_body(&self) -> String {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(body.clone()).expect("UTF-8")
    }
}

fn serve(
    mut stream: TcpStream,
    buffer: &mut [u8],
    received: &Mutex<Vec<u8>>,
    answers: &Answers,
) -> std::io::Result<()> {
    let mut filled = 0;
    let end = loop {
        match stream.read(&mut buffer[filled..])? {
            0 => return Ok(()),
            count => filled += count,
        }
        if let Some(end) = buffer[..filled].windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let is_whole = buffer[..end].windows(17).any(|part| part == b"/invoke HTTP/1.1\r");
    let Some(length) = length(&buffer[..end]) else {
        // Lists of models: there are none to tell.
        return stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
    };
    let mut body = received.lock().unwrap_or_else(PoisonError::into_inner);
    body.clear();
    body.extend_from_slice(&buffer[end..filled]);
    while body.len() < length {
        let count = stream.read(buffer)?;
        body.extend_from_slice(&buffer[..count]);
    }
    stream.write_all(if is_whole { &answers.whole } else { &answers.streamed })
}

fn length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    value.trim().parse().ok().filter(|length| *length > 0)
}

struct Answers {
    whole: Vec<u8>,
    streamed: Vec<u8>,
}

const USAGE: &str = r#"{"input_tokens":9,"output_tokens":7}"#;

/// The answer of InvokeModel.
fn whole() -> Vec<u8> {
    let body = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{"type":"text","text":"{SAID}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{USAGE}}}"#
    );
    with_head("application/json", body.as_bytes())
}

fn with_head(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-amzn-requestid: 1\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The answer of InvokeModelWithResponseStream: events in base64, each in a frame.
fn streamed() -> Vec<u8> {
    let events = [
        format!(
            r#"{{"type":"message_start","message":{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{USAGE}}}}}"#
        ),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{SAID}"}}}}"#
        ),
        r#"{"type":"content_block_stop","index":0}"#.to_owned(),
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}"#
            .to_owned(),
        r#"{"type":"message_stop"}"#.to_owned(),
    ];
    let mut body = Vec::new();
    for event in events {
        let payload = format!(r#"{{"bytes":"{}","p":"abcd"}}"#, STANDARD.encode(event));
        let headers =
            [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];
        body.extend(encode(&headers, payload.as_bytes()));
    }
    with_head("application/vnd.amazon.eventstream", &body)
}
