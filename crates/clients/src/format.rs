//! The formats of configurations. Each is edited as text, so that comments, order and spaces of a person stay.

mod json;
mod one_line;
mod toml;
mod yaml;

use serde_json::Value;

use crate::change::{self, Edit, at};
use crate::text::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// With comments and trailing commas where the person has them.
    Json,
    Toml,
    Yaml,
}

/// Why a text is not edited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not of this format; what is wrong, without quoting it.
    Syntax(String),
    /// Something else stands where ours should go.
    Shape(String),
}

impl Format {
    /// Its values. Nothing is null.
    pub(crate) fn read(self, text: &str) -> Result<Value, Unfit> {
        self.values(&Text::new(text).plain)
    }

    fn values(self, plain: &str) -> Result<Value, Unfit> {
        match self {
            Self::Json => json::read(plain),
            Self::Toml => toml::read(plain),
            Self::Yaml => yaml::read(plain),
        }
    }

    /// The text after the edits, with `comment` above the first new line that has `mark`.
    pub(crate) fn edited(
        self,
        text: &str,
        edits: &[Edit],
        comment: Option<(&str, &str)>,
    ) -> Result<String, Unfit> {
        let text = Text::new(text);
        let mut values = self.values(&text.plain)?;
        let mut plain = text.plain.clone();
        for edit in edits {
            if is_made(&values, edit) {
                continue;
            }
            let before = values.clone();
            change::make(&mut values, edit).map_err(Unfit::Shape)?;
            plain = match self {
                Self::Json => json::edited(&plain, edit, &before)?,
                Self::Toml => toml::edited(&plain, edit, &before)?,
                Self::Yaml => yaml::edited(&plain, edit, &before)?,
            };
        }
        if plain == text.plain {
            return Ok(text.with(&plain, None));
        }
        if let Some((mark, comment)) = comment {
            plain = remarked(&text.plain, &plain, mark, comment);
        }
        let written = text.with(&plain, None);
        self.check(&written, &values)?;
        Ok(written)
    }

    /// The text after edits that take ours out of it. Whole-line comments stay, but for `comment`, which is ours.
    pub(crate) fn taken_back(self, text: &str, edits: &[Edit], comment: &str) -> Result<String, Unfit> {
        let bare: String = text
            .split_inclusive('\n')
            .filter(|line| line.trim_end().trim_start_matches(['\u{feff}', ' ', '\t']) != comment)
            .collect();
        let bare = if text.starts_with('\u{feff}') && !bare.starts_with('\u{feff}') {
            format!("\u{feff}{bare}")
        } else {
            bare
        };
        let written = self.edited(&bare, edits, None)?;
        let values = self.read(&written)?;
        let is_comment = |line: &str| self.is_comment(line);
        let kept = Text::new(&bare).with(&Text::new(&written).plain, Some(&is_comment));
        // What looks like a comment may be part of a text.
        Ok(if self.check(&kept, &values).is_ok() { kept } else { written })
    }

    fn is_comment(self, line: &str) -> bool {
        let line = line.trim_start();
        match self {
            Self::Json => line.starts_with("//"),
            Self::Toml | Self::Yaml => line.starts_with('#'),
        }
    }

    /// What was written says what was meant, and nothing else.
    fn check(self, written: &str, values: &Value) -> Result<(), Unfit> {
        match self.read(written) {
            Ok(read) if same(&read, values) => Ok(()),
            _ => Err(Unfit::Syntax("it is written in a way that is not understood here".to_owned())),
        }
    }
}

fn is_made(values: &Value, edit: &Edit) -> bool {
    match edit {
        Edit::Set(path, value) => at(values, path).is_some_and(|there| same(there, value)),
        Edit::Remove(path, _) => at(values, path).is_none(),
    }
}

/// Whether the values are the same, in whatever order. An empty document is nothing.
fn same(a: &Value, b: &Value) -> bool {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        _ => false,
    };
    a == b || (is_nothing(a) && is_nothing(b))
}

/// `edited` with the comment above the first of its new lines that has `mark`, or where there is none above the first.
fn remarked(before: &str, edited: &str, mark: &str, comment: &str) -> String {
    use similar::{Algorithm, capture_diff_slices};
    if before.lines().any(|line| line.trim() == comment) {
        return edited.to_owned();
    }
    let [old, new] = [before, edited].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let fresh = capture_diff_slices(Algorithm::Patience, &old, &new)
        .into_iter()
        .filter(|op| !matches!(op, similar::DiffOp::Equal { .. }))
        .flat_map(|op| op.new_range());
    let Some(place) = fresh.into_iter().find(|line| new[*line].contains(mark)) else {
        return edited.to_owned();
    };
    let indent: String = new[place].chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    let (above, below) = new.split_at(place);
    format!("{}{indent}{comment}\n{}", above.concat(), below.concat())
}
