//! Tool names that an upstream accepts, and the way back.
//!
//! Editors send long names with dots and colons, most often for MCP tools. The short name depends on the long one
//! alone, so that a tool has one name in the definitions and all over the history, today and tomorrow: a prompt cache
//! keys on these bytes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

/// Which names an upstream takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameRule {
    /// 1 to 64 letters, digits, `_` and `-`.
    #[default]
    Bedrock,
    /// The same without `-`.
    Nova,
    /// A letter, then at most 62 letters, digits, `_` and `-`. Two names that differ in letter case alone are the same
    /// name to the service.
    Kiro,
}

impl NameRule {
    /// In bytes; names are ASCII once they are short.
    const fn longest(self) -> usize {
        match self {
            Self::Bedrock | Self::Nova => 64,
            Self::Kiro => 63,
        }
    }

    fn char(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_' || (c == '-' && self != Self::Nova)
    }

    fn first(self, c: char) -> bool {
        if self == Self::Kiro { c.is_ascii_alphabetic() } else { self.char(c) }
    }

    pub(crate) fn legal(self, name: &str) -> bool {
        name.len() <= self.longest()
            && name.chars().next().is_some_and(|c| self.first(c))
            && name.chars().all(|c| self.char(c))
    }

    /// What two names must not share.
    fn key(self, wire: &str) -> Box<str> {
        if self == Self::Kiro { wire.to_ascii_lowercase().into() } else { wire.into() }
    }

    fn shorten(self, name: &str) -> Cow<'_, str> {
        if self.legal(name) { Cow::Borrowed(name) } else { self.hashed(name, 8).into() }
    }

    /// As much of the name as fits, every illegal character as `_`, then `_` and the first digits of its SHA-256.
    fn hashed(self, name: &str, digits: usize) -> String {
        let keep = self.longest() - 1 - digits;
        let mut short: String = name.chars().take(keep).map(|c| if self.char(c) { c } else { '_' }).collect();
        if self == Self::Kiro && !short.starts_with(|c| self.first(c)) {
            short.insert(0, 't');
            short.truncate(keep);
        }
        let hash = hex::encode(Sha256::digest(name));
        short.push('_');
        short.push_str(&hash[..digits]);
        short
    }
}

/// The names of one request. Cheap to make and to use when every name is fine as it is.
#[derive(Clone, Debug, Default)]
pub struct ToolNames {
    rule: NameRule,
    /// Only what changed.
    wire: HashMap<Box<str>, Box<str>>,
    client: HashMap<Box<str>, Box<str>>,
}

impl ToolNames {
    /// `names`: every name in the request (definitions, history, choice), in order, doubles welcome. Where two of
    /// them would get one wire name, the later gets a longer hash.
    pub fn new<'a, I>(names: I, rule: NameRule) -> Self
    where
        I: IntoIterator<Item = &'a str>,
        I::IntoIter: Clone,
    {
        let mut these = Self { rule, ..Self::default() };
        let names = names.into_iter();
        if rule != NameRule::Kiro && names.clone().all(|name| rule.legal(name)) {
            return these;
        }
        let mut seen = HashSet::new();
        let mut taken: HashSet<Box<str>> = HashSet::new();
        for name in names {
            if !seen.insert(name) {
                continue;
            }
            let mut wire = rule.shorten(name);
            if taken.contains(&rule.key(&wire)) {
                wire = rule.hashed(name, 12).into();
            }
            taken.insert(rule.key(&wire));
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
            None => self.rule.shorten(name),
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
            for (rule, column) in [(NameRule::Bedrock, "default"), (NameRule::Nova, "nova")] {
                let names = ToolNames::new([original], rule);
                let wire = names.to_wire(original);
                assert_eq!(wire, vector[column].as_str().expect("text"), "{original}");
                assert_eq!(names.to_client(&wire), original);
                assert_eq!(names.is_identity(), wire == original);
            }
        }
    }

    #[test]
    fn two_names_never_share_one_wire_name() {
        let short = ToolNames::new(["a b"], NameRule::Bedrock).to_wire("a b").into_owned();
        for order in [["a b", short.as_str()], [short.as_str(), "a b"]] {
            let names = ToolNames::new(order, NameRule::Bedrock);
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

    #[test]
    fn kiro_wants_a_letter_first_and_no_twins_in_another_case() {
        let long = format!("mcp__{}", "x".repeat(80));
        let order = ["Read", "read", "1st", "_private", "-", "", long.as_str()];
        let names = ToolNames::new(order, NameRule::Kiro);
        let wires = order.map(|name| names.to_wire(name).into_owned());
        assert_eq!(wires[0], "Read");
        assert_eq!(wires[1], "read_3316348dbadf", "the later of the two is renamed");
        assert!(wires[2].starts_with("t1st_") && wires[3].starts_with("t_private_"), "{wires:?}");
        let hash = hex::encode(Sha256::digest(&long));
        assert_eq!(wires[6], format!("{}_{}", &long[..54], &hash[..8]));
        for (name, wire) in order.iter().zip(&wires) {
            assert_eq!(names.to_client(wire), *name);
        }
    }

    fn any_rule() -> impl Strategy<Value = NameRule> {
        prop_oneof![Just(NameRule::Bedrock), Just(NameRule::Nova), Just(NameRule::Kiro)]
    }

    proptest! {
        #[test]
        fn every_name_is_legal_and_comes_back(names in prop::collection::vec(".{0,90}", 0..8), rule in any_rule()) {
            let these = ToolNames::new(names.iter().map(String::as_str), rule);
            for name in &names {
                let wire = these.to_wire(name);
                prop_assert!(rule.legal(&wire), "{wire}");
                prop_assert_eq!(these.to_client(&wire), name);
            }
        }
    }
}
