//! One content block: what may stay of it.

use std::borrow::Cow;

use super::super::cursor::string;
use super::{Commas, Cursor, Field, Span, Speaker, Walk, between, fields, find, named, server_tools, slice};

/// What becomes of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Keep(Tail),
    Drop,
    Replace(String),
}

/// Whether a block that stays can carry a cache marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Thoughts take none.
    Closed,
    /// It has one.
    Marked,
    /// One can be put here.
    Open(usize),
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the system prompt.
    Prompt,
    Message,
    /// Inside a tool's result or a document.
    Inner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    Redacted,
    ToolUse,
    ToolResult,
    ToolReference,
    /// An image or a document.
    Media,
    /// A call of a tool that runs at the vendor.
    ServerCall,
    /// Its result.
    ServerResult,
    /// A file put into a container that Bedrock does not have.
    Upload,
    Other,
}

impl Kind {
    pub(super) fn of(text: &[u8], value: Span) -> Self {
        let Some(name) = string(text, value) else { return Self::Other };
        match &*name {
            "text" => Self::Text,
            "thinking" => Self::Thinking,
            "redacted_thinking" => Self::Redacted,
            "tool_use" => Self::ToolUse,
            "tool_result" => Self::ToolResult,
            "tool_reference" => Self::ToolReference,
            "image" | "document" => Self::Media,
            "server_tool_use" | "mcp_tool_use" => Self::ServerCall,
            "container_upload" => Self::Upload,
            other if other.ends_with("_tool_result") => Self::ServerResult,
            _ => Self::Other,
        }
    }
}

/// What is known of a block once its members were read.
struct Block<'t> {
    kind: Kind,
    kind_name: Cow<'t, str>,
    span: Span,
    /// Index of its first member on the stack.
    base: usize,
}

