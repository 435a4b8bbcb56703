//! Server-sent events, read piece by piece (the parsing rules of the WHATWG HTML standard, section 9.2).

use bytes::{Buf, Bytes, BytesMut};
use llm::{Category, Error};
use memchr::memchr2;

/// One event. `data` is a slice of what was pushed when the event had one data line, as model APIs write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// From the `event` field; empty when there was none.
    pub name: String,
    pub data: Bytes,
}

/// Parses a stream of events. Takes LF, CRLF and CR line ends and bytes cut anywhere.
#[derive(Debug)]
pub struct SseParser {
    buffer: BytesMut,
    /// Bytes of the buffer that are known to hold no line end.
    scanned: usize,
    /// Largest event, in bytes.
    limit: usize,
    at_start: bool,
    /// The last line ended in CR: a LF that follows belongs to it.
    after_cr: bool,
    name: String,
    data: Option<Bytes>,
}

impl SseParser {
    /// `limit` bounds one event, line ends and comments aside, in bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            limit,
            at_start: true,
            after_cr: false,
            name: String::new(),
            data: None,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event, `None` when more bytes are needed. Events without data are left out, as the standard says.
    ///
    /// # Errors
    /// [`Category::Upstream`] when an event is larger than the limit.
    #[expect(clippy::should_implement_trait, reason = "None means more bytes are needed, not the end")]
    pub fn next(&mut self) -> Result<Option<SseEvent>, Error> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                let name = std::mem::take(&mut self.name);
                if let Some(data) = self.data.take() {
                    return Ok(Some(SseEvent { name, data }));
                }
            } else {
                self.field(&line)?;
            }
        }
        Ok(None)
    }

    /// Says whether the stream may end here: nothing of an unfinished event is at hand.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty() && self.data.is_none()
    }

    fn line(&mut self) -> Result<Option<Bytes>, Error> {
        if self.after_cr && !self.buffer.is_empty() {
            self.after_cr = false;
            if self.buffer[0] == b'\n' {
                self.buffer.advance(1);
            }
        }
        if self.at_start {
            const MARK: &[u8] = b"\xef\xbb\xbf";
            if self.buffer.len() < MARK.len() && MARK.starts_with(&self.buffer) {
                return Ok(None);
            }
            self.at_start = false;
            if self.buffer.starts_with(MARK) {
                self.buffer.advance(MARK.len());
            }
        }
        let Some(found) = memchr2(b'\n', b'\r', &self.buffer[self.scanned..]) else {
            self.scanned = self.buffer.len();
            return self.within(self.scanned).map(|()| None);
        };
        let end = self.scanned + found;
        self.within(end)?;
        self.scanned = 0;
        self.after_cr = self.buffer[end] == b'\r';
        let mut line = self.buffer.split_to(end + 1);
        line.truncate(end);
        Ok(Some(line.freeze()))
    }

    fn within(&self, more: usize) -> Result<(), Error> {
        if self.data.as_ref().map_or(0, Bytes::len) + more <= self.limit {
            return Ok(());
        }
        Err(Error::new(
            Category::Upstream,
            format!("The upstream sent an event of more than {} bytes.", self.limit),
        ))
    }

    fn field(&mut self, line: &Bytes) -> Result<(), Error> {
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let value = match line.get(colon + 1..) {
            Some([b' ', ..]) => line.slice(colon + 2..),
            Some(_) => line.slice(colon + 1..),
            None => Bytes::new(),
        };
        match &line[..colon] {
            b"data" => match self.data.take() {
                None => self.data = Some(value),
                Some(before) => {
                    let mut joined = BytesMut::with_capacity(before.len() + 1 + value.len());
                    joined.extend_from_slice(&before);
                    joined.extend_from_slice(b"\n");
                    joined.extend_from_slice(&value);
                    self.data = Some(joined.freeze());
                    self.within(0)?;
                }
            },
            b"event" => self.name = String::from_utf8_lossy(&value).into_owned(),
            // Comments, ids and retry times do not matter here.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
