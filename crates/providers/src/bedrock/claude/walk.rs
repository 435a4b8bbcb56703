//! The exact walk through messages and system: what InvokeModel would refuse is cut out of the client's text.

use llm::Error;
use wire::ToolNames;

use super::cursor::{Cursor, Field, Span, between, fields, find, named, slice, string};
use super::edit::{Commas, Edits};
use super::marks::Marks;
use super::notes::Notes;
use super::server_tools;

mod block;

pub(super) use block::is_signed;
use block::{Fate, Kind, Place, Tail};

/// Settings of one turn, which Bedrock refuses inside a message.
const OUTPUT_CONFIG: &str = "output_config";

/// What the walk needs to know of the request and the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    /// The model takes `role: "system"` inside a conversation.
    pub(super) system_inside: bool,
    /// Tool search runs on Bedrock for this request, so its blocks may stay.
    pub(super) tool_search: bool,
    /// Where the last message starts, if it shall carry a cache marker; and whether for an hour.
    pub(super) marked_last: Option<(usize, bool)>,
    pub(super) names: &'a ToolNames,
}

/// One walk over one text.
#[derive(Debug)]
pub(super) struct Walk<'t, 'a> {
    text: &'t [u8],
    rules: Rules<'a>,
    pub(super) edits: Edits,
    marks: &'a mut Marks,
    notes: &'a mut Notes,
    /// Members of the blocks being read, the innermost last.
    fields: Vec<Field<'t>>,
    /// Number of the message and of the block being read.
    position: (usize, usize),
    error: Option<Error>,
}

/// Who speaks where the walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    User,
    Assistant,
    /// A system message that becomes a reminder in a user message.
    Reminder,
    /// The system prompt, or a system message that stays one.
    System,
}

impl<'t, 'a> Walk<'t, 'a> {
    pub(super) fn new(text: &'t [u8], rules: Rules<'a>, marks: &'a mut Marks, notes: &'a mut Notes) -> Self {
        Self {
            text,
            rules,
            edits: Edits::default(),
            marks,
            notes,
            fields: Vec::new(),
            position: (0, 0),
            error: None,
        }
    }

    /// Walks through `messages`.
    pub(super) fn messages(mut self) -> Result<Edits, Error> {
        let mut cursor = Cursor::at(self.text, 0);
        if !cursor.enter(b'[') {
            return Ok(self.edits);
        }
        let mut commas = Commas::default();
        while cursor.next_item() {
            let (start, before) = (cursor.at, self.edits.len());
            let keep = self.message(&mut cursor);
            let span = Span { start, end: cursor.at };
            if keep {
                commas.keep(span, &mut self.edits);
            } else {
                self.edits.forget(before);
                commas.take_out(span, &mut self.edits);
            }
            self.position.0 += 1;
        }
        commas.finish(&mut self.edits);
        self.done()
    }

    /// Walks through the blocks of `system`. Returns whether any stays.
    pub(super) fn system(mut self) -> Result<(Edits, bool), Error> {
        let mut cursor = Cursor::at(self.text, 0);
        let stays = self.blocks(&mut cursor, Speaker::System, Place::Prompt) != Blocks::Empty;
        self.done().map(|edits| (edits, stays))
    }

