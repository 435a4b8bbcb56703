//! Headers of an event-stream message: length-prefixed names, each with one typed value.

const STRING: u8 = 7;

/// Walks raw headers: yields name, type and value bytes; `None` inside where they are malformed.
struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = Option<(&'a [u8], u8, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let header = self.header();
        if header.is_none() {
            self.0 = &[];
        }
        Some(header)
    }
}

impl<'a> Walk<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn header(&mut self) -> Option<(&'a [u8], u8, &'a [u8])> {
        let length = *self.take(1)?.first()?;
        let name = self.take(usize::from(length))?;
        let kind = *self.take(1)?.first()?;
        let length = match kind {
            0 | 1 => 0, // true, false
            2 => 1,     // byte
            3 => 2,     // i16
            4 => 4,     // i32
            5 | 8 => 8, // i64, timestamp
            6 | STRING => usize::from(u16::from_be_bytes(*self.take(2)?.first_chunk()?)),
            9 => 16, // uuid
            _ => return None,
        };
        Some((name, kind, self.take(length)?))
    }
}

/// True when names and strings are UTF-8, types are known, and the last value ends where the headers end.
pub(super) fn well_formed(headers: &[u8]) -> bool {
    // One look at all of them spares a check of each.
    let ascii = headers.is_ascii();
    let is_text = |bytes: &[u8]| ascii || std::str::from_utf8(bytes).is_ok();
    Walk(headers).all(|header| {
        header.is_some_and(|(name, kind, value)| is_text(name) && (kind != STRING || is_text(value)))
    })
}

/// The first string value of that name.
pub(super) fn find<'a>(headers: &'a [u8], name: &str) -> Option<&'a str> {
    let (.., value) =
        Walk(headers).flatten().find(|(found, kind, _)| *kind == STRING && *found == name.as_bytes())?;
    std::str::from_utf8(value).ok()
}

/// Appends a string header.
pub(super) fn write(name: &str, value: &str, out: &mut Vec<u8>) {
    let name = &name[..name.floor_char_boundary(usize::from(u8::MAX))];
    // The length field could hold twice that; AWS decoders read it as a signed number.
    let value = &value[..value.floor_char_boundary(usize::from(i16::MAX.unsigned_abs()))];
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name.as_bytes());
    out.push(STRING);
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(value.as_bytes());
}
