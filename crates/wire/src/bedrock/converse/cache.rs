//! Cache points: where a model takes them, how many, and in which order of lifetimes.

use llm::{CacheMark, CachePoints, CacheTtl, Content, Meaning};

use super::shape::CachePoint;

/// The most a request may carry.
const MOST: usize = 4;

/// Hands out the cache points of one request, in the order the prefix is built: tools, system, messages.
#[derive(Debug)]
pub(super) struct CacheBudget {
    allowed: CachePoints,
    /// Marks in messages to leave out: the earliest, because the latest cover more.
    skip: usize,
    left: usize,
    /// A five-minute point was set: no longer lifetime may follow.
    short: bool,
}

impl CacheBudget {
    pub(super) fn new(meaning: &Meaning, allowed: CachePoints) -> Self {
        let tools = meaning.tools.iter().filter(|tool| allowed.tools && tool.cache.is_some()).count();
        let system = meaning.system.iter().filter(|block| allowed.system && block.cache.is_some()).count();
        let messages: usize = if allowed.messages {
            meaning.messages.iter().flat_map(|message| &message.content).map(marks).sum()
        } else {
            0
        };
        let room = MOST.saturating_sub(tools + system);
        Self { allowed, skip: messages.saturating_sub(room), left: MOST, short: false }
    }

    pub(super) fn tool(&mut self, mark: Option<CacheMark>) -> Option<CachePoint> {
        let mark = mark.filter(|_| self.allowed.tools)?;
        self.point(mark)
    }

    pub(super) fn system(&mut self, mark: Option<CacheMark>) -> Option<CachePoint> {
        let mark = mark.filter(|_| self.allowed.system)?;
        self.point(mark)
    }

    pub(super) fn message(&mut self, mark: Option<CacheMark>) -> Option<CachePoint> {
        let mark = mark.filter(|_| self.allowed.messages)?;
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.point(mark)
    }

    fn point(&mut self, mark: CacheMark) -> Option<CachePoint> {
        self.left = self.left.checked_sub(1)?;
        let long = mark.ttl == Some(CacheTtl::OneHour) && self.allowed.one_hour && !self.short;
        self.short |= !long;
        Some(CachePoint { kind: "default", ttl: long.then_some("1h") })
    }
}

/// The marks on a block and, for a tool result, within it: those move behind the result.
fn marks(block: &llm::Block) -> usize {
    usize::from(mark_of(block).is_some())
}

/// The mark that follows a block. A mark within a tool result counts for the whole result.
pub(super) fn mark_of(block: &llm::Block) -> Option<CacheMark> {
    match &block.content {
        Content::ToolResult { content, .. } => {
            block.cache.or_else(|| content.iter().rev().find_map(|inner| inner.cache))
        }
        _ => block.cache,
    }
}
