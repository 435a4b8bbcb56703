//! What follows from a model's family where the list of models does not say it outright.

use llm::{CachePoints, Effort, StructuredOutput, ThinkingStyle};

use super::claude_name::ClaudeName;

use Effort::{High, Low, Max, Medium, None as NoEffort, XHigh};

/// Efforts of a Claude that is newer than the list.
pub(super) const ALL_CLAUDE_EFFORTS: [Effort; 5] = [Low, Medium, High, XHigh, Max];

/// Claude's thinking switch by version. Up to 4.5 a budget; from 4.6 on adaptive; Opus and Sonnet from 5.5 on and
/// the Fable and Mythos lines think always and refuse `disabled`.
pub(super) fn claude_thinking(name: &ClaudeName) -> ThinkingStyle {
    match (name.family, name.version) {
        (_, Some(version)) if version <= (4, 5) => ThinkingStyle::Extended,
        ("opus" | "sonnet", Some(version)) if version >= (5, 5) => ThinkingStyle::AdaptiveAlways,
        ("fable" | "mythos", _) => ThinkingStyle::AdaptiveAlways,
        _ => ThinkingStyle::Adaptive,
    }
}

/// The reasoning switch that Converse takes in `additionalModelRequestFields`, by family.
pub(super) fn open_thinking(id: &str, thinks: bool) -> ThinkingStyle {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| id.starts_with(prefix));
    if starts(&["deepseek.r1", "moonshot.kimi-k2-thinking", "minimax.", "mistral.magistral"]) {
        ThinkingStyle::AlwaysOn
    } else if !thinks {
        ThinkingStyle::No
    } else if starts(&["amazon.nova-2"]) {
        ThinkingStyle::NovaReasoning
    } else if starts(&["openai.gpt-oss", "deepseek.v3"]) {
        ThinkingStyle::ReasoningEffort
    } else if starts(&["openai.gpt-", "xai.grok"]) {
        ThinkingStyle::ReasoningObject
    } else {
        // Qwen, GLM, Kimi and Nemotron reason, but Converse documents no switch for them.
        ThinkingStyle::No
    }
}

/// Efforts of a model that is not Claude.
pub(super) fn open_efforts(id: &str, thinking: ThinkingStyle) -> Vec<Effort> {
    match thinking {
        ThinkingStyle::NovaReasoning | ThinkingStyle::ReasoningEffort => vec![Low, Medium, High],
        // GPT-6 and Grok refuse `none`.
        ThinkingStyle::ReasoningObject if id.starts_with("openai.gpt-5") => {
            vec![NoEffort, Low, Medium, High, XHigh]
        }
        ThinkingStyle::ReasoningObject => vec![Low, Medium, High, XHigh],
        _ => Vec::new(),
    }
}

/// Models besides Claude for which AWS documents structured output.
pub(super) fn open_structured_output(id: &str) -> StructuredOutput {
    const NATIVE: [&str; 10] = [
        "deepseek.v3",
        "qwen.qwen3",
        "moonshot.kimi-k2-thinking",
        "minimax.minimax-m2",
        "mistral.mistral-large-3",
        "mistral.ministral-3",
        "mistral.magistral",
        "mistral.voxtral",
        "nvidia.nemotron-nano-3-30b",
        "zai.glm-5",
    ];
    if NATIVE.iter().any(|prefix| id.starts_with(prefix)) {
        StructuredOutput::Native
    } else {
        StructuredOutput::No
    }
}

/// Where a model that is not Claude takes cache points: Nova alone, and not on tools.
pub(super) fn open_cache(id: &str) -> CachePoints {
    let nova = id.starts_with("amazon.nova") && !id.contains("embed");
    CachePoints { system: nova, messages: nova, tools: false, one_hour: false }
}

/// Whether Converse takes a system prompt for it. The first Mistral models and Titan have no such role.
pub(super) fn takes_system(id: &str) -> bool {
    !["mistral.mistral-7b", "mistral.mixtral", "amazon.titan"].iter().any(|prefix| id.starts_with(prefix))
}

/// Whether Converse takes documents for it.
pub(super) fn takes_documents(id: &str, vendor: &str) -> bool {
    match vendor {
        "anthropic" | "meta" | "writer" | "ai21" => true,
        "amazon" => id.starts_with("amazon.nova") && !id.contains("micro"),
        "mistral" => ["mistral.mistral-7b", "mistral.mixtral", "mistral.mistral-large-24", "mistral.pixtral"]
            .iter()
            .any(|prefix| id.starts_with(prefix)),
        "deepseek" => id.starts_with("deepseek.r1"),
        _ => false,
    }
}

/// Llama and the first Mistral models take `toolChoice: auto` alone.
pub(super) fn takes_forced_tools(id: &str) -> bool {
    ![
        "meta.",
        "mistral.mistral-large-24",
        "mistral.mistral-small-24",
        "mistral.mistral-7b",
        "mistral.mixtral",
        "mistral.pixtral",
        "writer.",
    ]
    .iter()
    .any(|prefix| id.starts_with(prefix))
}

/// GPT reasoning models refuse temperature and top_p.
pub(super) fn takes_sampling(id: &str) -> bool {
    !id.starts_with("openai.gpt-") || id.starts_with("openai.gpt-oss")
}

/// The friendly name of a foundation id that is not Claude's: without its vendor where the model's own name says
/// who made it, without date and revision.
pub(super) fn open_name(id: &str) -> String {
    let (vendor, rest) = id.split_once('.').unwrap_or(("", id));
    let mut words: Vec<&str> = rest.split('-').collect();
    while words.len() > 1 && words.last().is_some_and(|word| is_tail(word)) {
        words.pop();
    }
    let name = words.join("-");
    if vendor == "deepseek" { format!("deepseek-{name}") } else { name }
}

/// `v1:0`, `1:0`, `20251202`.
fn is_tail(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    match digits.split_once(':') {
        Some((major, minor)) => {
            [major, minor].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        }
        None => word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// A name for people: `qwen3-coder-480b-a35b` becomes `Qwen3 Coder 480B A35B`.
pub(super) fn open_display(name: &str) -> String {
    let mut display = String::with_capacity(name.len());
    for word in name.split('-') {
        if !display.is_empty() {
            display.push(' ');
        }
        if matches!(word, "gpt" | "oss" | "glm" | "vl")
            || word.bytes().any(|byte| byte.is_ascii_digit()) && word.len() < 5
        {
            display.extend(word.chars().map(|c| c.to_ascii_uppercase()));
        } else {
            let mut letters = word.chars();
            display.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            display.push_str(letters.as_str());
        }
    }
    display
}
