//! A Markdown code fence around a whole text, taken off while the text streams.

/// What was seen of the text so far.
#[derive(Debug)]
pub(super) enum Fence {
    /// The beginning, not yet enough to tell.
    Start(String),
    /// Within a fence; the held end may turn out to be its closing line.
    Inside(String),
    /// No fence: text passes.
    Plain,
}

impl Default for Fence {
    fn default() -> Self {
        Self::Start(String::new())
    }
}

impl Fence {
    /// Takes the next text and gives what is certain to belong to the answer.
    pub(super) fn push(&mut self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Inside(held) => {
                held.push_str(text);
                release(held)
            }
            Self::Start(seen) => {
                seen.push_str(text);
                let trimmed = seen.trim_start();
                if trimmed.starts_with("```") {
                    // The first line may go on with a language.
                    let Some((_, rest)) = trimmed.split_once('\n') else { return String::new() };
                    let mut held = rest.to_owned();
                    let certain = release(&mut held);
                    *self = Self::Inside(held);
                    certain
                } else if "```".starts_with(trimmed) {
                    String::new()
                } else {
                    let certain = std::mem::take(seen);
                    *self = Self::Plain;
                    certain
                }
            }
        }
    }

    /// The rest, once the text is over.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Plain => String::new(),
            Self::Start(seen) => seen,
            Self::Inside(held) => match held.trim_end().strip_suffix("```") {
                Some(before) => before.trim_end().to_owned(),
                None => held,
            },
        }
    }
}

/// Takes out of `held` all but an end that can be part of a closing fence.
fn release(held: &mut String) -> String {
    let end = held.trim_end().trim_end_matches('`').trim_end().len();
    let tail = held.split_off(end);
    std::mem::replace(held, tail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strip(pieces: &[&str]) -> String {
        let mut fence = Fence::default();
        let mut out: String = pieces.iter().map(|piece| fence.push(piece)).collect();
        out.push_str(&fence.finish());
        out
    }

    #[test]
    fn only_a_fence_around_everything_goes() {
        for (text, left) in [
            ("```json\n{\"a\":1}\n```", "{\"a\":1}"),
            ("\n```\n[1]\n```\n\n", "[1]"),
            ("{\"a\":\"```\"}", "{\"a\":\"```\"}"),
            ("```json\n{\"a\":\"```\"}\n```", "{\"a\":\"```\"}"),
            ("```json\n{\"a\":1", "{\"a\":1"),
            ("``", "``"),
            ("", ""),
            ("plain ```", "plain ```"),
        ] {
            assert_eq!(strip(&[text]), left, "{text}");
        }
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(text in "[ \n`a]{0,4}(```)?[a\n` ]{0,12}(```)?[\n ]{0,2}") {
            let pieces: Vec<String> = text.chars().map(String::from).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(strip(&pieces), strip(&[&text]));
        }
    }
}
