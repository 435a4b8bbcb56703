//! A root that is a choice or a combination becomes one object that allows what any of its branches allows.

use serde_json::{Map, Value, json};

use super::COMBINING;

/// Folds `allOf`, `anyOf` and `oneOf` of an object's schema into its properties. All branches of `allOf` are
/// required; of a choice, what every branch requires.
pub(super) fn fold(members: &mut Map<String, Value>) {
    for word in COMBINING {
        let Some(Value::Array(branches)) = members.shift_remove(word) else { continue };
        let mut required: Option<Vec<Value>> = None;
        for branch in branches {
            let Value::Object(mut branch) = branch else { continue };
            fold(&mut branch);
            if branch.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "object") {
                continue;
            }
            let wanted = match branch.shift_remove("required") {
                Some(Value::Array(wanted)) => wanted,
                _ => Vec::new(),
            };
            required = Some(match required {
                None => wanted,
                Some(so_far) if word == "allOf" => union(so_far, wanted),
                Some(so_far) => so_far.into_iter().filter(|name| wanted.contains(name)).collect(),
            });
            if let Some(Value::Object(properties)) = branch.shift_remove("properties") {
                add_properties(members, properties, word == "allOf");
            }
            if let Some(description) = branch.shift_remove("description") {
                members.entry("description").or_insert(description);
            }
        }
        add_required(members, required.unwrap_or_default());
    }
}

fn add_properties(members: &mut Map<String, Value>, more: Map<String, Value>, both: bool) {
    let Value::Object(properties) = members.entry("properties").or_insert_with(|| json!({})) else { return };
    for (name, schema) in more {
        match properties.get_mut(&name) {
            None => {
                properties.insert(name, schema);
            }
            Some(known) if *known == schema => {}
            Some(Value::Object(known)) if both => {
                if let Value::Object(schema) = schema {
                    schema.into_iter().for_each(|(word, value)| {
                        known.entry(word).or_insert(value);
                    });
                }
            }
            Some(known) => either(known, schema),
        }
    }
}

/// A property that two branches see differently may be what either says.
fn either(known: &mut Value, other: Value) {
    match known.as_object_mut() {
        Some(members) if members.len() == 1 && members.get("anyOf").is_some_and(Value::is_array) => {
            if let Some(Value::Array(choices)) = members.get_mut("anyOf")
                && !choices.contains(&other)
            {
                choices.push(other);
            }
        }
        _ => {
            let first = known.take();
            *known = json!({ "anyOf": [first, other] });
        }
    }
}

fn add_required(members: &mut Map<String, Value>, more: Vec<Value>) {
    let so_far = match members.shift_remove("required") {
        Some(Value::Array(names)) => names,
        _ => Vec::new(),
    };
    let names = union(so_far, more);
    if !names.is_empty() {
        members.insert("required".to_owned(), names.into());
    }
}

fn union(mut names: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
