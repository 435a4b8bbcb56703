//! Takes the transfer coding off a response body, whatever pieces it arrives in.

use crate::head::Framing;
use crate::tally::Failure;

/// What stands next in the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Data(&'a [u8]),
    /// The body is over.
    End,
    /// Nothing more can be told without more bytes.
    More,
}

/// How far the body is read.
#[derive(Debug)]
pub(crate) enum Body {
    Length(usize),
    ChunkSize,
    Chunk(usize),
    /// The line end after a chunk.
    ChunkEnd,
    /// The line end after the last chunk; trailers are not expected.
    LastLine,
    UntilClose,
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(len) => Body::Length(len),
            Framing::Chunked => Body::ChunkSize,
            Framing::UntilClose => Body::UntilClose,
        }
    }

    /// The next step and how many bytes it takes.
    pub(crate) fn step<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, Step<'a>), Failure> {
        Ok(match self {
            Body::Length(0) => (0, Step::End),
            _ if bytes.is_empty() => (0, Step::More),
            Body::Length(left) | Body::Chunk(left) => {
                let take = bytes.len().min(*left);
                *left -= take;
                if matches!(self, Body::Chunk(0)) {
                    *self = Body::ChunkEnd;
                }
                (take, Step::Data(&bytes[..take]))
            }
            Body::UntilClose => (bytes.len(), Step::Data(bytes)),
            Body::ChunkSize => {
                let Some(end) = memchr::memchr(b'\n', bytes) else { return Ok((0, Step::More)) };
                let size = bytes[..end].split(|byte| matches!(byte, b';' | b'\r')).next().unwrap_or_default();
                let size =
                    std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
                let size = size.ok_or("bad chunk size")?;
                *self = if size == 0 { Body::LastLine } else { Body::Chunk(size) };
                // An empty piece moves the reader past the line.
                (end + 1, Step::Data(&[]))
            }
            Body::ChunkEnd | Body::LastLine => {
                if bytes.len() < 2 {
                    return Ok((0, Step::More));
                }
                if !bytes.starts_with(b"\r\n") {
                    return Err("bad chunk end".into());
                }
                if matches!(self, Body::LastLine) {
                    (2, Step::End)
                } else {
                    *self = Body::ChunkSize;
                    (2, Step::Data(&[]))
                }
            }
        })
    }

    /// Whether a closed connection is a proper end.
    pub(crate) fn may_close(&self) -> bool {
        matches!(self, Body::UntilClose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(framing: Framing, parts: &[&[u8]]) -> Result<(Vec<u8>, bool), Failure> {
        let (mut body, mut all, mut pending) = (Body::new(framing), Vec::new(), Vec::new());
        for part in parts {
            pending.extend_from_slice(part);
            loop {
                let (took, step) = body.step(&pending)?;
                match step {
                    Step::Data(data) => all.extend_from_slice(data),
                    Step::End => return Ok((all, true)),
                    Step::More => break,
                }
                pending.drain(..took);
            }
        }
        Ok((all, false))
    }

    #[test]
    fn chunks_may_come_in_any_pieces() {
        let bytes = b"3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n";
        for size in 1..=bytes.len() {
            let parts: Vec<_> = bytes.chunks(size).collect();
            assert_eq!(
                read(Framing::Chunked, &parts).unwrap(),
                (b"abc0123456789abcdef".to_vec(), true),
                "{size}"
            );
        }
    }

    #[test]
    fn an_early_end_is_no_end() {
        assert!(!read(Framing::Chunked, &[b"3\r\nabc\r\n"]).unwrap().1);
        assert!(!read(Framing::Length(4), &[b"abc"]).unwrap().1);
        assert!(read(Framing::Length(3), &[b"abc"]).unwrap().1);
        assert!(read(Framing::Chunked, &[b"3\r\nabcd\r\n"]).is_err());
    }
}
