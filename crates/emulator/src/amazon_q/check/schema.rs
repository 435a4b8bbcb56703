//! What a tool's JSON Schema may say.

use serde_json::Value;

/// What is wrong with a schema.
#[derive(Debug, PartialEq)]
pub(super) struct Complaint {
    /// Only the stricter level minds.
    pub(super) strict: bool,
    pub(super) why: String,
}

/// Refused always.
const REFUSED: &[&str] =
    &["$schema", "$id", "$ref", "$defs", "definitions", "additionalProperties", "encrypted"];
/// Refused by the stricter level: what constrains values.
const STRICTLY_REFUSED: &[&str] = &[
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "not",
];
/// Not at the root, where only an object may stand.
const CHOICES: &[&str] = &["oneOf", "anyOf", "allOf"];

pub(super) fn check(schema: &Value, strict: bool) -> Result<(), Complaint> {
    if schema["type"] != "object" {
        return refuse("the root's type is not object");
    }
    if !schema["properties"].is_object() {
        return refuse("the root has no properties");
    }
    if let Some(choice) = CHOICES.iter().find(|choice| schema.get(**choice).is_some()) {
        return refuse(format!("the root has {choice}"));
    }
    walk(schema, "", strict)
}

fn walk(schema: &Value, place: &str, strict: bool) -> Result<(), Complaint> {
    let Some(members) = schema.as_object() else {
        return if schema.is_boolean() { Ok(()) } else { refuse(format!("{place}/ is no schema")) };
    };
    for (name, value) in members {
        let here = format!("{place}/{name}");
        if REFUSED.contains(&name.as_str()) {
            return refuse(here);
        }
        if strict && STRICTLY_REFUSED.contains(&name.as_str()) {
            return Err(Complaint { strict: true, why: here });
        }
        match name.as_str() {
            "required" => {
                let names = value.as_array().filter(|names| !names.is_empty());
                if !names.is_some_and(|names| names.iter().all(Value::is_string)) {
                    return refuse(format!("{here} is {value}"));
                }
            }
            "properties" | "patternProperties" | "dependentSchemas" => {
                let Some(properties) = value.as_object() else { return refuse(format!("{here} is {value}")) };
                for (name, schema) in properties {
                    walk(schema, &format!("{here}/{name}"), strict)?;
                }
            }
            "items" | "not" | "if" | "then" | "else" | "contains" | "propertyNames" => match value {
                Value::Array(schemas) => schemas.iter().try_for_each(|one| walk(one, &here, strict))?,
                one => walk(one, &here, strict)?,
            },
            "oneOf" | "anyOf" | "allOf" | "prefixItems" => {
                for one in value.as_array().into_iter().flatten() {
                    walk(one, &here, strict)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn refuse(why: impl Into<String>) -> Result<(), Complaint> {
    Err(Complaint { strict: false, why: why.into() })
}
