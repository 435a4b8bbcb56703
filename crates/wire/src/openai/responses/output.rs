//! The output items of one answer while they grow.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use llm::Usage;

use super::directory::{Directory, Entry, Form};
use super::event::{Events, member, raw_member};
use super::item_json::{self, ItemJson, Status, Summary};
use super::object::{Frame, State};
use super::unquoted::Unquoted;
use crate::Stamp;
use crate::openai::annotation::Annotations;
use crate::quoted;

/// What all parts of an answer need.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) frame: Frame,
    pub(super) events: Events,
    pub(super) usage: Usage,
    directory: Directory,
    pub(super) model: String,
    stamp: Stamp,
    pub(super) items: Vec<Item>,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    /// The block it comes from, as long as that is open.
    pub(super) block: Option<u32>,
    pub(super) kind: Kind,
    /// The item as the client has it, once it is over.
    pub(super) done: Option<Bytes>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Message { text: String, links: Annotations, shown: usize },
    Reasoning { text: String, signature: String, redacted: Option<String> },
    Call { entry: Entry, call_id: String, json: String, text: Unquoted },
    Compaction,
}

/// What opens.
#[derive(Debug)]
pub(super) enum Begin<'a> {
    Thinking,
    Redacted(&'a str),
    Call { id: &'a str, name: &'a str },
}

impl Output {
    pub(super) fn new(frame: Frame, directory: Directory, model: String, stamp: Stamp) -> Self {
        let usage = Usage::default();
        Self { frame, events: Events::default(), usage, directory, model, stamp, items: Vec::new() }
    }

    /// Writes an event about the answer as a whole.
    pub(super) fn tell(&mut self, name: &str, state: State<'_>, out: &mut BytesMut) {
        let Self { frame, events, items, usage, .. } = self;
        let output: Vec<Bytes> = items.iter().filter_map(|item| item.done.clone()).collect();
        events.put(out, name, 0, |out| {
            raw_member(out, "response", b"");
            frame.push(out, state, &output, usage);
        });
    }

    /// The answer in one piece.
    pub(super) fn object(&self, state: State<'_>) -> Bytes {
        let mut out = BytesMut::new();
        self.frame.push(&mut out, state, &self.done(), &self.usage);
        out.freeze()
    }

    /// The items that are over.
    pub(super) fn done(&self) -> Vec<Bytes> {
        self.items.iter().filter_map(|item| item.done.clone()).collect()
    }

