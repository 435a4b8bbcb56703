//! The models: a table of the emulator's own, after the list as it was in autumn 2026.

use serde_json::{Value, json};

/// Which fields a model takes beside the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    None,
    /// `thinking`, `output_config.effort` and `max_tokens`; the words are the efforts and the kinds of thinking.
    Claude(&'static [&'static str], &'static [&'static str]),
    /// `reasoning.effort`.
    Gpt,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) id: &'static str,
    name: &'static str,
    pub(super) context: u64,
    pub(super) max_output: u64,
    /// Credits compared with the router's.
    pub(super) rate: f64,
    pub(super) images: bool,
    pub(super) fields: Fields,
}

const EFFORTS: &[&str] = &["low", "medium", "high", "max"];
const MORE_EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const GPT_EFFORTS: &[&str] = &["none", "low", "medium", "high", "xhigh", "max"];
const USUAL: &[&str] = &["adaptive", "disabled"];

/// What the router takes when nobody chose.
pub(super) const ROUTED: &str = "claude-sonnet-4.5";

#[rustfmt::skip]
static MODELS: &[Model] = &[
    model("auto", "Auto", 1_000_000, 64_000, 1.0, true, Fields::None),
    model("claude-haiku-4.5", "Claude Haiku 4.5", 200_000, 64_000, 0.4, true, Fields::None),
    model("claude-sonnet-4", "Claude Sonnet 4", 200_000, 64_000, 1.3, true, Fields::None),
    model("claude-sonnet-4.5", "Claude Sonnet 4.5", 200_000, 64_000, 1.3, true, Fields::None),
    model("claude-sonnet-4.6", "Claude Sonnet 4.6", 1_000_000, 64_000, 1.3, true, Fields::Claude(EFFORTS, USUAL)),
    model("claude-sonnet-5", "Claude Sonnet 5", 1_000_000, 128_000, 1.3, true, Fields::Claude(MORE_EFFORTS, USUAL)),
    model("claude-sonnet-5.5", "Claude Sonnet 5.5", 1_000_000, 128_000, 1.3, true, Fields::Claude(MORE_EFFORTS, &["adaptive", "between_tools"])),
    model("claude-opus-4.5", "Claude Opus 4.5", 200_000, 64_000, 2.2, true, Fields::None),
    model("claude-opus-4.6", "Claude Opus 4.6", 1_000_000, 128_000, 2.2, true, Fields::Claude(EFFORTS, USUAL)),
    model("claude-opus-4.8", "Claude Opus 4.8", 1_000_000, 128_000, 2.2, true, Fields::Claude(MORE_EFFORTS, USUAL)),
    model("claude-opus-5", "Claude Opus 5", 1_000_000, 128_000, 2.2, true, Fields::Claude(MORE_EFFORTS, USUAL)),
    model("claude-opus-5.5", "Claude Opus 5.5", 1_000_000, 128_000, 2.2, true, Fields::Claude(MORE_EFFORTS, &["adaptive"])),
    model("gpt-5.6-sol", "GPT-5.6 Sol", 272_000, 128_000, 2.4, true, Fields::Gpt),
    model("gpt-5.6-terra", "GPT-5.6 Terra", 272_000, 128_000, 1.2, true, Fields::Gpt),
    model("deepseek-3.2", "DeepSeek V3.2", 128_000, 64_000, 0.25, false, Fields::None),
    model("glm-5", "GLM-5", 200_000, 64_000, 0.5, false, Fields::None),
    model("minimax-m2.5", "MiniMax M2.5", 200_000, 64_000, 0.25, false, Fields::None),
    model("qwen3-coder-next", "Qwen3 Coder Next", 256_000, 64_000, 0.05, false, Fields::None),
];

const fn model(
    id: &'static str,
    name: &'static str,
    context: u64,
    max_output: u64,
    rate: f64,
    images: bool,
    fields: Fields,
) -> Model {
    Model { id, name, context, max_output, rate, images, fields }
}

pub(super) fn all() -> &'static [Model] {
    MODELS
}

/// The model of that id, letter by letter.
pub(super) fn find(id: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.id == id)
}

impl Model {
    /// What an answer costs. Real prices depend on the answer; a fixed one is easier to check.
    pub(super) fn cost(&self) -> f64 {
        self.rate / 100.0
    }

    /// The row that a list of models has.
    pub(super) fn row(&self) -> Value {
        let inputs = if self.images { json!(["TEXT", "IMAGE"]) } else { json!(["TEXT"]) };
        let mut row = json!({
            "modelId": self.id,
            "modelName": self.name,
            "description": format!("{}, played by an emulator.", self.name),
            "rateMultiplier": self.rate,
            "rateUnit": "Credit",
            "supportedInputTypes": inputs,
            "tokenLimits": { "maxInputTokens": self.context, "maxOutputTokens": self.max_output },
        });
        if self.id.starts_with("claude-") {
            row["promptCaching"] = json!({
                "supportsPromptCaching": true,
                "maximumCacheCheckpointsPerRequest": 4,
                "minimumTokensPerCacheCheckpoint": if self.rate > 2.0 { 4096 } else { 1024 },
            });
        }
        if let Some(schema) = self.schema() {
            row["additionalModelRequestFieldsSchema"] = schema;
        }
        row
    }

    /// The JSON schema of `additionalModelRequestFields`.
    pub(super) fn schema(&self) -> Option<Value> {
        let word = |words: &[&str]| json!({ "type": "string", "enum": words });
        match self.fields {
            Fields::None => None,
            Fields::Claude(efforts, kinds) => {
                let mut effort = word(efforts);
                effort["default"] = json!("high");
                Some(json!({
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "output_config": { "type": "object", "properties": { "effort": effort } },
                        "thinking": {
                            "type": "object",
                            "properties": { "type": word(kinds), "display": word(&["summarized", "omitted"]) },
                        },
                        "max_tokens": { "type": "integer", "minimum": 1024, "maximum": self.max_output },
                    },
                }))
            }
            Fields::Gpt => Some(json!({
                "type": "object",
                "properties": {
                    "reasoning": { "type": "object", "properties": { "effort": word(GPT_EFFORTS) } },
                },
            })),
        }
    }
}
