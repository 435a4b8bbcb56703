//! Words at the end of a model's name that mean something else than the model.

use llm::Effort;

/// What the words said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suffixes {
    pub(crate) long_context: bool,
    thinking: bool,
    fast: bool,
    effort: Option<Effort>,
}

impl Suffixes {
    /// Takes words off the end, in any order, each sort at most once.
    pub(crate) fn strip(name: &str) -> (&str, Self) {
        let mut found = Self::default();
        let mut base = name;
        while let Some((rest, word)) = base.rsplit_once('-') {
            let fresh = match word {
                "1m" => !std::mem::replace(&mut found.long_context, true),
                "thinking" => !std::mem::replace(&mut found.thinking, true),
                "fast" => !std::mem::replace(&mut found.fast, true),
                _ => match Effort::parse(word) {
                    Some(effort) if found.effort.is_none() => {
                        found.effort = Some(effort);
                        true
                    }
                    _ => false,
                },
            };
            if !fresh {
                break;
            }
            base = rest;
        }
        (base, found)
    }

    /// `-thinking` alone asks for high effort.
    pub(crate) fn effort(&self) -> Option<Effort> {
        self.effort.or(self.thinking.then_some(Effort::High))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_off_in_any_order_once() {
        for name in ["m-high-thinking", "m-thinking-high", "m-fast-high-thinking"] {
            let (base, found) = Suffixes::strip(name);
            assert_eq!((base, found.effort()), ("m", Some(Effort::High)), "{name}");
        }
        let (base, found) = Suffixes::strip("m-low-high");
        assert_eq!(
            (base, found.effort()),
            ("m-low", Some(Effort::High)),
            "what was not taken off does not count"
        );
        assert!(Suffixes::strip("m-1m").1.long_context);
        assert_eq!(Suffixes::strip("m-thinking").1.effort(), Some(Effort::High));
        assert_eq!(Suffixes::strip("m-none-thinking").1.effort(), Some(Effort::None));
        assert_eq!(Suffixes::strip("gpt-oss-120b"), ("gpt-oss-120b", Suffixes::default()));
    }
}
