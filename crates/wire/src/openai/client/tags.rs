//! Thoughts that stand in the text: `<reasoning>…</reasoning>` before the answer, as gpt-oss writes them.

const OPEN: &str = "<reasoning>";
const CLOSE: &str = "</reasoning>";

/// Tells thoughts from words in pieces of text that are cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Tags {
    place: Place,
    /// What may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Nothing was said yet: a tag may open.
    #[default]
    Before,
    Within,
    /// Line breaks behind a tag are nobody's words.
    Behind,
    After,
}

/// What a piece of text came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) thought: String,
    pub(super) said: String,
}

impl Tags {
    pub(super) fn push(&mut self, piece: &str) -> Told {
        let mut told = Told::default();
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        let mut rest = text.as_str();
        loop {
            match self.place {
                Place::After => {
                    told.said.push_str(rest);
                    return told;
                }
                Place::Before | Place::Behind => {
                    let bare = rest.trim_start();
                    if let Some(inside) = bare.strip_prefix(OPEN) {
                        self.place = Place::Within;
                        rest = inside;
                    } else if OPEN.starts_with(bare) {
                        // Too little to tell; blanks before the first word are kept for it.
                        rest.clone_into(&mut self.held);
                        return told;
                    } else {
                        rest = if self.place == Place::Behind { bare } else { rest };
                        self.place = Place::After;
                    }
                }
                Place::Within => match rest.find(CLOSE) {
                    Some(at) => {
                        told.thought.push_str(&rest[..at]);
                        rest = &rest[at + CLOSE.len()..];
                        self.place = Place::Behind;
                    }
                    None => {
                        let keep = partial(rest);
                        told.thought.push_str(&rest[..rest.len() - keep]);
                        rest[rest.len() - keep..].clone_into(&mut self.held);
                        return told;
                    }
                },
            }
        }
    }

    /// The text is over: what was held is what it looks like.
    pub(super) fn finish(&mut self) -> Told {
        let held = std::mem::take(&mut self.held);
        match std::mem::replace(&mut self.place, Place::After) {
            Place::Within => Told { thought: held, said: String::new() },
            Place::Behind => Told { thought: String::new(), said: held.trim_start().to_owned() },
            Place::Before | Place::After => Told { thought: String::new(), said: held },
        }
    }
}

/// Bytes at the end of `text` that may be the beginning of the closing tag.
fn partial(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|length| text.ends_with(&CLOSE[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&str]) -> (String, String) {
        let mut tags = Tags::default();
        let mut told: Vec<Told> = pieces.iter().map(|piece| tags.push(piece)).collect();
        told.push(tags.finish());
        told.into_iter()
            .fold(Default::default(), |(thought, said), told| (thought + &told.thought, said + &told.said))
    }

    #[test]
    fn thoughts_come_before_the_answer_alone() {
        for (text, thought, said) in [
            ("<reasoning>hm</reasoning>\n\nyes", "hm", "yes"),
            ("  <reasoning>a < b</reasoning><reasoning>more</reasoning>yes\n", "a < bmore", "yes\n"),
            (" plain <reasoning>x</reasoning>", "", " plain <reasoning>x</reasoning>"),
            ("<reason", "", "<reason"),
            ("<reasoning>cut </reas", "cut </reas", ""),
            ("<reasoning>only</reasoning>", "only", ""),
            ("", "", ""),
            (" ", "", " "),
        ] {
            assert_eq!(all(&[text]), (thought.to_owned(), said.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "[ \n]{0,2}(<reasoning>[a<é/r ]{0,8}(</reasoning>)?)?[ \n]?[a<é>/]{0,8}", cuts in prop::collection::vec(0usize..40, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| text.floor_char_boundary(at.min(text.len()))).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(all(&pieces), all(&[&text]));
        }
    }
}
