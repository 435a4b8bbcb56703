//! How hard the model shall think: what the client asked, in every way it can be asked.

use llm::{Effort, Meaning, Request, Thinking, Wire};

/// How hard the client wants the model to think; `None` when it did not say.
pub(crate) fn wanted(asked: &Request, meaning: &Meaning, suffix: Option<Effort>) -> Option<Effort> {
    suffix.or(match meaning.thinking {
        Some(Thinking::Off) => Some(Effort::None),
        Some(Thinking::Budget(tokens)) => Some(meaning.effort.unwrap_or(Effort::from_budget(tokens))),
        // The middle of every scale. Claude itself is told nothing then, see `adaptive`.
        Some(Thinking::Adaptive) => Some(meaning.effort.unwrap_or(Effort::Medium)),
        // Anthropic's effort guides more than thinking and does not switch it on; OpenAI's does.
        None if asked.wire == Wire::AnthropicMessages => None,
        None => meaning.effort,
    })
}

/// The hardest of `taken` that is not harder than wanted, else the least. Without a list: low to high.
pub(crate) fn nearest(wanted: Effort, taken: &[Effort]) -> Effort {
    let taken = if taken.is_empty() { &[Effort::Low, Effort::Medium, Effort::High] } else { taken };
    let below = taken.iter().filter(|effort| **effort <= wanted).max();
    below.or_else(|| taken.iter().min()).copied().unwrap_or(Effort::Low)
}
