//! The thinking switch, which every family spells in its own way, in the model's own request fields.

use llm::{Content, Effort, Meaning, Model, Request, Role, Thinking, ThinkingStyle, Wire};
use serde_json::{Map, Value, json};

use super::family;
use crate::adjustments::Adjustments;
use crate::effort::{nearest, wanted};

/// The least budget Claude takes, in tokens.
const LEAST_BUDGET: u32 = 1024;

/// What the switch means for the rest of the request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reasoning {
    /// The model was told to think.
    pub(super) on: bool,
    /// Claude with a token budget, which narrows sampling.
    pub(super) budget: bool,
    /// Nova 2 at its highest, which refuses a limit and sampling.
    pub(super) nova_high: bool,
}

/// Writes the switch into `fields`. `suffix` is an effort from the model's name and beats the body.
pub(super) fn switch(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    suffix: Option<Effort>,
    max_tokens: u32,
    fields: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) -> Reasoning {
    let wanted = wanted(asked, meaning, suffix);
    let mut reasoning =
        Reasoning { on: wanted.is_some_and(|effort| effort > Effort::None), ..Reasoning::default() };
    match model.thinking {
        // Bedrock has no model that is asked in words.
        ThinkingStyle::No | ThinkingStyle::Prompted => {
            if reasoning.on {
                adjustments.note("thinking:dropped");
            }
            return Reasoning::default();
        }
        ThinkingStyle::AlwaysOn => reasoning.on = true,
        ThinkingStyle::Extended => {
            return extended(meaning, model, suffix, wanted, max_tokens, fields, adjustments);
        }
        ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways => {
            adaptive(asked, meaning, model, suffix, wanted, fields, adjustments);
        }
        ThinkingStyle::NovaReasoning => {
            if let Some(effort) = wanted.filter(|_| reasoning.on) {
                let effort = three(effort);
                reasoning.nova_high = effort == "high";
                fields.insert(
                    "reasoningConfig".to_owned(),
                    json!({"type": "enabled", "maxReasoningEffort": effort}),
                );
            }
        }
        ThinkingStyle::ReasoningEffort => match wanted {
            // gpt-oss always reasons; DeepSeek does so only when told.
            Some(Effort::None) if !family::gpt_oss(model) => {}
            Some(effort) => {
                fields.insert("reasoning_effort".to_owned(), three(effort).into());
            }
            None => {}
        },
        ThinkingStyle::ReasoningObject => {
            if let Some(effort) = wanted {
                let effort = nearest(effort, &model.efforts);
                fields.insert("reasoning".to_owned(), json!({"effort": effort.word()}));
            }
        }
    }
    reasoning
}

/// Claude up to 4.5: a budget of tokens below the output limit.
fn extended(
    meaning: &Meaning,
    model: &Model,
    suffix: Option<Effort>,
    wanted: Option<Effort>,
    max_tokens: u32,
    fields: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) -> Reasoning {
    let effort = suffix.or(meaning.effort).or(wanted).filter(|effort| *effort > Effort::None);
    if let Some(effort) = effort.filter(|_| !model.efforts.is_empty()) {
        output_effort(nearest(effort, &model.efforts), fields);
    }
    let asked = match (suffix, meaning.thinking) {
        (None, Some(Thinking::Budget(tokens))) => Some(tokens),
        _ => wanted.and_then(Effort::budget),
    };
    let Some(asked) = asked else { return Reasoning::default() };
    let budget = asked.min(max_tokens.saturating_sub(1));
    if budget < LEAST_BUDGET || unfinished_turn_without_thought(meaning) {
        adjustments.note("thinking:dropped");
        return Reasoning::default();
    }
    if budget != asked {
        adjustments.note(format!("thinking:{budget}"));
    }
    fields.insert("thinking".to_owned(), json!({"type": "enabled", "budget_tokens": budget}));
    Reasoning { on: true, budget: true, nova_high: false }
}

/// With a thinking budget, Claude wants the turn that called tools to begin with a thought it signed.
fn unfinished_turn_without_thought(meaning: &Meaning) -> bool {
    let last = meaning.messages.iter().rev().find(|message| message.role == Role::Assistant);
    last.is_some_and(|message| {
        let thought = matches!(
            message.content.first().map(|block| &block.content),
            Some(Content::Thinking { signature: Some(_), .. } | Content::RedactedThinking { .. })
        );
        !thought && message.content.iter().any(|block| matches!(block.content, Content::ToolUse { .. }))
    })
}

/// Claude since 4.6: it decides itself, guided by an effort.
fn adaptive(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    suffix: Option<Effort>,
    wanted: Option<Effort>,
    fields: &mut Map<String, Value>,
    adjustments: &mut Adjustments,
) {
    let always = model.thinking == ThinkingStyle::AdaptiveAlways;
    match wanted {
        Some(Effort::None) if always => {
            adjustments.note("thinking:adaptive");
            output_effort(nearest(Effort::Low, &model.efforts), fields);
            return;
        }
        Some(Effort::None) => {
            fields.insert("thinking".to_owned(), json!({"type": "disabled"}));
        }
        Some(_) => {
            // Other dialects show thoughts as text; the newest models leave them out unless asked.
            let thinking = if asked.wire == Wire::AnthropicMessages {
                json!({"type": "adaptive"})
            } else {
                json!({"type": "adaptive", "display": "summarized"})
            };
            fields.insert("thinking".to_owned(), thinking);
        }
        None => {}
    }
    let told = match meaning.thinking {
        Some(Thinking::Budget(_)) => wanted,
        _ => suffix.or(meaning.effort),
    };
    if let Some(effort) = told.filter(|effort| *effort > Effort::None && !model.efforts.is_empty()) {
        output_effort(nearest(effort, &model.efforts), fields);
    }
}

fn output_effort(effort: Effort, fields: &mut Map<String, Value>) {
    fields.insert("output_config".to_owned(), json!({"effort": effort.word()}));
}

/// The three efforts that the smaller scales know.
const fn three(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::XHigh | Effort::Max => "high",
    }
}
