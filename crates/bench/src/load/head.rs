//! The head of an HTTP/1.1 response: the few lines of it that decide how to read on.

use crate::tally::Failure;

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    /// Server-sent events or event-stream frames.
    pub(crate) streams: bool,
    /// The connection may be used again.
    pub(crate) keep: bool,
    /// Bytes up to the body.
    pub(crate) len: usize,
}

/// Reads a head; `None` until all of it is there.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Head>, Failure> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| Failure::from("head is not text"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let Some(status) = status else { return Err("no status".into()) };
    let mut head = Head { status, framing: Framing::UntilClose, streams: false, keep: true, len: end + 4 };
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("bad header")?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.framing = Framing::Length(value.parse().map_err(|_| "bad length")?),
            "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => head.framing = Framing::Chunked,
            "connection" if value.eq_ignore_ascii_case("close") => head.keep = false,
            "content-type" => {
                head.streams = ["text/event-stream", "application/vnd.amazon.eventstream"]
                    .iter()
                    .any(|kind| value.starts_with(kind));
            }
            "content-encoding" if value != "identity" => return Err("compressed unasked".into()),
            _ => {}
        }
    }
    head.keep &= head.framing != Framing::UntilClose;
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_once_whole() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";
        for end in 0..bytes.len() - 3 {
            assert_eq!(read(&bytes[..end]).unwrap(), None);
        }
        let head = read(bytes).unwrap().unwrap();
        assert_eq!((head.status, head.framing, head.streams, head.keep), (200, Framing::Chunked, true, true));
        assert_eq!(&bytes[head.len..], b"5\r\n");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(read(b"HTTP/1.0 200 OK\r\n\r\n").is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n").is_err());
        assert!(!read(b"HTTP/1.1 200 OK\r\n\r\n").unwrap().unwrap().keep);
    }
}