    fn done(self) -> Result<Edits, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.edits),
        }
    }

    /// Reads one message; false when nothing of it stays.
    fn message(&mut self, cursor: &mut Cursor<'t>) -> bool {
        let start = cursor.at;
        if !cursor.enter(b'{') {
            cursor.skip();
            return true;
        }
        let mut speaker = None;
        let mut late = None;
        let mut blocks = Blocks::Text;
        let mut commas = Commas::default();
        while let Some(field) = cursor.next_field() {
            let own_settings = field.is(OUTPUT_CONFIG);
            if field.is("role") {
                let role = cursor.skip();
                speaker = Some(self.role(role));
            } else if field.is("content") {
                match speaker {
                    Some(speaker) => blocks = self.content(cursor, speaker, start),
                    None => late = Some(cursor.skip().start),
                }
            } else {
                cursor.skip();
            }
            let span = Span { start: field.start, end: cursor.at };
            if own_settings {
                commas.take_out(span, &mut self.edits);
            } else {
                commas.keep(span, &mut self.edits);
            }
        }
        commas.finish(&mut self.edits);
        if let Some(at) = late {
            let mut cursor = Cursor::at(self.text, at);
            blocks = self.content(&mut cursor, speaker.unwrap_or(Speaker::User), start);
        }
        blocks != Blocks::Empty
    }

    fn role(&mut self, value: Span) -> Speaker {
        match between(self.text, value) {
            Some(role) if named(role, "assistant") => Speaker::Assistant,
            Some(role) if named(role, "system") => {
                if self.rules.system_inside {
                    return Speaker::System;
                }
                self.edits.replace(value, "\"user\"");
                self.notes.add("messages.system", "reminder");
                Speaker::Reminder
            }
            _ => Speaker::User,
        }
    }

    fn content(&mut self, cursor: &mut Cursor<'t>, speaker: Speaker, message: usize) -> Blocks {
        let marked = self.rules.marked_last.filter(|(last, _)| *last == message).map(|(_, hour)| hour);
        if cursor.peek() == Some(b'[') {
            self.position.1 = 0;
            let blocks = self.blocks(cursor, speaker, Place::Message);
            if let (Some(hour), Blocks::Kept { last_open: Some(end) }) = (marked, blocks) {
                let mark = self.marks.make(hour, self.notes);
                self.edits.insert(end, format!(",\"cache_control\":{mark}"));
            }
            return blocks;
        }
        let value = cursor.skip();
        if slice(self.text, value).first() == Some(&b'"') {
            if let Some(hour) = marked {
                let mark = self.marks.make(hour, self.notes);
                self.edits.insert(value.start, r#"[{"type":"text","text":"#);
                self.edits.insert(value.end, format!(",\"cache_control\":{mark}}}]"));
            }
            if speaker == Speaker::Reminder {
                self.remind(value);
            }
        }
        Blocks::Text
    }

    /// Puts a reminder's tags around a string without reading what is in it.
    fn remind(&mut self, string: Span) {
        self.edits.replace(Span { start: string.start, end: string.start + 1 }, "\"<system-reminder>");
        self.edits.replace(Span { start: string.end - 1, end: string.end }, "</system-reminder>\"");
    }

    fn blocks(&mut self, cursor: &mut Cursor<'t>, speaker: Speaker, place: Place) -> Blocks {
        if !cursor.enter(b'[') {
            cursor.skip();
            return Blocks::Text;
        }
        let mut commas = Commas::default();
        let (mut any, mut last_open) = (false, None);
        while cursor.next_item() {
            any = true;
            let (start, before) = (cursor.at, self.edits.len());
            let fate = self.block(cursor, speaker, place);
            let span = Span { start, end: cursor.at };
            match fate {
                Fate::Keep(tail) => {
                    commas.keep(span, &mut self.edits);
                    last_open = match tail {
                        Tail::Closed => last_open,
                        Tail::Marked => None,
                        Tail::Open(end) => Some(end),
                    };
                }
                Fate::Drop => {
                    self.edits.forget(before);
                    commas.take_out(span, &mut self.edits);
                }
                Fate::Replace(new) => {
                    self.edits.forget(before);
                    self.edits.replace(span, new);
                    commas.keep(span, &mut self.edits);
                }
            }
            if place == Place::Message {
                self.position.1 += 1;
            }
        }
        if commas.finish(&mut self.edits) || !any { Blocks::Kept { last_open } } else { Blocks::Empty }
    }

    fn refuse(&mut self, message: &str) {
        let (message_at, block_at) = self.position;
        self.error.get_or_insert_with(|| {
            let path = format!("messages.{message_at}.content.{block_at}");
            Error::invalid(format!("{path}: {message}")).with_param(path)
        });
    }

    fn note_dropped(&mut self, what: &str) {
        self.notes.dropped(what);
    }
}

/// The effort that the last message asks for. Claude Code's newer models are told their settings turn by turn, in
/// the message that carries the reminders; Bedrock knows none but the request's own.
pub(super) fn turn_effort(messages: &[u8]) -> Option<String> {
    memchr::memmem::find(messages, b"\"output_config\"")?;
    let start = Landmarks::find(messages).last?;
    let message = fields(messages, Span { start, end: messages.len() });
    let config = fields(messages, find(&message, OUTPUT_CONFIG)?);
    find(&config, "effort").and_then(|value| string(messages, value)).map(|word| word.into_owned())
}

/// What is left of a list of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocks {
    /// A string, or no list at all.
    Text,
    /// `last_open`: where a cache marker can be put into the last block that takes one, unless it has one.
    Kept { last_open: Option<usize> },
    /// There were some and all had to go.
    Empty,
}

/// Where the messages start that matter for switches, found in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Landmarks {
    /// The last message.
    pub(super) last: Option<usize>,
    /// The last message of the assistant.
    pub(super) last_assistant: Option<usize>,
}

impl Landmarks {
    pub(super) fn find(messages: &[u8]) -> Self {
        let mut cursor = Cursor::at(messages, 0);
        let mut found = Self::default();
        if cursor.enter(b'[') {
            while cursor.next_item() {
                let span = cursor.skip();
                found.last = Some(span.start);
                if is_assistant(messages, span) {
                    found.last_assistant = Some(span.start);
                }
            }
        }
        found
    }
}

/// Looks at the role alone where it comes first, as it nearly always does.
fn is_assistant(messages: &[u8], message: Span) -> bool {
    let mut cursor = Cursor::at(messages, message.start);
    if !cursor.enter(b'{') {
        return false;
    }
    while let Some(field) = cursor.next_field() {
        let value = cursor.skip();
        if field.is("role") {
            return between(messages, value).is_some_and(|role| named(role, "assistant"));
        }
    }
    false
}

/// Whether the assistant's last turn calls tools without having thought first. With a thinking budget Anthropic
/// refuses that: "Expected `thinking` or `redacted_thinking`, but found `tool_use`".
pub(super) fn calls_without_thought(messages: &[u8], landmarks: Landmarks) -> bool {
    let Some(start) = landmarks.last_assistant else { return false };
    let message = fields(messages, Span { start, end: messages.len() });
    let Some(content) = find(&message, "content") else { return false };
    let mut cursor = Cursor::at(messages, content.start);
    if !cursor.enter(b'[') {
        return false;
    }
    let mut first_thinks = None;
    while cursor.next_item() {
        let span = cursor.skip();
        let members = fields(messages, span);
        let kind = find(&members, "type").map_or(Kind::Other, |value| Kind::of(messages, value));
        match kind {
            Kind::Thinking if !is_signed(messages, &members) => {}
            Kind::Thinking | Kind::Redacted => {
                first_thinks.get_or_insert(true);
            }
            Kind::ToolUse if first_thinks != Some(true) => return true,
            _ => {
                first_thinks.get_or_insert(false);
            }
        }
    }
    false
}
