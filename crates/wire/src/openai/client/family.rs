//! Habits of the models whose upstream speaks OpenAI's languages.

use llm::{Model, Wire};

/// Who made it, as far as that decides what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// OpenAI's hosted models.
    Gpt,
    /// OpenAI's open-weight models.
    Oss,
    /// xAI's models.
    Grok,
    Other,
}

impl Family {
    pub(super) fn of(model: &Model) -> Self {
        match model.vendor.as_str() {
            "openai" if model.name.starts_with("gpt-oss") => Self::Oss,
            "openai" => Self::Gpt,
            "xai" => Self::Grok,
            _ => Self::Other,
        }
    }

    /// No stop sequences, and at least 16 tokens of output.
    pub(super) const fn is_hosted(self) -> bool {
        matches!(self, Self::Gpt | Self::Grok)
    }
}

/// Whether an upstream that speaks OpenAI's languages has this model in this one: all of them chat, only OpenAI's hosted
/// ones have Responses.
#[must_use]
pub fn speaks(model: &Model, wire: Wire) -> bool {
    match Family::of(model) {
        Family::Gpt => matches!(wire, Wire::OpenAiChat | Wire::OpenAiResponses),
        Family::Oss | Family::Grok => wire == Wire::OpenAiChat,
        Family::Other => false,
    }
}

/// GPT-5.6 calls no tools in Chat while it reasons.
pub(super) fn calls_or_reasons(model: &Model) -> bool {
    model.vendor == "openai" && model.name.starts_with("gpt-5.6")
}
