//! Errors as AWS answers them.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::amazon_q;
use crate::reply::Reply;

/// An error answer: status, exception, `{"message": ...}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// The exception's name, e.g. `ThrottlingException`; at a token endpoint the OAuth error, e.g. `invalid_grant`.
    pub code: String,
    pub message: String,
    /// Members of the body besides, e.g. `reason`.
    pub more: Map<String, Value>,
    /// Seconds for the `retry-after` header.
    pub retry_after: Option<u64>,
    /// What was wrong, where the service does not say. Told to the journal, never sent.
    pub why: Option<String>,
}

/// Where in an answer a service puts an error's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The name in `x-amzn-errortype`, with an address of the service after a colon.
    Header(&'static str),
    /// The name in the body's `__type`, after a namespace.
    Type(&'static str),
    /// `error` and `error_description`.
    OAuth,
    /// `{"type":"error","error":{"type","message"}}`. Who the `caller` is, is AWS' own to say on the runtime; on the
    /// second inference service it is told in the same words as the rest.
    Anthropic { caller: bool },
    /// OpenAI's `error`; who calls is judged before, and told as everywhere at AWS.
    OpenAi,
    /// The message alone.
    Bare,
}

/// The names that faults may use, with status, exception and the service's usual words.
const NAMED: &[(&str, u16, &str, &str)] = &[
    ("throttle", 429, "ThrottlingException", "Too many requests, please wait before trying again."),
    ("tokens", 429, "ThrottlingException", "Too many tokens, please wait before trying again."),
    ("daily", 429, "ThrottlingException", "Too many tokens per day, please wait before trying again."),
    (
        "quota",
        400,
        "ServiceQuotaExceededException",
        "Your request exceeds the service quota for your account.",
    ),
    (
        "denied",
        403,
        "AccessDeniedException",
        "You don't have access to the model with the specified model ID.",
    ),
    ("expired", 403, "ExpiredTokenException", "The security token included in the request is expired"),
    (
        "unrecognized",
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    ("eol", 404, "ResourceNotFoundException", "This model version has reached the end of its life."),
    (
        "not-ready",
        429,
        "ModelNotReadyException",
        "The model specified in the request is not ready to serve inference requests.",
    ),
    ("timeout", 408, "ModelTimeoutException", "The request took too long to process. Try again."),
    (
        "model-error",
        424,
        "ModelErrorException",
        "The request failed due to an error while processing the model. Try sending your request again.",
    ),
    ("unavailable", 503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    (
        "internal",
        500,
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    ("too-long", 400, "ValidationException", "Input is too long for requested model."),
    ("beta", 400, "ValidationException", "invalid beta flag"),
    (
        "conflict",
        400,
        "ConflictException",
        "Error occurred because of a conflict while performing an operation.",
    ),
    (
        "use-case",
        404,
        "ResourceNotFoundException",
        "Model use case details have not been submitted for this account. Fill out the Anthropic use case details \
         form before using the model.",
    ),
];

impl Refusal {
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            more: Map::new(),
            retry_after: None,
            why: None,
        }
    }

    /// A member of the body besides the message.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.into(), value.into());
        self
    }

    /// With a `retry-after` header of so many seconds.
    #[must_use]
    pub const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The journal's own words about it.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// 400 `ValidationException`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// 429 `ThrottlingException` with the words for too many requests.
    #[must_use]
    pub fn throttling() -> Self {
        Self::new(NAMED[0].1, NAMED[0].2, NAMED[0].3)
    }

    /// The usual error of that short name (`throttle`, `denied`, `expired`, ...) or of that exception name; after
    /// `q_`, a case of Amazon Q and Kiro (`q_throttled`, `q_monthly_limit`, `q_suspended`, ...).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if let Some(case) = name.strip_prefix("q_") {
            return amazon_q::refusal(case);
        }
        let lower = name.to_ascii_lowercase();
        NAMED
            .iter()
            .find(|(short, _, code, _)| *short == lower || code.eq_ignore_ascii_case(name))
            .map(|(_, status, code, message)| Self::new(*status, *code, *message))
    }

    /// The usual error of that HTTP status. 529 has no AWS exception: it is what Anthropic's own surface answers.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        NAMED.iter().find(|(_, named, ..)| *named == status).map_or_else(
            || {
                Self::new(
                    status,
                    if status == 529 { "overloaded_error" } else { "InternalServerException" },
                    "Overloaded",
                )
            },
            |(_, status, code, message)| Self::new(*status, *code, *message),
        )
    }

    pub(crate) fn unknown_operation() -> Self {
        Self::new(404, "UnknownOperationException", "")
    }

    pub(crate) fn into_reply(self, form: Form) -> Reply {
        let form = match form {
            Form::Anthropic { caller: false } if is_about_caller(&self.code) => crate::bedrock::ERRORS,
            Form::OpenAi if is_front_door(&self.code) => crate::bedrock::ERRORS,
            form => form,
        };
        let Self { mut status, code, message, more, retry_after, why: _ } = self;
        let mut body = match form {
            Form::OpenAi => {
                let (kind, word) = openai_words(&code, &message);
                let mut error = json!({ "message": message, "type": kind, "param": null, "code": word });
                if let Value::Object(members) = &mut error {
                    members.extend(more.clone());
                }
                json!({ "error": error })
            }
            Form::Type(namespace) => json!({ "__type": format!("{namespace}#{code}"), "message": message }),
            Form::Header(_) | Form::Bare => json!({ "message": message }),
            Form::Anthropic { .. } => {
                let (kind, usual) = in_anthropics_words(&code, status);
                status = usual;
                json!({ "type": "error", "error": { "type": kind, "message": message } })
            }
            Form::OAuth => {
                let description = Some(message).filter(|message| !message.is_empty());
                json!({ "error": code, "error_description": description })
            }
        };
        if let (Value::Object(members), true) = (&mut body, form != Form::OpenAi) {
            members.extend(more);
        }
        let mut reply = Reply::whole(status, Bytes::from(body.to_string()));
        if let Some(seconds) = retry_after {
            reply = reply.with_header("retry-after", seconds.to_string());
        }
        match form {
            // The service appends a namespace after a colon; readers must cut it.
            Form::Header(address) => {
                reply.with_header("x-amzn-errortype", format!("{code}:http://{address}/"))
            }
            Form::Type(_) => reply.with_type("application/x-amz-json-1.0"),
            Form::OAuth | Form::Anthropic { .. } | Form::OpenAi | Form::Bare => reply,
        }
    }
}

