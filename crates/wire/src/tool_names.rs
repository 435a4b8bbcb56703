//! Tool names that an upstream accepts, and the way back.
//!
//! Bedrock takes 1 to 64 letters, digits, `_` and `-` (Nova no `-`); editors send longer ones, most often for MCP
//! tools. The short name depends on the long one alone, so that a tool has one name in the definitions and all over
//! the history, today and tomorrow: a prompt cache keys on these bytes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

/// Bedrock's limit in bytes; names are ASCII once they are short.
const LONGEST: usize = 64;

/// The names of one request. Cheap to make and to use when every name is fine as it is.
#[derive(Clone, Debug)]
pub struct ToolNames {
    hyphen_allowed: bool,
    /// Only what changed.
    wire: HashMap<Box<str>, Box<str>>,
    client: HashMap<Box<str>, Box<str>>,
}

impl Default for ToolNames {
    /// Names that stay as they are, as long as they are legal with hyphens.
    fn default() -> Self {
        Self { hyphen_allowed: true, wire: HashMap::new(), client: HashMap::new() }
    }
}

impl ToolNames {
    /// `names`: every name in the request (definitions, history, choice), in order, doubles welcome. Where two of
    /// them would get one wire name, the later gets a longer hash.
    pub fn new<'a, I>(names: I, hyphen_allowed: bool) -> Self
    where
        I: IntoIterator<Item = &'a str>,
        I::IntoIter: Clone,
    {
        let mut these = Self { hyphen_allowed, ..Self::default() };
        let names = names.into_iter();
        if names.clone().all(|name| legal(name, hyphen_allowed)) {
            return these;
        }
        let mut seen = HashSet::new();
        let mut taken: HashSet<Box<str>> = HashSet::new();
        for name in names {
            if !seen.insert(name) {
                continue;
            }
            let mut wire = shorten(name, hyphen_allowed);
            if taken.contains(&*wire) {
                wire = hashed(name, hyphen_allowed, 12).into();
            }
            taken.insert((&*wire).into());
            if wire != name {
                these.client.insert((&*wire).into(), name.into());
                these.wire.insert(name.into(), (&*wire).into());
            }
        }
        these
    }

    /// The name to send.
    #[must_use]
    pub fn to_wire<'a>(&'a self, name: &'a str) -> Cow<'a, str> {
        match self.wire.get(name) {
            Some(wire) => Cow::Borrowed(wire),
            None => shorten(name, self.hyphen_allowed),
        }
    }

    /// The client's name for what the model called.
    #[must_use]
    pub fn to_client<'a>(&'a self, wire: &'a str) -> &'a str {
        self.client.get(wire).map_or(wire, |name| name)
    }

    /// True when no name changed, so that there is nothing to turn back.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.client.is_empty()
    }
}

fn legal_char(c: char, hyphen_allowed: bool) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (c == '-' && hyphen_allowed)
}

fn legal(name: &str, hyphen_allowed: bool) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.chars().all(|c| legal_char(c, hyphen_allowed))
}

fn shorten(name: &str, hyphen_allowed: bool) -> Cow<'_, str> {
    if legal(name, hyphen_allowed) { Cow::Borrowed(name) } else { hashed(name, hyphen_allowed, 8).into() }
}

/// As much of the name as fits, every illegal character as `_`, then `_` and the first digits of its SHA-256.
fn hashed(name: &str, hyphen_allowed: bool, digits: usize) -> String {
    let keep = LONGEST - 1 - digits;
    let mut short: String =
        name.chars().take(keep).map(|c| if legal_char(c, hyphen_allowed) { c } else { '_' }).collect();
    let hash = hex::encode(Sha256::digest(name));
    short.push('_');
    short.push_str(&hash[..digits]);
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn agrees_with_the_vectors() {
        let file = include_str!("../tests/fixtures/bedrock/13-tool-names.json");
        let file: Value = serde_json::from_str(file).expect("JSON");
        for vector in file["vectors"].as_array().expect("a list") {
            let original = vector["original"].as_str().expect("text");
            for (hyphen_allowed, column) in [(true, "default"), (false, "nova")] {
                let names = ToolNames::new([original], hyphen_allowed);
                let wire = names.to_wire(original);
                assert_eq!(wire, vector[column].as_str().expect("text"), "{original}");
                assert_eq!(names.to_client(&wire), original);
                assert_eq!(names.is_identity(), wire == original);
            }
        }
    }

    #[test]
    fn two_names_never_share_one_wire_name() {
        let short = ToolNames::new(["a b"], true).to_wire("a b").into_owned();
        for order in [["a b", short.as_str()], [short.as_str(), "a b"]] {
            let names = ToolNames::new(order, true);
            let wires = order.map(|name| names.to_wire(name).into_owned());
            assert_eq!(wires[0], short, "the first keeps its name");
            assert_ne!(wires[1], short);
            assert_eq!(order.map(|name| names.to_client(&names.to_wire(name)).to_owned()), order);
        }
    }

    #[test]
    fn a_name_nobody_announced_is_shortened_all_the_same() {
        let names = ToolNames::default();
        assert_eq!(names.to_wire("weather.get-v2"), "weather_get-v2_fdeeb3b7");
        assert_eq!(names.to_client("Read"), "Read");
    }

    proptest! {
        #[test]
        fn every_name_is_legal_and_comes_back(names in prop::collection::vec(".{0,90}", 0..8), hyphen in any::<bool>()) {
            let these = ToolNames::new(names.iter().map(String::as_str), hyphen);
            for name in &names {
                let wire = these.to_wire(name);
                prop_assert!(legal(&wire, hyphen), "{wire}");
                prop_assert_eq!(these.to_client(&wire), name);
            }
        }
    }
}
