//! Members of the service's JSON, taken as they should be and left where they are not: an unforeseen kind of value
//! must not cost an answer.

use serde_json::value::RawValue;

/// A string; empty when it is absent or something else.
pub(super) fn text(json: Option<&RawValue>) -> String {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

/// A number that is not below zero.
pub(super) fn number(json: Option<&RawValue>) -> Option<f64> {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).filter(|number: &f64| *number >= 0.0)
}

/// A number of tokens.
pub(super) fn count(json: Option<&RawValue>) -> Option<u64> {
    number(json).map(|number| number as u64)
}

/// True for `true` alone.
pub(super) fn flag(json: Option<&RawValue>) -> bool {
    json.is_some_and(|json| json.get() == "true")
}