fn is_about_caller(code: &str) -> bool {
    const NAMES: [&str; 6] = ["Token", "Client", "Signature", "Credential", "Authentication", "AccessDenied"];
    NAMES.iter().any(|name| code.contains(name))
}

/// An exception's name and status as Anthropic's API has them.
pub(crate) fn in_anthropics_words(code: &str, status: u16) -> (&'static str, u16) {
    let lower = code.to_ascii_lowercase();
    match lower.strip_suffix("exception").unwrap_or(&lower) {
        "validation" | "conflict" => ("invalid_request_error", 400),
        "accessdenied" => ("permission_error", 403),
        "resourcenotfound" | "unknownoperation" => ("not_found_error", 404),
        "throttling" => ("rate_limit_error", 429),
        "servicequotaexceeded" => ("billing_error", 402),
        "modelnotready" | "serviceunavailable" | "overloaded_error" => ("overloaded_error", 529),
        "modeltimeout" => ("timeout_error", 504),
        _ if is_about_caller(code) => ("authentication_error", 401),
        _ => ("api_error", if status < 500 { 500 } else { status }),
    }
}

/// Whether AWS says it before a vendor's language is spoken: who calls, and whether there is such an operation.
fn is_front_door(code: &str) -> bool {
    const NAMES: [&str; 8] = [
        "AccessDenied",
        "ExpiredToken",
        "IncompleteSignature",
        "InvalidSignature",
        "MissingAuthentication",
        "SignatureDoesNotMatch",
        "UnknownOperation",
        "UnrecognizedClient",
    ];
    NAMES.iter().any(|name| code.starts_with(name))
}

/// OpenAI's `type` and `code` for an AWS exception.
pub(crate) fn openai_words(code: &str, message: &str) -> (&'static str, Option<&'static str>) {
    let lower = code.to_ascii_lowercase();
    match lower.strip_suffix("exception").unwrap_or(&lower) {
        "throttling" if message.contains("per day") => ("insufficient_quota", Some("insufficient_quota")),
        "throttling" => ("rate_limit_error", Some("rate_limit_exceeded")),
        "servicequotaexceeded" => ("insufficient_quota", Some("insufficient_quota")),
        "validation" if message.contains("too long") => {
            ("invalid_request_error", Some("context_length_exceeded"))
        }
        "validation" | "conflict" => ("invalid_request_error", None),
        "resourcenotfound" => ("invalid_request_error", Some("model_not_found")),
        "serviceunavailable" | "modelnotready" | "overloaded_error" => ("server_error", Some("overloaded")),
        _ => ("server_error", None),
    }
}
