//! What was changed in a request on the way to the upstream, as tokens like `max_tokens:64000`.

/// Tokens in order, each once.
#[derive(Debug)]
pub(super) struct Adjustments(Vec<String>);

impl Adjustments {
    pub(super) const fn new(so_far: Vec<String>) -> Self {
        Self(so_far)
    }

    pub(super) fn note(&mut self, token: impl Into<String>) {
        let token = token.into();
        if !self.0.contains(&token) {
            self.0.push(token);
        }
    }

    pub(super) fn into_tokens(self) -> Vec<String> {
        self.0
    }
}
