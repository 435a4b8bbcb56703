//! Strings written as JSON. A streamed answer consists of hardly anything else, in pieces of a few words.

use bytes::{BufMut, BytesMut};

/// Appends `text` between quotes, byte for byte as `serde_json` writes it, but without its many small writes.
pub(crate) fn push(out: &mut BytesMut, text: &str) {
    // Enough for text with a few escapes.
    out.reserve(text.len() + text.len() / 4 + 8);
    out.put_u8(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')) {
        let (plain, marked) = rest.split_at(at);
        out.put_slice(plain);
        let Some((byte, after)) = marked.split_first() else { break };
        match byte {
            b'"' => out.put_slice(b"\\\""),
            b'\\' => out.put_slice(b"\\\\"),
            b'\n' => out.put_slice(b"\\n"),
            b'\t' => out.put_slice(b"\\t"),
            b'\r' => out.put_slice(b"\\r"),
            0x08 => out.put_slice(b"\\b"),
            0x0c => out.put_slice(b"\\f"),
            byte => {
                const HEX: [u8; 16] = *b"0123456789abcdef";
                out.put_slice(b"\\u00");
                out.put_u8(HEX[usize::from(byte >> 4)]);
                out.put_u8(HEX[usize::from(byte & 0xf)]);
            }
        }
        rest = after;
    }
    out.put_slice(rest);
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> Vec<u8> {
        let mut out = BytesMut::from(&b"x"[..]);
        push(&mut out, text);
        out[1..].to_vec()
    }

    #[test]
    fn every_character_is_escaped_as_it_must_be() {
        for char in (0..0x100).chain([0x2028, 0x597d, 0x1f600]).filter_map(char::from_u32) {
            for text in [format!("{char}"), format!("a{char}b"), format!("{char}{char}")] {
                assert_eq!(written(&text), serde_json::to_vec(&text).unwrap(), "{text:?}");
            }
        }
        assert_eq!(written(""), b"\"\"");
    }

    proptest! {
        #[test]
        fn any_text_is_what_serde_writes(text in "[\\x00-\\x7f]{0,40}|.{0,40}") {
            prop_assert_eq!(written(&text), serde_json::to_vec(&text).unwrap_or_default());
        }
    }
}
