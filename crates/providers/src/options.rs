//! The names and values that an account's options may have. A misspelt one would silently do nothing.

use llm::Error;
use serde_json::Value;

/// What an option takes.
pub(crate) enum Takes {
    Switch,
    OneOf(&'static [&'static str]),
    /// Name to name.
    Names,
    /// A whole number from one up to this.
    UpTo(u64),
    /// Something of its own: what is wrong with the value, if anything.
    Own(fn(&Value) -> Option<&'static str>),
}

/// Checks the options of an account against what `whose` account knows; `null` stands for an option that is not set.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming the option.
pub(crate) fn check(options: &Value, whose: &str, known: &[(&str, Takes)]) -> Result<(), Error> {
    let given = options.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    for (name, value) in given {
        let Some((_, takes)) = known.iter().find(|(known, _)| known == name) else {
            return Err(wrong(name, &format!("is not an option of {whose} account")));
        };
        match takes {
            Takes::Switch if !value.is_boolean() => return Err(wrong(name, "must be true or false")),
            Takes::OneOf(words) if !value.as_str().is_some_and(|word| words.contains(&word)) => {
                return Err(wrong(name, &format!("must be one of: {}", words.join(", "))));
            }
            Takes::Names if !is_names(value) => return Err(wrong(name, "must lead from names to names")),
            Takes::UpTo(most) if !value.as_u64().is_some_and(|number| (1..=*most).contains(&number)) => {
                return Err(wrong(name, &format!("must be a whole number from 1 to {most}")));
            }
            Takes::Own(complaint) => {
                if let Some(why) = complaint(value) {
                    return Err(wrong(name, why));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_names(value: &Value) -> bool {
    value.as_object().is_some_and(|names| names.values().all(Value::is_string))
}

fn wrong(name: &str, why: &str) -> Error {
    Error::invalid(format!("options.{name} {why}.")).with_param(format!("options.{name}"))
}
