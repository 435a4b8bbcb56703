//! HTTP written byte by byte: attacks need heads that no client would send.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::PATIENCE;

/// A request on a connection of its own.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    method: &'static str,
    target: String,
    /// `None` leaves the line out.
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Question {
    pub(crate) fn new(method: &'static str, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            host: Some("localhost".to_owned()),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// In the place of `localhost`.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    pub(crate) fn without_host(mut self) -> Self {
        self.host = None;
        self
    }

    /// One more, also where there is one of the name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.typed("application/json", body.to_string())
    }

    pub(crate) fn typed(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// Its head, up to the empty line; `length` is what it says of its body.
    pub(crate) fn head(&self, length: Option<usize>) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if let Some(host) = &self.host {
            head.push_str(&format!("host: {host}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("connection: close\r\n\r\n");
        head
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn send(&self, to: SocketAddr) -> Result<Answer> {
        let length = (!self.body.is_empty() || self.method == "POST").then_some(self.body.len());
        let mut bytes = self.head(length).into_bytes();
        bytes.extend_from_slice(&self.body);
        exchange(to, &bytes).await
    }

    /// Sends it and returns the open connection once its head is answered.
    pub(crate) async fn open(&self, to: SocketAddr) -> Result<(Answer, TcpStream)> {
        let mut stream = TcpStream::connect(to).await?;
        stream.write_all(self.head(None).as_bytes()).await?;
        let mut read = Vec::new();
        let head = async {
            while !read.windows(4).any(|four| four == b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).await? == 0 {
                    bail!("closed within the head");
                }
                read.push(byte[0]);
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, head).await.context("waits for a head")??;
        Ok((Answer::parse(&read)?, stream))
    }
}

/// An answer that came whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text().chars().take(200).collect();
        write!(f, "{} {text}", self.status)
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            bail!("no answer, only {:?}", String::from_utf8_lossy(bytes));
        };
        let head = String::from_utf8_lossy(&bytes[..end + 2]).to_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).context("no status")?;
        let body = &bytes[end + 4..];
        let body =
            if head.contains("\r\ntransfer-encoding: chunked") { unchunked(body) } else { body.to_vec() };
        Ok(Self { status, head, body })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The values of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let value =
            |line: &'_ str| -> Option<usize> { line.strip_prefix(name)?.strip_prefix(':').map(str::len) };
        let lines =
            self.head.lines().filter_map(|line| value(line).map(|length| &line[line.len() - length..]));
        lines.map(str::trim).collect()
    }

    /// A refusal gives a page nothing: no permission, no answer of a model.
    pub(crate) fn grants_something(&self) -> bool {
        self.head.contains("\r\naccess-control") || self.text().contains("echo: ")
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let data = &rest[end + 2..];
        body.extend_from_slice(&data[..size.min(data.len())]);
        rest = data.get(size + 2..).unwrap_or_default();
    }
    body
}

/// Sends bytes on a connection of their own and reads what comes back until it closes. What is refused early may come
/// back before all is sent.
pub(crate) async fn exchange(to: SocketAddr, bytes: &[u8]) -> Result<Answer> {
    let (mut reading, mut writing) = TcpStream::connect(to).await?.into_split();
    let send = async {
        // Who refuses may hang up.
        let _ = writing.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let answer = async {
        tokio::select! {
            answer = whole(&mut reading) => answer,
            () = send => bail!("never"),
        }
    };
    tokio::time::timeout(PATIENCE, answer).await.context("waits for an answer")?
}

/// Reads an answer to its end: what its length says, or until the connection closes.
pub(crate) async fn whole(reading: &mut (impl AsyncRead + Unpin)) -> Result<Answer> {
    let mut read = Vec::new();
    loop {
        if let Some(answer) = complete(&read) {
            return Ok(answer);
        }
        let mut piece = vec![0; 64 * 1024];
        match reading.read(&mut piece).await {
            Ok(0) => return Answer::parse(&read),
            Ok(count) => read.extend_from_slice(&piece[..count]),
            Err(error) if read.is_empty() => return Err(error.into()),
            Err(_) => return Answer::parse(&read),
        }
    }
}

fn complete(read: &[u8]) -> Option<Answer> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    let (_, rest) = head.split_once("\r\ncontent-length:")?;
    let length: usize = rest.split("\r\n").next()?.trim().parse().ok()?;
    (read.len() >= end + length).then(|| Answer::parse(read).ok()).flatten()
}

/// Whether the other end closes within `patience`; whatever it sends meanwhile is read away.
pub(crate) async fn closes(stream: &mut TcpStream, patience: Duration) -> bool {
    let end = async {
        let mut piece = [0; 4096];
        while stream.read(&mut piece).await.is_ok_and(|count| count > 0) {}
    };
    tokio::time::timeout(patience, end).await.is_ok()
}
