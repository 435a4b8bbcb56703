//! Patterns of model names.

use wildmatch::WildMatch;

/// Whether `name` fits `pattern`, in which `*` stands for any letters and `?` for one. Case does not matter, as it does
/// not for names of models anywhere else.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    // Most patterns are plain names.
    pattern.eq_ignore_ascii_case(name) || WildMatch::new_case_insensitive(pattern).matches(name)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, verdict) in [
            ("claude-haiku-4-5", "claude-haiku-4-5", true),
            ("claude-haiku-4-5", "claude-haiku-4-50", false),
            ("CLAUDE-*", "claude-opus-4-8", true),
            ("claude-*", "nova-claude-1", false),
            ("*haiku*", "us.anthropic.claude-haiku-4-5-v1:0", true),
            ("claude-?aiku-*", "claude-haiku-4-5", true),
            ("?", "", false),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ] {
            assert_eq!(fits(pattern, name), verdict, "{pattern} {name}");
        }
    }
}
