//! What was changed in a request on the way to the upstream, as tokens like `max_tokens:64000`.

/// Tokens in order, each once.
#[derive(Debug)]
pub(crate) struct Adjustments(Vec<String>);

impl Adjustments {
    pub(crate) const fn new(so_far: Vec<String>) -> Self {
        Self(so_far)
    }

    pub(crate) fn note(&mut self, token: impl Into<String>) {
        let token = token.into();
        if !self.0.contains(&token) {
            self.0.push(token);
        }
    }

    pub(crate) fn into_tokens(self) -> Vec<String> {
        self.0
    }
}
