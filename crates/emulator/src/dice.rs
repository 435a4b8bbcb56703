//! Ids and padding: looks random, costs nothing, needs no system call a request.

const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A splitmix64 sequence; one an answer, seeded by the emulator's seed and the request's number.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The form of `x-amzn-requestid`.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 50),
            b & 0xffff_ffff_ffff
        )
    }

    pub(crate) fn word(&mut self, prefix: &str, len: usize) -> String {
        let mut word = String::with_capacity(prefix.len() + len);
        word.push_str(prefix);
        for _ in 0..len {
            word.push(char::from(LETTERS[usize::try_from(self.next() % 62).unwrap_or(0)]));
        }
        word
    }

    /// The `p` member of stream events: a prefix of the alphabet, of a length that hides the payload's.
    pub(crate) fn padding(&mut self) -> &'static str {
        let len = usize::try_from(self.next() % 62).unwrap_or(0);
        std::str::from_utf8(&LETTERS[..=len]).unwrap_or("a")
    }
}
