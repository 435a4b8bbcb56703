//! Which `anthropic-beta` tokens a route takes. One that InvokeModel does not know makes it refuse the whole request
//! with "invalid beta flag"; the routes of Anthropic's own API take more, and say which one they do not know.

use std::borrow::Cow;

use super::notes::Notes;
use crate::bedrock::route::Route;

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
const CLAUDE_CODE: &str = "claude-code-20250219";
const TOKEN_COUNT: &str = "thinking-token-count-2026-05-13";
const SYSTEM_INSIDE: &str = "mid-conversation-system-2026-04-07";
const FORMATS_2025_11: &str = "structured-outputs-2025-11-13";
const FORMATS_2025_12: &str = "structured-outputs-2025-12-15";
const LONG_OUTPUT: &str = "output-128k-2025-02-19";
const SHORT_TOOLS: &str = "token-efficient-tools-2025-02-19";

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
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    pub(super) route: Route,
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
            None if token == CONTEXT_1M || !is_needed(token, needs.route) => {}
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

/// Whether a token says anything on a route. The runtime's own Messages route streams tools' inputs finely unasked.
pub(super) fn is_needed(token: &str, route: Route) -> bool {
    token != FINE_GRAINED || route != Route::Messages
}

fn take<'a>(token: &'a str, needs: &Needs) -> Option<Cow<'a, str>> {
    let native = needs.route.is_native();
    let taken = match token {
        CLAUDE_CODE | INTERLEAVED | FORMATS_2025_11 if native => true,
        TOKEN_COUNT | SYSTEM_INSIDE | FORMATS_2025_12 if needs.route == Route::Messages => true,
        CONTEXT_1M | LONG_OUTPUT | SHORT_TOOLS if needs.route == Route::Mantle => true,
        FINE_GRAINED => is_needed(token, needs.route),
        CONTEXT_MANAGEMENT | COMPACT | EFFORT | TOOL_EXAMPLES | COMPUTER_2025_01 | COMPUTER_2025_11 => true,
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

    const PLAIN: Needs = Needs {
        route: Route::Invoke,
        interleaved: false,
        long_context_by_beta: false,
        tool_search: false,
        display_updates: false,
        binding_controls: false,
        pass_unknown: false,
    };

    #[test]
    fn unknown_tokens_are_dropped_and_told() {
        let (tokens, notes) = chosen(
            &["claude-code-20250219", EFFORT, "brand-new-2027-01-01", "fast-mode-1", EFFORT],
            PLAIN,
            &[],
        );
        assert_eq!(tokens, [EFFORT]);
        assert_eq!(notes, ["betas:dropped(brand-new-2027-01-01,fast-mode-1)"]);
        let pass = Needs { pass_unknown: true, ..PLAIN };
        assert_eq!(chosen(&["brand-new-2027-01-01", "fast-mode-1"], pass, &[]).0, ["brand-new-2027-01-01"]);
    }

    #[test]
    fn a_bundle_becomes_its_part_when_the_part_is_used() {
        assert_eq!(chosen(&[ADVANCED_TOOL_USE], PLAIN, &[]), (vec![], vec![]));
        let search = Needs { tool_search: true, ..PLAIN };
        assert_eq!(chosen(&[ADVANCED_TOOL_USE, TOOL_SEARCH], search, &[TOOL_SEARCH]).0, [TOOL_SEARCH]);
    }

    #[test]
    fn anthropics_own_routes_take_more_and_not_the_same() {
        let asked = [
            CLAUDE_CODE,
            INTERLEAVED,
            TOKEN_COUNT,
            "prompt-caching-scope-2026-01-05",
            SYSTEM_INSIDE,
            FORMATS_2025_11,
            FORMATS_2025_12,
            FINE_GRAINED,
            CONTEXT_1M,
            LONG_OUTPUT,
            "oauth-2025-04-20",
        ];
        let on = |route| chosen(&asked, Needs { route, ..PLAIN }, &[]);
        let (tokens, notes) = on(Route::Messages);
        assert_eq!(
            tokens,
            [CLAUDE_CODE, INTERLEAVED, TOKEN_COUNT, SYSTEM_INSIDE, FORMATS_2025_11, FORMATS_2025_12]
        );
        assert_eq!(notes, ["betas:dropped(output-128k-2025-02-19)"]);
        let (tokens, notes) = on(Route::Mantle);
        assert_eq!(
            tokens,
            [CLAUDE_CODE, INTERLEAVED, FORMATS_2025_11, FINE_GRAINED, CONTEXT_1M, LONG_OUTPUT]
        );
        assert!(notes.is_empty(), "{notes:?}");
        let untold = Needs { route: Route::Messages, pass_unknown: true, ..PLAIN };
        assert_eq!(chosen(&["brand-new-2027-01-01", "fast-mode-1"], untold, &[]).0, ["brand-new-2027-01-01"]);
    }

    #[test]
    fn what_the_request_needs_is_added() {
        assert_eq!(
            chosen(&[FINE_GRAINED], PLAIN, &[CONTEXT_MANAGEMENT]).0,
            [FINE_GRAINED, CONTEXT_MANAGEMENT]
        );
    }
}
