//! JSON Schemas of tool arguments as the service takes them: the root an object with properties, no references, and
//! none of the keywords it refuses. Only keywords go; a property may be called `pattern`.

mod fold;
mod references;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::manner::SchemaDepth;
use references::{References, Trail};

/// Members that hold schemas by name, where a key is no keyword.
const NAMED: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];

/// Members that hold one schema; `items` may hold a list.
const ONE: [&str; 11] = [
    "items",
    "additionalItems",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

/// Members that hold a list of schemas.
const MANY: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// Ways to combine schemas, which the root may not use.
const COMBINING: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// What goes from [`SchemaDepth::Bare`] on.
const CONSTRAINING: [&str; 29] = [
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
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "not",
    "contentMediaType",
];

/// The schema to send; borrowed where it is fine as it is.
pub(super) fn clean(schema: &Value, depth: SchemaDepth) -> Cow<'_, Value> {
    if sound_root(schema) && sound(schema, depth) {
        return Cow::Borrowed(schema);
    }
    let mut cleaner = Cleaner { references: References::new(schema), depth };
    let mut members = match cleaner.node(schema, &Trail::root()) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    fold::fold(&mut members);
    let mut root = Map::with_capacity(members.len() + 2);
    root.insert("type".to_owned(), "object".into());
    root.insert("properties".to_owned(), json!({}));
    for (name, value) in members {
        // A root of another type could not be a tool's arguments.
        if name != "type" {
            root.insert(name, value);
        }
    }
    Cow::Owned(root.into())
}

/// True for keywords that go wherever they stand, or because what they hold is nothing they may hold.
fn refused(name: &str, value: &Value, depth: SchemaDepth) -> bool {
    match name {
        "additionalProperties" | "definitions" | "encrypted" => true,
        "required" => value.as_array().is_none_or(|names| !names.iter().any(Value::is_string)),
        _ if name.starts_with('$') => true,
        _ if depth == SchemaDepth::Bare && CONSTRAINING.contains(&name) => true,
        _ if NAMED.contains(&name) => !value.is_object(),
        _ if MANY.contains(&name) => value.as_array().is_none_or(Vec::is_empty),
        _ if ONE.contains(&name) => !(value.is_object() || value.is_array() || value.is_boolean()),
        _ => false,
    }
}

fn sound_root(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "object")
        && schema.get("properties").is_some_and(Value::is_object)
        && COMBINING.iter().all(|word| schema.get(word).is_none())
}

/// True when nothing at all has to go.
fn sound(schema: &Value, depth: SchemaDepth) -> bool {
    let Value::Object(members) = schema else { return false };
    members.iter().all(|(name, value)| {
        !refused(name, value, depth)
            && match (name.as_str(), value) {
                ("required", Value::Array(names)) => names.iter().all(Value::is_string),
                (_, Value::Object(named)) if NAMED.contains(&name.as_str()) => {
                    named.values().all(|schema| sound(schema, depth))
                }
                (_, Value::Array(items)) if holds_schemas(name) => {
                    items.iter().all(|schema| sound(schema, depth))
                }
                _ => !holds_schemas(name) || sound(value, depth),
            }
    })
}

fn holds_schemas(name: &str) -> bool {
    ONE.contains(&name) || MANY.contains(&name)
}

struct Cleaner<'a> {
    references: References<'a>,
    depth: SchemaDepth,
}

impl<'a> Cleaner<'a> {
    /// A schema without what is refused. `trail` are the references that led here.
    fn node(&mut self, schema: &'a Value, trail: &Trail<'_>) -> Value {
        self.references.enter();
        let clean = self.written(schema, trail);
        self.references.leave();
        clean
    }

    fn written(&mut self, schema: &'a Value, trail: &Trail<'_>) -> Value {
        // `true` and `false` are schemas too, and hardly anybody knows; the rest is none.
        let Value::Object(members) = schema else { return json!({}) };
        let mut clean = match members.get("$ref") {
            Some(Value::String(reference)) => self.referred(reference, trail),
            _ => Map::with_capacity(members.len()),
        };
        for (name, value) in members {
            if refused(name, value, self.depth) {
                continue;
            }
            let value = match (name.as_str(), value) {
                ("required", Value::Array(names)) => {
                    names.iter().filter(|name| name.is_string()).cloned().collect()
                }
                (_, Value::Object(named)) if NAMED.contains(&name.as_str()) => {
                    let named = named.iter().map(|(name, schema)| (name.clone(), self.node(schema, trail)));
                    Value::Object(named.collect())
                }
                (_, Value::Array(items)) if holds_schemas(name) => {
                    items.iter().map(|schema| self.node(schema, trail)).collect()
                }
                _ if holds_schemas(name) => self.node(value, trail),
                // Data, or a note that we do not know.
                _ => value.clone(),
            };
            clean.insert(name.clone(), value);
        }
        clean.into()
    }

    /// What a reference stands for, written out; where it leads in a circle, no more than its type.
    fn referred(&mut self, reference: &str, trail: &Trail<'_>) -> Map<String, Value> {
        let Some(target) = self.references.target(reference) else { return Map::new() };
        let Some(further) = self.references.follow(reference, trail) else {
            let told = ["type", "description"].into_iter();
            let told = told.filter_map(|word| Some((word.to_owned(), target.get(word)?.clone())));
            return told.filter(|(_, value)| value.is_string()).collect();
        };
        match self.node(target, &further) {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}
