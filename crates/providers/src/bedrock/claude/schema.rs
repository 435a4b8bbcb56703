//! JSON Schemas as tool definitions take them.

use serde_json::{Map, Value};

/// Merges `anyOf`, `oneOf` and `allOf` at the root of a tool's schema into one object, which is all that the API
/// takes there: every property of any branch, required only where every branch requires it (with `allOf`: where
/// any does).
pub(super) fn merge_root(schema: &[u8]) -> Option<String> {
    let Value::Object(mut root) = serde_json::from_slice(schema).ok()? else { return None };
    for word in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = root.shift_remove(word) else { continue };
        let branches: Vec<Map<String, Value>> = branches
            .into_iter()
            .filter_map(|branch| match branch {
                Value::Object(branch) => Some(branch),
                _ => None,
            })
            .collect();
        let required = |branch: &Map<String, Value>| -> Vec<Value> {
            branch.get("required").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let mut needed: Vec<Value> = required(&root);
        for name in branches.iter().flat_map(required) {
            let everywhere = branches.iter().all(|branch| required(branch).contains(&name));
            if (word == "allOf" || everywhere) && !needed.contains(&name) {
                needed.push(name);
            }
        }
        let properties = root.entry("properties").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(properties) = properties {
            for branch in branches {
                if let Some(Value::Object(more)) = branch.get("properties") {
                    for (name, schema) in more {
                        properties.entry(name).or_insert_with(|| schema.clone());
                    }
                }
            }
        }
        if !needed.is_empty() {
            root.insert("required".into(), Value::Array(needed));
        }
    }
    root.insert("type".into(), "object".into());
    Some(Value::Object(root).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn branches_at_the_root_become_one_object() {
        let schema = json!({
            "anyOf": [
                {"properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "required": ["a", "b"]},
                {"properties": {"a": {"type": "number"}, "c": {}}, "required": ["a"]},
            ],
            "$defs": {"x": {}},
        });
        let merged: Value =
            serde_json::from_str(&merge_root(schema.to_string().as_bytes()).expect("merged")).expect("json");
        assert_eq!(
            merged,
            json!({
                "$defs": {"x": {}},
                "properties": {"a": {"type": "string"}, "b": {"type": "number"}, "c": {}},
                "required": ["a"],
                "type": "object",
            })
        );
    }
}
