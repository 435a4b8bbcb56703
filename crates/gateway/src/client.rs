//! Who asks: a short name for the log, from what the client says of itself.

/// Names as they begin in `User-Agent`, longest match first where they overlap.
const KNOWN: &[(&str, &str)] = &[
    ("claude-cli/", "Claude Code"),
    ("codex_", "Codex"),
    ("codex-", "Codex"),
    ("Zed/", "Zed"),
    ("opencode/", "opencode"),
    ("Kilo-Code/", "Kilo Code"),
    ("Cline/", "Cline"),
    ("RooCode/", "Roo Code"),
    ("continue/", "Continue"),
    ("Anthropic/Python", "anthropic-python"),
    ("AsyncAnthropic/Python", "anthropic-python"),
    ("Anthropic/JS", "anthropic-node"),
    ("OpenAI/Python", "openai-python"),
    ("AsyncOpenAI/Python", "openai-python"),
    ("OpenAI/JS", "openai-node"),
    ("ai-sdk/", "AI SDK"),
    ("ai/", "AI SDK"),
    ("litellm/", "LiteLLM"),
    ("copilot", "Copilot"),
    ("GitHubCopilot", "Copilot"),
    ("curl/", "curl"),
    ("switchboard", "Switchboard"),
];

/// A name of at most 40 characters; `unknown` when the client does not say. A browser with `our_header` is the window.
#[must_use]
pub(crate) fn name(user_agent: &str, our_header: bool) -> &str {
    if our_header && user_agent.starts_with("Mozilla/") {
        return "Switchboard";
    }
    if let Some((_, name)) = KNOWN.iter().find(|(prefix, _)| user_agent.starts_with(prefix)) {
        return name;
    }
    let product = user_agent.split(['/', ' ', '(']).next().unwrap_or_default();
    match product.char_indices().nth(40) {
        _ if product.is_empty() => "unknown",
        Some((end, _)) => &product[..end],
        None => product,
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_clients() {
        let name_of = |user_agent| name(user_agent, false);
        assert_eq!(name_of("claude-cli/2.1.329 (external, sdk-cli)"), "Claude Code");
        assert_eq!(name_of("Anthropic/Python 2.11.0"), "anthropic-python");
        assert_eq!(name_of("my-tool/3"), "my-tool");
        assert_eq!(name_of(""), "unknown");
        assert_eq!(name(&"é".repeat(80), false).chars().count(), 40);
    }

    #[test]
    fn tells_the_window_from_other_pages() {
        assert_eq!(name("Mozilla/5.0 (X11)", true), "Switchboard");
        assert_eq!(name("Mozilla/5.0 (X11)", false), "Mozilla");
        assert_eq!(name("curl/8.0", true), "curl");
    }
}
