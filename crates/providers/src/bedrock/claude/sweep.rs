//! One sweep over everything that carries blocks and cache markers: tools, system, messages.

use bytes::Bytes;
use llm::{Error, Payload, RawBody};

use super::edit::{Edits, Rope};
use super::marks::{self, Marks};
use super::notes::Notes;
use super::scan::{self, Finding, Question};
use super::walk::Walk;
use super::{BILLING_LINE, tools, walk};

/// The three parts that carry blocks and cache markers, and the rules for them.
#[derive(Debug)]
pub(super) struct Sweep<'a> {
    pub(super) tools: &'a Bytes,
    pub(super) system: Bytes,
    pub(super) messages: &'a Bytes,
    pub(super) tool_rules: tools::Rules<'a>,
    pub(super) walk_rules: walk::Rules<'a>,
    pub(super) one_hour: bool,
}

/// What the sweep found to change.
#[derive(Debug)]
pub(super) struct Swept {
    tools: Edits,
    system: Edits,
    system_stays: bool,
    messages: Edits,
    /// Cache markers of tools, system and messages.
    marks: [usize; 3],
}

impl Sweep<'_> {
    /// Markers are counted in a first round; only when there are too many a second one takes the surplus out.
    pub(super) fn run(&self, notes: &mut Notes) -> Result<Swept, Error> {
        let mut first_notes = notes.clone();
        let first = self.round([0; 3], &mut first_notes)?;
        let surplus = first.marks.iter().sum::<usize>().saturating_sub(marks::MOST);
        if surplus == 0 {
            *notes = first_notes;
            return Ok(first);
        }
        // The markers of a conversation move with it; those before it are worth more.
        let [tools, system, messages] = first.marks;
        let made = usize::from(self.walk_rules.marked_last.is_some() && messages > 0);
        let of_messages = surplus.min(messages - made);
        let of_tools = (surplus - of_messages).min(tools);
        let of_system = (surplus - of_messages - of_tools).min(system);
        self.round([of_tools, of_system, of_messages], notes)
    }

    fn round(&self, surplus: [usize; 3], notes: &mut Notes) -> Result<Swept, Error> {
        let mut marks = Marks::new(self.one_hour);
        let mut counted = [0; 3];
        marks.surplus = surplus[0];
        let tools = tools::clean(self.tools, self.tool_rules, &mut marks, notes);
        counted[0] = marks.count;
        marks.surplus = surplus[1];
        let (system, system_stays) = self.system(&mut marks, notes)?;
        counted[1] = marks.count - counted[0];
        marks.surplus = surplus[2];
        let before = marks.count;
        let messages = self.conversation(&mut marks, notes)?;
        counted[2] = marks.count - before;
        Ok(Swept { tools, system, system_stays, messages, marks: counted })
    }

    fn system(&self, marks: &mut Marks, notes: &mut Notes) -> Result<(Edits, bool), Error> {
        match self.system.strip_prefix(b"\"") {
            Some(text) => Ok((Edits::default(), text != b"\"" && !text.starts_with(BILLING_LINE))),
            None if tools::is_empty_list(&self.system) => Ok((Edits::default(), false)),
            None => Walk::new(&self.system, self.walk_rules, marks, notes).system(),
        }
    }

    fn conversation(&self, marks: &mut Marks, notes: &mut Notes) -> Result<Edits, Error> {
        let named = !self.walk_rules.names.is_identity();
        if !named && self.walk_rules.marked_last.is_none() && marks.surplus == 0 {
            let question = Question {
                system_inside: self.walk_rules.system_inside,
                marks_left: marks::MOST.saturating_sub(marks.count),
            };
            if let Finding::Clean { marks: found } = scan::scan(self.messages, question) {
                marks.count += found;
                return Ok(Edits::default());
            }
        }
        Walk::new(self.messages, self.walk_rules, marks, notes).messages()
    }
}

impl Swept {
    /// Puts the changes into the body. Returns the conversation in pieces when it changed.
    pub(super) fn apply(self, body: &mut RawBody, sweep: &Sweep<'_>, has_tools: bool) -> Option<Payload> {
        if !has_tools {
            body.remove("tools");
        } else if !self.tools.is_empty() {
            body.set("tools", self.tools.apply(sweep.tools));
        }
        if !self.system_stays {
            body.remove("system");
        } else if !self.system.is_empty() {
            body.set("system", self.system.apply(&sweep.system));
        }
        if self.messages.is_empty() {
            return None;
        }
        // The name keeps its place in the body; its value travels in pieces.
        body.set("messages", &b"[]"[..]);
        let mut rope = Rope::default();
        self.messages.apply_to(sweep.messages, &mut rope);
        Some(rope.finish())
    }
}