impl<'t> Walk<'t, '_> {
    pub(super) fn block(&mut self, cursor: &mut Cursor<'t>, speaker: Speaker, place: Place) -> Fate {
        let (start, base) = (cursor.at, self.fields.len());
        if !cursor.enter(b'{') {
            cursor.skip();
            return Fate::Keep(Tail::Closed);
        }
        let mut block =
            Block { kind: Kind::Other, kind_name: Cow::Borrowed(""), span: Span { start, end: start }, base };
        let mut content = None;
        while let Some(mut field) = cursor.next_field() {
            if field.is("content") && block.kind == Kind::ToolResult {
                // Seldom is the type not the first member; then the content is read a second time below.
                self.blocks(cursor, Speaker::User, Place::Inner);
                field.value.end = cursor.at;
            } else {
                field.value = cursor.skip();
                if field.is("type") {
                    block.kind = Kind::of(self.text, field.value);
                    block.kind_name = string(self.text, field.value).unwrap_or_default();
                } else if field.is("content") {
                    content = Some(field.value);
                }
            }
            self.fields.push(field);
        }
        block.span.end = cursor.at;
        if let (Kind::ToolResult, Some(content)) = (block.kind, content) {
            self.blocks(&mut Cursor::at(self.text, content.start), Speaker::User, Place::Inner);
        }
        let fate = self.judge(&block, speaker, place);
        self.fields.truncate(base);
        fate
    }

    fn judge(&mut self, block: &Block<'t>, speaker: Speaker, place: Place) -> Fate {
        match block.kind {
            Kind::Text => {
                if let Some(fate) = self.text(block, speaker, place) {
                    return fate;
                }
            }
            Kind::Thinking if !is_signed(self.text, &self.fields[block.base..]) => {
                self.note_dropped("messages.thinking");
                return Fate::Drop;
            }
            Kind::ToolUse => self.tool_use(block),
            Kind::Media => self.media(block),
            Kind::Upload => {
                self.note_dropped("messages.container_upload");
                return Fate::Drop;
            }
            Kind::ToolReference if !self.rules.tool_search => {
                self.notes.add("messages.tool_reference", "text");
                return Fate::Replace(server_tools::reference(slice(self.text, block.span)));
            }
            Kind::ServerCall | Kind::ServerResult if !self.is_tool_search(block) => {
                let what = format!("messages.{}", block.kind_name);
                return match server_tools::summary(slice(self.text, block.span)) {
                    Some(text) => {
                        self.notes.add(&what, "text");
                        Fate::Replace(text)
                    }
                    None => {
                        self.note_dropped(&what);
                        Fate::Drop
                    }
                };
            }
            _ => {}
        }
        self.trim(block, speaker)
    }

    /// Cuts members out of a block that stays.
    fn trim(&mut self, block: &Block<'t>, speaker: Speaker) -> Fate {
        let thinks = matches!(block.kind, Kind::Thinking | Kind::Redacted);
        let mut commas = Commas::default();
        let (mut marked, mut last_end) = (false, None);
        for at in block.base..self.fields.len() {
            let field = self.fields[at];
            let keep = if thinks {
                ["type", "thinking", "signature", "data"].iter().any(|name| field.is(name))
            } else if field.is("caller") {
                false
            } else if field.is("citations") {
                self.citations(block.kind, &field, speaker)
            } else if field.is("cache_control") {
                let stays = self.marks.meet(self.text, field.value, &mut self.edits, self.notes);
                marked |= stays;
                stays
            } else {
                true
            };
            let span = Span { start: field.start, end: field.value.end };
            if keep {
                commas.keep(span, &mut self.edits);
                last_end = Some(field.value.end);
            } else {
                commas.take_out(span, &mut self.edits);
            }
        }
        commas.finish(&mut self.edits);
        Fate::Keep(match last_end {
            _ if marked => Tail::Marked,
            Some(end) if !thinks => Tail::Open(end),
            _ => Tail::Closed,
        })
    }

    /// Bedrock refuses citations on what a user wrote, and `null` everywhere.
    fn citations(&mut self, kind: Kind, field: &Field<'_>, speaker: Speaker) -> bool {
        if slice(self.text, field.value) == b"null" {
            return false;
        }
        if kind == Kind::Text && speaker != Speaker::Assistant {
            if slice(self.text, field.value) != b"[]" {
                self.note_dropped("messages.citations");
            }
            return false;
        }
        true
    }

    /// Empty texts are refused; the line by which Claude Code tells Anthropic whom to bill is a reserved word.
    fn text(&mut self, block: &Block<'t>, speaker: Speaker, place: Place) -> Option<Fate> {
        let value = find(&self.fields[block.base..], "text")?;
        let words = between(self.text, value)?;
        if words.is_empty() || (place == Place::Prompt && words.starts_with(super::super::BILLING_LINE)) {
            return Some(Fate::Drop);
        }
        if speaker == Speaker::Reminder {
            self.remind(value);
        }
        None
    }

    fn tool_use(&mut self, block: &Block<'t>) {
        let members = &self.fields[block.base..];
        if let Some(value) = find(members, "input")
            && slice(self.text, value).first() != Some(&b'{')
        {
            let object = string(self.text, value).filter(|text| server_tools::is_object(text));
            self.notes.add("messages.tool_use.input", "object");
            self.edits.replace(value, object.map_or(Cow::Borrowed("{}"), |text| text.into_owned().into()));
        }
        if self.rules.names.is_identity() {
            return;
        }
        if let Some(value) = find(&self.fields[block.base..], "name")
            && let Some(name) = string(self.text, value)
        {
            let wire = self.rules.names.to_wire(&name);
            if wire != name {
                // Wire names are plain ASCII and need no escapes.
                self.edits.replace(value, format!("\"{wire}\""));
            }
        }
    }

    /// Bedrock takes base64 alone, and we fetch nothing on behalf of a request.
    fn media(&mut self, block: &Block<'t>) {
        let Some(source) = find(&self.fields[block.base..], "source") else { return };
        let members = fields(self.text, source);
        let Some(kind) = find(&members, "type").and_then(|kind| between(self.text, kind)) else { return };
        if named(kind, "url") {
            self.refuse("images and documents are not fetched from a URL; send them as base64.");
        } else if named(kind, "file") {
            self.refuse("Amazon Bedrock has no uploaded files; send images and documents as base64.");
        } else if named(kind, "content")
            && let Some(content) = find(&members, "content")
        {
            self.blocks(&mut Cursor::at(self.text, content.start), Speaker::User, Place::Inner);
        }
    }

    /// Tool search is the one server tool that InvokeModel runs.
    fn is_tool_search(&self, block: &Block<'_>) -> bool {
        let members = &self.fields[block.base..];
        let named_so = || {
            find(members, "name")
                .and_then(|name| string(self.text, name))
                .is_some_and(|name| name.starts_with("tool_search_tool"))
        };
        self.rules.tool_search && (block.kind_name == "tool_search_tool_result" || named_so())
    }
}

/// Whether a thinking block carries a signature that Anthropic may have made: base64, and not one of ours that
/// mark thoughts of other models.
pub(in super::super) fn is_signed(text: &[u8], members: &[Field<'_>]) -> bool {
    let signature = find(members, "signature").and_then(|value| string(text, value));
    signature.is_some_and(|signature| {
        wire::anthropic::is_signed(&signature)
            && signature.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte))
    })
}
