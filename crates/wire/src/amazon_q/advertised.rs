//! What a model's own JSON Schema of `additionalModelRequestFields` allows. A field it does not name is refused with
//! the whole request, and a model without a schema refuses every field.

use std::cell::Cell;

use llm::Effort;
use serde_json::Value;

/// Schemas nest a few levels only; more is somebody's joke.
const DEEPEST: usize = 24;
/// Schemas looked at to write one request; what would need more is not allowed. Real ones have some dozens, but two
/// branches that name the whole would double with every level.
const MOST_NODES: usize = 20_000;

/// The schema of one model, if it has one.
pub(super) struct Advertised<'a> {
    root: Option<&'a Value>,
    /// Schemas that may still be looked at.
    left: Cell<usize>,
}

impl<'a> Advertised<'a> {
    pub(super) const fn new(schema: Option<&'a Value>) -> Self {
        Self { root: schema, left: Cell::new(MOST_NODES) }
    }

    /// `None` when enough was looked at.
    fn look(&self) -> Option<()> {
        self.left.set(self.left.get().checked_sub(1)?);
        Some(())
    }

    /// True when the member at `path` may have this value.
    pub(super) fn allows(&self, path: &[&str], value: &Value) -> bool {
        self.at(path).is_some_and(|schema| self.accepts(schema, value, DEEPEST))
    }

    /// True when there may be a member at `path`.
    pub(super) fn knows(&self, path: &[&str]) -> bool {
        self.at(path).is_some()
    }

    /// The efforts that the member at `path` takes; empty when the schema names none.
    pub(super) fn efforts(&self, path: &[&str]) -> Vec<Effort> {
        let mut words = Vec::new();
        if let Some(schema) = self.at(path) {
            self.words(schema, DEEPEST, &mut words);
        }
        words.into_iter().filter_map(Effort::parse).collect()
    }

    /// Least and greatest number of tokens at `path`.
    pub(super) fn range(&self, path: &[&str]) -> Option<(u32, u32)> {
        let schema = self.at(path)?;
        let bound = |word: &str| {
            schema.get(word).and_then(Value::as_u64).map(|bound| u32::try_from(bound).unwrap_or(u32::MAX))
        };
        let least = bound("minimum").unwrap_or(0);
        Some((least, bound("maximum").unwrap_or(u32::MAX).max(least)))
    }

    fn at(&self, path: &[&str]) -> Option<&'a Value> {
        path.iter().try_fold(self.root?, |schema, name| self.property(schema, name, DEEPEST))
    }

    fn property(&self, schema: &'a Value, name: &str, deepest: usize) -> Option<&'a Value> {
        let deepest = deepest.checked_sub(1)?;
        self.look()?;
        let schema = self.resolved(schema);
        let own = schema.get("properties").and_then(|properties| properties.get(name));
        own.map(|own| self.resolved(own))
            .or_else(|| branches(schema).find_map(|(_, branch)| self.property(branch, name, deepest)))
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let target = |schema: &Value| {
            let reference = schema.get("$ref")?.as_str()?;
            self.root?.pointer(reference.strip_prefix('#')?)
        };
        let mut schema = schema;
        for _ in 0..DEEPEST {
            match target(schema).filter(|_| self.look().is_some()) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    fn words(&self, schema: &'a Value, deepest: usize, out: &mut Vec<&'a str>) {
        let Some(deepest) = deepest.checked_sub(1).filter(|_| self.look().is_some()) else { return };
        let schema = self.resolved(schema);
        out.extend(
            schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str),
        );
        out.extend(schema.get("const").and_then(Value::as_str));
        for (_, branch) in branches(schema) {
            self.words(branch, deepest, out);
        }
    }

    fn accepts(&self, schema: &'a Value, value: &Value, deepest: usize) -> bool {
        let Some(deepest) = deepest.checked_sub(1).filter(|_| self.look().is_some()) else { return false };
        let schema = self.resolved(schema);
        let Value::Object(rules) = schema else { return *schema != Value::Bool(false) };
        let within = |word: &str, fits: fn(f64, f64) -> bool| match (rules.get(word), value.as_f64()) {
            (Some(bound), Some(number)) => bound.as_f64().is_none_or(|bound| fits(number, bound)),
            _ => true,
        };
        let of_all = |word: &'static str| branches(schema).filter(move |(kind, _)| *kind == word);
        let chosen = |word: &'static str| {
            of_all(word).next().is_none()
                || of_all(word).any(|(_, branch)| self.accepts(branch, value, deepest))
        };
        let members = value.as_object().is_none_or(|members| {
            let required = rules.get("required").and_then(Value::as_array).into_iter().flatten();
            required.filter_map(Value::as_str).all(|name| members.contains_key(name))
                && members.iter().all(|(name, value)| {
                    // A branch is asked about its own members alone.
                    self.property(schema, name, deepest)
                        .is_none_or(|schema| self.accepts(schema, value, deepest))
                })
        });
        members
            && rules.get("const").is_none_or(|only| only == value)
            && rules.get("enum").and_then(Value::as_array).is_none_or(|allowed| allowed.contains(value))
            && rules.get("type").is_none_or(|kind| is_of(kind, value))
            && within("minimum", |number, bound| number >= bound)
            && within("maximum", |number, bound| number <= bound)
            && within("exclusiveMinimum", |number, bound| number > bound)
            && within("exclusiveMaximum", |number, bound| number < bound)
            && of_all("allOf").all(|(_, branch)| self.accepts(branch, value, deepest))
            && chosen("anyOf")
            && chosen("oneOf")
    }
}

fn branches(schema: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    ["allOf", "anyOf", "oneOf"].into_iter().flat_map(move |word| {
        schema.get(word).and_then(Value::as_array).into_iter().flatten().map(move |branch| (word, branch))
    })
}

fn is_of(kind: &Value, value: &Value) -> bool {
    let one = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match kind {
        Value::String(kind) => one(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(one),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_that_names_itself_twice_is_looked_at_for_a_moment_only() {
        for word in ["anyOf", "oneOf", "allOf"] {
            let schema = json!({"properties": {"a": {"$ref": "#"}}, word: [{"$ref": "#"}, {"$ref": "#"}]});
            let advertised = Advertised::new(Some(&schema));
            assert!(!advertised.knows(&["b"]), "{word}");
            assert_eq!(advertised.left.get(), 0, "{word}: what was left is used up, and then it ends");
            assert!(!advertised.allows(&["a"], &json!({"a": {"a": 1}})), "{word}");
            let advertised = Advertised::new(Some(&schema));
            assert!(advertised.efforts(&["a"]).is_empty());
            assert!(!advertised.knows(&["b"]));
        }
    }
}
