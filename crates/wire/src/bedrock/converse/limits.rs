//! Output limit, sampling and stop sequences, brought into the range the model takes.

use llm::{Meaning, Model};
use serde_json::{Map, Value, json};

use super::family;
use super::reasoning::Reasoning;
use super::shape::Inference;
use crate::adjustments::Adjustments;

/// Output tokens when the client names no limit.
const DEFAULT_CLAUDE: u32 = 32_000;
const DEFAULT_OTHER: u32 = 8192;

/// Writes `inferenceConfig`, and `top_k` into the model's own fields, where it has its place.
pub(super) fn inference(
    meaning: &Meaning,
    model: &Model,
    reasoning: &Reasoning,
    fields: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) -> Inference {
    let mut inference = Inference {
        max_tokens: Some(max_tokens(meaning, model, adjustments)),
        stop_sequences: stop_sequences(meaning, model, adjustments),
        ..Inference::default()
    };
    if reasoning.nova_high {
        // Nova 2 with high effort refuses a limit and sampling.
        inference.max_tokens = None;
        adjustments.note("max_tokens:dropped");
    }
    sampling(meaning, model, reasoning, &mut inference, fields, adjustments);
    inference
}

/// The limit that will be sent, also needed where thinking must stay below it.
pub(super) fn max_tokens(meaning: &Meaning, model: &Model, adjustments: &mut Adjustments) -> u32 {
    let most = if model.max_output == 0 { u32::MAX } else { model.max_output };
    let default = if model.is_claude() { DEFAULT_CLAUDE } else { DEFAULT_OTHER };
    let least = if family::gpt_or_grok(model) || family::kimi_k3(model) { 16 } else { 1 };
    let Some(asked) = meaning.max_tokens else { return default.min(most) };
    let limit = asked.min(most).max(least);
    if limit != asked {
        adjustments.note(format!("max_tokens:{limit}"));
    }
    limit
}

fn sampling(
    meaning: &Meaning,
    model: &Model,
    reasoning: &Reasoning,
    inference: &mut Inference,
    fields: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) {
    let asked = meaning.sampling;
    let refused = !model.sampling || reasoning.nova_high;
    // Claude with a thinking budget samples at temperature 1, top_p from 0.95, no top_k.
    let budget = reasoning.budget;
    let within = |value: f64| value.clamp(0.0, 1.0);
    if let Some(temperature) = asked.temperature {
        if refused || (budget && within(temperature) < 1.0) {
            adjustments.note("temperature:dropped");
        } else {
            inference.temperature = Some(within(temperature));
            if temperature > 1.0 {
                adjustments.note("temperature:1");
            }
        }
    }
    if let Some(top_p) = asked.top_p {
        // Claude since 4.5 takes one of the two.
        let beside_temperature = model.is_claude() && inference.temperature.is_some();
        if refused || beside_temperature || (budget && top_p < 0.95) {
            adjustments.note("top_p:dropped");
        } else {
            inference.top_p = Some(within(top_p));
        }
    }
    if let Some(top_k) = asked.top_k {
        if !refused && !budget && model.is_claude() {
            fields.insert("top_k".to_owned(), top_k.into());
        } else if !refused && family::nova(model) {
            fields.insert("inferenceConfig".to_owned(), json!({"topK": top_k}));
        } else {
            adjustments.note("top_k:dropped");
        }
    }
}

fn stop_sequences(meaning: &Meaning, model: &Model, adjustments: &mut Adjustments) -> Vec<String> {
    const MOST: usize = 4;
    if meaning.stop.is_empty() {
        return Vec::new();
    }
    if family::gpt_or_grok(model) {
        adjustments.note("stop:dropped");
        return Vec::new();
    }
    // An entry of white space alone is refused.
    let mut stop: Vec<String> = meaning.stop.iter().filter(|text| !text.trim().is_empty()).cloned().collect();
    if !model.is_claude() {
        stop.truncate(MOST);
    }
    if stop.len() != meaning.stop.len() {
        adjustments.note(format!("stop:{}", stop.len()));
    }
    stop
}
