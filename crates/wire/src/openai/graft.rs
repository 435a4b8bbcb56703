//! JSON text with some values replaced and every other byte as it was.

use bytes::{BufMut, BytesMut};

/// Appends `json` with each of `edits`, a piece of it and what stands there instead. Pieces that are none of it are left
/// out.
pub(super) fn graft(json: &[u8], mut edits: Vec<(&[u8], &[u8])>, out: &mut BytesMut) {
    let start = |piece: &[u8]| piece.as_ptr().addr().wrapping_sub(json.as_ptr().addr());
    edits.sort_by_key(|(old, _)| start(old));
    out.reserve(json.len() + edits.iter().map(|(_, new)| new.len()).sum::<usize>() + 64);
    let mut from = 0;
    for (old, new) in edits {
        let at = start(old);
        let Some(before) = json.get(from..at) else { continue };
        if at + old.len() > json.len() {
            continue;
        }
        out.put_slice(before);
        out.put_slice(new);
        from = at + old.len();
    }
    out.put_slice(&json[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pieces_change() {
        let json = br#"{ "a":"x", "b" : [1.50] }"#;
        let mut out = BytesMut::new();
        graft(json, vec![(&json[17..23], b"null"), (&json[6..9], b"\"yy\"")], &mut out);
        assert_eq!(out, &br#"{ "a":"yy", "b" : null }"#[..]);
        let mut out = BytesMut::new();
        graft(json, vec![(b"elsewhere", b"null")], &mut out);
        assert_eq!(out, &json[..]);
    }
}
