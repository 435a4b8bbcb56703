//! The accounts that the emulator knows at its start, and how it treats them.

use std::time::Duration;

/// The profile of accounts that have one. Not a secret: an emulator answers canned words.
pub const KIRO_PROFILE: &str = "arn:aws:codewhisperer:us-east-1:000011112222:profile/EXAMPLEPROF01";

/// How Kiro is played.
#[derive(Clone, Debug)]
pub struct KiroConfig {
    pub accounts: Vec<KiroAccount>,
    /// How long an access token lives.
    pub token_life: Duration,
    /// How long a client registration lives.
    pub client_life: Duration,
    /// How long a sign-in waits for its person.
    pub code_life: Duration,
    /// How often a device sign-in may be asked after; whoever asks more often is told to slow down.
    pub poll_interval: Duration,
    /// Ask the person on a page of our own before a browser is sent back. Off, whoever sits there agrees at once.
    pub ask: bool,
    /// The AWS accounts of [`KiroKind::Workforce`], with their roles.
    pub workplaces: Vec<Workplace>,
    /// How long the keys of a role live.
    pub role_life: Duration,
    /// Sign-ins of [`KiroKind::Workforce`] can be renewed. Off, they end with their first token, as those of clients
    /// that name no scope.
    pub lasting: bool,
    /// A refresh token that was spent counts until its successor is, as services do that forgive an answer that got
    /// lost. Off, it is void at once.
    pub forgiving: bool,
    /// Tell which rule a request broke, as newer stacks do. Off, most rules are answered with
    /// `Improperly formed request.` and a reason of null; [`crate::Recorded::why`] tells in both cases.
    pub precise_reasons: bool,
    /// Refuse schema keywords that constrain values too (`pattern`, `format`, `minimum`, ...), with
    /// `TOOL_SCHEMA_INVALID`.
    pub strict_schemas: bool,
    /// Refuse thoughts whose signature another service made. Those that this emulator made must hold in any case.
    pub own_thoughts: bool,
    /// Count tokens for every model. Off, only [`KiroConfig::COUNTS`] gets `tokenUsage`.
    pub token_usage: bool,
    /// Say why the model stopped. Off, as older stacks, which leave that to the reader.
    pub stop_reason: bool,
    /// The largest body of a chat, in bytes. About 615,000 was reported, before models with a window of a million
    /// tokens; `None` sets no limit but the model's window.
    pub most_body: Option<usize>,
}

impl KiroConfig {
    /// The model whose answers always tell their tokens.
    pub const COUNTS: &str = "claude-sonnet-4.6";
}

impl Default for KiroConfig {
    /// One account of each kind, tokens of an hour, the usual rules.
    fn default() -> Self {
        Self {
            accounts: KiroAccount::sandbox(),
            token_life: Duration::from_secs(3600),
            client_life: Duration::from_secs(90 * 24 * 3600),
            code_life: Duration::from_secs(600),
            poll_interval: Duration::from_secs(1),
            ask: false,
            workplaces: Workplace::sandbox(),
            role_life: Duration::from_secs(3600),
            lasting: true,
            forgiving: false,
            precise_reasons: false,
            strict_schemas: false,
            own_thoughts: false,
            token_usage: false,
            stop_reason: true,
            most_body: None,
        }
    }
}

/// An AWS account that people of an organisation may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workplace {
    /// Twelve digits.
    pub id: String,
    pub name: String,
    pub email: String,
    pub roles: Vec<String>,
}

