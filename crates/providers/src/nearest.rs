//! Names that are near to a wrong one.

/// A question to be put behind a refusal, with a blank before it; empty when nothing is near.
pub(crate) fn question<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near: Vec<_> = names(wrong, known).into_iter().map(|name| format!("`{name}`")).collect();
    if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(", ")) }
}

/// Up to three of `known`, nearest first and in their order among equals; nothing when the name is absurdly long.
pub(crate) fn names<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    if wrong.len() > 100 {
        return Vec::new();
    }
    let mut scored: Vec<(usize, &str)> = known.map(|name| (distance(&wrong, name), name)).collect();
    // Stable: among equals the caller's order stands.
    scored.sort_by_key(|(distance, _)| *distance);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Edits from one to the other, less what a common first word is worth: `gpt-4o` is nearer to `gpt-oss-20b`
/// than to `glm-5`.
fn distance(wrong: &str, name: &str) -> usize {
    let first = |text: &str| text.split(['-', '.', '/']).next().unwrap_or_default().to_owned();
    let common = if first(wrong) == first(name) { 0 } else { 12 };
    edits(wrong.as_bytes(), name.as_bytes()) + common
}

fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(edits(b"kitten", b"sitting"), 3);
        assert_eq!(edits(b"", b"abc"), 3);
        assert_eq!(edits(b"same", b"same"), 0);
    }

    #[test]
    fn a_common_first_word_counts() {
        let known = ["glm-5", "gpt-oss-20b", "nova-pro", "gpt-6-sol"];
        assert_eq!(names("gpt-4o", known.into_iter())[..2], ["gpt-6-sol", "gpt-oss-20b"]);
        assert!(names(&"x".repeat(1000), known.into_iter()).is_empty());
    }
}
