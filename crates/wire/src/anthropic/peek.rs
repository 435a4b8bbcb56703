//! The `type` of an event or block, read without parsing the rest: the only look the hot path takes at a frame.

use memchr::{memchr, memchr2};

/// The top-level string `type` of a JSON object. `None` when there is none, when it is written with escapes, or
/// when the text is no object. Allocates nothing.
pub(crate) fn kind(json: &[u8]) -> Option<&str> {
    // Anthropic always writes `type` first and without spaces.
    if let Some(rest) = json.strip_prefix(br#"{"type":""#) {
        let end = memchr2(b'"', b'\\', rest)?;
        return if rest[end] == b'"' { std::str::from_utf8(&rest[..end]).ok() } else { None };
    }
    search(json)
}

/// First byte of `json` that is not white space.
pub(super) fn first(json: &[u8]) -> Option<u8> {
    json.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Says whether `json` is an array, and if so whether anything is in it, without parsing the elements.
pub(crate) fn array_is_empty(json: &[u8]) -> Option<bool> {
    let inside = trim(json).strip_prefix(b"[")?;
    Some(first(inside) == Some(b']'))
}

fn trim(json: &[u8]) -> &[u8] {
    let start = json.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(json.len());
    &json[start..]
}

fn search(json: &[u8]) -> Option<&str> {
    let (text, _) = string(member(json, b"type")?)?;
    if memchr(b'\\', text).is_none() { std::str::from_utf8(text).ok() } else { None }
}

/// The JSON text of a member of an object, the first when it comes twice. Reads no further than there.
pub(crate) fn member<'a>(json: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let mut rest = trim(json).strip_prefix(b"{")?;
    loop {
        let (name, after) = string(trim(rest))?;
        let value = trim(trim(after).strip_prefix(b":")?);
        let after = skip(value)?;
        if name == wanted {
            return Some(value[..value.len() - after.len()].trim_ascii_end());
        }
        rest = trim(after).strip_prefix(b",")?;
    }
}

/// Splits a leading string into what is between its quotes and what follows.
fn string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = json.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', inside.get(at..)?)?;
        if inside[at] == b'"' {
            return Some((&inside[..at], &inside[at + 1..]));
        }
        at += 2;
    }
}

/// What follows a leading value.
fn skip(json: &[u8]) -> Option<&[u8]> {
    let mut rest = json;
    let mut depth = 0_usize;
    loop {
        match rest.first()? {
            b'"' => rest = string(rest)?.1,
            b'{' | b'[' => {
                depth += 1;
                rest = &rest[1..];
            }
            b'}' | b']' => {
                // The end of the object around us: a number or word came last.
                if depth == 0 {
                    return Some(rest);
                }
                depth -= 1;
                rest = &rest[1..];
            }
            b',' if depth == 0 => return Some(rest),
            _ => {
                rest = &rest[1..];
                continue;
            }
        }
        if depth == 0 {
            return Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_type_wherever_it_stands() {
        for text in [
            r#"{"type":"ping"}"#,
            r#" { "type" : "ping" } "#,
            r#"{"a":{"type":"x","b":[1,"}"]},"type":"ping"}"#,
            r#"{"a":"q\"type\":","n":-1.5e3 , "t":null,"type":"ping"}"#,
            r#"{"a":[{"b":"\\"}],"type":"ping","type":"pong"}"#,
        ] {
            assert_eq!(kind(text.as_bytes()), Some("ping"), "{text}");
        }
    }

    #[test]
    fn is_silent_without_one() {
        for text in
            ["", "[]", "{}", "{", r#"{"a":1}"#, r#"{"type":1}"#, r#"{"type":"pi"#, r#"{"a":{"type":"x"}}"#]
        {
            assert_eq!(kind(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn finds_members() {
        let json = br#" {"a" : {"model":1}, "n": -1.5e3 ,"model":"m\"x" ,"#;
        assert_eq!(member(json, b"a"), Some(&br#"{"model":1}"#[..]));
        assert_eq!(member(json, b"n"), Some(&b"-1.5e3"[..]));
        assert_eq!(member(json, b"model"), Some(&br#""m\"x""#[..]));
        assert_eq!(member(json, b"b"), None);
    }

    #[test]
    fn tells_empty_arrays() {
        assert_eq!(array_is_empty(b" [ ]"), Some(true));
        assert_eq!(array_is_empty(b"[{}]"), Some(false));
        assert_eq!(array_is_empty(b"{}"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_the_parser(before in r#"[a-z"\\{}\[\],: ]{0,20}"#, number in any::<i64>(), word in "[a-z_]{1,20}") {
            let value = serde_json::json!({"a": before, "n": number, "l": [before, {"x": before}], "type": word});
            let text = serde_json::to_vec(&value).unwrap_or_default();
            prop_assert_eq!(kind(&text), Some(word.as_str()));
            let _ = kind(&text[..text.len() / 2]);
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = kind(&bytes);
            let _ = array_is_empty(&bytes);
        }
    }
}
