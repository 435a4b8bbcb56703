//! Habits of model families that no field of a model's description tells.

use llm::Model;

/// Amazon Nova: a hyphen in a tool's name makes the model produce broken calls; `topK` has a place of its own.
pub(super) fn nova(model: &Model) -> bool {
    model.vendor == "amazon"
}

/// OpenAI's open-weight models.
pub(super) fn gpt_oss(model: &Model) -> bool {
    model.id.contains("gpt-oss")
}

/// OpenAI's and xAI's hosted models: no stop sequences, at least 16 output tokens.
pub(super) fn gpt_or_grok(model: &Model) -> bool {
    (model.vendor == "openai" && !gpt_oss(model)) || model.vendor == "xai"
}

/// Moonshot's Kimi K3: at least 16 output tokens, no look-around in the patterns of a tool's schema.
pub(super) fn kimi_k3(model: &Model) -> bool {
    model.id.contains("kimi-k3")
}
