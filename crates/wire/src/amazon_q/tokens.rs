//! A running guess at the tokens of an answer, for a service that seldom counts them.
//!
//! The same rule of thumb as for requests: 3.6 characters of Latin text or code, or 1.5 of Chinese, Japanese or Korean,
//! make a token.

/// A token in parts small enough that both kinds of characters are whole numbers of them.
const TOKEN: u64 = 18;
const NARROW: u64 = 5;
const WIDE: u64 = 12;

/// What was said so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tokens {
    parts: u64,
}

impl Tokens {
    pub(super) fn add(&mut self, text: &str) {
        self.parts += parts(text);
    }

    /// Whole tokens; one that has begun counts.
    pub(super) const fn total(self) -> u64 {
        self.parts.div_ceil(TOKEN)
    }

    /// Bytes at the start of `text` that still fit into `most` tokens.
    pub(super) fn fitting(self, text: &str, most: u32) -> usize {
        let mut left = (u64::from(most) * TOKEN).saturating_sub(self.parts);
        // No byte is worth more than a narrow character. Until the limit is near there is nothing to count.
        if text.len() as u64 * NARROW <= left {
            return text.len();
        }
        let past = text.char_indices().find(|(_, char)| {
            let weight = weight(*char);
            let fits = weight <= left;
            left = left.saturating_sub(weight);
            !fits
        });
        past.map_or(text.len(), |(at, _)| at)
    }
}

fn parts(text: &str) -> u64 {
    // No wide character begins with a lower byte.
    if text.bytes().max().is_none_or(|byte| byte < 0xe1) {
        text.chars().count() as u64 * NARROW
    } else {
        text.chars().map(weight).sum()
    }
}

const fn weight(char: char) -> u64 {
    if is_wide(char) { WIDE } else { NARROW }
}

/// Han, kana, hangul and their full-width forms.
const fn is_wide(char: char) -> bool {
    matches!(char, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(text: &str) -> u64 {
        let mut tokens = Tokens::default();
        tokens.add(text);
        tokens.total()
    }

    #[test]
    fn latin_is_cheaper_than_han() {
        assert_eq!([total(""), total("a"), total(&"a".repeat(36)), total(&"é".repeat(36))], [0, 1, 10, 10]);
        assert_eq!([total("好"), total(&"好".repeat(15)), total("好好好abcdefghij")], [1, 10, 5]);
    }

    #[test]
    fn short_cuts_change_nothing() {
        for char in (0..0x2_ffff).step_by(7).filter_map(char::from_u32) {
            let text = format!("a{char}");
            let counted = NARROW + weight(char);
            assert_eq!(parts(&text), counted, "{text:?}");
            assert!(counted <= text.len() as u64 * NARROW, "{text:?}");
        }
    }

    #[test]
    fn what_fits_stays_whole() {
        let mut tokens = Tokens::default();
        assert_eq!(tokens.fitting("abcdefgh", 2), 7);
        assert_eq!(tokens.fitting("好好好好", 2), 9);
        assert_eq!(tokens.fitting("abc", 0), 0);
        tokens.add("abcdefg");
        assert_eq!(tokens.fitting("h", 2), 0);
        assert_eq!(tokens.fitting("h", 3), 1);
    }
}
