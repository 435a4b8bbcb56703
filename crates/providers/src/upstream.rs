//! A scripted upstream for tests: answers each request with the next answer of its script, on loopback.

use std::future::Future;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Received {
    /// Method and target.
    pub(crate) line: String,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An answer: status, headers, body.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Scripted {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: vec![("x-amzn-requestid", "req-1".into())], body: body.into() }
    }

    /// An error as AWS words it.
    pub(crate) fn refusal(status: u16, name: &str, message: &str) -> Self {
        let kind = format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/");
        let body = serde_json::json!({"message": message}).to_string().into_bytes();
        Self { status, headers: vec![("x-amzn-errortype", kind), ("x-amzn-requestid", "req-0".into())], body }
    }
}

/// Runs `ask` against an upstream that gives the answers `script` chooses, until `ask` is done. Returns what `ask`
/// returned and all requests in order.
pub(crate) async fn upstream<T, F: Future<Output = T>>(
    script: impl Fn(usize, &Received) -> Scripted,
    ask: impl FnOnce(String) -> F,
) -> (T, Vec<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut received = Vec::new();
    let serve = async {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let Some(request) = read(&mut socket).await else { continue };
            let answer = script(received.len(), &request);
            received.push(request);
            let mut out = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", answer.status);
            for (name, value) in &answer.headers {
                out.push_str(&format!("{name}: {value}\r\n"));
            }
            out.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
            socket.write_all(out.as_bytes()).await.unwrap();
            // A client may hang up before it has read all of an answer it has no use for.
            let _ = socket.write_all(&answer.body).await;
        }
    };
    let result = tokio::select! {
        result = ask(endpoint) => result,
        never = serve => never,
    };
    (result, received)
}

async fn read(socket: &mut TcpStream) -> Option<Received> {
    let mut all = Vec::new();
    let end = loop {
        if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(&mut all).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    while all.len() < end + 4 + length {
        if socket.read_buf(&mut all).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { line, headers, body: all[end + 4..].to_vec() })
}
