//! The service's `reason`s: its own list, and those that were only seen on the wire.

use llm::Category;

use super::Repair;
use super::verdict::{
    BAD_THOUGHT, CONVERSATION_FULL, ENCRYPTION, MODEL_UNAVAILABLE, MONTH_USED_UP, Message, NO_CAPACITY,
    NO_SUCH_MODEL, NOT_FOR_ACCOUNT, OVERAGES_USED_UP, SUSPENDED, TOO_LONG, TOOL_MISMATCH, Verdict,
};

/// `None` for a reason we do not know, and for none.
pub(super) fn verdict(reason: &str) -> Option<Verdict> {
    Some(match reason {
        "CONTENT_LENGTH_EXCEEDS_THRESHOLD" | "PROMPT_TOO_LONG" => TOO_LONG,
        "CONVERSATION_LIMIT_EXCEEDED" => CONVERSATION_FULL,
        "INVALID_CONVERSATION_ID" => {
            invalid("The provider does not take the conversation's id.").with_repair(Repair::NewConversation)
        }
        "INVALID_MODEL_ID" => NO_SUCH_MODEL,
        "INVALID_KMS_GRANT"
        | "CUSTOMER_KMS_KEY_DISABLED"
        | "CUSTOMER_KMS_KEY_INVALID_KEY_POLICY"
        | "MISMATCHED_KMS_KEY" => ENCRYPTION,
        "REQUEST_BODY_INVALID" | "REQUEST_BODY_INVALID_JSON" => {
            Verdict::ours(Category::InvalidRequest, "The provider rejected the request body.")
        }
        "THINKING_SIGNATURE_INVALID" => BAD_THOUGHT,
        "TOOL_CONFIG_MISSING" => invalid("The conversation calls tools that the request does not declare."),
        "TOOL_DUPLICATE" => invalid("Two tools of the request have one name."),
        "TOOL_SCHEMA_INVALID" => {
            invalid("The provider refused the schema of a tool.").with_repair(Repair::BareSchemas)
        }
        "TOOL_USE_RESULT_MISMATCH" => TOOL_MISMATCH,
        "IMAGE_COUNT_EXCEEDED" => invalid("There are too many pictures in the request."),
        "IMAGE_DIMENSION_EXCEEDED" => invalid("A picture has too many pixels; make it smaller."),
        "IMAGE_FORMAT_UNSUPPORTED" => invalid("A picture is of a kind the provider does not take."),
        "IMAGE_MIME_MISMATCH" => invalid("A picture is of another kind than its media type says."),
        "IMAGE_SIZE_EXCEEDED" => invalid("A picture has too many bytes; make it smaller."),
        "DOCUMENT_COUNT_EXCEEDED" => invalid("There are too many documents in the request."),
        "DOCUMENT_DUPLICATE_NAME" => invalid("Two documents of the request have one name."),
        "DOCUMENT_MAXIMUM_PAGES_EXCEEDED" => invalid("A document has too many pages."),
        "DOCUMENT_MODEL_NOT_SUPPORTED" => invalid("The model takes no documents."),
        "DOCUMENT_PASSWORD_PROTECTED" => invalid("A document is protected by a password."),
        "DOCUMENT_SIZE_EXCEEDED" => invalid("A document has too many bytes."),
        "MONTHLY_REQUEST_COUNT" => MONTH_USED_UP,
        "OVERAGE_REQUEST_LIMIT_EXCEEDED" => OVERAGES_USED_UP,
        "DAILY_REQUEST_COUNT" => {
            Verdict::ours(Category::Quota, "The requests of this account for today are used up.")
        }
        "USER_REQUEST_RATE_EXCEEDED" => limited("Too many requests. Wait a moment."),
        "SERVICE_REQUEST_RATE_EXCEEDED" => limited("The service has too many requests. Wait a moment."),
        "CREDIT_CONSUMPTION_RATE_EXCEEDED" => limited("Credit use is too fast. Wait a few minutes."),
        "INSUFFICIENT_MODEL_CAPACITY" | "INSUFFICIENT_THROUGHPUT" => NO_CAPACITY,
        "MODEL_TEMPORARILY_UNAVAILABLE" => MODEL_UNAVAILABLE,
        "TEMPORARILY_SUSPENDED" => SUSPENDED,
        "FEATURE_NOT_SUPPORTED"
        | "UNAUTHORIZED_CUSTOMIZATION_RESOURCE_ACCESS"
        | "UNAUTHORIZED_WORKSPACE_CONTEXT_FEATURE_ACCESS" => NOT_FOR_ACCOUNT,
        _ => return None,
    })
}

const fn invalid(words: &'static str) -> Verdict {
    Verdict::new(Category::InvalidRequest, Message::Both(words))
}

const fn limited(words: &'static str) -> Verdict {
    Verdict::ours(Category::RateLimited, words)
}
