//! The fields of a credential as the admin API gives them.

use llm::Error;
use serde_json::{Map, Value};

use crate::{CredentialKind, Field};

/// Longer than any key or token.
const LONGEST_KEY: usize = 16 * 1024;

/// Describes a field.
pub(crate) const fn field(name: &'static str, secret: bool, required: bool) -> Field {
    Field { name, secret, required }
}

/// Refuses fields that the kind does not have: a misspelt session token would silently not be sent. `own` are those that
/// we store and nobody is asked for.
pub(crate) fn check_names(credential: &Value, kinds: &[CredentialKind], own: &[&str]) -> Result<(), Error> {
    let fields =
        kinds.iter().find(|kind| credential["kind"] == kind.kind).map_or(&[][..], |kind| &kind.fields);
    let known =
        |name: &str| name == "kind" || own.contains(&name) || fields.iter().any(|field| field.name == name);
    match credential.as_object().into_iter().flat_map(Map::keys).find(|name| !known(name)) {
        Some(_) => Err(wrong("credential", "has a field that this kind does not have")),
        None => Ok(()),
    }
}

/// A field of a credential that must be there.
pub(crate) fn required(fields: &Map<String, Value>, name: &str) -> Result<String, Error> {
    required_at(fields, "credential", name)
}

/// A field's text, trimmed because people paste. Empty is absent.
pub(crate) fn optional(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    optional_at(fields, "credential", name)
}

/// A field of `place` that must be there.
pub(crate) fn required_at(fields: &Map<String, Value>, place: &str, name: &str) -> Result<String, Error> {
    optional_at(fields, place, name)?.ok_or_else(|| wrong(&format!("{place}.{name}"), "is missing"))
}

/// As [`optional`], in `place`.
pub(crate) fn optional_at(
    fields: &Map<String, Value>,
    place: &str,
    name: &str,
) -> Result<Option<String>, Error> {
    let refuse = |why| Err(wrong(&format!("{place}.{name}"), why));
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let text = text.trim();
            if text.len() > LONGEST_KEY {
                return refuse("is too long");
            }
            if text.chars().any(char::is_control) {
                return refuse("holds control characters");
            }
            Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => refuse("must be a string"),
    }
}

/// What is wrong with which field.
pub(crate) fn wrong(param: &str, why: &str) -> Error {
    Error::invalid(format!("{param} {why}.")).with_param(param)
}

/// The ends of a key, enough to tell it from another: `AKIA…WXYZ`. Of a short one nothing.
pub(crate) fn masked(key: &str) -> String {
    let count = key.chars().count();
    if count < 16 {
        return "…".to_owned();
    }
    let start: String = key.chars().take(4).collect();
    let end: String = key.chars().skip(count - 4).collect();
    format!("{start}…{end}")
}
