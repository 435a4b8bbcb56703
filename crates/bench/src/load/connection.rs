//! One keep-alive connection: writes a request, reads the answer as it comes.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::body::{Body, Step};
use crate::check::Check;
use crate::head::{self, Head};
use crate::tally::Failure;

const READ: usize = 64 * 1024;

pub(crate) struct Connection {
    socket: TcpStream,
    bytes: BytesMut,
}

impl Connection {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self, Failure> {
        let socket = TcpStream::connect(to).await.map_err(|error| format!("connect: {}", error.kind()))?;
        socket.set_nodelay(true).map_err(|error| format!("no delay: {}", error.kind()))?;
        Ok(Connection { socket, bytes: BytesMut::with_capacity(READ) })
    }

    /// Asks and feeds the answer to `check`; whether the connection may be used again.
    pub(crate) async fn ask(&mut self, request: &[u8], check: &mut Check<'_>) -> Result<bool, Failure> {
        self.socket.write_all(request).await.map_err(|error| format!("write: {}", error.kind()))?;
        let head = self.head().await?;
        let mut now = Instant::now();
        self.bytes.advance(head.len);
        check.head(head.status, head.streams);
        let mut body = Body::new(head.framing);
        loop {
            let (took, step) = body.step(&self.bytes)?;
            match step {
                Step::Data(data) => check.data(data, now)?,
                Step::End => {
                    self.bytes.advance(took);
                    return Ok(head.keep);
                }
                Step::More => {
                    if !self.fill().await? {
                        return if body.may_close() { Ok(false) } else { Err("closed in the body".into()) };
                    }
                    now = Instant::now();
                    continue;
                }
            }
            self.bytes.advance(took);
        }
    }

    async fn head(&mut self) -> Result<Head, Failure> {
        loop {
            if let Some(head) = head::read(&self.bytes)? {
                return Ok(head);
            }
            if !self.fill().await? {
                return Err("closed before the answer".into());
            }
        }
    }

    /// Reads what is there; false at the end.
    async fn fill(&mut self) -> Result<bool, Failure> {
        self.bytes.reserve(READ);
        let read = self.socket.read_buf(&mut self.bytes).await;
        Ok(read.map_err(|error| format!("read: {}", error.kind()))? > 0)
    }
}
