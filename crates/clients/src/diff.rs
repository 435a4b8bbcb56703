//! What a person is shown before anything is written.

use similar::{Algorithm, TextDiff};

use crate::mask::masked;

/// Lines around a change.
const AROUND: usize = 3;

/// The difference as a unified diff without file names, secrets masked. Empty when there is none.
pub(crate) fn unified(before: &str, after: &str) -> String {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(before, after);
    let text = diff.unified_diff().context_radius(AROUND).to_string();
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) =
            line.strip_suffix('\n').map_or((line, ""), |line| (line.trim_end_matches('\r'), "\n"));
        shown.push_str(&if line.starts_with("@@") { line.to_owned() } else { masked(line) });
        shown.push_str(end);
    }
    shown
}
