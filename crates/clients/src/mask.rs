//! Secrets of a line, left out.

/// Ends of names whose values are secrets.
const NAMES: &[&str] =
    &["key", "token", "secret", "password", "passphrase", "authorization", "credential", "credentials"];

/// How keys begin.
const BEGINNINGS: &[&str] = &[
    "sk-",
    "ghp_",
    "gho_",
    "github_pat_",
    "xai-",
    "gsk_",
    "AKIA",
    "AIza",
    "hf_",
    "glpat-",
    "eyJ",
    "Bearer ",
];

const HIDDEN: &str = "••••";

/// The line with dots in the place of whatever looks like a secret.
pub(crate) fn masked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut name = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        if length == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..next]);
            if matches!(&rest[..next], "," | "{" | "[" | "}" | "]") {
                name.clear();
            }
            rest = &rest[next..];
            continue;
        }
        let word = &rest[..length];
        rest = &rest[length..];
        let names_next = rest.trim_start_matches(['"', '\'']).trim_start().starts_with([':', '=']);
        if names_next && !begins_secret(word) {
            name = word.to_ascii_lowercase();
            out.push_str(word);
        } else if begins_secret(word) || (is_secret(&name) && word.len() >= 8) {
            let kept = BEGINNINGS
                .iter()
                .find(|beginning| word.starts_with(*beginning))
                .map_or(0, |found| found.len());
            let kept = if word.starts_with("sk-switchboard-") { "sk-switchboard-".len() } else { kept };
            out.push_str(&word[..kept]);
            out.push_str(HIDDEN);
        } else {
            out.push_str(word);
        }
    }
    out
}

fn is_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '\'' | ':' | '=' | ',' | '{' | '}' | '[' | ']' | '`')
}

fn begins_secret(word: &str) -> bool {
    word.len() >= 12 && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
}

fn is_secret(name: &str) -> bool {
    let plain = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    NAMES.iter().any(|secret| plain.ends_with(secret))
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn values_of_secrets_are_hidden() {
        for (line, shown) in [
            (r#"  "apiKey": "abcdefghij","#, r#"  "apiKey": "••••","#),
            (
                r#"    "ANTHROPIC_AUTH_TOKEN": "sk-switchboard-0123456789""#,
                r#"    "ANTHROPIC_AUTH_TOKEN": "sk-switchboard-••••""#,
            ),
            (r#"experimental_bearer_token = "0123456789abcdef""#, r#"experimental_bearer_token = "••••""#),
            ("    apiKey: sk-ant-0123456789", "    apiKey: sk-••••"),
            (
                r#"env = { OPENAI_API_KEY = "0123456789abc", A = "b" }"#,
                r#"env = { OPENAI_API_KEY = "••••", A = "b" }"#,
            ),
            (r#""args": ["--header", "ghp_0123456789abcdef"]"#, r#""args": ["--header", "ghp_••••"]"#),
            (r#"  "model": "claude-sonnet-4-5","#, r#"  "model": "claude-sonnet-4-5","#),
            (
                "ANTHROPIC_BASE_URL = \"http://127.0.0.1:4880\"",
                "ANTHROPIC_BASE_URL = \"http://127.0.0.1:4880\"",
            ),
            ("export KEY='0123456789'", "export KEY='••••'"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
