//! What went wrong, classified once, where it was understood.

use std::time::Duration;

/// A failure on its way to the client. `category` decides everything that happens to it; nobody matches on
/// message text outside a codec's `read_error`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub category: Category,
    /// A word for programs where the category's own is too coarse, as OpenAI's `code` has it.
    pub code: Option<&'static str>,
    /// Plain words for the person, without secrets.
    pub message: String,
    /// The member of the request that is wrong, as OpenAI's `param` wants it.
    pub param: Option<String>,
    /// What the upstream said, verbatim.
    pub upstream: Option<Box<Upstream>>,
    /// How long the upstream asked to wait.
    pub retry_after: Option<Duration>,
    /// Machine-readable details some clients act on, e.g. Anthropic's `error.details`.
    pub details: Option<Box<serde_json::Value>>,
}

/// The upstream's own words.
#[derive(Clone, Debug, Default)]
pub struct Upstream {
    pub status: u16,
    /// Its name for the error, e.g. `ThrottlingException`; empty when it gave none.
    pub code: String,
    /// Its message, cut at 2 kB.
    pub message: String,
    /// Its id of the request, for support cases.
    pub request_id: Option<String>,
    /// Seconds to add to our clock, when the answer's `Date` header told.
    pub clock_offset: Option<i64>,
}

impl Error {
    /// [`Error::code`] of a [`Category::Quota`] that no waiting for tomorrow lifts: what the person pays for is used up.
    pub const SPENT: &str = "insufficient_quota";

    pub fn new(category: Category, message: impl Into<String>) -> Self {
        Self {
            category,
            code: None,
            message: message.into(),
            param: None,
            upstream: None,
            retry_after: None,
            details: None,
        }
    }

    /// A 400 with a message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Category::InvalidRequest, message)
    }

    #[must_use]
    pub const fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    #[must_use]
    pub fn with_upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(Box::new(upstream));
        self
    }

    #[must_use]
    pub const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }
}

/// What kind of failure it is. Three tables hang on it and nowhere else: status and type per dialect (in the
/// server codecs), [`Category::retry`] and [`Category::cooling`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    // The client's doing.
    /// 400.
    InvalidRequest,
    /// 400: more tokens than the model's window.
    ContextLength,
    /// 400: a parameter we know and cannot serve, e.g. `n` above 1.
    Unsupported,
    /// 401: the local key is missing or wrong.
    LocalKey,
    /// 403: Host or Origin refused at the boundary.
    Forbidden,
    /// 404: no such route.
    UnknownRoute,
    /// 405.
    MethodNotAllowed,
    /// 404: no account serves this model.
    ModelNotFound,
    /// 400: the model is there, but not under its bare id: AWS wants the id of an inference profile.
    NeedsProfile,
    /// 408: the client sent its body too slowly.
    SlowRequest,
    /// 413.
    TooLarge,
    /// 415: content type or content encoding.
    UnsupportedMedia,
    /// The client left before the answer was complete.
    Cancelled,
    // The account's doing.
    /// The account has no usable credential; the person must sign in or add keys.
    NoCredentials,
    /// The upstream refused the credential as expired or unknown.
    Expired,
    /// The upstream refused the signature, most often because clocks differ.
    Signature,
    /// The credential is good, but not allowed to do this.
    PermissionDenied,
    /// The account is suspended.
    Suspended,
    /// A daily, monthly or account quota is used up.
    Quota,
    /// Too many requests or tokens for the moment.
    RateLimited,
    // The upstream's doing.
    /// Capacity, not quota: 503, 529, a model that is not ready.
    Overloaded,
    /// The upstream gave up waiting for the model, or we for the upstream.
    Timeout,
    /// The upstream failed (5xx, an exception event, an answer we cannot read).
    Upstream,
    /// Refused connection, DNS, TLS.
    Unreachable,
    /// The stream ended without the wire's own end.
    Truncated,
    // Ours.
    /// Every account that could serve is cooling or stopped.
    AllCooling,
    /// 503: the proxy is paused, locked or shutting down.
    Unavailable,
    /// A bug of ours.
    Internal,
}

/// What may be tried again, as long as no content has reached the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    pub same_account: SameAccount,
    pub other_account: OtherAccount,
}

/// Trying the same account again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameAccount {
    Never,
    /// Once, after 50 to 250 ms.
    Once,
    /// When the upstream's retry-after is at most five seconds.
    IfSoon,
    /// Once, after the credential was refreshed.
    AfterRefresh,
    /// Once, with the clock offset taken from the answer.
    AfterClockFix,
}

/// Going on to the next account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherAccount {
    Never,
    Yes,
    /// Only when the person turned that on.
    BySetting,
}

/// What happens to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooling {
    Nothing,
    /// Rests for the upstream's retry-after, or 5 s doubling to 300 s.
    Rest,
    /// Used up until its reset.
    Exhausted,
    /// Must sign in again, if a refresh says so too.
    NeedsSignIn,
    /// Stopped until the person acts.
    Disabled,
    /// One failure; five in a row open the breaker.
    Failure,
}

impl Category {
    /// The retry and failover table.
    #[must_use]
    pub const fn retry(self) -> Retry {
        use {OtherAccount as Other, SameAccount as Same};
        let (same_account, other_account) = match self {
            Self::Unreachable | Self::Overloaded | Self::Upstream => (Same::Once, Other::Yes),
            Self::RateLimited => (Same::IfSoon, Other::Yes),
            Self::Expired | Self::NoCredentials => (Same::AfterRefresh, Other::Yes),
            Self::Signature => (Same::AfterClockFix, Other::Never),
            Self::Quota | Self::Suspended => (Same::Never, Other::BySetting),
            // A timeout may have cost the whole answer already; asking again on the same account doubles it.
            Self::Timeout => (Same::Never, Other::Yes),
            _ => (Same::Never, Other::Never),
        };
        Retry { same_account, other_account }
    }

    /// The account table.
    #[must_use]
    pub const fn cooling(self) -> Cooling {
        match self {
            Self::RateLimited => Cooling::Rest,
            Self::Quota => Cooling::Exhausted,
            Self::Expired | Self::NoCredentials => Cooling::NeedsSignIn,
            Self::Suspended => Cooling::Disabled,
            Self::Overloaded | Self::Upstream | Self::Timeout | Self::Truncated => Cooling::Failure,
            _ => Cooling::Nothing,
        }
    }

    /// The stable name used in log rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextLength => "context_length",
            Self::Unsupported => "unsupported",
            Self::LocalKey => "local_key",
            Self::Forbidden => "forbidden",
            Self::UnknownRoute => "unknown_route",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::ModelNotFound => "model_not_found",
            Self::NeedsProfile => "needs_profile",
            Self::SlowRequest => "slow_request",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::Cancelled => "cancelled",
            Self::NoCredentials => "no_credentials",
            Self::Expired => "expired",
            Self::Signature => "signature",
            Self::PermissionDenied => "permission_denied",
            Self::Suspended => "suspended",
            Self::Quota => "quota",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Upstream => "upstream",
            Self::Unreachable => "unreachable",
            Self::Truncated => "truncated",
            Self::AllCooling => "all_cooling",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}
