//! `application/vnd.amazon.eventstream`: lengths, checksums, string headers, payload.

use bytes::{BufMut, Bytes, BytesMut};

/// The two lengths and their checksum.
const PRELUDE: usize = 12;
/// Header values of type string, the only type these services send.
const STRING: u8 = 7;

/// A frame that carries an event.
pub fn event(kind: &str, payload: &[u8]) -> Bytes {
    let headers = [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    let header_len: usize = headers.iter().map(|(name, value)| 4 + name.len() + value.len()).sum();
    let total = PRELUDE + header_len + payload.len() + 4;
    let mut frame = BytesMut::with_capacity(total);
    frame.put_u32(total as u32);
    frame.put_u32(header_len as u32);
    let sum = crc32fast::hash(&frame);
    frame.put_u32(sum);
    for (name, value) in headers {
        frame.put_u8(name.len() as u8);
        frame.put_slice(name.as_bytes());
        frame.put_u8(STRING);
        frame.put_u16(value.len() as u16);
        frame.put_slice(value.as_bytes());
    }
    frame.put_slice(payload);
    let sum = crc32fast::hash(&frame);
    frame.put_u32(sum);
    frame.freeze()
}

/// How long the frame at the start of `bytes` is, once that can be told.
pub fn length(bytes: &[u8]) -> Option<usize> {
    number(bytes, 0)
}

/// What a frame says.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// `:event-type`, or `:exception-type`.
    pub kind: &'a str,
    pub exception: bool,
    pub payload: &'a [u8],
}

/// Reads one whole frame and checks both sums; `None` for a damaged one.
pub fn read(frame: &[u8]) -> Option<Frame<'_>> {
    let (total, header_len) = (number(frame, 0)?, number(frame, 4)?);
    let body_end = total.checked_sub(4)?;
    let header_end = PRELUDE.checked_add(header_len)?;
    let sums_hold = total == frame.len()
        && number(frame, 8)? == crc32fast::hash(frame.get(..8)?) as usize
        && number(frame, body_end)? == crc32fast::hash(frame.get(..body_end)?) as usize;
    if !sums_hold {
        return None;
    }
    let mut read = Frame { kind: "", exception: false, payload: frame.get(header_end..body_end)? };
    let mut headers = frame.get(PRELUDE..header_end)?;
    while let Some((name_len, rest)) = headers.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*name_len))?;
        let (&[STRING, high, low], rest) = rest.split_first_chunk::<3>()? else { return None };
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        let value = std::str::from_utf8(value).ok()?;
        match name {
            b":event-type" | b":exception-type" => read.kind = value,
            b":message-type" => read.exception = value != "event",
            _ => {}
        }
        headers = rest;
    }
    Some(read)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_the_format() {
        // An empty frame as the format's own test vectors give it.
        let empty = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(read(&empty), Some(Frame { kind: "", exception: false, payload: b"" }));
    }

    #[test]
    fn damage_anywhere_is_seen() {
        let frame = event("chunk", b"{\"bytes\":\"e30=\"}");
        assert_eq!(length(&frame), Some(frame.len()));
        assert_eq!(
            read(&frame).map(|read| (read.kind, read.payload)),
            Some(("chunk", &b"{\"bytes\":\"e30=\"}"[..]))
        );
        for at in 0..frame.len() {
            let mut damaged = frame.to_vec();
            damaged[at] ^= 1;
            assert_eq!(read(&damaged), None, "byte {at}");
        }
    }
}
