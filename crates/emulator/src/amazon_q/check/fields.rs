//! `additionalModelRequestFields` against the schema that the model advertises.

use serde_json::Value;

use super::{Broken, Checked, Talk, hidden};

pub(super) fn check(talk: &Talk<'_>, fields: &Value) -> Checked {
    let empty = fields.as_object().is_some_and(serde_json::Map::is_empty);
    if fields.is_null() || empty {
        return Ok(());
    }
    let Some(schema) = talk.model.schema() else {
        let words = "additionalModelRequestFields is not supported for this model";
        return Err(Broken::told(None, words, format!("{} takes no fields", talk.model.id)));
    };
    fits(&schema, fields, "additionalModelRequestFields").or_else(hidden)
}

/// Knows the keywords that [`crate::amazon_q::model`] writes. A member that is not listed is refused everywhere.
fn fits(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let right = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        _ => true,
    };
    let listed = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    let number = value.as_u64().unwrap_or_default();
    let within = schema["minimum"].as_u64().is_none_or(|least| number >= least)
        && schema["maximum"].as_u64().is_none_or(|most| number <= most);
    if !(right && listed && within) {
        return Err(format!("{place} is {value}"));
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let Some(schema) = schema["properties"].get(name) else {
            return Err(format!("{place}.{name} is not in the model's schema"));
        };
        fits(schema, member, &format!("{place}.{name}"))?;
    }
    Ok(())
}
