//! Undoing gzip and zstd, never further than the limit.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use llm::{Category, Error};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use super::too_large;

/// Largest zstd window. The format asks decoders for at least 8 MiB (RFC 8878, 3.1.1.1.2).
const ZSTD_WINDOW: u64 = 8 * 1024 * 1024;
/// First guess of the inflated size, and the step of small bodies.
const FIRST: usize = 64 * 1024;

/// A `Content-Encoding` that we undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    /// The coding of a body; `None` when it is plain.
    ///
    /// # Errors
    /// [`Category::UnsupportedMedia`] for anything else, several codings in a row included.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return if headers.contains_key(CONTENT_ENCODING) { Err(unsupported()) } else { Ok(None) };
        };
        let name = value.as_bytes().trim_ascii();
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("gzip") || is("x-gzip") {
            Ok(Some(Self::Gzip))
        } else if is("zstd") {
            Ok(Some(Self::Zstd))
        } else if is("identity") || name.is_empty() {
            Ok(None)
        } else {
            Err(unsupported())
        }
    }

    /// Inflates `sent`, and stops one byte past `limit`.
    ///
    /// # Errors
    /// [`Category::TooLarge`], or [`Category::InvalidRequest`] when the data is damaged or cut.
    pub(super) fn inflate(self, sent: &[u8], limit: usize) -> Result<Bytes, Error> {
        let mut out = Output { bytes: Vec::new(), limit };
        match self {
            Self::Gzip => out.take(&mut MultiGzDecoder::new(sent))?,
            Self::Zstd => zstd(sent, &mut out)?,
        }
        Ok(out.bytes.into())
    }
}

fn zstd(mut sent: &[u8], out: &mut Output) -> Result<(), Error> {
    while !sent.is_empty() {
        match StreamingDecoder::new_with_max_window_size(&mut sent, ZSTD_WINDOW) {
            Ok(mut frame) => out.take(&mut frame)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                sent = sent.get(length..).ok_or_else(|| damaged("cut within a frame"))?;
            }
            Err(error) => return Err(damaged(error)),
        }
    }
    Ok(())
}

/// What is inflated so far. Its memory doubles up to the limit and not beyond.
struct Output {
    bytes: Vec<u8>,
    limit: usize,
}

impl Output {
    fn take(&mut self, source: &mut impl Read) -> Result<(), Error> {
        loop {
            let filled = self.bytes.len();
            let room = (filled * 2).max(FIRST).min(self.limit + 1);
            if room == filled {
                return Err(too_large(self.limit));
            }
            self.bytes.reserve_exact(room - filled);
            self.bytes.resize(room, 0);
            let read = fill(source, &mut self.bytes[filled..]);
            self.bytes.truncate(filled + *read.as_ref().unwrap_or(&0));
            if read.map_err(damaged)? < room - filled {
                return Ok(());
            }
        }
    }
}

/// Reads until `target` is full or the source ends.
fn fill(source: &mut impl Read, target: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < target.len() {
        match source.read(&mut target[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::invalid(format!("The request body does not inflate: {error}"))
}

fn unsupported() -> Error {
    Error::new(Category::UnsupportedMedia, "Content-Encoding may be gzip or zstd")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn inflation_never_holds_more_than_the_limit() {
        const MIB: usize = 1024 * 1024;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 4 * MIB]).unwrap();
        let bomb = encoder.finish().unwrap();
        let mut out = Output { bytes: Vec::new(), limit: MIB };
        assert!(out.take(&mut MultiGzDecoder::new(&bomb[..])).is_err());
        assert!(out.bytes.capacity() <= MIB + 1, "{}", out.bytes.capacity());
    }
}
