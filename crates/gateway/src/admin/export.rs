//! `GET /api/logs/export`: every row that fits, as a file. It is written while it is read: a million rows take no more
//! memory than a thousand.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;
use store::{Filter, LogRow};

use super::json::Asked;
use super::logs::Question;
use super::{Desk, Refusal};

/// Rows that are read at once.
const ROWS: u32 = 500;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Csv,
    Json,
}

/// What follows in a file.
struct Writing {
    desk: Arc<Desk>,
    format: Format,
    filter: Filter,
    place: Place,
    rows: u64,
}

enum Place {
    Start,
    Before(Option<i64>),
    End,
}

pub(super) async fn file(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Response, Refusal> {
    let format = question.format();
    let place = Place::Start;
    let writing = Writing { desk, format, filter: question.filter()?, place, rows: 0 };
    let pieces = stream::unfold(writing, |mut writing| async move {
        let piece = writing.next().await?;
        Some((piece.map(Bytes::from), writing))
    });
    let mut answer = Response::new(Body::from_stream(pieces));
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"switchboard-log.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"switchboard-log.json\""),
    };
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(answer)
}

impl Writing {
    /// The next piece; `None` at the end. A failure cuts the file off, so that nobody takes it for whole.
    async fn next(&mut self) -> Option<Result<String, store::Error>> {
        let before = match self.place {
            Place::End => return None,
            Place::Start => {
                self.place = Place::Before(None);
                return Some(Ok(match self.format {
                    Format::Csv => COLUMNS.join(",") + "\r\n",
                    Format::Json => "[".to_owned(),
                }));
            }
            Place::Before(before) => before,
        };
        let page = match self.desk.gateway.logs.page(self.filter.clone(), before, ROWS).await {
            Ok(page) => page,
            Err(error) => {
                self.place = Place::End;
                return Some(Err(error));
            }
        };
        let mut text = String::new();
        for row in &page.rows {
            match self.format {
                Format::Csv => line(row, &mut text),
                Format::Json => {
                    text.push_str(if self.rows == 0 { "\n" } else { ",\n" });
                    // A row is plain data.
                    text.push_str(&serde_json::to_string(row).unwrap_or_default());
                }
            }
            self.rows += 1;
        }
        self.place = match page.next {
            Some(next) => Place::Before(Some(next)),
            None => Place::End,
        };
        if matches!((&self.place, self.format), (Place::End, Format::Json)) {
            text.push_str("\n]\n");
        }
        Some(Ok(text))
    }
}

/// Columns of a CSV file, as rows name them.
const COLUMNS: [&str; 32] = [
    "id",
    "time_ms",
    "request_id",
    "client",
    "user_agent",
    "dialect",
    "method",
    "path",
    "model_asked",
    "model_served",
    "account_id",
    "account_name",
    "provider",
    "upstream_wire",
    "stream",
    "attempts",
    "status",
    "error_category",
    "error_message",
    "upstream_status",
    "upstream_code",
    "upstream_request_id",
    "first_byte_ms",
    "total_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "usage_estimated",
    "cost_usd",
    "credits",
    "stop_reason",
];

fn line(row: &LogRow, text: &mut String) {
    let row = serde_json::to_value(row).unwrap_or_default();
    for (at, column) in COLUMNS.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        match &row[*column] {
            Value::Null => {}
            Value::String(value) => cell(value, text),
            // Writing to a string does not fail.
            other => drop(write!(text, "{other}")),
        }
    }
    text.push_str("\r\n");
}

/// One cell. Spreadsheets run what begins like a formula, and clients choose their own names: such a cell gets a mark
/// that makes it text. Control characters become blanks.
fn cell(value: &str, text: &mut String) {
    let formula =
        value.trim_start().starts_with(['=', '+', '-', '@']) || value.starts_with(['\t', '\r', '\n']);
    text.push('"');
    if formula {
        text.push('\'');
    }
    for character in value.chars() {
        match character {
            '"' => text.push_str("\"\""),
            character if character.is_control() => text.push(' '),
            character => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_never_formulas() {
        for (value, expected) in [
            ("plain, text", "\"plain, text\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "\"'=1+1\""),
            (" +1", "\"' +1\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"' =1\""),
            ("a\r\nb", "\"a  b\""),
        ] {
            let mut text = String::new();
            cell(value, &mut text);
            assert_eq!(text, expected, "{value:?}");
        }
    }

    #[test]
    fn every_column_is_a_member_of_a_row() {
        let row = serde_json::to_value(LogRow::default()).unwrap();
        for column in COLUMNS {
            assert!(row.get(column).is_some(), "{column}");
        }
    }
}
