//! Patterns of model names.

/// Whether `name` fits `pattern`, in which `*` stands for any letters and `?` for one. Case does not matter, as it does
/// not for names of models anywhere else.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut of) = (0, 0);
    // Where the last star was, and what it has taken so far: the only place to go back to.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                of += 1;
            }
            Some(letter) if letter.eq_ignore_ascii_case(&name[of]) => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    at = place + 1;
                    of = taken + 1;
                    star = Some((place, of));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, verdict) in [
            ("claude-haiku-4-5", "claude-haiku-4-5", true),
            ("claude-haiku-4-5", "claude-haiku-4-50", false),
            ("CLAUDE-*", "claude-opus-4-8", true),
            ("claude-*", "nova-claude-1", false),
            ("*haiku*", "us.anthropic.claude-haiku-4-5-v1:0", true),
            ("*haiku", "claude-haiku-4-5", false),
            ("claude-?aiku-*", "claude-haiku-4-5", true),
            ("?", "", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("**", "anything", true),
        ] {
            assert_eq!(fits(pattern, name), verdict, "{pattern} {name}");
        }
    }

    /// The same, told as slowly as it can be told.
    fn slowly(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => slowly(rest, name),
            (Some((b'*', rest)), Some((_, tail))) => slowly(rest, name) || slowly(pattern, tail),
            (Some((b'?', rest)), Some((_, tail))) => slowly(rest, tail),
            (Some((a, rest)), Some((b, tail))) => a == b && slowly(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn is_what_it_says(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            prop_assert_eq!(fits(&pattern, &name), slowly(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
