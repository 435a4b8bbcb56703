//! What a client asked, as it came in.

use std::fmt;
use std::sync::OnceLock;

use crate::{Error, Meaning, RawBody, Tier, Wire};

/// One request of a client. The body stays the client's own text; its meaning is parsed on first use, which on
/// the same-wire path is never.
pub struct Request {
    pub wire: Wire,
    /// The model as the client wrote it.
    pub model: String,
    pub stream: bool,
    pub raw: RawBody,
    pub hints: Hints,
    parse: fn(&Request) -> Result<Meaning, Error>,
    meaning: OnceLock<Meaning>,
}

/// What rides in headers and matters upstream.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Tokens of `anthropic-beta`, in order, without doubles.
    pub betas: Vec<String>,
    /// The client's own session id (`x-claude-code-session-id`, `session-id`, ...).
    pub session: Option<String>,
    /// `anthropic-version` as sent.
    pub anthropic_version: Option<String>,
    /// The service tier to ask for when the client names none.
    pub tier: Option<Tier>,
    /// The person wants thinking kept from clients whose dialect has no place of its own for it.
    pub hide_thinking: bool,
}

impl Request {
    /// `parse` reads the meaning of `raw`; it belongs to the codec that made the request.
    pub fn new(
        raw: RawBody,
        model: String,
        stream: bool,
        hints: Hints,
        parse: fn(&Request) -> Result<Meaning, Error>,
    ) -> Self {
        Self { wire: raw.wire, model, stream, raw, hints, parse, meaning: OnceLock::new() }
    }

    /// The same request with another meaning, for an upstream that reads nothing but the meaning. The client's own words
    /// stay as they came, shared.
    #[must_use]
    pub fn meaning_instead(&self, meaning: Meaning) -> Self {
        Self {
            wire: self.wire,
            model: self.model.clone(),
            stream: self.stream,
            raw: self.raw.clone(),
            hints: self.hints.clone(),
            parse: self.parse,
            meaning: OnceLock::from(meaning),
        }
    }

    /// The same words, not yet understood: for a thread of its own. No value of the body is copied.
    #[must_use]
    pub fn afresh(&self) -> Self {
        let (raw, model, hints) = (self.raw.clone(), self.model.clone(), self.hints.clone());
        Self::new(raw, model, self.stream, hints, self.parse)
    }

    /// The dialect-free form.
    ///
    /// # Errors
    /// [`crate::Category::InvalidRequest`] when the body does not make sense in its dialect.
    pub fn meaning(&self) -> Result<&Meaning, Error> {
        if let Some(meaning) = self.meaning.get() {
            return Ok(meaning);
        }
        let parsed = (self.parse)(self)?;
        Ok(self.meaning.get_or_init(|| parsed))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The conversation is the person's: it never reaches a log through Debug.
        f.debug_struct("Request")
            .field("wire", &self.wire)
            .field("model", &self.model)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
