//! Names of tools in one request: those defined now, and those that only the history still knows.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use llm::{Content, Meaning, ToolKind};

use crate::{NameRule, ToolNames};

/// Every name and how it is sent. The service compares names without regard to letter case, so a call of `read` in
/// the history belongs to the tool `Read`; two defined tools stay two.
pub(super) struct Names<'a> {
    pub(super) tools: ToolNames,
    known: HashSet<&'a str>,
    /// Lower-case name to the first name of that spelling.
    spelled: HashMap<String, &'a str>,
    /// Called in the history, defined no more.
    pub(super) gone: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn new(meaning: &'a Meaning) -> Self {
        let mut known = HashSet::new();
        let mut spelled = HashMap::new();
        let mut all = Vec::with_capacity(meaning.tools.len());
        for tool in meaning.tools.iter().filter(|tool| !matches!(tool.kind, ToolKind::Vendor(_))) {
            let name = tool.name.as_str();
            if known.insert(name) {
                all.push(name);
                spelled.entry(name.to_ascii_lowercase()).or_insert(name);
            }
        }
        let mut gone = Vec::new();
        for block in meaning.messages.iter().flat_map(|message| &message.content) {
            if let Content::ToolUse { name, .. } = &block.content
                && !known.contains(name.as_str())
                && let std::collections::hash_map::Entry::Vacant(place) =
                    spelled.entry(name.to_ascii_lowercase())
            {
                place.insert(name);
                known.insert(name);
                all.push(name);
                gone.push(name.as_str());
            }
        }
        Self { tools: ToolNames::new(all, NameRule::Kiro), known, spelled, gone }
    }

    /// The name to send for a defined tool or a call.
    pub(super) fn to_wire<'b>(&'b self, name: &'b str) -> Cow<'b, str> {
        if self.known.contains(name) {
            return self.tools.to_wire(name);
        }
        self.tools.to_wire(self.spelled.get(&name.to_ascii_lowercase()).copied().unwrap_or(name))
    }

    /// True when the request will have a tool of this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.known.contains(name) || self.spelled.contains_key(&name.to_ascii_lowercase())
    }
}
