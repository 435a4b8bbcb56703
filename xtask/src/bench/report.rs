//! The table, and its place in the documentation.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::column::COLUMNS;
use super::figures::Book;
use super::usage::load_average;

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->\n";
const END: &str = "<!-- end of figures -->";

/// What the figures depend on besides the programs.
pub(crate) struct Conditions {
    pub(crate) rounds: usize,
    pub(crate) slow: usize,
}

/// The table with its ratios and the bars that were missed.
pub(crate) fn write(book: &Book, conditions: &Conditions) -> String {
    let mut text = String::from("| |");
    for column in &COLUMNS {
        text += &format!(" {} |", column.title);
    }
    text += &format!("\n|---|{}\n", "---|".repeat(COLUMNS.len()));
    let mut missed = Vec::new();
    for (row, title, same_wire) in book.proxies() {
        let nginx = book.nginx(row);
        text += &format!("| {title} |");
        for column in &COLUMNS {
            let Some(figure) = (column.figure)(book, row) else {
                text += " |";
                continue;
            };
            let beside = nginx.and_then(|nginx| (column.figure)(book, nginx));
            let bar = column.bars[usize::from(!same_wire)];
            text += &format!(" {}", column.unit.write(figure));
            if let Some(beside) = beside.filter(|_| bar.is_ratio() && nginx != Some(row)) {
                text += &format!(" ({:.2}×)", figure / beside);
            }
            text += " |";
            if bar.holds(figure, beside) == Some(false) {
                missed.push(format!("{title}: {} {}", column.title, bar.write(column.unit)));
            }
        }
        text.push('\n');
    }
    for (place, title) in ["bar, same wire on both sides", "bar, converted"].into_iter().enumerate() {
        text += &format!("| *{title}* |");
        for column in &COLUMNS {
            text += &format!(" *{}* |", column.bars[place].write(column.unit));
        }
        text.push('\n');
    }
    let (answers, wrong) = book.answers();
    text += &format!(
        "\n{} rounds, {} slow streams, {answers} answers checked, {wrong} wrong; {} cores, load average {} at the end.\n",
        conditions.rounds,
        conditions.slow,
        std::thread::available_parallelism().map_or(0, usize::from),
        load_average(),
    );
    if !missed.is_empty() {
        text += &format!("\nBars missed: {}.\n", missed.join("; "));
    }
    text
}

/// Puts the table where the file has its place for it.
pub(crate) fn publish(table: &str, file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let placed =
        place(&text, table).with_context(|| format!("{} has no place for figures", file.display()))?;
    fs::write(file, placed).with_context(|| file.display().to_string())
}

fn place(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_figures_change() {
        let text = format!("before\n{BEGIN}old\n{END}\nafter\n");
        let once = place(&text, "new").unwrap();
        assert_eq!(once, format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert_eq!(place(&once, "new"), Some(once));
        assert_eq!(place("no marks", "new"), None);
    }
}
