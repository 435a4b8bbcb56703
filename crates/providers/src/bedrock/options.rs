//! The names and values that an account's options may have. A misspelt one would silently do nothing.

use llm::Error;
use serde_json::{Map, Value};

/// What an option takes.
enum Takes {
    Switch,
    OneOf(&'static [&'static str]),
    /// Name to name.
    Names,
    Guardrail,
}

const OPTIONS: [(&str, Takes); 10] = [
    ("aliases", Takes::Names),
    ("auto_cache", Takes::OneOf(&["5m", "1h", "off"])),
    ("claude_route", Takes::OneOf(&["converse"])),
    ("flex_fallback", Takes::OneOf(&["default"])),
    ("forbid_global", Takes::Switch),
    ("guardrail", Takes::Guardrail),
    ("instance_metadata", Takes::Switch),
    ("latency", Takes::OneOf(&["optimized"])),
    ("pass_unknown_betas", Takes::Switch),
    ("prefer_global", Takes::Switch),
];

/// Checks the options of an account; `null` stands for an option that is not set.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming the option.
pub(super) fn check(options: &Value) -> Result<(), Error> {
    let given = options.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    for (name, value) in given {
        let Some((_, takes)) = OPTIONS.iter().find(|(known, _)| known == name) else {
            return Err(wrong(name, "is not an option of a Bedrock account"));
        };
        match takes {
            Takes::Switch if !value.is_boolean() => return Err(wrong(name, "must be true or false")),
            Takes::OneOf(words) if !value.as_str().is_some_and(|word| words.contains(&word)) => {
                return Err(wrong(name, &format!("must be one of: {}", words.join(", "))));
            }
            Takes::Names if !is_names(value) => return Err(wrong(name, "must lead from names to names")),
            Takes::Guardrail => guardrail(value.as_object())?,
            _ => {}
        }
    }
    Ok(())
}

fn is_names(value: &Value) -> bool {
    value.as_object().is_some_and(|names| names.values().all(Value::is_string))
}

fn guardrail(given: Option<&Map<String, Value>>) -> Result<(), Error> {
    let known = |name: &String| ["identifier", "version", "trace"].contains(&name.as_str());
    match given {
        Some(given)
            if given.contains_key("identifier")
                && given.keys().all(known)
                && given.values().all(Value::is_string) =>
        {
            Ok(())
        }
        _ => Err(wrong("guardrail", "must have an identifier and may have version and trace, all texts")),
    }
}

fn wrong(name: &str, why: &str) -> Error {
    Error::invalid(format!("options.{name} {why}.")).with_param(format!("options.{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        for good in [
            json!(null),
            json!({}),
            json!({"aliases": {"fast": "claude-haiku-4-5", "*": "claude-sonnet-4-5"}, "auto_cache": "1h"}),
            json!({"guardrail": {"identifier": "g1", "version": "2", "trace": "enabled"}, "latency": "optimized"}),
            json!({"prefer_global": true, "forbid_global": null, "claude_route": "converse"}),
        ] {
            assert!(check(&good).is_ok(), "{good}");
        }
        for (bad, param) in [
            (json!({"alias": {}}), "options.alias"),
            (json!({"aliases": {"fast": 1}}), "options.aliases"),
            (json!({"auto_cache": "5 minutes"}), "options.auto_cache"),
            (json!({"prefer_global": "yes"}), "options.prefer_global"),
            (json!({"guardrail": {"id": "g1"}}), "options.guardrail"),
            (json!({"guardrail": {"identifier": "g1", "version": 2}}), "options.guardrail"),
        ] {
            assert_eq!(check(&bad).expect_err("refused").param.as_deref(), Some(param), "{bad}");
        }
    }
}
