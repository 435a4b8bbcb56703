//! Who may call, and how strictly.

use crate::KiroConfig;

/// The Bedrock API key that [`Config::default`] accepts. Not a secret: an emulator answers canned words.
pub const SANDBOX_BEARER_KEY: &str = "bedrock-api-key-sandbox";

/// How an emulator is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    pub access_keys: Vec<AccessKey>,
    /// Bedrock API keys, for `Authorization: Bearer`.
    pub bearer_keys: Vec<String>,
    /// Refuse what the service refuses. Off, only what cannot be answered at all is refused.
    pub strict: bool,
    /// Keep requests, with their bodies, for [`crate::Journal::requests`]. Off, only counters are kept, so that a
    /// Sandbox holds no prompts.
    pub record: bool,
    /// Amazon Q and Kiro.
    pub kiro: KiroConfig,
}

impl Default for Config {
    /// Ephemeral port, the Sandbox keys, strict, not recording.
    fn default() -> Self {
        Self {
            port: 0,
            access_keys: vec![AccessKey::sandbox()],
            bearer_keys: vec![SANDBOX_BEARER_KEY.into()],
            strict: true,
            record: false,
            kiro: KiroConfig::default(),
        }
    }
}

/// A pair of AWS keys, with the session token when it is temporary.
#[derive(Clone)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
    /// Answers `ExpiredTokenException` although the signature is right.
    pub expired: bool,
}

impl AccessKey {
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secret: secret.into(), token: None, expired: false }
    }

    /// The pair that [`Config::default`] accepts. Not a secret: an emulator answers canned words.
    #[must_use]
    pub fn sandbox() -> Self {
        Self::new("AKIASANDBOX000000000", "sandbox+secret+sandbox+secret+sandbox+00")
    }

    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .field("expired", &self.expired)
            .finish_non_exhaustive()
    }
}
