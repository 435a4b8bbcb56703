//! A small value that satisfies a JSON schema.

use serde_json::{Map, Value, json};

/// References deeper than this are answered with `null`: a schema may refer to itself.
const DEEPEST: usize = 16;

/// The smallest plausible instance: required members only, first choices, empty strings. Knows the keywords that
/// structured output accepts.
pub(crate) fn minimal(schema: &Value) -> Value {
    build(schema, schema, 0)
}

fn build(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let deeper = |schema: &Value| build(schema, root, depth + 1);
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(value) = schema["enum"].get(0) {
        return value.clone();
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)) {
        return deeper(target);
    }
    if let Some(choice) = schema["anyOf"].get(0).or_else(|| schema["oneOf"].get(0)) {
        return deeper(choice);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut merged = Map::new();
        for part in parts {
            if let Value::Object(members) = deeper(part) {
                merged.extend(members);
            }
        }
        return Value::Object(merged);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => text(schema),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(0)),
        Some("number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(false),
        Some("null") => Value::Null,
        Some("array") => {
            let least = usize::try_from(schema["minItems"].as_u64().unwrap_or(0)).unwrap_or(0).min(16);
            Value::Array((0..least).map(|_| deeper(&schema["items"])).collect())
        }
        Some("object") => object(schema, deeper),
        _ if schema.get("properties").is_some() => object(schema, deeper),
        _ => json!({}),
    }
}

fn text(schema: &Value) -> Value {
    let example = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("email") => "a@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "",
    };
    let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap_or(0).min(4096);
    json!(format!("{example:x<least$}"))
}

fn object(schema: &Value, deeper: impl Fn(&Value) -> Value) -> Value {
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let members = required.iter().filter_map(Value::as_str);
    Value::Object(members.map(|name| (name.to_owned(), deeper(&schema["properties"][name]))).collect())
}

#[cfg(test)]
mod tests;
