//! The errors that the service is known to answer, by names of our own.

use serde_json::Value;

use crate::Refusal;

/// What an error says of its reason. Newer and older answers differ in whether they have the member at all.
#[derive(Clone, Copy)]
enum Reason {
    Left,
    Null,
    Is(&'static str),
}
use Reason::{Is, Left, Null};

const DENIED: &str = "AccessDeniedException";
const THROTTLED: &str = "ThrottlingException";
const QUOTA: &str = "ServiceQuotaExceededException";
const INVALID: &str = "ValidationException";
const INTERNAL: &str = "InternalServerException";

const REJECTED: &str = "The bearer token included in the request is invalid.";
const SUSPENDED: &str = "Your User ID (00000000-0000-0000-0000-000000000000) temporarily is suspended. We detected \
                         unusual user activity and locked it as a security precaution.";
const BUSY: &str = "Too many requests, please wait before trying again.";
const LOAD: &str = "Encountered unexpectedly high load when processing the request, please try again.";
const GONE: &str = "The model you selected is temporarily unavailable. Please choose a different model.";
const UNEXPECTED: &str = "Encountered an unexpected error when processing the request, please try again.";

#[rustfmt::skip]
const CASES: &[(&str, u16, &str, &str, Reason)] = &[
    ("token_rejected", 403, DENIED, REJECTED, Null),
    ("token_expired", 403, DENIED, "Token expired", Left),
    ("management_token_rejected_as_400", 400, DENIED, REJECTED, Left),
    ("not_authorized", 403, DENIED, "User is not authorized to make this call.", Null),
    ("suspended", 403, DENIED, SUSPENDED, Is("TEMPORARILY_SUSPENDED")),
    ("feature_not_supported", 403, DENIED, "This feature is not supported for your account.", Is("FEATURE_NOT_SUPPORTED")),
    ("builder_id_profiles", 403, DENIED, "AWS Builder ID is not supported for this operation.", Null),
    ("throttled", 429, THROTTLED, BUSY, Is("USER_REQUEST_RATE_EXCEEDED")),
    ("throttled_credit_rate", 429, THROTTLED, BUSY, Is("CREDIT_CONSUMPTION_RATE_EXCEEDED")),
    ("capacity", 429, THROTTLED, "I am experiencing high traffic, please try again shortly.", Is("INSUFFICIENT_MODEL_CAPACITY")),
    ("legacy_capacity", 500, INTERNAL, LOAD, Null),
    ("model_unavailable", 500, INTERNAL, GONE, Is("MODEL_TEMPORARILY_UNAVAILABLE")),
    ("monthly_limit", 402, QUOTA, "You have reached the limit.", Is("MONTHLY_REQUEST_COUNT")),
    ("monthly_limit_old_form", 400, THROTTLED, "Maximum Request reached for this month.", Is("MONTHLY_REQUEST_COUNT")),
    ("overage_limit", 402, QUOTA, "You have reached the limit for overages.", Is("OVERAGE_REQUEST_LIMIT_EXCEEDED")),
    ("conversation_limit", 402, QUOTA, "Conversation limit exceeded.", Is("CONVERSATION_LIMIT_EXCEEDED")),
    ("too_long", 400, INVALID, "Input is too long.", Is("CONTENT_LENGTH_EXCEEDS_THRESHOLD")),
    ("prompt_too_long", 400, INVALID, "Prompt is too long.", Is("PROMPT_TOO_LONG")),
    ("bad_model", 400, INVALID, "Invalid model. Please select a different model to continue.", Is("INVALID_MODEL_ID")),
    ("malformed", 400, INVALID, "Improperly formed request.", Null),
    ("malformed_with_reason", 400, INVALID, "Improperly formed request.", Is("REQUEST_BODY_INVALID")),
    ("tool_mismatch", 400, INVALID, "Invalid tool use format.", Is("TOOL_USE_RESULT_MISMATCH")),
    ("bad_signature", 400, INVALID, "Invalid signature in thinking block.", Is("THINKING_SIGNATURE_INVALID")),
    ("profile_required", 400, INVALID, "profileArn is required for this request.", Null),
    ("effort_not_supported", 400, INVALID, "additionalModelRequestFields is not supported for this model", Null),
    ("internal", 500, INTERNAL, UNEXPECTED, Null),
    ("unavailable", 503, "ServiceUnavailableException", "Service is unavailable.", Left),
    // What a host says that does not serve an operation.
    ("unknown_operation", 404, "UnknownOperationException", "", Left),
    // What the token endpoints say.
    ("authorization_pending", 400, "authorization_pending", "", Left),
    ("slow_down", 400, "slow_down", "", Left),
    ("expired_token", 400, "expired_token", "", Left),
    ("access_denied", 400, "access_denied", "", Left),
    ("invalid_grant", 400, "invalid_grant", "Invalid refresh token provided", Left),
    ("invalid_client", 401, "invalid_client", "Invalid client provided", Left),
    ("invalid_request", 400, "invalid_request", "Invalid request", Left),
    ("unsupported_grant_type", 400, "unsupported_grant_type", "Unsupported grant type", Left),
    ("bad_credentials", 401, "UnauthorizedException", "Bad credentials", Left),
    ("server_error", 500, "server_error", "Internal Server Error", Left),
];

/// The error of that name, `None` for a name that no error has.
pub(crate) fn refusal(name: &str) -> Option<Refusal> {
    let (_, status, code, message, reason) = CASES.iter().find(|(own, ..)| *own == name)?;
    let refusal = Refusal::new(*status, *code, *message);
    let refusal = match reason {
        Left => refusal,
        Null => refusal.with("reason", Value::Null),
        Is(reason) => refusal.with("reason", *reason),
    };
    // Five minutes in which more requests only make it worse.
    Some(if name == "throttled_credit_rate" {
        refusal.with("retryAfterMilliseconds", 300_000)
    } else {
        refusal
    })
}

/// The error of a name that is written in this crate.
pub(super) fn case(name: &'static str) -> Refusal {
    refusal(name).unwrap_or_else(|| Refusal::new(500, INTERNAL, UNEXPECTED).because(name))
}

#[cfg(test)]
mod tests;
