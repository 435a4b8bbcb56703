//! Bedrock's answers that are not 200.
//!
//! AWS names the error in `x-amzn-errortype` (or in `__type` of the body) and says why in `message`. What the model's
//! vendor complained about is wrapped in "The model returned the following errors: …". The routes that speak the
//! vendor's API answer in the vendor's shape, and a gateway on the way may answer HTML.

use std::time::Duration;

use llm::{Category, Error, Upstream};
use serde::Deserialize;
use serde_json::Value;

use crate::ErrorHead;

#[cfg(test)]
mod tests;

/// The longest upstream text we keep, in bytes.
const LONGEST: usize = 2048;

const WRAPPER: &str = "The model returned the following errors:";

/// Bodies of both manners.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "originalStatusCode")]
    original_status: Option<u16>,
    error: Option<VendorError>,
    /// A front end that does not know an operation says so with a good status, in an envelope of its own.
    #[serde(rename = "Output")]
    output: Option<Envelope>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(rename = "__type")]
    kind: Option<String>,
}

/// `{"type":"error","error":{"type":…,"message":…}}`, as Anthropic and OpenAI write it; the code and the member are
/// OpenAI's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct VendorError {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
    /// A word, sometimes a number.
    code: Option<Value>,
    param: Option<String>,
}

impl VendorError {
    /// OpenAI's code says more than its type.
    fn name(&self) -> Option<String> {
        let code = self.code.as_ref().and_then(Value::as_str);
        code.or(self.kind.as_deref()).map(str::to_owned)
    }
}

/// Reads an error. Works for a 200 as well, because an unknown operation is sometimes answered so.
/// `Upstream::clock_offset` is the caller's to fill, who has a clock.
#[must_use]
pub fn read_error(head: &ErrorHead<'_>, body: &[u8]) -> Error {
    let parsed: Body = serde_json::from_slice(body).unwrap_or_default();
    let vendor = parsed.error.unwrap_or_default();
    // A Smithy name may come as `aws.protocols#Name:http://internal.amazon.com/coral/…`.
    let wrapped = parsed.output.and_then(|output| output.kind);
    let named = head.error_type.map(str::to_owned);
    let code = named.or(parsed.kind).or(wrapped).or(vendor.name()).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default().trim();
    let words = match parsed.message.or(vendor.message.clone()) {
        Some(words) if !words.is_empty() => cut(&words).to_owned(),
        _ => text_of(head.status, body),
    };
    let category = classify(code, head.status, &words, parsed.original_status);
    let mut error = Error::new(category, unwrapped(&words)).with_upstream(Upstream {
        status: head.status,
        code: code.to_owned(),
        message: words,
        request_id: head.request_id.map(str::to_owned),
        clock_offset: None,
    });
    error.param = vendor.param;
    let hint = hint(code, &error.message).map(str::to_owned).or_else(|| allow(&error.message));
    if let Some(hint) = hint {
        error.message = format!("{} {hint}", error.message.trim_end());
    }
    error.retry_after = head
        .retry_after
        .and_then(|wait| wait.trim().parse().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    error
}

/// The words of a body without a message: a gateway's HTML, or nothing.
fn text_of(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]);
    match text.trim() {
        "" | "{}" | "null" => format!("Bedrock answered with status {status} and no message."),
        text => cut(text).to_owned(),
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// The vendor's own words, where Bedrock wrapped them.
pub(super) fn unwrapped(words: &str) -> String {
    let Some(inner) = words.trim_start().strip_prefix(WRAPPER).map(str::trim) else {
        return words.to_owned();
    };
    let parsed: Body = serde_json::from_str(inner).unwrap_or_default();
    parsed
        .error
        .and_then(|vendor| vendor.message)
        .or(parsed.message)
        .unwrap_or_else(|| if inner.is_empty() { words.to_owned() } else { inner.to_owned() })
}

/// What the person can do where AWS does not say it.
fn hint(code: &str, message: &str) -> Option<&'static str> {
    if name(code) == "ftuformnotfilled" || message.contains("use case details have not been submitted") {
        Some(
            "Fill in Anthropic's use-case form in the Bedrock console (Model catalog) for this account, then try again.",
        )
    } else if name(code) == "mpagreementbeingcreated" {
        Some("AWS is creating the Marketplace agreement for this model; try again in about two minutes.")
    } else {
        None
    }
}

