//! The client's stop sequences, looked for on our side: the service has no member for them.

use memchr::memmem;

/// Looks for sequences in text that arrives cut anywhere.
#[derive(Debug, Default)]
pub(super) struct StopSequences {
    sequences: Vec<String>,
    /// The length of the longest.
    longest: usize,
    /// The end of the text so far, which may be the beginning of a sequence.
    held: String,
}

impl StopSequences {
    pub(super) fn new(mut sequences: Vec<String>) -> Self {
        sequences.retain(|sequence| !sequence.is_empty());
        let longest = sequences.iter().map(String::len).max().unwrap_or(0);
        Self { sequences, longest, held: String::new() }
    }

    /// Takes the next text; gives what is certain to come before any sequence, and the sequence that was hit.
    pub(super) fn push(&mut self, text: String) -> (String, Option<String>) {
        if self.sequences.is_empty() {
            return (text, None);
        }
        let mut text = if self.held.is_empty() { text } else { std::mem::take(&mut self.held) + &text };
        if let Some((start, sequence)) = self.first(&text) {
            text.truncate(start);
            return (text, Some(sequence));
        }
        self.held = text.split_off(self.certain(&text));
        (text, None)
    }

    /// What was held back, once the text is over.
    pub(super) fn release(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// The hit that is complete first, as if the text had come letter by letter; of those that end together the
    /// longest.
    fn first(&self, text: &str) -> Option<(usize, String)> {
        self.sequences
            .iter()
            .filter_map(|sequence| Some((memmem::find(text.as_bytes(), sequence.as_bytes())?, sequence)))
            .min_by_key(|(start, sequence)| (start + sequence.len(), *start))
            .map(|(start, sequence)| (start, sequence.clone()))
    }

    /// Where the end begins that may become a sequence.
    fn certain(&self, text: &str) -> usize {
        let from = text.len().saturating_sub(self.longest - 1);
        (from..text.len())
            .filter(|at| text.is_char_boundary(*at))
            .find(|at| self.sequences.iter().any(|sequence| sequence.starts_with(&text[*at..])))
            .unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(sequences: &[&str], pieces: &[String]) -> (String, Option<String>) {
        let mut stops = StopSequences::new(sequences.iter().map(|&sequence| sequence.to_owned()).collect());
        let mut said = String::new();
        for piece in pieces {
            let (text, hit) = stops.push(piece.clone());
            said.push_str(&text);
            if hit.is_some() {
                return (said, hit);
            }
        }
        said.push_str(&stops.release());
        (said, None)
    }

    #[test]
    fn the_text_ends_before_the_first_hit() {
        for (sequences, text, said, hit) in [
            (&["END"][..], "a END b", "a ", Some("END")),
            (&["END"], "a EN", "a EN", None),
            (&["END"], "ENEND", "EN", Some("END")),
            (&["abc", "ab"], "xabc", "x", Some("ab")),
            (&["abcd", "bc"], "abcd", "a", Some("bc")),
            (&["bc", "abc"], "abc", "", Some("abc")),
            (&["\n\n", ""], "a\nb\n\nc", "a\nb", Some("\n\n")),
            (&["é好"], "né好", "n", Some("é好")),
            (&[], "END", "END", None),
        ] {
            assert_eq!(
                run(sequences, &[text.to_owned()]),
                (said.to_owned(), hit.map(str::to_owned)),
                "{text}"
            );
        }
    }

    #[test]
    fn no_more_is_held_than_may_become_a_sequence() {
        let mut stops = StopSequences::new(vec!["</a>".to_owned(), "好!".to_owned()]);
        for (text, certain) in
            [("x <", "x "), ("b", "<b"), ("</", ""), ("</a", "</"), ("b好", "</ab"), (".", "好.")]
        {
            assert_eq!(stops.push(text.to_owned()), (certain.to_owned(), None), "{text}");
        }
        assert_eq!(stops.release(), "");
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            text in "[ab好]{0,24}",
            sequences in prop::collection::vec("[ab好]{1,4}", 0..4),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let sequences: Vec<&str> = sequences.iter().map(String::as_str).collect();
            let letters: Vec<String> = text.chars().map(String::from).collect();
            let whole = run(&sequences, std::slice::from_ref(&text));
            prop_assert_eq!(run(&sequences, &letters), whole.clone());
            let pieces = crate::amazon_q::reader::tests::cut(&text, &cuts);
            prop_assert_eq!(run(&sequences, &pieces), whole);
        }
    }
}
