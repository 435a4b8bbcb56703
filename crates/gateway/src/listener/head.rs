//! Looks at request heads as they were written.
//!
//! hyper's parser is lenient where another server in front of us may not be: it ends a line at a bare LF, drops a
//! `Content-Length` that stands beside `Transfer-Encoding`, and folds equal lengths into one. Its requests no longer
//! show any of that, so the bytes are watched on their way in. Nothing is changed here.

use memchr::memchr;

/// Longest line that is kept across reads. hyper refuses heads of this size anyway.
const LINE_BYTES: usize = 64 * 1024;

/// A way of writing a head that different servers read differently (request smuggling).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A line that ends in LF without CR.
    BareLf,
    /// A header that goes on in the next line.
    Folded,
    /// More than one `Content-Length`, equal or not, or one that is no number.
    Lengths,
    /// `Content-Length` beside `Transfer-Encoding`.
    LengthAndEncoding,
    /// More than one `Transfer-Encoding`.
    Encodings,
    /// More than one `Host`.
    Hosts,
}

impl Flaw {
    /// Words for the client.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::BareLf => "A header line ends in LF without CR",
            Self::Folded => "A header is folded over two lines",
            Self::Lengths => "There must be one Content-Length header, and it must be a number",
            Self::LengthAndEncoding => "Content-Length and Transfer-Encoding exclude each other",
            Self::Encodings => "There must be one Transfer-Encoding header",
            Self::Hosts => "There must be one Host header",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::BareLf => 1,
            Self::Folded => 2,
            Self::Lengths => 3,
            Self::LengthAndEncoding => 4,
            Self::Encodings => 5,
            Self::Hosts => 6,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::BareLf,
            2 => Self::Folded,
            3 => Self::Lengths,
            4 => Self::LengthAndEncoding,
            5 => Self::Encodings,
            6 => Self::Hosts,
            _ => return None,
        })
    }
}

/// Where in the conversation the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the first byte of a head.
    Between,
    Head,
    /// In a body that has this many bytes to go.
    Body(u64),
    /// In a chunked body, or after a flaw: not watched any more, and no request may follow.
    Unwatched,
}

/// What was seen of the current head.
#[derive(Debug, Default)]
struct Seen {
    /// The whole request line.
    request_line: bool,
    length: Option<u64>,
    encodings: u8,
    hosts: u8,
}

/// Follows the bytes of one connection.
#[derive(Debug)]
pub(super) struct Heads {
    place: Place,
    seen: Seen,
    /// The beginning of a line whose end has not arrived.
    partial: Vec<u8>,
}

/// Something the connection must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Flaw(Flaw),
    /// The request has a chunked body; its end is hyper's to find.
    Chunked,
}

impl Heads {
    pub(super) fn new() -> Self {
        Self { place: Place::Between, seen: Seen::default(), partial: Vec::new() }
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// Takes the next bytes, cut anywhere.
    pub(super) fn feed(&mut self, mut data: &[u8]) -> Option<Finding> {
        while !data.is_empty() {
            match self.place {
                Place::Unwatched => return None,
                Place::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
                    data = &data[here..];
                    let left = left - here as u64;
                    self.place = if left == 0 { Place::Between } else { Place::Body(left) };
                }
                Place::Between | Place::Head => {
                    let Some(end) = memchr(b'\n', data) else {
                        return self.keep(data).map(|flaw| self.stop(Finding::Flaw(flaw)));
                    };
                    let (line, rest) = (&data[..end], &data[end + 1..]);
                    data = rest;
                    let read = if self.partial.is_empty() {
                        self.line(line)
                    } else {
                        let mut whole = std::mem::take(&mut self.partial);
                        whole.extend_from_slice(line);
                        self.line(&whole)
                    };
                    match read {
                        Ok(None) => {}
                        Ok(Some(finding)) => return Some(self.stop(finding)),
                        Err(flaw) => return Some(self.stop(Finding::Flaw(flaw))),
                    }
                }
            }
        }
        None
    }

    fn stop(&mut self, finding: Finding) -> Finding {
        self.place = Place::Unwatched;
        self.partial = Vec::new();
        finding
    }

    fn keep(&mut self, data: &[u8]) -> Option<Flaw> {
        self.place = Place::Head;
        self.partial.extend_from_slice(data);
        (self.partial.len() > LINE_BYTES).then_some(Flaw::Folded)
    }

