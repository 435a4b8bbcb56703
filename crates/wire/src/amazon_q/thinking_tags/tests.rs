use proptest::prelude::*;

use super::*;

/// Thought and text, each joined; text before a thought would show as a third part.
fn split(pieces: &[String]) -> Vec<Part> {
    let mut tags = ThinkingTags::default();
    let mut all: Vec<Part> = Vec::new();
    let mut parts: Vec<Part> = pieces.iter().flat_map(|piece| tags.push(piece.clone())).collect();
    parts.extend(tags.finish());
    for part in parts {
        match (all.last_mut(), part) {
            (Some(Part::Thought(before)), Part::Thought(more)) => before.push_str(&more),
            (Some(Part::Text(before)), Part::Text(more)) => before.push_str(&more),
            (_, part) => all.push(part),
        }
    }
    all
}

fn check(text: &str, thought: &str, rest: &str) {
    let mut expected = Vec::new();
    if !thought.is_empty() {
        expected.push(Part::Thought(thought.to_owned()));
    }
    if !rest.is_empty() {
        expected.push(Part::Text(rest.to_owned()));
    }
    assert_eq!(split(&[text.to_owned()]), expected, "{text:?}");
    let letters: Vec<String> = text.chars().map(String::from).collect();
    assert_eq!(split(&letters), expected, "letter by letter: {text:?}");
}

#[test]
fn a_thought_at_the_start_is_told_from_the_text() {
    check("<thinking>\n7 times 13 is 91.</thinking>\n\nNo.", "7 times 13 is 91.", "No.");
    check("\n <think>a\nb\n</think>\n \n\n\n  x\n\ny", "a\nb\n", "  x\n\ny");
    check("<reasoning>a</reasoning>\r\n\r\nb", "a", "b");
    check("<thought>a</thought>", "a", "");
    check("<thinking>a</thinking>  \n ", "a", "");
    check("<thinking></thinking>\n\nb", "", "b");
}

#[test]
fn text_without_a_tag_stays_as_it_is() {
    for text in
        ["", "  ", "Hi <thinking>a</thinking>\n\nb", "<thinking", "<thin>k", "<Thinking>a", "< thinking>"]
    {
        check(text, "", text);
    }
}

#[test]
fn a_closing_tag_that_is_only_talked_about_does_not_count() {
    check("<think>I use `</think>`\n\nand go on</think>\n\nb", "I use `</think>`\n\nand go on", "b");
    check("<think>a \"</think>\n\nb</think>", "a \"</think>\n\nb", "");
    check("<think>a</think> b</think>\nc</think>\n\nd", "a</think> b</think>\nc", "d");
    check("<think>a</thinking>\n\nb</think>\n\nc", "a</thinking>\n\nb", "c");
    check("<think>x\n ```xml\n</think>\n\n```\ny</think>\n\nb", "x\n ```xml\n</think>\n\n```\ny", "b");
    check("<think>a <</think>\n\nb", "a <", "b");
}

#[test]
fn a_thought_that_never_ends_is_one() {
    check("<thinking>a", "a", "");
    check("<thinking>a</thin", "a</thin", "");
    check("<thinking>a</thinking>\nb", "a</thinking>\nb", "");
}

#[test]
fn text_passes_as_soon_as_it_is_told() {
    let mut tags = ThinkingTags::default();
    assert_eq!(tags.push("<".into()), []);
    assert_eq!(tags.push("b".into()), [Part::Text("<b".into())]);
    assert_eq!(tags.push("<think>".into()), [Part::Text("<think>".into())]);
    let mut tags = ThinkingTags::default();
    assert_eq!(tags.push("<think>a b".into()), [Part::Thought("a b".into())]);
    assert_eq!(tags.push("</b>".into()), [Part::Thought("</b>".into())]);
    assert_eq!(tags.push("</think>".into()), []);
    assert_eq!(tags.push("\n\n".into()), []);
    assert_eq!(tags.push("c".into()), [Part::Text("c".into())]);
}

#[test]
fn a_break_before_any_text_leaves_the_start_open() {
    let mut tags = ThinkingTags::default();
    assert_eq!(tags.finish(), None);
    assert_eq!(tags.push("<think>a".into()), [Part::Thought("a".into())]);
    assert_eq!(tags.finish(), None);
    assert_eq!(tags.push("b".into()), [Part::Text("b".into())]);
}

proptest! {
    #[test]
    fn cutting_changes_nothing(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<thinking>", "</thinking>", "<think>", "</think>", "\n", "\n\n", "```", "`", "\"", " ", "a", "é", "<", "/",
            ]),
            0..14,
        ),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let text = pieces.concat();
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let whole = split(std::slice::from_ref(&text));
        prop_assert_eq!(split(&letters), whole.clone());
        prop_assert_eq!(split(&crate::amazon_q::reader::tests::cut(&text, &cuts)), whole);
    }
}
