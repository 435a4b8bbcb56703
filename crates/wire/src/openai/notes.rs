//! What a reader left out or changed, as tokens like `seed:dropped`.

/// Tokens of a member that the client may have named itself: they end in a response header, so their number is
/// bounded.
const MOST_FOREIGN: usize = 16;

/// Collects tokens in order, each once.
#[derive(Debug, Default)]
pub(super) struct Notes {
    tokens: Vec<String>,
    foreign: usize,
}

impl Notes {
    pub(super) fn add(&mut self, token: impl AsRef<str>) {
        let token = token.as_ref();
        if !self.tokens.iter().any(|known| known == token) {
            self.tokens.push(token.to_owned());
        }
    }

    /// Notes that a top-level member of the request had no effect. Names that would not fit a header are not
    /// repeated.
    pub(super) fn add_dropped(&mut self, member: &str) {
        if self.foreign == MOST_FOREIGN {
            return;
        }
        self.foreign += 1;
        self.add(format!("{}:dropped", if is_plain(member) { member } else { "unknown" }));
    }

    /// Notes a tool of a kind that nobody here runs.
    pub(super) fn add_dropped_tool(&mut self, kind: &str) {
        self.add_dropped(&format!("tools.{}", if is_plain(kind) { kind } else { "unknown" }));
    }

    pub(super) fn into_tokens(self) -> Vec<String> {
        self.tokens
    }
}

fn is_plain(word: &str) -> bool {
    word.len() <= 40
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
