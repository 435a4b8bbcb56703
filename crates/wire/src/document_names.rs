//! Names of documents as Bedrock accepts them.
//!
//! Converse wants a name for each document: letters, digits, single spaces, hyphens, parentheses and square
//! brackets, at most 200 characters, each once a request. The same titles in the same order give the same names, so
//! that a prompt cache goes on to hit as the conversation grows.

use std::collections::HashSet;

const LONGEST: usize = 200;

/// Names the documents of one request, in order.
#[derive(Debug, Default)]
pub struct DocumentNames {
    given: HashSet<String>,
    untitled: u32,
}

impl DocumentNames {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the next document.
    pub fn name(&mut self, title: Option<&str>) -> String {
        let mut base = clean(title.unwrap_or_default());
        if base.is_empty() {
            self.untitled += 1;
            base = format!("document-{}", self.untitled);
        }
        let mut name = base.clone();
        let mut copy = 1_u32;
        while self.given.contains(&name) {
            copy += 1;
            let suffix = format!(" {copy}");
            let keep = base.len().min(LONGEST - suffix.len());
            name = format!("{}{suffix}", base[..keep].trim_end());
        }
        self.given.insert(name.clone());
        name
    }
}

/// ASCII alone: Bedrock's letters and digits are `a-z`, `A-Z` and `0-9`.
fn clean(title: &str) -> String {
    let mut name = String::with_capacity(title.len().min(LONGEST));
    for c in title.trim().chars() {
        if name.len() == LONGEST {
            break;
        }
        match c {
            c if c.is_whitespace() => {
                if !name.ends_with(' ') && !name.is_empty() {
                    name.push(' ');
                }
            }
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '(' | ')' | '[' | ']' => name.push(c),
            _ => name.push('-'),
        }
    }
    name.truncate(name.trim_end().len());
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_what_is_allowed_and_replaces_the_rest() {
        let mut names = DocumentNames::new();
        for (title, name) in [
            (Some("Report (final) [v2]"), "Report (final) [v2]"),
            (Some("  report_2026.pdf \n"), "report-2026-pdf"),
            (Some("a \t  b"), "a b"),
            (Some("Bücher"), "B-cher"),
            (None, "document-1"),
            (Some("   "), "document-2"),
            (Some("a b"), "a b 2"),
            (Some("a  b"), "a b 3"),
        ] {
            assert_eq!(names.name(title), name);
        }
    }

    #[test]
    fn a_copy_of_a_long_name_still_fits() {
        let mut names = DocumentNames::new();
        let title = "x".repeat(300);
        assert_eq!(names.name(Some(&title)), "x".repeat(200));
        assert_eq!(names.name(Some(&title)), format!("{} 2", "x".repeat(198)));
    }

    proptest! {
        #[test]
        fn every_name_is_legal_and_given_once(titles in prop::collection::vec(".{0,260}", 0..6)) {
            let mut names = DocumentNames::new();
            let given: Vec<String> = titles.iter().chain(&titles).map(|title| names.name(Some(title))).collect();
            for name in &given {
                prop_assert!((1..=200).contains(&name.len()));
                prop_assert!(!name.contains("  ") && name.trim() == name);
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || " -()[]".contains(c)));
            }
            prop_assert_eq!(given.iter().collect::<HashSet<_>>().len(), given.len());
        }
    }
}
