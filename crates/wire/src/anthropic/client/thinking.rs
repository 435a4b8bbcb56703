//! The thinking switch and the effort, in the form a Claude model takes them.

use llm::{Content, Effort, Meaning, Model, Role, Thinking, ThinkingStyle};
use serde_json::{Value, json};

/// Least budget the API takes, in tokens.
const LEAST_BUDGET: u32 = 1024;

/// What goes into the request.
#[derive(Default)]
pub(super) struct Switch {
    pub(super) thinking: Option<Value>,
    pub(super) effort: Option<&'static str>,
    pub(super) on: bool,
}

/// Decides on thinking. `asked` beats the request's own effort. Notes what was asked and cannot be had.
pub(super) fn switch(
    meaning: &Meaning,
    model: &Model,
    asked: Option<Effort>,
    max_tokens: u32,
    adjustments: &mut Vec<String>,
) -> Switch {
    // A suffix of the model's name beats what the body says.
    let (thinking, effort) = match asked {
        Some(effort) => (None, Some(effort)),
        None => (meaning.thinking, meaning.effort),
    };
    let off = thinking == Some(Thinking::Off) || (thinking.is_none() && effort == Some(Effort::None));
    if thinking.is_none() && effort.is_none() {
        return Switch::default();
    }
    match model.thinking {
        ThinkingStyle::Extended => {
            let budget = match thinking {
                Some(Thinking::Off) => None,
                Some(Thinking::Budget(tokens)) => Some(tokens),
                Some(Thinking::Adaptive) => effort.unwrap_or(Effort::High).budget(),
                None => effort.and_then(Effort::budget),
            };
            let budget = budget.map(|tokens| tokens.min(max_tokens.saturating_sub(1)));
            match budget {
                Some(tokens) if tokens < LEAST_BUDGET || call_without_thinking(meaning) => {
                    adjustments.push("thinking:dropped".to_owned());
                    Switch::default()
                }
                Some(tokens) => Switch {
                    thinking: Some(json!({"type": "enabled", "budget_tokens": tokens})),
                    effort: None,
                    on: true,
                },
                None => Switch::default(),
            }
        }
        ThinkingStyle::Adaptive if off => {
            Switch { thinking: Some(json!({"type": "disabled"})), effort: None, on: false }
        }
        // It cannot be switched off; the least effort comes nearest.
        ThinkingStyle::AdaptiveAlways if off => {
            Switch { thinking: None, effort: clamp(Effort::Low, model), on: true }
        }
        ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways => {
            let effort = match thinking {
                Some(Thinking::Budget(tokens)) if effort.is_none() => Some(Effort::from_budget(tokens)),
                _ => effort,
            };
            Switch {
                // Newer models leave the text of their thoughts out unless asked.
                thinking: Some(json!({"type": "adaptive", "display": "summarized"})),
                effort: effort.and_then(|effort| clamp(effort, model)),
                on: true,
            }
        }
        _ => {
            if !off {
                adjustments.push("thinking:dropped".to_owned());
            }
            Switch::default()
        }
    }
}

/// The highest effort the model takes that is not above what was asked, else its lowest.
fn clamp(asked: Effort, model: &Model) -> Option<&'static str> {
    let least = model.efforts.iter().copied().filter(|effort| *effort != Effort::None).min()?;
    let best =
        model.efforts.iter().copied().filter(|effort| *effort <= asked && *effort != Effort::None).max();
    Some(best.unwrap_or(least).word())
}

/// With thinking on, the API wants a turn that calls a tool to begin with its thinking. Clients of other wires
/// cannot send that back.
fn call_without_thinking(meaning: &Meaning) -> bool {
    let Some(last) = meaning.messages.iter().rev().find(|message| message.role == Role::Assistant) else {
        return false;
    };
    let calls = last.content.iter().any(|block| matches!(block.content, Content::ToolUse { .. }));
    let thinks = matches!(
        last.content.first().map(|block| &block.content),
        Some(Content::Thinking { signature: Some(_), .. } | Content::RedactedThinking { .. })
    );
    calls && !thinks
}
