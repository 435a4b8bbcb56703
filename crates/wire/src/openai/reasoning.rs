//! How hard the model shall think: OpenAI's `reasoning_effort`, and the `reasoning` and `thinking` objects that
//! clients of OpenAI-compatible servers send.

use llm::{Effort, Error, RawBody, Thinking};
use serde::Deserialize;

use crate::openai::error::{invalid_value, missing};
use crate::openai::parameters::typed;

const EFFORTS: &str = "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'";

#[derive(Default)]
pub(super) struct Reasoning {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<Effort>,
}

/// `reasoning: {effort | max_tokens | enabled}`.
#[derive(Deserialize)]
struct ReasoningObject {
    #[serde(default)]
    effort: Option<String>,
    #[serde(default)]
    max_tokens: Option<u32>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// Anthropic's `thinking`.
#[derive(Deserialize)]
struct ThinkingObject {
    r#type: String,
    #[serde(default)]
    budget_tokens: Option<u32>,
}

/// The most explicit word wins: `thinking` over `reasoning_effort` over `reasoning`.
pub(super) fn read(raw: &RawBody) -> Result<Reasoning, Error> {
    let mut found = Reasoning::default();
    if let Some(object) = raw.read::<ReasoningObject>("reasoning")? {
        found.effort = object.effort.map(|word| effort("reasoning.effort", &word)).transpose()?;
        found.thinking = match object {
            ReasoningObject { enabled: Some(false), .. } => Some(Thinking::Off),
            ReasoningObject { max_tokens: Some(0), .. } => Some(Thinking::Off),
            ReasoningObject { max_tokens: Some(budget), .. } => Some(Thinking::Budget(budget)),
            ReasoningObject { enabled: Some(true), .. } if found.effort.is_none() => Some(Thinking::Adaptive),
            _ => None,
        };
    }
    if let Some(word) = typed::<String>(raw, "reasoning_effort", "a string")? {
        found = Reasoning { effort: Some(effort("reasoning_effort", &word)?), thinking: None };
    }
    if found.effort == Some(Effort::None) {
        found.thinking = Some(Thinking::Off);
    }
    if let Some(object) = raw.read::<ThinkingObject>("thinking")? {
        found.thinking = Some(match (object.r#type.as_str(), object.budget_tokens) {
            ("enabled", Some(budget)) => Thinking::Budget(budget),
            ("enabled", None) => return Err(missing("thinking.budget_tokens")),
            ("adaptive", _) => Thinking::Adaptive,
            ("disabled", _) => Thinking::Off,
            (other, _) => {
                return Err(invalid_value("thinking.type", other, "'enabled', 'adaptive', and 'disabled'"));
            }
        });
    }
    Ok(found)
}

fn effort(param: &str, word: &str) -> Result<Effort, Error> {
    Effort::parse(word).ok_or_else(|| invalid_value(param, word, EFFORTS))
}