    /// One line without its LF.
    fn line(&mut self, line: &[u8]) -> Result<Option<Finding>, Flaw> {
        let Some(line) = line.strip_suffix(b"\r") else { return Err(Flaw::BareLf) };
        match (self.seen.request_line, line.is_empty()) {
            // Empty lines before a request line are skipped by every server.
            (false, true) => self.place = Place::Between,
            (false, false) => {
                self.place = Place::Head;
                self.seen.request_line = true;
            }
            (true, false) => self.header(line)?,
            (true, true) => return self.end(),
        }
        Ok(None)
    }

    fn header(&mut self, line: &[u8]) -> Result<(), Flaw> {
        if matches!(line[0], b' ' | b'\t') {
            return Err(Flaw::Folded);
        }
        // Most headers are told apart from ours by their first letter.
        if !matches!(line[0], b'c' | b'C' | b't' | b'T' | b'h' | b'H') {
            return Ok(());
        }
        let Some(colon) = memchr(b':', line) else { return Ok(()) };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.eq_ignore_ascii_case(b"content-length") {
            let number = std::str::from_utf8(value.trim_ascii())
                .ok()
                .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|text| text.parse().ok());
            match (number, self.seen.length) {
                (Some(_), None) => self.seen.length = number,
                _ => return Err(Flaw::Lengths),
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.seen.encodings += 1;
            if self.seen.encodings > 1 {
                return Err(Flaw::Encodings);
            }
        } else if name.eq_ignore_ascii_case(b"host") {
            self.seen.hosts += 1;
            if self.seen.hosts > 1 {
                return Err(Flaw::Hosts);
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Option<Finding>, Flaw> {
        let seen = std::mem::take(&mut self.seen);
        match (seen.encodings, seen.length) {
            (0, None | Some(0)) => self.place = Place::Between,
            (0, Some(length)) => self.place = Place::Body(length),
            (_, None) => return Ok(Some(Finding::Chunked)),
            (_, Some(_)) => return Err(Flaw::LengthAndEncoding),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Option<Finding>, Place) {
        let mut heads = Heads::new();
        let finding = heads.feed(text.as_bytes());
        (finding, heads.place())
    }

    #[test]
    fn follows_bodies_and_pipelined_heads() {
        let two = "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(read(two), (None, Place::Between));
        assert_eq!(read("POST / HTTP/1.1\r\ncontent-length:  7 \r\n\r\nab"), (None, Place::Body(5)));
        assert_eq!(read("GET / HT"), (None, Place::Head));
    }

    #[test]
    fn a_body_is_not_read_as_a_head() {
        let tricky = "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\na\nHost: b";
        assert_eq!(read(tricky), (None, Place::Body(1)));
    }

    #[test]
    fn finds_every_flaw_however_it_is_cut() {
        let cases = [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", Flaw::BareLf),
            ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", Flaw::BareLf),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", Flaw::BareLf),
            ("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", Flaw::Folded),
            ("GET / HTTP/1.1\r\nX: a\r\n\tContent-Length: 3\r\n\r\n", Flaw::Folded),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\n", Flaw::Lengths),
            ("POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n", Flaw::Lengths),
            ("POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", Flaw::Lengths),
            ("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", Flaw::Lengths),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                Flaw::LengthAndEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                Flaw::LengthAndEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
                Flaw::Encodings,
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", Flaw::Hosts),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Flaw::Hosts),
        ];
        for (text, flaw) in cases {
            for cut in 0..text.len() {
                let mut heads = Heads::new();
                let first = heads.feed(&text.as_bytes()[..cut]);
                let found = first.or_else(|| heads.feed(&text.as_bytes()[cut..]));
                assert_eq!(found, Some(Finding::Flaw(flaw)), "{text:?} cut at {cut}");
                assert_eq!(heads.place(), Place::Unwatched);
            }
        }
    }

    #[test]
    fn chunked_ends_the_watch() {
        let text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert_eq!(read(text), (Some(Finding::Chunked), Place::Unwatched));
    }

    #[test]
    fn codes_come_back() {
        for code in 0..=u8::MAX {
            if let Some(flaw) = Flaw::from_code(code) {
                assert_eq!(flaw.code(), code);
            }
        }
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            parts in proptest::collection::vec("(GET / HTTP/1.1|Host: a|Content-Length: [0-9]|X|\r\n|\n|\r|abc)", 0..30),
            cuts in proptest::collection::vec(0_usize..200, 0..6),
        ) {
            let text = parts.concat();
            let (whole, place) = read(&text);
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < text.len()).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut heads = Heads::new();
            let mut found = None;
            let mut from = 0;
            for cut in cuts {
                found = found.or_else(|| heads.feed(&text.as_bytes()[from..cut]));
                from = cut;
            }
            prop_assert_eq!((found, heads.place()), (whole, place));
        }
    }
}
