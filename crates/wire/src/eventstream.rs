//! `application/vnd.amazon.eventstream`: the binary frames in which AWS services stream.
//!
//! A frame is a prelude (total length, headers length, CRC-32 of those eight bytes; big-endian `u32`s), headers, a
//! payload, and the CRC-32 of everything before it. We decode it ourselves for two reasons: a decoder that waits for
//! the length a damaged or hostile prelude claims waits for ever, so every claim is checked at twelve bytes; and a
//! frame that lies within one read is handed on without copying it.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

mod headers;

#[cfg(test)]
mod tests;

/// Prelude: total length, headers length, checksum.
const PRELUDE: usize = 12;
/// The message checksum at the end.
const TRAILER: usize = 4;
/// The smallest frame: no headers, no payload.
const MIN_FRAME: usize = PRELUDE + TRAILER;

/// The largest frame we take, in bytes. AWS sends events of at most a megabyte or so; the event-stream format itself
/// allows 24 MiB.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// What is reserved at once for a frame that spans reads; a larger one grows as its bytes really come.
const RESERVE: usize = 1024 * 1024;

/// Why a stream cannot be decoded any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("an event-stream prelude fails its checksum")]
    PreludeChecksum,
    #[error("an event-stream frame claims {0} bytes; between {MIN_FRAME} and {MAX_FRAME} are possible")]
    FrameLength(u32),
    #[error("an event-stream frame claims {0} bytes of headers, more than it has room for")]
    HeadersLength(u32),
    #[error("an event-stream message fails its checksum")]
    MessageChecksum,
    #[error("the headers of an event-stream message are malformed")]
    Headers,
}

/// One decoded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    headers: Bytes,
    /// What the message carries, usually JSON. A slice of the bytes that were fed, unless the frame spanned feeds.
    pub payload: Bytes,
}

impl Message {
    /// The value of a string header. Reads the raw headers, so that nothing is allocated.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        headers::find(&self.headers, name)
    }

    /// `event`, `exception` or `error`.
    #[must_use]
    pub fn message_type(&self) -> Option<&str> {
        self.header(":message-type")
    }

    /// The event's name, for messages of type `event`.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.header(":event-type")
    }

    /// The modelled exception, for messages of type `exception`.
    #[must_use]
    pub fn exception_type(&self) -> Option<&str> {
        self.header(":exception-type")
    }

    /// The code of a message of type `error`: an error outside the service's model.
    #[must_use]
    pub fn error_code(&self) -> Option<&str> {
        self.header(":error-code")
    }

    /// The words of a message of type `error`.
    #[must_use]
    pub fn error_message(&self) -> Option<&str> {
        self.header(":error-message")
    }

    /// Media type of the payload.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.header(":content-type")
    }
}

/// What a prelude claims, after its checks.
#[derive(Clone, Copy, Debug)]
struct Prelude {
    total: usize,
    headers: usize,
}

impl Prelude {
    fn read(bytes: &[u8; PRELUDE]) -> Result<Self, DecodeError> {
        let [t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3] = *bytes;
        let total = u32::from_be_bytes([t0, t1, t2, t3]);
        let headers = u32::from_be_bytes([h0, h1, h2, h3]);
        if crc32fast::hash(&bytes[..8]) != u32::from_be_bytes([c0, c1, c2, c3]) {
            return Err(DecodeError::PreludeChecksum);
        }
        if !(MIN_FRAME..=MAX_FRAME).contains(&(total as usize)) {
            return Err(DecodeError::FrameLength(total));
        }
        if headers as usize > total as usize - MIN_FRAME {
            return Err(DecodeError::HeadersLength(headers));
        }
        Ok(Self { total: total as usize, headers: headers as usize })
    }
}

/// Finds messages in bytes that arrive cut anywhere.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Fed and not looked at yet.
    fed: VecDeque<Bytes>,
    /// The beginning of a frame that spans feeds.
    partial: BytesMut,
    /// The checked prelude of `partial`.
    prelude: Option<Prelude>,
    failed: Option<DecodeError>,
}

