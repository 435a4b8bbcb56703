//! Thinking asked for in words, of models that have no switch for it.

use llm::{Effort, Meaning, Model, Request, Thinking, ThinkingStyle};

use super::manner::Manner;
use crate::adjustments::Adjustments;
use crate::effort;

/// The longest thought, in tokens, that other clients found useful to ask for.
const MOST: u32 = 24_576;

/// The line in front of the current message; `None` when no thinking is wanted or the model needs no line for it.
pub(super) fn line(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    manner: &Manner<'_>,
    adjustments: &mut Adjustments,
) -> Option<String> {
    if model.thinking != ThinkingStyle::Prompted {
        return None;
    }
    let wanted = effort::wanted(asked, meaning, manner.effort).filter(|effort| *effort > Effort::None)?;
    adjustments.note("thinking:prompt");
    let budget = match (manner.effort, meaning.thinking) {
        (None, Some(Thinking::Budget(tokens))) => tokens,
        (None, Some(Thinking::Adaptive)) => {
            let effort = match meaning.effort.unwrap_or(Effort::High) {
                Effort::None | Effort::Minimal | Effort::Low => "low",
                Effort::Medium => "medium",
                Effort::High | Effort::XHigh | Effort::Max => "high",
            };
            return Some(format!(
                "<thinking_mode>adaptive</thinking_mode><thinking_effort>{effort}</thinking_effort>"
            ));
        }
        _ => wanted.budget().unwrap_or(MOST),
    };
    if budget > MOST {
        adjustments.note(format!("thinking:{MOST}"));
    }
    let budget = budget.min(MOST);
    Some(format!("<thinking_mode>enabled</thinking_mode><max_thinking_length>{budget}</max_thinking_length>"))
}