/// What to ask an administrator for, where a policy lacks an action or denies it: the text names both.
fn allow(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("is not authorized to perform: ")?;
    let action = rest.split([' ', ',']).next().filter(|action| action.contains(':'))?;
    Some(if message.contains("explicit deny") {
        format!("A policy denies {action}; an administrator must take that back.")
    } else {
        format!("Ask an administrator to allow {action} for this identity.")
    })
}

/// `ThrottlingException`, `throttlingException` and `Throttling` are one name.
fn name(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    lower.strip_suffix("exception").unwrap_or(&lower).to_owned()
}

/// What kind of failure it is. `original` is the status the model's own server gave, where Bedrock tells.
pub(crate) fn classify(code: &str, status: u16, message: &str, original: Option<u16>) -> Category {
    let words = message.to_ascii_lowercase();
    let has = |part: &str| words.contains(part);
    if has("signature expired") || has("signature not yet current") {
        return Category::Signature;
    }
    match name(code).as_str() {
        "validation" | "conflict" | "badrequest" | "invalid_request_error" | "serialization" => {
            invalid(&words)
        }
        "accessdenied" | "permission_error" | "optinrequired" => denied(&words),
        "ftuformnotfilled" | "mpagreementbeingcreated" => Category::PermissionDenied,
        "expiredtoken"
        | "unrecognizedclient"
        | "invalidclienttokenid"
        | "missingauthenticationtoken"
        | "missingauthenticationtokenerror"
        | "authentication_error"
        | "unauthorized" => Category::Expired,
        "invalidsignature"
        | "incompletesignature"
        | "signaturedoesnotmatch"
        | "requestexpired"
        | "requesttimetooskewed" => Category::Signature,
        // The use-case form is sometimes reported as a model that is not there.
        "resourcenotfound" if has("use case details") => Category::PermissionDenied,
        "resourcenotfound" | "unknownoperation" | "not_found_error" | "model_not_found" => {
            Category::ModelNotFound
        }
        "throttling" | "throttled" | "toomanyrequests" | "rate_limit_error" | "rate_limit_exceeded" => {
            limited(&words)
        }
        "servicequotaexceeded" | "billing_error" | "insufficient_quota" => Category::Quota,
        "modelnotready" | "serviceunavailable" | "overloaded_error" | "overloaded" => Category::Overloaded,
        "modeltimeout" | "timeout_error" => Category::Timeout,
        "modelerror" | "modelstreamerror" => match original {
            Some(429) => Category::RateLimited,
            Some(400..500) => invalid(&words),
            _ => Category::Upstream,
        },
        "server_error" if matches!(status, 503 | 529) => Category::Overloaded,
        "internalserver" | "internalfailure" | "api_error" | "server_error" => Category::Upstream,
        "context_length_exceeded" => Category::ContextLength,
        "invalid_api_key" => Category::Expired,
        "request_too_large" | "requestentitytoolarge" => Category::TooLarge,
        _ => match status {
            400 | 422 => invalid(&words),
            401 => Category::Expired,
            402 => Category::Quota,
            403 => denied(&words),
            404 => Category::ModelNotFound,
            408 | 504 => Category::Timeout,
            413 => Category::TooLarge,
            429 => limited(&words),
            503 | 529 => Category::Overloaded,
            _ => Category::Upstream,
        },
    }
}

/// A 400: was it the length of the conversation, the model's id, or anything else?
fn invalid(words: &str) -> Category {
    const LENGTH: [&str; 7] = [
        "input is too long",
        "prompt is too long",
        "too many input tokens",
        "context window",
        "context length",
        "context limit",
        "maximum context",
    ];
    let about_tokens = words.contains("too long") && words.contains("token");
    if about_tokens || LENGTH.iter().any(|text| words.contains(text)) {
        Category::ContextLength
    } else if words.contains("provided model identifier is invalid") {
        Category::ModelNotFound
    } else if words.contains("on-demand throughput") {
        Category::NeedsProfile
    } else {
        Category::InvalidRequest
    }
}

/// A 403: a credential that ended, an account that is stopped, or a permission that is missing? Bedrock API keys have
/// no error name of their own when they expire.
fn denied(words: &str) -> Category {
    if words.contains("suspended") || words.contains("account is blocked") {
        Category::Suspended
    } else if words.contains("expired")
        || words.contains("api key is valid")
        || words.contains("invalid api key")
    {
        Category::Expired
    } else {
        Category::PermissionDenied
    }
}

/// A 429: daily quotas do not come back by waiting a little.
fn limited(words: &str) -> Category {
    if words.contains("per day") || words.contains("daily") { Category::Quota } else { Category::RateLimited }
}
