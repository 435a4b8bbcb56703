//! The plain text of a custom tool while the JSON that carries it is still being written.

/// How far the text was read. The JSON only ever grows at its end.
#[derive(Debug, Default)]
pub(super) struct Unquoted {
    /// Bytes of the JSON that were read.
    read: usize,
    /// Bytes of the text that were given out.
    pub(super) given: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the text: `{"input":"` is not complete.
    #[default]
    Before,
    Within,
    /// After it, or in JSON of another shape: the end of the call tells the rest.
    Over,
}

impl Unquoted {
    /// What of the text is certain and was not given out yet.
    pub(super) fn more(&mut self, json: &str) -> String {
        if self.state == State::Before {
            match opening(json) {
                Opening::At(at) => {
                    self.read = at;
                    self.state = State::Within;
                }
                Opening::Incomplete => {}
                Opening::Other => self.state = State::Over,
            }
        }
        let mut text = String::new();
        while self.state == State::Within {
            let rest = json.get(self.read..).unwrap_or_default();
            // Both stand alone in UTF-8, so the text is cut between letters.
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.read += plain;
            let rest = &rest[plain..];
            match rest.as_bytes() {
                [] => break,
                [b'"', ..] => self.state = State::Over,
                _ => match escape(rest) {
                    Escape::Letter(letter, length) => {
                        text.push(letter);
                        self.read += length;
                    }
                    Escape::Incomplete => break,
                    Escape::Broken => self.state = State::Over,
                },
            }
        }
        self.given += text.len();
        text
    }
}

enum Opening {
    At(usize),
    Incomplete,
    Other,
}

/// Finds the text's first letter.
fn opening(json: &str) -> Opening {
    let mut rest = json;
    for part in ["{", "\"input\"", ":", "\""] {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        match rest.strip_prefix(part) {
            Some(tail) => rest = tail,
            None if part.starts_with(rest) => return Opening::Incomplete,
            None => return Opening::Other,
        }
    }
    Opening::At(json.len() - rest.len())
}

enum Escape {
    /// The letter, and how many bytes its escape has.
    Letter(char, usize),
    Incomplete,
    Broken,
}

/// Reads an escape that begins with its backslash.
fn escape(text: &str) -> Escape {
    let letter = match text.as_bytes().get(1) {
        None => return Escape::Incomplete,
        Some(letter @ (b'"' | b'\\' | b'/')) => char::from(*letter),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        Some(_) => return Escape::Broken,
    };
    Escape::Letter(letter, 2)
}

/// `\u0041`, or the two of a letter beyond the first plane.
fn unicode(text: &str) -> Escape {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let units: Vec<u16> = [0, 6].into_iter().map_while(unit).collect();
    let Some(first) = units.first() else {
        return if text.len() < 6 { Escape::Incomplete } else { Escape::Broken };
    };
    if !(0xd800..0xdc00).contains(first) {
        return char::from_u32(u32::from(*first)).map_or(Escape::Broken, |letter| Escape::Letter(letter, 6));
    }
    match char::decode_utf16(units).next() {
        Some(Ok(letter)) => Escape::Letter(letter, 12),
        _ if text.len() < 12 => Escape::Incomplete,
        _ => Escape::Broken,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What is given out while `json` comes in pieces that end there.
    fn given(json: &str, ends: &[usize]) -> String {
        let mut unquoted = Unquoted::default();
        let ends = ends.iter().copied().filter(|end| json.is_char_boundary(*end)).chain([json.len()]);
        let text: String = ends.map(|end| unquoted.more(&json[..end])).collect();
        assert_eq!(text.len(), unquoted.given);
        text
    }

    fn everywhere(json: &str) -> String {
        given(json, &(0..json.len()).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn text_in_pieces_is_the_text(text in ".*", mut ends in prop::collection::vec(0_usize..200, 0..9), ascii in any::<bool>()) {
            let mut json = json!({"input": text}).to_string();
            if ascii {
                // As models write it that escape whatever they can.
                let units = |letter: char| {
                    let mut units = [0; 2];
                    letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
                };
                let text: String = text.chars().map(units).collect();
                json = format!("{{ \"input\" :\n\"{text}\" , \"more\": 1}}");
            }
            ends.retain(|end| *end < json.len());
            ends.sort_unstable();
            prop_assert_eq!(given(&json, &ends), text.clone());
            prop_assert_eq!(everywhere(&json), text);
        }
    }

    #[test]
    fn what_has_another_shape_is_left_to_the_end() {
        for json in [
            "",
            "{}",
            "{\"inputs\":\"x\"}",
            "{\"a\":1,\"input\":\"x\"}",
            "plain",
            "[\"input\"]",
            "{\"input\":5}",
        ] {
            assert_eq!(everywhere(json), "", "{json}");
        }
        for (json, certain) in [
            (r#"{"input":"ab\q"}"#, "ab"),
            (r#"{"input":"ab\ud800x"}"#, "ab"),
            (r#"{"input":"ab\ud800"#, "ab"),
            (r#"{"input":"ab\udc00"}"#, "ab"),
            (r#"{"input":"ab\u+041"}"#, "ab"),
            (r#"{"input":"ab\u00é"}"#, "ab"),
            (r#"{"input":"ab"#, "ab"),
        ] {
            assert_eq!(everywhere(json), certain, "{json}");
        }
    }
}