impl Workplace {
    /// The two that [`KiroConfig::default`] has.
    #[must_use]
    pub fn sandbox() -> Vec<Self> {
        let workplace = |id: &str, name: &str, roles: &[&str]| Self {
            id: id.into(),
            name: name.into(),
            email: format!("{}@example.com", name.to_lowercase()),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        vec![
            workplace("111122223333", "Development", &["Developer", "ReadOnly"]),
            workplace("444455556666", "Production", &["ReadOnly"]),
        ]
    }
}

/// How an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KiroKind {
    /// OIDC, no profile.
    BuilderId,
    /// OIDC, with a profile.
    IdentityCenter,
    /// Google or GitHub.
    Social,
    /// An organisation's own identity provider.
    External,
    /// A key that starts with `ksk_`.
    ApiKey,
    /// OIDC with `sso:account:access`: a person with AWS accounts and no Kiro.
    Workforce,
}

/// An account as it is at the emulator's start.
#[derive(Clone, PartialEq)]
pub struct KiroAccount {
    /// What tests and the journal call it.
    pub name: String,
    pub kind: KiroKind,
    /// The refresh token; the key itself of [`KiroKind::ApiKey`].
    pub secret: String,
    /// Of the OIDC kinds, and of [`KiroKind::External`].
    pub client_id: String,
    /// Of the OIDC kinds.
    pub client_secret: String,
    /// With one, every chat must name it; without, none may.
    pub profile_arn: Option<String>,
    /// Whether its organisation allows tools that run at the service.
    pub mcp: bool,
    /// What a month allows; `None` never ends.
    pub credits: Option<f64>,
    /// What was used of that before the start.
    pub spent: f64,
}

impl KiroAccount {
    /// An account whose secrets follow from its name: refresh token `aor-NAME` (`ksk_NAME` for a key), client
    /// `client-NAME` with `secret-NAME`.
    pub fn new(kind: KiroKind, name: impl Into<String>) -> Self {
        let name = name.into();
        let secret = if kind == KiroKind::ApiKey { format!("ksk_{name}") } else { format!("aor-{name}") };
        let profiled = matches!(kind, KiroKind::IdentityCenter | KiroKind::Social | KiroKind::External);
        Self {
            kind,
            secret,
            client_id: format!("client-{name}"),
            client_secret: format!("secret-{name}"),
            profile_arn: profiled.then(|| KIRO_PROFILE.to_owned()),
            mcp: true,
            credits: None,
            spent: 0.0,
            name,
        }
    }

    /// The six that [`KiroConfig::default`] has: `builder-id`, `identity-center`, `social`, `external`, `api-key`,
    /// `workforce`.
    #[must_use]
    pub fn sandbox() -> Vec<Self> {
        vec![
            Self::new(KiroKind::BuilderId, "builder-id"),
            Self::new(KiroKind::IdentityCenter, "identity-center"),
            Self::new(KiroKind::Social, "social"),
            Self::new(KiroKind::External, "external"),
            Self::new(KiroKind::ApiKey, "api-key"),
            Self::new(KiroKind::Workforce, "workforce"),
        ]
    }

    #[must_use]
    pub const fn with_credits(mut self, credits: f64) -> Self {
        self.credits = Some(credits);
        self
    }

    /// The same of an organisation that forbids tools of the service.
    #[must_use]
    pub const fn without_mcp(mut self) -> Self {
        self.mcp = false;
        self
    }

    #[must_use]
    pub fn with_profile(mut self, arn: Option<&str>) -> Self {
        self.profile_arn = arn.map(str::to_owned);
        self
    }

    /// Whether the OIDC service knows it.
    pub(super) const fn is_oidc(&self) -> bool {
        matches!(self.kind, KiroKind::BuilderId | KiroKind::IdentityCenter | KiroKind::Workforce)
    }

    /// The `tokentype` header that its requests must carry.
    pub(super) const fn token_type(&self) -> Option<&'static str> {
        match self.kind {
            KiroKind::ApiKey => Some("API_KEY"),
            KiroKind::External => Some("EXTERNAL_IDP"),
            _ => None,
        }
    }
}

impl std::fmt::Debug for KiroAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KiroAccount")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("profile_arn", &self.profile_arn)
            .field("credits", &self.credits)
            .finish_non_exhaustive()
    }
}
