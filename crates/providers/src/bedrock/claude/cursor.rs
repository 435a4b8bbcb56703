//! Positions in JSON text that a parser has already found valid.
//!
//! Claude's bodies are cleaned by cutting pieces out of the client's own text, so what is needed is where things
//! stand, not what they are. Broken text cannot come here; if it did, a cursor would stop early, never panic.

use std::borrow::Cow;

use memchr::memchr2;

/// Reads forward through one text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    pub(super) at: usize,
}

/// From where to where a value reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'t> {
    /// Where the quote of its name is.
    pub(super) start: usize,
    name: &'t [u8],
    pub(super) value: Span,
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        named(self.name, name)
    }
}

/// Compares what stands between two quotes with a plain word. Escapes in it are rare and legal.
pub(super) fn named(between: &[u8], word: &str) -> bool {
    between == word.as_bytes() || (between.contains(&b'\\') && unescape(between).as_deref() == Some(word))
}

fn unescape(between: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(between.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(between);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).ok()
}

impl<'t> Cursor<'t> {
    /// A cursor on the value that starts at or after `at`.
    pub(super) fn at(text: &'t [u8], at: usize) -> Self {
        let mut cursor = Self { text, at };
        cursor.blank();
        cursor
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Steps into an object or array; false when the value is something else.
    pub(super) fn enter(&mut self, bracket: u8) -> bool {
        let there = self.peek() == Some(bracket);
        if there {
            self.at += 1;
        }
        there
    }

    /// Moves to the next item of the array it is in; false past the last, with the cursor behind the bracket.
    pub(super) fn next_item(&mut self) -> bool {
        self.separator();
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                false
            }
            found => found.is_some(),
        }
    }

    /// Moves to the value of the next member of the object it is in; `None` past the last, with the cursor
    /// behind the bracket. Fill in the span of the value once it was read.
    pub(super) fn next_field(&mut self) -> Option<Field<'t>> {
        self.separator();
        if self.peek() != Some(b'"') {
            self.at += usize::from(self.peek() == Some(b'}'));
            return None;
        }
        let start = self.at;
        self.string();
        let name = self.text.get(start + 1..self.at.saturating_sub(1)).unwrap_or_default();
        self.blank();
        self.at += 1; // the colon
        self.blank();
        Some(Field { start, name, value: Span { start: self.at, end: self.at } })
    }

    fn separator(&mut self) {
        self.blank();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.blank();
        }
    }

    /// Skips the value it is on.
    pub(super) fn skip(&mut self) -> Span {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => {
                let mut depth = 0_usize;
                while let Some(byte) = self.peek() {
                    match byte {
                        b'"' => {
                            self.string();
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                while !matches!(self.peek(), None | Some(b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t')) {
                    self.at += 1;
                }
            }
        }
        Span { start, end: self.at }
    }

    fn string(&mut self) {
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            match memchr2(b'"', b'\\', rest) {
                Some(found) if rest[found] == b'"' => {
                    self.at += found + 1;
                    return;
                }
                Some(found) => self.at += found + 2,
                None => {
                    self.at = self.text.len();
                    return;
                }
            }
        }
    }
}

/// The bytes of a span.
pub(super) fn slice(text: &[u8], span: Span) -> &[u8] {
    text.get(span.start..span.end).unwrap_or_default()
}

/// What stands between the quotes of a string value, escapes and all; `None` when it is no string.
pub(super) fn between(text: &[u8], span: Span) -> Option<&[u8]> {
    slice(text, span).strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// A string value.
pub(super) fn string(text: &[u8], span: Span) -> Option<Cow<'_, str>> {
    let raw = between(text, span)?;
    if raw.contains(&b'\\') {
        unescape(raw).map(Cow::Owned)
    } else {
        std::str::from_utf8(raw).ok().map(Cow::Borrowed)
    }
}

/// The members of the object at `span`; empty when it is no object.
pub(super) fn fields(text: &[u8], span: Span) -> Vec<Field<'_>> {
    let mut cursor = Cursor::at(text, span.start);
    let mut fields = Vec::new();
    if cursor.enter(b'{') {
        while let Some(mut field) = cursor.next_field() {
            field.value = cursor.skip();
            fields.push(field);
        }
    }
    fields
}

/// The value of a member; the last one where a name comes twice.
pub(super) fn find<'t>(fields: &[Field<'t>], name: &str) -> Option<Span> {
    fields.iter().rev().find(|field| field.is(name)).map(|field| field.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_member_whatever_the_spacing() {
        let text = br#" { "a" :1 , "b\u0063": [ {"x":"]}"} , 2 ],"d":"q\"\\","e":null } "#;
        let all = fields(text, Span { start: 0, end: text.len() });
        let values: Vec<_> = all.iter().map(|field| slice(text, field.value)).collect();
        assert_eq!(values, [&b"1"[..], br#"[ {"x":"]}"} , 2 ]"#, br#""q\"\\""#, b"null"]);
        assert!(all[1].is("bc") && all[0].is("a") && !all[0].is("b"));
        assert_eq!(string(text, all[2].value).as_deref(), Some("q\"\\"));
        assert_eq!(string(text, all[0].value), None);
    }

    #[test]
    fn broken_text_ends_early() {
        for text in ["", "{", "{\"a", "{\"a\"", "{\"a\":", "[", "[1", "\"x\\", "{\"a\":[{"] {
            let bytes = text.as_bytes();
            fields(bytes, Span { start: 0, end: bytes.len() });
            let mut cursor = Cursor::at(bytes, 0);
            cursor.skip();
            assert!(cursor.at <= bytes.len() + 1);
        }
    }
}
