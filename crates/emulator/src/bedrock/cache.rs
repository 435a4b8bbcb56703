//! The prompt cache: which prefixes were seen, and what that makes of the input tokens.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

use llm::Usage;
use serde_json::Value;

use crate::compose::TOKEN;

/// Entries beyond this are forgotten all at once; an emulator lives for a test or serves one person.
const MOST_ENTRIES: usize = 4096;
/// How many blocks before a marker are compared with earlier prefixes.
const LOOK_BACK: usize = 20;
/// What an image or a page counts, however long its base64 is.
const PICTURE: usize = 1600 * TOKEN;

#[derive(Default)]
pub(crate) struct PromptCache {
    /// Prefix hash to the end of its life.
    entries: HashMap<u64, Instant>,
}

/// The prefixes of one request, block by block, in the order tools, system, messages.
pub(crate) struct Prefixes {
    hasher: DefaultHasher,
    letters: usize,
    blocks: Vec<Boundary>,
    marks: Vec<Mark>,
    /// Shorter prefixes are not cached, in tokens.
    pub(crate) least: u64,
}

struct Boundary {
    hash: u64,
    tokens: u64,
}

struct Mark {
    block: usize,
    hour: bool,
}

impl Prefixes {
    /// `scope` keeps models and accounts apart.
    pub(crate) fn new(scope: &[&str], least: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        scope.iter().for_each(|word| hasher.write(word.as_bytes()));
        Self { hasher, letters: 0, blocks: Vec::new(), marks: Vec::new(), least }
    }

    /// Adds a block of an Anthropic request, with its `cache_control`.
    pub(crate) fn block(&mut self, block: &Value) {
        self.walk(block);
        self.boundary();
        if let Some(mark) = block.get("cache_control").filter(|mark| !mark.is_null()) {
            self.mark(mark["ttl"] == "1h");
        }
    }

    /// Marks the end of what was added so far.
    pub(crate) fn mark(&mut self, hour: bool) {
        if let Some(block) = self.blocks.len().checked_sub(1) {
            self.marks.push(Mark { block, hour });
        }
    }

    fn boundary(&mut self) {
        self.blocks.push(Boundary { hash: self.hasher.finish(), tokens: self.tokens() });
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.letters.div_ceil(TOKEN) as u64
    }

    /// Hashes and weighs, leaving out what does not change the prompt.
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter().filter(|(name, _)| *name != "cache_control") {
                    self.hasher.write(name.as_bytes());
                    match value {
                        Value::String(data) if name == "data" || name == "bytes" => {
                            self.hasher.write(data.as_bytes());
                            self.letters += PICTURE.min(data.len());
                        }
                        value => self.walk(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::String(text) => {
                self.hasher.write(text.as_bytes());
                self.letters += text.len();
            }
            other => {
                let text = other.to_string();
                self.hasher.write(text.as_bytes());
                self.letters += text.len();
            }
        }
        self.hasher.write_u8(0xff);
    }
}

impl PromptCache {
    /// Reads the longest known prefix, writes the rest up to the last marker, counts what is left as plain input.
    pub(crate) fn account(&mut self, prefixes: &Prefixes, now: Instant) -> Usage {
        let total = prefixes.tokens().max(1);
        let usable = |mark: &&Mark| prefixes.blocks[mark.block].tokens >= prefixes.least;
        let marks: Vec<&Mark> = prefixes.marks.iter().filter(usable).collect();
        let Some(last) = marks.last() else {
            return Usage {
                input: Some(total),
                cache_read: Some(0),
                cache_write: Some(0),
                cache_write_5m: Some(0),
                cache_write_1h: Some(0),
                ..Usage::default()
            };
        };
        self.entries.retain(|_, until| *until > now);
        let candidates =
            marks.iter().rev().flat_map(|mark| (mark.block.saturating_sub(LOOK_BACK)..=mark.block).rev());
        let read = candidates
            .filter(|block| self.entries.contains_key(&prefixes.blocks[*block].hash))
            .map(|block| prefixes.blocks[block].tokens)
            .max()
            .unwrap_or(0);
        if self.entries.len() + marks.len() > MOST_ENTRIES {
            self.entries.clear();
        }
        let (mut written, mut hourly) = (0, 0);
        let mut from = read;
        for mark in &marks {
            let boundary = &prefixes.blocks[mark.block];
            let life = Duration::from_secs(if mark.hour { 3600 } else { 300 });
            self.entries.insert(boundary.hash, now + life);
            let more = boundary.tokens.saturating_sub(from);
            written += more;
            hourly += if mark.hour { more } else { 0 };
            from = from.max(boundary.tokens);
        }
        let cached = prefixes.blocks[last.block].tokens.max(read);
        Usage {
            input: Some((total - cached.min(total)).max(1)),
            cache_read: Some(read),
            cache_write: Some(written),
            cache_write_5m: Some(written - hourly),
            cache_write_1h: Some(hourly),
            ..Usage::default()
        }
    }
}

#[cfg(test)]
mod tests;
