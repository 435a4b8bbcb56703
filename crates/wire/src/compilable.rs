//! JSON Schemas that Anthropic's and Bedrock's structured outputs can compile into a grammar.

use serde_json::{Map, Value};

/// More properties than the upstreams' compilers take; larger schemas are not tried.
const MOST_PROPERTIES: usize = 64;

/// Members that hold schemas by name, where a key is no keyword.
const NAMED: [&str; 4] = ["properties", "$defs", "definitions", "patternProperties"];

/// Checks on values, and notes, that the compilers refuse.
const REFUSED: [&str; 17] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "default",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "examples",
    "$schema",
];

/// Says whether it is worth trying.
#[must_use]
pub fn fits(schema: &Value) -> bool {
    properties(schema) <= MOST_PROPERTIES
}

fn properties(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => {
            members.get("properties").and_then(Value::as_object).map_or(0, Map::len)
                + members.values().map(properties).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(properties).sum(),
        _ => 0,
    }
}

/// Closes every object and takes out what is refused. Returns whether anything changed.
pub fn clean(schema: &mut Value) -> bool {
    let Value::Object(members) = schema else { return false };
    let before = members.len();
    members.retain(|name, _| !REFUSED.contains(&name.as_str()));
    let mut changed = members.len() != before;
    let object = match members.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => members.contains_key("properties"),
    };
    if object {
        changed |=
            members.insert("additionalProperties".to_owned(), false.into()) != Some(Value::Bool(false));
    }
    for (name, value) in members {
        match value {
            Value::Object(named) if NAMED.contains(&name.as_str()) => {
                named.values_mut().for_each(|schema| changed |= clean(schema));
            }
            Value::Object(_) if name != "const" => changed |= clean(value),
            Value::Array(items) if !matches!(name.as_str(), "enum" | "required") => {
                items.iter_mut().for_each(|schema| changed |= clean(schema));
            }
            _ => {}
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_closed_and_values_unchecked() {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "format": {"type": "string", "format": "date", "minLength": 1},
                "list": {"type": "array", "items": {"properties": {"n": {"type": "number", "minimum": 0}}}},
                "either": {"anyOf": [{"type": ["object", "null"]}, {"enum": ["pattern", {"default": 1}]}]},
                "fixed": {"const": {"format": 1}},
            },
            "$defs": {"default": {"type": "object", "additionalProperties": true, "default": {}}},
        });
        assert!(clean(&mut schema));
        let expected = json!({
            "type": "object",
            "properties": {
                "format": {"type": "string"},
                "list": {"type": "array", "items":
                    {"properties": {"n": {"type": "number"}}, "additionalProperties": false}},
                "either": {"anyOf": [
                    {"type": ["object", "null"], "additionalProperties": false}, {"enum": ["pattern", {"default": 1}]}]},
                "fixed": {"const": {"format": 1}},
            },
            "$defs": {"default": {"type": "object", "additionalProperties": false}},
            "additionalProperties": false,
        });
        assert_eq!(schema, expected);
        assert!(!clean(&mut schema), "once is enough");
    }

    #[test]
    fn large_schemas_are_not_tried() {
        let of = |count: usize| {
            let members: Map<String, Value> = (0..count).map(|at| (at.to_string(), json!({}))).collect();
            json!({"items": {"properties": members}})
        };
        assert!(fits(&of(64)) && !fits(&of(65)));
    }
}
