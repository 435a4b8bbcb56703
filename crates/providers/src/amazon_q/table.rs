//! The models known by November 2026, for accounts whose list could not be asked yet. The live list always wins.

use std::sync::LazyLock;

use super::facts;
use super::list::Listed;

/// Id, window and longest answer in tokens (0: not known), and whether it is certain enough to be offered.
const MODELS: [(&str, u32, u32, bool); 26] = [
    ("auto", 0, 0, true),
    ("claude-haiku-4.5", 200_000, 64_000, true),
    ("claude-sonnet-4", 200_000, 64_000, true),
    ("claude-sonnet-4.5", 200_000, 64_000, true),
    ("claude-sonnet-4.6", 1_000_000, 64_000, true),
    ("claude-sonnet-5", 1_000_000, 128_000, true),
    ("claude-sonnet-5.5", 1_000_000, 0, false),
    ("claude-opus-4.5", 200_000, 64_000, true),
    ("claude-opus-4.6", 1_000_000, 64_000, true),
    ("claude-opus-4.7", 1_000_000, 64_000, true),
    ("claude-opus-4.8", 1_000_000, 64_000, true),
    ("claude-opus-5", 1_000_000, 128_000, true),
    ("claude-opus-5.5", 1_000_000, 0, false),
    ("claude-fable-5", 1_000_000, 128_000, false),
    ("claude-fable-5.1", 1_000_000, 128_000, false),
    ("gpt-5.6-sol", 272_000, 128_000, true),
    ("gpt-5.6-terra", 272_000, 128_000, true),
    ("gpt-5.6-luna", 272_000, 128_000, true),
    ("deepseek-3.2", 128_000, 0, true),
    ("glm-5", 200_000, 0, true),
    ("minimax-m2.1", 200_000, 0, true),
    ("minimax-m2.5", 200_000, 0, true),
    ("qwen3-coder-next", 256_000, 0, true),
    // Spoken by old hosts only; the ids above come first where both fit.
    ("CLAUDE_SONNET_4_20250514_V1_0", 200_000, 0, false),
    ("CLAUDE_SONNET_4_5_20250929_V1_0", 200_000, 0, false),
    ("CLAUDE_3_7_SONNET_20250219_V1_0", 200_000, 0, false),
];

static TABLE: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let listed = |&(id, context, max_output, offered): &(&str, u32, u32, bool)| {
        let model = llm::Model { context, max_output, ..facts::plain(id) };
        Listed { offered, ..Listed::new(model, None) }
    };
    MODELS.iter().map(listed).collect()
});

/// All of them.
pub(super) fn models() -> &'static [Listed] {
    &TABLE
}
