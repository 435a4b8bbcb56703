//! The text of every answer: known to both ends, so that each answer can be compared whole.

/// Holds what JSON must escape and characters of two bytes; has no [`crate::stamp::MARK`].
const SAMPLE: &str = "match cache.get(\"größe\") {\n\tSome(path) => open(r\"C:\\temp\"), // schön, naïve\n\tNone => retry(3)?,\n}\nA stream of small pieces, each of them a few words long. ";

/// Piece `index` of an answer, exactly `bytes` long.
pub fn piece(index: usize, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes);
    let skip = index * 11 % SAMPLE.chars().count();
    for c in SAMPLE.chars().cycle().skip(skip) {
        if text.len() == bytes {
            break;
        }
        // The next character may be too wide for what is left.
        text.push(if text.len() + c.len_utf8() <= bytes { c } else { '.' });
    }
    text
}

/// All pieces.
pub fn whole(pieces: usize, bytes: usize) -> String {
    (0..pieces).map(|index| piece(index, bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_exact_and_need_escaping() {
        for bytes in [1, 2, 20, 77, 400] {
            assert!((0..300).all(|index| piece(index, bytes).len() == bytes), "{bytes}");
        }
        let text = whole(100, 20);
        assert!(['"', '\\', '\n', 'ö'].iter().all(|c| text.contains(*c)));
        assert!(!text.contains(crate::stamp::MARK));
    }
}
