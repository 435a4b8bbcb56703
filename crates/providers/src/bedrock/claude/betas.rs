//! Which `anthropic-beta` tokens InvokeModel takes. One it does not know makes it refuse the whole request with
//! "invalid beta flag".

use std::borrow::Cow;

use super::notes::Notes;

pub(super) const CONTEXT_1M: &str = "context-1m-2025-08-07";
pub(super) const CONTEXT_MANAGEMENT: &str = "context-management-2025-06-27";
pub(super) const COMPACT: &str = "compact-2026-01-12";
pub(super) const COMPUTER_2025_01: &str = "computer-use-2025-01-24";
pub(super) const COMPUTER_2025_11: &str = "computer-use-2025-11-24";
pub(super) const DISPLAY_UPDATES: &str = "thinking-display-updates-2026-08-18";
pub(super) const BINDING_CONTROLS: &str = "thinking-binding-controls-2026-08-01";
pub(super) const EFFORT: &str = "effort-2025-11-24";
pub(super) const FINE_GRAINED: &str = "fine-grained-tool-streaming-2025-05-14";
pub(super) const INTERLEAVED: &str = "interleaved-thinking-2025-05-14";
pub(super) const TOOL_EXAMPLES: &str = "tool-examples-2025-10-29";
pub(super) const TOOL_SEARCH: &str = "tool-search-tool-2025-10-19";
const ADVANCED_TOOL_USE: &str = "advanced-tool-use-2025-11-20";

/// Tokens that leave without a word: what they stand for works on Bedrock without them, or concerns Anthropic's
/// own service alone.
const ROUTINE: [&str; 10] = [
    "claude-code-",
    "oauth-",
    "prompt-caching-",
    "extended-cache-ttl-",
    "mid-conversation-system-",
    "thinking-token-count-",
    "structured-outputs-",
    "token-efficient-tools-",
    "interleaved-thinking-",
    "advanced-tool-use-",
];

/// What in the request decides on a token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs {
    /// The model thinks within a budget; newer ones interleave without being asked.
    pub(super) interleaved: bool,
    /// The model has a million tokens only with the token.
    pub(super) long_context_by_beta: bool,
    pub(super) tool_search: bool,
    pub(super) display_updates: bool,
    pub(super) binding_controls: bool,
    /// The person wants unknown tokens to be tried.
    pub(super) pass_unknown: bool,
}

/// The tokens to send: what the client asked for and Bedrock takes, in the client's order, then what the request
/// needs besides.
pub(super) fn choose<'a>(
    asked: impl Iterator<Item = &'a str>,
    needs: &Needs,
    required: &[&'static str],
    notes: &mut Notes,
) -> Vec<Cow<'a, str>> {
    let mut chosen: Vec<Cow<'a, str>> = Vec::new();
    let mut dropped = Vec::new();
    for token in asked {
        match take(token, needs) {
            Some(taken) if !chosen.contains(&taken) => chosen.push(taken),
            Some(_) => {}
            None if ROUTINE.iter().any(|prefix| token.starts_with(prefix)) => {}
            None if token == CONTEXT_1M => {}
            None => dropped.push(token),
        }
    }
    for token in required {
        if !chosen.iter().any(|known| known == token) {
            chosen.push(Cow::Borrowed(token));
        }
    }
    if !dropped.is_empty() {
        notes.add("betas", &format!("dropped({})", dropped.join(",")));
    }
    chosen
}

fn take<'a>(token: &'a str, needs: &Needs) -> Option<Cow<'a, str>> {
    let taken = match token {
        CONTEXT_MANAGEMENT | COMPACT | EFFORT | FINE_GRAINED | TOOL_EXAMPLES | COMPUTER_2025_01
        | COMPUTER_2025_11 => true,
        INTERLEAVED => needs.interleaved,
        CONTEXT_1M => needs.long_context_by_beta,
        TOOL_SEARCH => needs.tool_search,
        DISPLAY_UPDATES => needs.display_updates,
        BINDING_CONTROLS => needs.binding_controls,
        // Anthropic's name for a bundle; Bedrock knows its parts.
        ADVANCED_TOOL_USE => return needs.tool_search.then_some(Cow::Borrowed(TOOL_SEARCH)),
        _ => needs.pass_unknown && !is_known_refused(token),
    };
    taken.then_some(Cow::Borrowed(token))
}

/// Tokens that are certain to be refused, also when unknown ones shall be tried.
fn is_known_refused(token: &str) -> bool {
    const REFUSED: [&str; 17] = [
        "claude-code-",
        "oauth-",
        "prompt-caching-",
        "extended-cache-ttl-",
        "mid-conversation-system-",
        "thinking-token-count-",
        "advisor-",
        "afk-mode-",
        "fallback-credit-",
        "cache-diagnosis-",
        "redact-thinking-",
        "fast-mode-",
        "files-api-",
        "skills-",
        "mcp-",
        "web-",
        "code-execution-",
    ];
    REFUSED.iter().any(|prefix| token.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(asked: &[&str], needs: Needs, required: &[&'static str]) -> (Vec<String>, Vec<String>) {
        let mut notes = Notes::default();
        let tokens = choose(asked.iter().copied(), &needs, required, &mut notes);
        (tokens.into_iter().map(Cow::into_owned).collect(), notes.into_vec())
    }

    #[test]
    fn unknown_tokens_are_dropped_and_told() {
        let (tokens, notes) = chosen(
            &["claude-code-20250219", EFFORT, "brand-new-2027-01-01", "fast-mode-1", EFFORT],
            Needs::default(),
            &[],
        );
        assert_eq!(tokens, [EFFORT]);
        assert_eq!(notes, ["betas:dropped(brand-new-2027-01-01,fast-mode-1)"]);
        let pass = Needs { pass_unknown: true, ..Needs::default() };
        assert_eq!(chosen(&["brand-new-2027-01-01", "fast-mode-1"], pass, &[]).0, ["brand-new-2027-01-01"]);
    }

    #[test]
    fn a_bundle_becomes_its_part_when_the_part_is_used() {
        assert_eq!(chosen(&[ADVANCED_TOOL_USE], Needs::default(), &[]), (vec![], vec![]));
        let search = Needs { tool_search: true, ..Needs::default() };
        assert_eq!(chosen(&[ADVANCED_TOOL_USE, TOOL_SEARCH], search, &[TOOL_SEARCH]).0, [TOOL_SEARCH]);
    }

    #[test]
    fn what_the_request_needs_is_added() {
        assert_eq!(
            chosen(&[FINE_GRAINED], Needs::default(), &[CONTEXT_MANAGEMENT]).0,
            [FINE_GRAINED, CONTEXT_MANAGEMENT]
        );
    }
}