impl Decoder {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Feeds the next bytes.
    pub fn push(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.fed.push_back(data);
        }
    }

    /// The next message, `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`DecodeError`] as soon as the bytes at hand show the damage. There is no way to find the next frame after
    /// that: every later call returns the same error.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that ends is over; this one goes on after a push"
    )]
    pub fn next(&mut self) -> Result<Option<Message>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let next = self.advance();
        if let Err(error) = next {
            self.failed = Some(error);
        }
        next
    }

    /// True when nothing is left over: the only state in which a stream may end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fed.is_empty() && self.partial.is_empty() && self.failed.is_none()
    }

    fn advance(&mut self) -> Result<Option<Message>, DecodeError> {
        while let Some(front) = self.fed.front_mut() {
            if self.partial.is_empty()
                && let Some(start) = front.first_chunk()
            {
                let prelude = Prelude::read(start)?;
                if front.len() >= prelude.total {
                    let frame = front.split_to(prelude.total);
                    if front.is_empty() {
                        self.fed.pop_front();
                    }
                    return message(frame, prelude).map(Some);
                }
                self.prelude = Some(prelude);
                self.partial.reserve(prelude.total.min(RESERVE));
            }
            let wanted = self.prelude.map_or(PRELUDE, |prelude| prelude.total) - self.partial.len();
            let piece = front.split_to(wanted.min(front.len()));
            if front.is_empty() {
                self.fed.pop_front();
            }
            self.partial.extend_from_slice(&piece);
            match self.prelude {
                None => {
                    if let Some(start) = self.partial.first_chunk() {
                        let prelude = Prelude::read(start)?;
                        self.partial.reserve(prelude.total.min(RESERVE) - PRELUDE);
                        self.prelude = Some(prelude);
                    }
                }
                Some(prelude) if self.partial.len() == prelude.total => {
                    self.prelude = None;
                    return message(std::mem::take(&mut self.partial).freeze(), prelude).map(Some);
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }
}

/// Checks and splits one whole frame.
fn message(frame: Bytes, prelude: Prelude) -> Result<Message, DecodeError> {
    let end = prelude.total - TRAILER;
    let Some((body, checksum)) = frame.split_last_chunk::<TRAILER>() else {
        return Err(DecodeError::FrameLength(u32::try_from(prelude.total).unwrap_or(u32::MAX)));
    };
    if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
        return Err(DecodeError::MessageChecksum);
    }
    let headers = frame.slice(PRELUDE..PRELUDE + prelude.headers);
    if !headers::well_formed(&headers) {
        return Err(DecodeError::Headers);
    }
    Ok(Message { headers, payload: frame.slice(PRELUDE + prelude.headers..end) })
}

/// Writes a frame with string headers. A name is cut at 255 bytes and a value at 32,767, the most the format allows.
#[must_use]
pub fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(MIN_FRAME + headers.len() * 40 + payload.len());
    frame.resize(PRELUDE, 0);
    for (name, value) in headers {
        headers::write(name, value, &mut frame);
    }
    let headers = frame.len() - PRELUDE;
    let total = frame.len() + payload.len() + TRAILER;
    // A frame that does not fit 32 bits gets a claim that every decoder refuses.
    frame[..4].copy_from_slice(&u32::try_from(total).unwrap_or(u32::MAX).to_be_bytes());
    frame[4..8].copy_from_slice(&u32::try_from(headers).unwrap_or(u32::MAX).to_be_bytes());
    let checksum = crc32fast::hash(&frame[..8]);
    frame[8..PRELUDE].copy_from_slice(&checksum.to_be_bytes());
    frame.extend_from_slice(payload);
    let checksum = crc32fast::hash(&frame);
    frame.extend_from_slice(&checksum.to_be_bytes());
    frame
}
