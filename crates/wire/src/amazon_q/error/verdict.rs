//! The table: from status, name, reason and words to a category, plain words for the person, and what may help.

use llm::{Category, Error};

use super::Repair;
use super::reason;

/// What the person can do when a sign-in has ended, behind other words or alone.
macro_rules! enter_again {
    ($before:literal) => {
        concat!($before, "Sign in again in Accounts or with `switchboard accounts sign-in NAME`.")
    };
}

/// What the person can do when a sign-in has ended.
pub const ENTER_AGAIN: &str = enter_again!("");

/// What a refusal means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    pub(super) category: Category,
    pub(super) code: Option<&'static str>,
    pub(super) message: Message,
    pub(super) repair: Option<Repair>,
}

/// What the person reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    /// Ours alone: the service's words say nothing more, or too much (a user id).
    Ours(&'static str),
    /// Ours, and then the service's.
    Both(&'static str),
    Theirs,
}

impl Message {
    pub(super) fn into_text(self, status: u16, words: &str) -> String {
        match self {
            Self::Ours(ours) => ours.to_owned(),
            Self::Both(ours) if words.is_empty() => ours.to_owned(),
            Self::Both(ours) => format!("{ours} {}", super::cut(words)),
            Self::Theirs if words.is_empty() => {
                format!("The provider answered with status {status} and no message.")
            }
            Self::Theirs => super::cut(words).to_owned(),
        }
    }
}

impl Verdict {
    pub(super) const fn new(category: Category, message: Message) -> Self {
        // What the table tells apart, but a category does not.
        let code = match category {
            Category::InvalidRequest => Some("upstream_rejected"),
            Category::Unsupported => Some("unsupported_parameter"),
            Category::Expired => Some("upstream_login_required"),
            Category::PermissionDenied => Some("upstream_forbidden"),
            Category::Upstream => Some("upstream_error"),
            _ => None,
        };
        Self { category, code, message, repair: None }
    }

    pub(super) const fn ours(category: Category, message: &'static str) -> Self {
        Self::new(category, Message::Ours(message))
    }

    pub(super) const fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(super) const fn with_repair(self, repair: Repair) -> Self {
        Self { repair: Some(repair), ..self }
    }
}

/// Said to a Builder ID that asks for profiles.
pub(super) const NO_PROFILES: &str = "builder id is not supported";
/// Said to a request without a profile.
pub(super) const WANTS_PROFILE: &str = "profilearn is required";

pub(super) const TOO_LONG: Verdict = Verdict::ours(
    Category::ContextLength,
    // Coding clients compact the conversation when they read the first four words.
    "prompt is too long: the input is longer than the model's context.",
);
pub(super) const CONVERSATION_FULL: Verdict =
    Verdict::ours(Category::ContextLength, "The upstream conversation is full; start a new one.")
        .with_repair(Repair::NewConversation);
pub(super) const NO_SUCH_MODEL: Verdict = Verdict::ours(
    Category::ModelNotFound,
    "The model is not available to this account: its plan or region may not have it.",
);
pub(super) const BAD_THOUGHT: Verdict =
    Verdict::ours(Category::InvalidRequest, "A replayed thinking block was refused.")
        .with_repair(Repair::DropReasoning);
pub(super) const TOOL_MISMATCH: Verdict =
    Verdict::ours(Category::InvalidRequest, "Tool calls and tool results do not match.")
        .with_repair(Repair::Again);
pub(super) const SUSPENDED: Verdict = Verdict::ours(
    Category::Suspended,
    "The upstream account is suspended. Contact the provider's support: https://app.kiro.dev for a Kiro account, the \
     AWS Support Center for an organisation's.",
);
pub(super) const MONTH_USED_UP: Verdict = Verdict::ours(
    Category::Quota,
    "The monthly credits of this account are used up. They come back when its next month begins; a larger plan or \
     overages, in the account's settings at https://app.kiro.dev, help at once.",
)
.with_code(Error::SPENT);
pub(super) const OVERAGES_USED_UP: Verdict = Verdict::ours(
    Category::Quota,
    "The overage limit of this account is reached. Raise it in the account's settings at https://app.kiro.dev, or wait \
     until its next month begins.",
)
.with_code(Error::SPENT);
pub(super) const NO_CAPACITY: Verdict =
    Verdict::ours(Category::Overloaded, "The model has no free capacity. Try again shortly.");
pub(super) const MODEL_UNAVAILABLE: Verdict = Verdict::ours(
    Category::Overloaded,
    "The model is temporarily unavailable. Try again shortly, or choose another model.",
);
pub(super) const NOT_FOR_ACCOUNT: Verdict =
    Verdict::new(Category::PermissionDenied, Message::Both("Not available for this account."));
pub(super) const ENCRYPTION: Verdict = Verdict::new(
    Category::PermissionDenied,
    Message::Both("The organisation's encryption key cannot be used; its administrator must see to it."),
);
const OVERLOADED: Verdict =
    Verdict::ours(Category::Overloaded, "The service is overloaded. Try again shortly.");
const UNAVAILABLE: Verdict =
    Verdict::ours(Category::Overloaded, "The provider is unavailable. Try again shortly.");
const TOKEN_INVALID: Verdict =
    Verdict::ours(Category::Expired, enter_again!("The upstream sign-in is no longer valid. "));
const TOKEN_EXPIRED: Verdict =
    Verdict::ours(Category::Expired, enter_again!("The upstream sign-in has expired. "));
const NOT_AUTHORIZED: Verdict = Verdict::ours(
    Category::PermissionDenied,
    "This account may not make this call (wrong region, profile or plan). Compare the account's region with its \
     profile's, enter its credential with the right profile_arn in Accounts or with `switchboard accounts credential NAME`, \
     or see whether the plan has this model.",
);
const WRONG_SIGN_IN: Verdict =
    Verdict::ours(Category::PermissionDenied, "Not available with this sign-in type.");
const PROFILE_REQUIRED: Verdict = Verdict::ours(
    Category::InvalidRequest,
    "This account needs a Kiro profile; enter its credential with a profile_arn in Accounts or with \
     `switchboard accounts credential NAME`.",
)
.with_code("profile_required");
const PROFILE_REFUSED: Verdict = Verdict::ours(
    Category::InvalidRequest,
    "This account's Kiro profile was refused; enter its credential with another profile_arn in Accounts or with \
     `switchboard accounts credential NAME`.",
)
.with_code("profile_required");
const NO_FIELDS: Verdict = Verdict::ours(Category::Unsupported, "The model does not take thinking settings.")
    .with_repair(Repair::DropFields);
const IMPROPERLY_FORMED: Verdict =
    Verdict::ours(Category::InvalidRequest, "The provider rejected the request as improperly formed.")
        .with_repair(Repair::BareSchemas);
const WRONG_ADDRESS: Verdict =
    Verdict::new(Category::Upstream, Message::Both("The provider's address does not know this call."))
        .with_repair(Repair::OtherHost);
const WRONG_CALLER: Verdict = Verdict::new(
    Category::PermissionDenied,
    Message::Both("The provider's address does not take this account's kind of sign-in."),
)
.with_repair(Repair::OtherHost);
const FAILED: Verdict = Verdict::ours(Category::Upstream, "The provider failed.");
const TOO_MANY: Verdict = Verdict::ours(Category::RateLimited, "Too many requests. Wait a moment.");

/// Finds the row: the reason is the most precise; without one, or with one we do not know, the words; then the
/// name; then the status.
pub(super) fn find(status: u16, name: &str, reason: &str, words: &str) -> Verdict {
    let name = short(name);
    let lower = words.to_ascii_lowercase();
    reason::verdict(reason)
        .or_else(|| by_words(status, &lower))
        .or_else(|| by_name(&name, status))
        .unwrap_or_else(|| by_status(status))
}

/// `ThrottlingException`, `ThrottlingError` and `throttling` are one name.
fn short(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let short = lower.strip_suffix("exception").or_else(|| lower.strip_suffix("error"));
    short.unwrap_or(&lower).to_owned()
}

fn by_words(status: u16, words: &str) -> Option<Verdict> {
    let has = |part: &str| words.contains(part);
    Some(if has("token included in the request is") {
        TOKEN_INVALID
    } else if has("token expired") || has("token has expired") || has("token is expired") {
        TOKEN_EXPIRED
    } else if status == 403 && has("suspended") {
        SUSPENDED
    } else if has("additionalmodelrequestfields") {
        NO_FIELDS
    } else if has(WANTS_PROFILE) {
        PROFILE_REQUIRED
    } else if has("invalid profilearn") {
        PROFILE_REFUSED
    } else if has("input is too long") || has("prompt is too long") {
        TOO_LONG
    } else if has("invalid tool use format") {
        TOOL_MISMATCH
    } else if has("invalid model") {
        NO_SUCH_MODEL
    } else if has("improperly formed request") {
        IMPROPERLY_FORMED
    } else if has("thinking") && has("signature") {
        BAD_THOUGHT
    } else if has("reached for this month") {
        MONTH_USED_UP
    } else if has("limit for overages") {
        OVERAGES_USED_UP
    } else if has("conversation limit") {
        CONVERSATION_FULL
    } else if status == 402 && has("you have reached the limit") {
        MONTH_USED_UP
    } else if has("not authorized to make this call") {
        NOT_AUTHORIZED
    } else if has(NO_PROFILES) {
        WRONG_SIGN_IN
    } else if has("high traffic") || has("unexpectedly high load") {
        OVERLOADED
    } else if matches!(status, 400 | 403) && has("unknown") && (has("operation") || has("endpoint")) {
        WRONG_ADDRESS
    } else if matches!(status, 400 | 403) && has("signature") && (has("invalid") || has("does not match")) {
        WRONG_CALLER
    } else {
        return None;
    })
}

fn by_name(name: &str, status: u16) -> Option<Verdict> {
    Some(match name {
        "unknownoperation" => WRONG_ADDRESS,
        "invalidsignature" | "incompletesignature" | "signaturedoesnotmatch" => WRONG_CALLER,
        "validation" | "badrequest" | "serialization" => {
            Verdict::new(Category::InvalidRequest, Message::Theirs)
        }
        "contentlengthexceeded" => TOO_LONG,
        "accessdenied" if status != 401 => Verdict::new(Category::PermissionDenied, Message::Theirs),
        "expiredtoken" => TOKEN_EXPIRED,
        "unauthorized" | "unrecognizedclient" | "invalidtoken" => TOKEN_INVALID,
        // An address that does not have the call answers so as well.
        "resourcenotfound" => {
            Verdict { code: None, ..Verdict::new(Category::ModelNotFound, Message::Theirs) }
                .with_repair(Repair::OtherHost)
        }
        "conflict" => ENCRYPTION,
        "throttling" | "toomanyrequests" => TOO_MANY,
        "servicequotaexceeded" => Verdict::new(
            Category::Quota,
            Message::Both("A limit of this account is reached; see its usage at https://app.kiro.dev."),
        )
        .with_code(Error::SPENT),
        "internalserver" | "internalfailure" => FAILED,
        "serviceunavailable" => UNAVAILABLE,
        "modeltemporarilyunavailable" | "modelunavailable" => MODEL_UNAVAILABLE,
        // The member of the stream's union that stands for any failure of the service itself.
        "" | "error" if status == 500 => FAILED,
        _ => return None,
    })
}

/// For errors without a name that we know, and for pages of a gateway, which say nothing to the person.
fn by_status(status: u16) -> Verdict {
    match status {
        400 | 422 => Verdict::new(Category::InvalidRequest, Message::Theirs),
        401 => TOKEN_INVALID,
        402 => MONTH_USED_UP,
        403 => Verdict::new(Category::PermissionDenied, Message::Theirs),
        404 | 405 => WRONG_ADDRESS,
        408 | 504 => Verdict::ours(Category::Timeout, "The provider took too long."),
        413 => Verdict::new(Category::TooLarge, Message::Theirs),
        429 => TOO_MANY,
        503 | 529 => UNAVAILABLE,
        _ => Verdict::new(Category::Upstream, Message::Theirs),
    }
}

/// The status that a name has where it comes as an answer of its own.
pub(super) fn status_of(name: &str) -> u16 {
    match short(name).as_str() {
        "validation" | "contentlengthexceeded" | "badrequest" | "serialization" => 400,
        "servicequotaexceeded" => 402,
        "accessdenied" => 403,
        "resourcenotfound" => 404,
        "conflict" => 409,
        "throttling" | "toomanyrequests" => 429,
        "serviceunavailable" => 503,
        _ => 500,
    }
}
