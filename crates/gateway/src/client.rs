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

/// A name of at most 40 characters; `unknown` when the client does not say.
#[must_use]
pub(crate) fn name(user_agent: &str) -> &str {
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
        assert_eq!(name("claude-cli/2.1.329 (external, sdk-cli)"), "Claude Code");
        assert_eq!(name("Anthropic/Python 2.11.0"), "anthropic-python");
        assert_eq!(name("my-tool/3"), "my-tool");
        assert_eq!(name(""), "unknown");
        assert_eq!(name(&"é".repeat(80)).chars().count(), 40);
    }
}
