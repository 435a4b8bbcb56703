//! The shapes of a Converse request, and the check of a body against them in the words of AWS' front door: all
//! violated constraints in one answer, list items as `member`.

mod request;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub(super) use request::{COUNTED, REQUEST};

use crate::Refusal;

/// What a value must be.
#[derive(Debug)]
pub(super) enum Shape {
    /// Length between the two, letters by the pattern.
    Text(usize, usize, Pattern),
    Word(&'static [&'static str]),
    /// At least.
    Whole(u64),
    /// Between 0 and 1.
    Fraction,
    Flag,
    /// Base64 of at least one byte.
    Blob,
    List(usize, usize, &'static Shape),
    /// String to string, at most so many pairs.
    Map(usize, &'static Shape),
    Structure {
        members: &'static [Member],
        required: &'static [&'static str],
    },
    /// Exactly one member.
    Union(&'static [Member]),
    /// Any JSON.
    Document,
}

type Member = (&'static str, &'static Shape);

/// The patterns that the service has for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Any,
    ToolName,
    ToolId,
    Metadata,
}

impl Pattern {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::ToolName => {
                text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"_-".contains(&letter))
            }
            Self::ToolId => {
                text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"_.:-".contains(&letter))
            }
            Self::Metadata => text.chars().all(crate::bedrock::in_metadata),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::ToolName => "[a-zA-Z0-9_-]+",
            Self::ToolId => "[a-zA-Z0-9_.:-]+",
            Self::Metadata => r"[a-zA-Z0-9\s:_@$#=/+,-.]{0,256}",
        }
    }
}

/// Checks a body.
///
/// # Errors
/// What is wrong with its JSON types or members first, else all violated constraints together.
pub(super) fn check(shape: &Shape, body: &Value) -> Result<(), Refusal> {
    let mut violations = Vec::new();
    walk(shape, body, &mut Place::default(), &mut violations)?;
    match violations.len() {
        0 => Ok(()),
        1 => Err(Refusal::validation(format!("1 validation error detected: {}", violations[0]))),
        more => {
            Err(Refusal::validation(format!("{more} validation errors detected: {}", violations.join("; "))))
        }
    }
}

/// Where in the body: the two spellings that the service uses.
#[derive(Default)]
struct Place {
    /// `messages.0.member.content`.
    constraint: String,
    /// `messages.0.content`.
    plain: String,
}

impl Place {
    fn within<T>(&mut self, name: &str, item: bool, inside: impl FnOnce(&mut Self) -> T) -> T {
        let (constraint, plain) = (self.constraint.len(), self.plain.len());
        for path in [&mut self.constraint, &mut self.plain] {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        if item {
            self.constraint.push_str(".member");
        }
        let done = inside(self);
        self.constraint.truncate(constraint);
        self.plain.truncate(plain);
        done
    }
}

fn walk(
    shape: &Shape,
    value: &Value,
    place: &mut Place,
    violations: &mut Vec<String>,
) -> Result<(), Refusal> {
    let mut violated = |constraint: String| {
        violations
            .push(format!("Value at '{}' failed to satisfy constraint: {constraint}", place.constraint));
    };
    match (shape, value) {
        (Shape::Document, _) | (Shape::Flag, Value::Bool(_)) => Ok(()),
        (Shape::Text(least, most, pattern), Value::String(text)) => {
            let length = text.chars().count();
            if length < *least {
                violated(format!("Member must have length greater than or equal to {least}"));
            } else if length > *most {
                violated(format!("Member must have length less than or equal to {most}"));
            }
            if !pattern.fits(text) {
                violated(format!("Member must satisfy regular expression pattern: {}", pattern.words()));
            }
            Ok(())
        }
        (Shape::Word(words), Value::String(word)) => {
            if !words.contains(&word.as_str()) {
                violated(format!("Member must satisfy enum value set: [{}]", words.join(", ")));
            }
            Ok(())
        }
        (Shape::Whole(least), Value::Number(number)) if number.is_i64() || number.is_u64() => {
            if number.as_u64().is_none_or(|number| number < *least) {
                violated(format!("Member must have value greater than or equal to {least}"));
            }
            Ok(())
        }
        (Shape::Fraction, Value::Number(number)) => {
            let number = number.as_f64().unwrap_or(f64::MAX);
            if number < 0.0 {
                violated("Member must have value greater than or equal to 0".into());
            } else if number > 1.0 {
                violated("Member must have value less than or equal to 1".into());
            }
            Ok(())
        }
        (Shape::Blob, Value::String(text)) => match STANDARD.decode(text) {
            Ok(bytes) => {
                if bytes.is_empty() {
                    violated("Member must have length greater than or equal to 1".into());
                }
                Ok(())
            }
            Err(_) => Err(unreadable("a base64-encoded value", place)),
        },
        (Shape::List(least, most, each), Value::Array(items)) => {
            if items.len() < *least {
                violated(format!("Member must have length greater than or equal to {least}"));
            } else if items.len() > *most {
                violated(format!("Member must have length less than or equal to {most}"));
            }
            items.iter().enumerate().try_for_each(|(at, item)| {
                place.within(&at.to_string(), true, |place| walk(each, item, place, violations))
            })
        }
        (Shape::Map(most, each), Value::Object(pairs)) => {
            if pairs.len() > *most {
                violated(format!("Member must have length less than or equal to {most}"));
            }
            pairs.iter().try_for_each(|(name, value)| {
                place.within(name, false, |place| walk(each, value, place, violations))
            })
        }
        (Shape::Structure { members, required }, Value::Object(given)) => {
            for name in required.iter().filter(|name| given.get(**name).is_none_or(Value::is_null)) {
                place.within(name, false, |place| {
                    violations.push(format!(
                        "Value null at '{}' failed to satisfy constraint: Member must not be null",
                        place.constraint
                    ));
                });
            }
            inside(members, given, place, violations)
        }
        (Shape::Union(members), Value::Object(given)) => {
            if given.values().filter(|value| !value.is_null()).count() != 1 {
                return Err(Refusal::validation(format!(
                    "Invalid number of parameters set for tagged union structure {}. Can only set one of the \
                     following keys: {}.",
                    place.plain,
                    names(members)
                )));
            }
            inside(members, given, place, violations)
        }
        (shape, _) => Err(unreadable(kind(shape), place)),
    }
}

fn inside(
    members: &[Member],
    given: &serde_json::Map<String, Value>,
    place: &mut Place,
    violations: &mut Vec<String>,
) -> Result<(), Refusal> {
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let Some((_, shape)) = members.iter().find(|(known, _)| known == name) else {
            return Err(Refusal::validation(format!(
                "Unknown parameter in {}: \"{name}\", must be one of: {}",
                if place.plain.is_empty() { "input" } else { &place.plain },
                names(members)
            )));
        };
        place.within(name, false, |place| walk(shape, value, place, violations))?;
    }
    Ok(())
}

fn names(members: &[Member]) -> String {
    members.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn unreadable(wanted: &str, place: &Place) -> Refusal {
    Refusal::new(
        400,
        "SerializationException",
        format!(
            "The format of the value at {} is invalid. Provide {wanted} for the field and try again.",
            place.plain
        ),
    )
}

const fn kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text(..) | Shape::Word(_) => "a string",
        Shape::Whole(_) => "an integer",
        Shape::Fraction => "a number",
        Shape::Flag => "a boolean",
        Shape::Blob => "a base64-encoded value",
        Shape::List(..) => "a list",
        Shape::Map(..) | Shape::Structure { .. } | Shape::Union(_) => "a json object",
        Shape::Document => "a json value",
    }
}
