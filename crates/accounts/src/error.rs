//! Why a change of the accounts was refused.

/// A refused change. [`Error::code`] is for programs, `Display` for people.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such account")]
    NotFound,
    #[error("another account has this name")]
    NameTaken,
    #[error("there is no provider {0:?}")]
    UnknownProvider(String),
    /// The message names the field.
    #[error("{message}")]
    Invalid { field: &'static str, message: String },
    /// The provider refused region, endpoint or credential.
    #[error(transparent)]
    Refused(llm::Error),
    /// Its vendor does not document the interface; the person must accept the note once.
    #[error("the first account of {provider} needs your consent: {note}")]
    PolicyConsentRequired { provider: &'static str, note: &'static str },
    /// A text with accounts cannot be imported. The message never holds what was read.
    #[error("{message}")]
    Import { code: &'static str, message: String },
    /// The account was made at start (environment, Sandbox) and is not stored.
    #[error("this account was made at start and cannot be changed here")]
    Ephemeral,
    /// It was cancelled, or is long over.
    #[error("there is no such sign-in")]
    SignInNotFound,
    #[error("too many sign-ins are under way; finish or cancel one first")]
    TooManySignIns,
    /// How the account's credential was got is not known; the person must say how.
    #[error("say how to sign in: the account does not know")]
    SignInWayUnknown,
    /// The program is ending.
    #[error("the change was interrupted")]
    Interrupted,
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
}

impl Error {
    /// The stable name of the failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "account_not_found",
            Self::NameTaken => "account_name_taken",
            Self::UnknownProvider(_) => "provider_unknown",
            Self::Invalid { .. } | Self::Refused(_) => "invalid_account",
            Self::PolicyConsentRequired { .. } => "policy_consent_required",
            Self::Import { code, .. } => code,
            Self::Ephemeral => "account_not_stored",
            Self::SignInNotFound => "sign_in_not_found",
            Self::TooManySignIns => "too_many_sign_ins",
            Self::SignInWayUnknown => "sign_in_way_unknown",
            Self::Store(store::Error::ReadOnly { .. }) => "data_read_only",
            Self::Secrets(secrets::Error::Locked) => "secrets_locked",
            Self::Secrets(secrets::Error::Unreadable) => "secret_unreadable",
            Self::Store(_) | Self::Secrets(secrets::Error::NoRandomness) | Self::Interrupted => "storage",
        }
    }

    /// The HTTP status an admin API answers with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound | Self::SignInNotFound => 404,
            Self::TooManySignIns => 429,
            Self::NameTaken
            | Self::Ephemeral
            | Self::SignInWayUnknown
            | Self::PolicyConsentRequired { .. }
            | Self::Secrets(secrets::Error::Unreadable)
            | Self::Store(store::Error::ReadOnly { .. }) => 409,
            Self::Secrets(secrets::Error::Locked) => 503,
            Self::UnknownProvider(_) | Self::Invalid { .. } | Self::Refused(_) | Self::Import { .. } => 400,
            Self::Store(_) | Self::Secrets(secrets::Error::NoRandomness) | Self::Interrupted => 500,
        }
    }
}
