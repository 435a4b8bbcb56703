//! Send times inside the text, so that the far end can tell how long a piece was under way.

use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes a stamp takes: the mark and twenty digits.
pub const LEN: usize = 21;

/// Stands before each stamp and nowhere else in an answer.
pub const MARK: char = '@';

/// Nanoseconds of the wall clock, the one clock that two processes share on every system.
pub fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "compared with the same clock of another process")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
}

/// A text of at least [`LEN`] bytes that begins with the time.
pub fn write(at: u64, bytes: usize) -> String {
    let mut text = format!("{MARK}{at:020}");
    while text.len() < bytes {
        text.push('.');
    }
    text
}

/// The times in a text, in order.
pub fn read(text: &str) -> impl Iterator<Item = u64> {
    text.split(MARK).skip(1).filter_map(|rest| rest.get(..LEN - 1)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_texts_keep_their_stamps() {
        let text = write(7, 24) + &write(u64::MAX, 30);
        assert_eq!(text.len(), 54);
        assert_eq!(read(&text).collect::<Vec<_>>(), [7, u64::MAX]);
    }
}
