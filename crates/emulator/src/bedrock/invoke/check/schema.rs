//! JSON schemas: what is a schema at all, and what the structured-output compiler takes.

use serde_json::Value;

/// Keywords that the compiler refuses.
const UNSUPPORTED: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
];
const TYPES: &[&str] = &["object", "array", "string", "number", "integer", "boolean", "null"];
const DEEPEST: usize = 64;

/// Whether it is a JSON schema (draft 2020-12): the keywords that are there have the right shape.
pub(super) fn is_schema(schema: &Value) -> bool {
    shaped(schema, 0)
}

fn shaped(schema: &Value, depth: usize) -> bool {
    let members = match schema {
        Value::Bool(_) => return true,
        Value::Object(members) if depth < DEEPEST => members,
        _ => return false,
    };
    let deeper = |schema: &Value| shaped(schema, depth + 1);
    let all =
        |value: &Value| value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(deeper));
    let word = |value: &Value| value.as_str().is_some_and(|word| TYPES.contains(&word));
    let each = |value: &Value| value.as_object().is_some_and(|members| members.values().all(deeper));
    members.iter().all(|(key, value)| match key.as_str() {
        "type" => word(value) || value.as_array().is_some_and(|words| words.iter().all(word)),
        "properties" | "patternProperties" | "$defs" | "definitions" => each(value),
        "items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains" | "propertyNames" => {
            deeper(value)
        }
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => all(value),
        "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "enum" => value.is_array(),
        "pattern" | "description" | "title" | "format" | "$ref" => value.is_string(),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => value.is_number(),
        "minLength" | "maxLength" | "minItems" | "maxItems" => value.as_u64().is_some(),
        _ => true,
    })
}

/// Whether structured output takes it.
///
/// # Errors
/// The compiler's complaint.
pub(in crate::bedrock) fn compiles(schema: &Value) -> Result<(), String> {
    if !schema.is_object() || !is_schema(schema) {
        return Err("JSON schema is invalid".into());
    }
    compiles_at(schema)
}

fn compiles_at(schema: &Value) -> Result<(), String> {
    let Some(members) = schema.as_object() else { return Ok(()) };
    let kind = schema["type"].as_str().unwrap_or("any");
    if let Some(word) = members.keys().find(|key| UNSUPPORTED.contains(&key.as_str())) {
        return Err(format!("For '{kind}' type, property '{word}' is not supported"));
    }
    if (kind == "object" || schema.get("properties").is_some()) && schema["additionalProperties"] != false {
        return Err("For 'object' type, 'additionalProperties' must be explicitly set to false".into());
    }
    for (key, value) in members {
        match key.as_str() {
            "properties" | "$defs" | "definitions" => {
                value.as_object().into_iter().flat_map(serde_json::Map::values).try_for_each(compiles_at)?;
            }
            "anyOf" | "allOf" | "oneOf" => {
                value.as_array().into_iter().flatten().try_for_each(compiles_at)?
            }
            "items" => compiles_at(value)?,
            _ => {}
        }
    }
    Ok(())
}