    pub(super) fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{:032x}_{}", self.stamp.id, self.items.len())
    }

    pub(super) fn add(&mut self, id: String, block: Option<u32>, kind: Kind, out: &mut BytesMut) {
        let at = self.items.len();
        let item = match &kind {
            Kind::Message { .. } => {
                let status = Status::InProgress;
                ItemJson::Message { id: &id, role: "assistant", status, content: Vec::new() }
            }
            Kind::Reasoning { .. } => {
                ItemJson::Reasoning { id: &id, summary: Vec::new(), encrypted_content: None }
            }
            Kind::Call { entry, call_id, .. } => item_json::call(entry, &id, call_id, "", Status::InProgress),
            Kind::Compaction => ItemJson::Compaction { id: &id, encrypted_content: String::new() },
        };
        self.events.put(out, "response.output_item.added", 0, |out| {
            member(out, "output_index", &at);
            member(out, "item", &item);
        });
        self.items.push(Item { id, block, kind, done: None });
    }

    /// A thought or a call begins.
    pub(super) fn begin(&mut self, block: u32, begin: Begin<'_>, out: &mut BytesMut) {
        self.close_message(out);
        match begin {
            Begin::Thinking | Begin::Redacted(_) => {
                let redacted = match begin {
                    Begin::Redacted(data) => Some(data.to_owned()),
                    _ => None,
                };
                let kind = Kind::Reasoning { text: String::new(), signature: String::new(), redacted };
                self.add(self.id("rs"), Some(block), kind, out);
            }
            Begin::Call { id, name } => {
                let entry = self.directory.called(name).cloned().unwrap_or_else(|| Entry {
                    wire: name.to_owned(),
                    namespace: None,
                    name: name.to_owned(),
                    form: Form::Function,
                });
                let item = self.id(item_json::call_prefix(entry.form));
                let text = Unquoted::default();
                let kind = Kind::Call { entry, call_id: id.to_owned(), json: String::new(), text };
                self.add(item, Some(block), kind, out);
            }
        }
    }

    /// Writes an event about one item.
    pub(super) fn about(
        &mut self,
        at: usize,
        name: &str,
        more: usize,
        out: &mut BytesMut,
        fill: impl FnOnce(&Item, &mut BytesMut),
    ) {
        let Self { events, items, .. } = self;
        let Some(item) = items.get(at) else { return };
        events.put(out, name, more, |out| {
            member(out, "item_id", &item.id);
            member(out, "output_index", &at);
            fill(item, out);
        });
    }

    /// The message that takes text, if one is open.
    pub(super) fn message(&mut self) -> Option<(usize, &mut Annotations)> {
        let at = self
            .items
            .iter()
            .rposition(|item| item.done.is_none() && matches!(item.kind, Kind::Message { .. }))?;
        match &mut self.items[at].kind {
            Kind::Message { links, .. } => Some((at, links)),
            _ => None,
        }
    }

    /// Words. Blocks of text that follow each other are pieces of one text.
    pub(super) fn say(&mut self, said: &str, out: &mut BytesMut) {
        if said.is_empty() {
            return;
        }
        let at = match self.message() {
            Some((at, _)) => at,
            None => {
                let kind = Kind::Message { text: String::new(), links: Annotations::default(), shown: 0 };
                self.add(self.id("msg"), None, kind, out);
                let at = self.items.len() - 1;
                self.about(at, "response.content_part.added", 0, out, |_, out| {
                    member(out, "content_index", &0);
                    member(out, "part", &item_json::part("", &[]));
                });
                at
            }
        };
        if let Some(Kind::Message { text, links, .. }) = self.items.get_mut(at).map(|item| &mut item.kind) {
            text.push_str(said);
            links.say(said);
        }
        self.about(at, "response.output_text.delta", said.len(), out, |_, out| {
            raw_member(out, "content_index", b"0");
            raw_member(out, "delta", b"");
            quoted::push(out, said);
            raw_member(out, "logprobs", b"[]");
        });
    }

    /// A block of text begins: links in it count from here.
    pub(super) fn begin_text(&mut self) {
        if let Some((_, links)) = self.message() {
            links.begin();
        }
    }

    pub(super) fn cite(&mut self, citation: &serde_json::Value) {
        if let Some((_, links)) = self.message() {
            links.cite(citation);
        }
    }

    /// The block of text is over: its links are known.
    pub(super) fn end_text(&mut self, out: &mut BytesMut) {
        let Some((at, links)) = self.message() else { return };
        links.end();
        let Kind::Message { links, shown, .. } = &mut self.items[at].kind else { return };
        let from = std::mem::replace(shown, links.all().len());
        let until = *shown;
        for number in from..until {
            self.about(at, "response.output_text.annotation.added", 0, out, |item, out| {
                member(out, "content_index", &0);
                member(out, "annotation_index", &number);
                if let Kind::Message { links, .. } = &item.kind {
                    let link = links.all().get(number);
                    member(out, "annotation", &link.map(|link| item_json::Annotation { link }));
                }
            });
        }
    }

    fn open(&mut self, block: u32) -> Option<usize> {
        self.items.iter().rposition(|item| item.block == Some(block))
    }

    pub(super) fn think(&mut self, block: u32, said: &str, out: &mut BytesMut) {
        let Some(at) = self.open(block).filter(|_| !said.is_empty()) else { return };
        let Kind::Reasoning { text, .. } = &mut self.items[at].kind else { return };
        let first = text.is_empty();
        text.push_str(said);
        if first {
            self.about(at, "response.reasoning_summary_part.added", 0, out, |_, out| {
                member(out, "summary_index", &0);
                member(out, "part", &Summary { text: "" });
            });
        }
        self.about(at, "response.reasoning_summary_text.delta", said.len(), out, |_, out| {
            raw_member(out, "summary_index", b"0");
            raw_member(out, "delta", b"");
            quoted::push(out, said);
        });
    }

    pub(super) fn sign(&mut self, block: u32, more: &str) {
        if let Some(at) = self.open(block)
            && let Kind::Reasoning { signature, .. } = &mut self.items[at].kind
        {
            signature.push_str(more);
        }
    }

    pub(super) fn input(&mut self, block: u32, more: &str, out: &mut BytesMut) {
        let Some(at) = self.open(block).filter(|_| !more.is_empty()) else { return };
        let Kind::Call { json, entry, text, .. } = &mut self.items[at].kind else { return };
        json.push_str(more);
        let (name, said) = match entry.form {
            Form::Function => ("response.function_call_arguments.delta", Cow::Borrowed(more)),
            Form::Custom => ("response.custom_tool_call_input.delta", Cow::Owned(text.more(json))),
            _ => return,
        };
        if !said.is_empty() {
            self.about(at, name, said.len(), out, |_, out| {
                raw_member(out, "delta", b"");
                quoted::push(out, &said);
            });
        }
    }

    /// A block is over. A call whose arguments are no JSON waits for the end of the answer, which says whether they were
    /// cut off: clients run a call as soon as it is done.
    pub(super) fn end(&mut self, block: u32, out: &mut BytesMut) {
        self.end_text(out);
        let Some(at) = self.open(block) else { return };
        self.items[at].block = None;
        let waits = match &self.items[at].kind {
            Kind::Call { json, .. } => !json.is_empty() && !is_json(json),
            _ => false,
        };
        if !waits {
            self.close(at, out);
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}
