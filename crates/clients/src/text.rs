//! A text of a person: its byte order mark, and the ending of each of its lines.

use similar::{Algorithm, DiffOp, capture_diff_slices};

const BOM: char = '\u{feff}';

/// A text as it is, and as editors of formats like it: without a mark, lines ended by `\n`.
pub(crate) struct Text<'a> {
    original: &'a str,
    mark: bool,
    pub(crate) plain: String,
}

impl<'a> Text<'a> {
    pub(crate) fn new(original: &'a str) -> Self {
        let bare = original.strip_prefix(BOM);
        let plain = bare.unwrap_or(original).replace("\r\n", "\n");
        Self { original: bare.unwrap_or(original), mark: bare.is_some(), plain }
    }

    /// `edited`, which was made of [`Self::plain`], with every line that is still there as it was. New lines end as most do.
    /// With `keep` whole-line comments outlive the lines they stood among.
    pub(crate) fn with(&self, edited: &str, keep: Option<&dyn Fn(&str) -> bool>) -> String {
        let old: Vec<_> = self.original.split_inclusive('\n').map(parted).collect();
        let new: Vec<_> = edited.split_inclusive('\n').map(parted).collect();
        let windows = old.iter().filter(|(_, end)| *end == "\r\n").count() * 2 > old.len();
        let usual = if windows { "\r\n" } else { "\n" };
        let [before, after] =
            [&old, &new].map(|lines| lines.iter().map(|(line, _)| *line).collect::<Vec<_>>());
        let mut text = String::with_capacity(self.original.len() + edited.len());
        if self.mark {
            text.push(BOM);
        }
        let mut put = |line: &str, end: &str, was: &str| {
            text.push_str(line);
            if !end.is_empty() {
                text.push_str(if was.is_empty() { usual } else { was });
            }
        };
        for op in capture_diff_slices(Algorithm::Patience, &before, &after) {
            if let (DiffOp::Equal { .. }, range, fresh) = (op, op.old_range(), op.new_range()) {
                for ((line, was), (_, end)) in old[range].iter().zip(&new[fresh]) {
                    put(line, end, was);
                }
                continue;
            }
            if let Some(keep) = keep {
                let said = &after[op.new_range()];
                for (line, was) in &old[op.old_range()] {
                    if keep(line) && !said.contains(line) {
                        put(line, "\n", was);
                    }
                }
            }
            for (line, end) in &new[op.new_range()] {
                put(line, end, "");
            }
        }
        text
    }
}

/// A line and how it ends.
fn parted(line: &str) -> (&str, &str) {
    match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
        (Some(line), _) => (line, "\r\n"),
        (None, Some(line)) => (line, "\n"),
        (None, None) => (line, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn lines_that_stay_keep_their_endings() {
        let text = Text::new("\u{feff}a\r\nb\nc\r\nd");
        assert_eq!(text.plain, "a\nb\nc\nd");
        assert_eq!(text.with("a\nx\nb\nc\nd\ny\n", None), "\u{feff}a\r\nx\nb\nc\r\nd\ny\n");
        assert_eq!(text.with(&text.plain, None), "\u{feff}a\r\nb\nc\r\nd");
        let windows = Text::new("a\r\nb\r\nc\r\n");
        assert_eq!(windows.with("a\nb\nx\nc\n", None), "a\r\nb\r\nx\r\nc\r\n");
    }
}
