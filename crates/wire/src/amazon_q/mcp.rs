//! The service's search of the web: a tool of its MCP endpoint, which speaks JSON-RPC.

use bytes::Bytes;
use llm::{Category, Error};
use serde::Deserialize;
use serde_json::json;

use crate::web_search::Page;

/// JSON-RPC's code for arguments that the tool does not take.
const INVALID_PARAMS: i64 = -32602;

/// Days of a civil date's four-hundred-year cycle.
const CYCLE: i64 = 146_097;

#[derive(Deserialize)]
struct Answer {
    result: Option<Outcome>,
    error: Option<Fault>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    #[serde(default)]
    is_error: bool,
    #[serde(default)]
    content: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

/// The result of the tool, which is JSON within the text.
#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    results: Vec<Found>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    title: Option<String>,
    url: Option<String>,
    snippet: Option<String>,
    /// Milliseconds since 1970.
    published_date: Option<f64>,
    /// Words of the page that may be repeated as they are.
    max_verbatim_word_limit: Option<u64>,
}

/// The call of the search. `id` names it in the answer.
#[must_use]
pub fn write_search(id: &str, query: &str) -> Bytes {
    let call = json!({
        "id": id, "jsonrpc": "2.0", "method": "tools/call",
        "params": {"name": "web_search", "arguments": {"query": query}},
    });
    Bytes::from(call.to_string())
}

/// Reads the pages that were found. No more of a page is taken in than the service lets others repeat.
///
/// # Errors
/// [`Category::InvalidRequest`] when the service does not take the query, [`Category::Upstream`] for whatever else it says
/// in the place of pages.
pub fn read_search(body: &[u8]) -> Result<Vec<Page>, Error> {
    let failed = |why: &str| Error::new(Category::Upstream, format!("Kiro's search failed: {why}"));
    let Answer { result, error } =
        serde_json::from_slice(body).map_err(|error| failed(&error.to_string()))?;
    if let Some(Fault { code, message }) = error {
        let category = if code == INVALID_PARAMS { Category::InvalidRequest } else { Category::Upstream };
        return Err(Error::new(category, format!("Kiro's search failed: {message}")));
    }
    let Outcome { is_error, content } = result.ok_or_else(|| failed("it answered nothing."))?;
    let text = content.into_iter().map(|piece| piece.text).find(|text| !text.trim().is_empty());
    let text = text.unwrap_or_default();
    if is_error {
        let words: String = text.chars().take(500).collect();
        return Err(failed(&words));
    }
    let Results { results, error } =
        serde_json::from_str(&text).map_err(|error| failed(&error.to_string()))?;
    if let Some(error) = error.filter(|error| !error.is_null() && error != "") {
        return Err(failed(&error.to_string()));
    }
    Ok(results.into_iter().filter_map(page).collect())
}

fn page(found: Found) -> Option<Page> {
    // What is no address of the web is nothing to lead a person to.
    let url = found.url.filter(|url| ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)))?;
    let extract =
        Page::extract_of(found.snippet.as_deref().unwrap_or_default(), found.max_verbatim_word_limit);
    let title = found.title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| url.clone());
    Some(Page { title, url, extract, published: found.published_date.and_then(day) })
}

/// The day of a time, in UTC.
fn day(milliseconds: f64) -> Option<String> {
    let days = (milliseconds / 86_400_000.0).floor();
    if !(0.0..3_000_000.0).contains(&days) {
        return None;
    }
    // Counted from the first of March of the year 0, so that the day of a leap year comes last.
    let days = days as i64 + 719_468;
    let (cycle, of_cycle) = (days / CYCLE, days % CYCLE);
    let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    Some(format!("{:04}-{month:02}-{date:02}", year + cycle * 400))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answered(results: &Value) -> Vec<u8> {
        let text = json!({"results": results, "totalResults": 1, "query": "q", "error": null}).to_string();
        json!({"id": "1", "jsonrpc": "2.0", "result": {"isError": false, "content": [{"type": "text", "text": text}]}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn pages_are_read_as_far_as_they_may_be_repeated() {
        let found = |limit: Value| {
            json!({"title": "T", "url": "https://example.com/a", "snippet": "one two  three four", "id": "r1",
                "publishedDate": 1_762_300_800_000_u64, "domain": "example.com", "maxVerbatimWordLimit": limit,
                "publicDomain": false})
        };
        let page = |extract: &str| Page {
            title: "T".into(),
            url: "https://example.com/a".into(),
            extract: extract.into(),
            published: Some("2025-11-05".into()),
        };
        for (limit, extract) in [
            (json!(30), "one two  three four"),
            (json!(4), "one two  three four"),
            (json!(3), "one two three …"),
            (json!(0), ""),
            (json!(null), "one two  three four"),
        ] {
            assert_eq!(read_search(&answered(&json!([found(limit)]))).expect("pages"), [page(extract)]);
        }
        let odd = json!([{"url": "javascript:alert(1)", "title": "x"}, {"title": "no address"}, {"url": "http://a.example"}]);
        let bare =
            Page { title: "http://a.example".into(), url: "http://a.example".into(), ..Page::default() };
        assert_eq!(read_search(&answered(&odd)).expect("pages"), [bare]);
        assert_eq!(read_search(&answered(&json!([]))).expect("pages"), []);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (milliseconds, expected) in [
            (0.0, Some("1970-01-01")),
            (951_782_400_000.0, Some("2000-02-29")),
            (1_709_251_199_999.0, Some("2024-02-29")),
            (1_709_251_200_000.0, Some("2024-03-01")),
            (4_107_542_399_999.0, Some("2100-02-28")),
            (4_107_542_400_000.0, Some("2100-03-01")),
            (-1.0, None),
            (f64::NAN, None),
            (1e20, None),
        ] {
            assert_eq!(day(milliseconds).as_deref(), expected, "{milliseconds}");
        }
    }

    #[test]
    fn failures_are_told() {
        let category = |body: &Value| read_search(body.to_string().as_bytes()).expect_err("refused").category;
        let result = |is_error: bool, text: &str| json!({"id": "1", "jsonrpc": "2.0", "result": {"isError": is_error, "content": [{"type": "text", "text": text}]}});
        let fault =
            |code: i64| json!({"id": "1", "jsonrpc": "2.0", "error": {"code": code, "message": "no"}});
        assert_eq!(category(&fault(-32602)), Category::InvalidRequest);
        for body in [
            fault(-32601),
            result(true, "the index is away"),
            result(false, "no JSON"),
            result(false, r#"{"results":[],"error":"away"}"#),
            json!({"id": "1", "jsonrpc": "2.0"}),
            json!("<html>"),
        ] {
            assert_eq!(category(&body), Category::Upstream, "{body}");
        }
    }
}
