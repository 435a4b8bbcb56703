//! The names and values that an account's options may have. A misspelt one would silently do nothing.

use llm::Error;
use serde::Serialize;
use serde_json::Value;

/// An option that a window can offer.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AccountOption {
    pub name: &'static str,
    pub takes: OptionValue,
}

/// What an option takes, for whoever offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum OptionValue {
    Switch,
    OneOf {
        words: &'static [&'static str],
    },
    /// A whole number from one up to this.
    Number {
        most: u32,
    },
    /// Words in an order.
    List,
}

/// What an option takes.
pub(crate) enum Takes {
    Switch,
    OneOf(&'static [&'static str]),
    /// Name to name.
    Names,
    /// A whole number from one up to this.
    UpTo(u32),
    /// Words in an order: what is wrong with the value, if anything.
    List(fn(&Value) -> Option<&'static str>),
    /// A switch, or something finer: what is wrong with the value, if anything.
    SwitchOr(fn(&Value) -> Option<&'static str>),
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
            Takes::UpTo(most)
                if !value.as_u64().is_some_and(|number| (1..=u64::from(*most)).contains(&number)) =>
            {
                return Err(wrong(name, &format!("must be a whole number from 1 to {most}")));
            }
            Takes::List(complaint) | Takes::SwitchOr(complaint) | Takes::Own(complaint) => {
                if let Some(why) = complaint(value) {
                    return Err(wrong(name, why));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Those that can be offered without words of their own, in the order of `known`.
pub(crate) fn offered(known: &[(&'static str, Takes)]) -> Vec<AccountOption> {
    let offered = |(name, takes): &(&'static str, Takes)| {
        let takes = match takes {
            Takes::Switch | Takes::SwitchOr(_) => OptionValue::Switch,
            Takes::OneOf(words) => OptionValue::OneOf { words },
            Takes::UpTo(most) => OptionValue::Number { most: *most },
            Takes::List(_) => OptionValue::List,
            Takes::Names | Takes::Own(_) => return None,
        };
        Some(AccountOption { name, takes })
    };
    known.iter().filter_map(offered).collect()
}

fn is_names(value: &Value) -> bool {
    value.as_object().is_some_and(|names| names.values().all(Value::is_string))
}

fn wrong(name: &str, why: &str) -> Error {
    Error::invalid(format!("options.{name} {why}.")).with_param(format!("options.{name}"))
}
