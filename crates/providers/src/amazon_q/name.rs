//! Names of models: what clients call them, and what they are called here.
//!
//! Kiro writes `claude-sonnet-4.5` where the rest of the world writes `claude-sonnet-4-5-20250929`.

use llm::Effort;

use crate::suffix::Suffixes;

/// A name without what routers and editors put around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Comparable with [`key`].
    pub(super) key: String,
    pub(super) effort: Option<Effort>,
    pub(super) long_context: bool,
}

/// What a client may mean, in order: the name as it is, then with less and less of the words at its end that mean
/// something else.
pub(super) fn readings(asked: &str) -> Vec<Asked> {
    let mut name = asked.trim().to_ascii_lowercase();
    let mut long_context = false;
    if name.contains("[1m]") {
        long_context = true;
        name = name.replace("[1m]", "").trim().to_owned();
    }
    if let Some((_, rest)) = name.rsplit_once('/') {
        name = rest.to_owned();
    }
    if let Some(rest) = name.strip_prefix("kiro-") {
        name = rest.to_owned();
    }
    let mut base = name.as_str();
    let mut effort = None;
    let mut readings = vec![Asked { key: key(base), effort, long_context }];
    loop {
        let (rest, words) = Suffixes::strip(base);
        effort = effort.or(words.effort());
        long_context |= words.long_context;
        let rest = rest.strip_suffix("-latest").unwrap_or_else(|| undated(rest));
        if rest.len() == base.len() {
            return readings;
        }
        base = rest;
        readings.push(Asked { key: key(base), effort, long_context });
    }
}

/// One spelling for all: lower case, versions with a dot and without a final `.0`, the family before the version, no
/// date.
pub(super) fn key(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    if name.contains('_') {
        // Old hosts: `CLAUDE_SONNET_4_20250514_V1_0`.
        name = name.replace('_', "-");
        name = name.strip_suffix("-v1-0").unwrap_or(&name).to_owned();
    }
    let name = family_first(&dotted(undated(&name)));
    name.strip_suffix(".0").unwrap_or(&name).to_owned()
}

/// `claude-sonnet-4.5` is `claude-sonnet-4-5` to clients, as it is for every other upstream.
pub(super) fn friendly(id: &str) -> String {
    let key = key(id);
    if key.starts_with("claude-") {
        return key.replace('.', "-");
    }
    match key.strip_prefix("deepseek-") {
        Some(version) if version.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("deepseek-v{version}")
        }
        _ => key,
    }
}

fn undated(name: &str) -> &str {
    let is_date =
        |word: &str| word.len() == 8 && word.starts_with("20") && word.bytes().all(|b| b.is_ascii_digit());
    match name.rsplit_once('-') {
        Some((rest, last)) if is_date(last) => rest,
        _ => name,
    }
}

/// `opus-4-5` becomes `opus-4.5`: a dash between single numbers of a version.
fn dotted(name: &str) -> String {
    let bytes = name.as_bytes();
    let number = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let between =
        |at: usize| at > 1 && number(at - 1) && !number(at - 2) && number(at + 1) && !number(at + 2);
    name.char_indices().map(|(at, c)| if c == '-' && between(at) { '.' } else { c }).collect()
}

/// `claude-3.7-sonnet` becomes `claude-sonnet-3.7`.
fn family_first(name: &str) -> String {
    let is_version =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
    match name.strip_prefix("claude-").and_then(|rest| rest.split_once('-')) {
        Some((version, family)) if is_version(version) && !family.contains('-') => {
            format!("claude-{family}-{version}")
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_all() {
        for (name, expected) in [
            ("claude-sonnet-4-20250514", "claude-sonnet-4"),
            ("claude-sonnet-4.0", "claude-sonnet-4"),
            ("claude-sonnet-4-0", "claude-sonnet-4"),
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
            ("claude-3-7-sonnet-20250219", "claude-sonnet-3.7"),
            ("claude-4.5-opus", "claude-opus-4.5"),
            ("CLAUDE_SONNET_4_5_20250929_V1_0", "claude-sonnet-4.5"),
            ("CLAUDE_3_7_SONNET_20250219_V1_0", "claude-sonnet-3.7"),
            ("gpt-5-6-sol", "gpt-5.6-sol"),
            ("minimax-m2-5", "minimax-m2.5"),
            ("qwen3-coder-next", "qwen3-coder-next"),
            ("glm-5", "glm-5"),
            ("auto", "auto"),
        ] {
            assert_eq!(key(name), expected, "{name}");
        }
    }

    #[test]
    fn words_around_a_name_come_off_and_are_remembered() {
        let plain = |key: &str| Asked { key: key.to_owned(), effort: None, long_context: false };
        for (asked, bare) in [
            ("  Claude-Opus-4-8 ", plain("claude-opus-4.8")),
            ("kiro/claude-opus-4.8", plain("claude-opus-4.8")),
            ("anthropic/kiro-claude-opus-4.8", plain("claude-opus-4.8")),
            (
                "claude-sonnet-4-5-thinking",
                Asked { effort: Some(Effort::High), ..plain("claude-sonnet-4.5") },
            ),
            (
                "claude-sonnet-4-5-20250929-thinking-low",
                Asked { effort: Some(Effort::Low), ..plain("claude-sonnet-4.5") },
            ),
            ("claude-opus-4-6[1m]", Asked { long_context: true, ..plain("claude-opus-4.6") }),
            (
                "claude-opus-4-6-1m-max",
                Asked { long_context: true, effort: Some(Effort::Max), ..plain("claude-opus-4.6") },
            ),
            ("claude-haiku-4-5-latest", plain("claude-haiku-4.5")),
        ] {
            let readings = readings(asked);
            assert_eq!(readings.last(), Some(&bare), "{asked}");
            assert_eq!(readings[0].effort, None, "{asked}");
        }
    }

    #[test]
    fn friendly_names_are_those_of_bedrock() {
        let bedrock: Vec<&str> =
            crate::Catalog::built_in().iter().map(|entry| entry.model.name.as_str()).collect();
        for id in [
            "claude-haiku-4.5",
            "claude-sonnet-4",
            "claude-sonnet-4.5",
            "claude-sonnet-4.6",
            "claude-sonnet-5",
            "claude-sonnet-5.5",
            "claude-opus-4.5",
            "claude-opus-4.8",
            "claude-opus-5.5",
            "claude-fable-5.1",
            "gpt-5.6-sol",
            "deepseek-3.2",
            "glm-5",
            "minimax-m2.1",
            "minimax-m2.5",
            "qwen3-coder-next",
        ] {
            let name = friendly(id);
            assert!(bedrock.contains(&name.as_str()), "{id} became {name}");
        }
    }
}
