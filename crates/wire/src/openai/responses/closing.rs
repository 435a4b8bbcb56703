//! How output items end.

use bytes::{Bytes, BytesMut};

use super::directory::Form;
use super::envelope;
use super::event::{member, raw_member};
use super::item_json::{self, ItemJson, Status, Summary};
use super::output::{Item, Kind, Output};
use super::unquoted::Unquoted;
use crate::openai::line::push_json;
use crate::openai::tool::{custom_input, wraps};

impl Output {
    pub(super) fn close_message(&mut self, out: &mut BytesMut) {
        self.end_text(out);
        if let Some((at, _)) = self.message() {
            self.close(at, out);
        }
    }

    /// Closes what is still open. `cut`: the model had no room to finish, so that calls are not to be run.
    pub(super) fn close_all(&mut self, cut: bool, out: &mut BytesMut) {
        self.close_message(out);
        for at in 0..self.items.len() {
            if self.items[at].done.is_some() {
                continue;
            }
            self.settle(at);
            if cut && matches!(self.items[at].kind, Kind::Call { .. }) {
                self.items[at].done = Some(self.written(at, Status::Incomplete));
            } else {
                self.close(at, out);
            }
        }
    }

    /// Where the JSON of a custom tool turns out to carry no text although some of one was heard, what was heard is the text.
    fn settle(&mut self, at: usize) {
        if let Kind::Call { entry, json, text, .. } = &mut self.items[at].kind
            && entry.form == Form::Custom
            && text.given > 0
            && !wraps(json)
        {
            *json = serde_json::json!({"input": Unquoted::default().more(json)}).to_string();
        }
    }

    pub(super) fn close(&mut self, at: usize, out: &mut BytesMut) {
        self.settle(at);
        match &self.items[at].kind {
            Kind::Message { .. } => {
                self.about(at, "response.output_text.done", 0, out, |item, out| {
                    member(out, "content_index", &0);
                    if let Kind::Message { text, .. } = &item.kind {
                        member(out, "text", text);
                    }
                    raw_member(out, "logprobs", b"[]");
                });
                self.about(at, "response.content_part.done", 0, out, |item, out| {
                    member(out, "content_index", &0);
                    if let Kind::Message { text, links, .. } = &item.kind {
                        member(out, "part", &item_json::part(text, links.all()));
                    }
                });
            }
            Kind::Reasoning { text, .. } if !text.is_empty() => {
                self.about(at, "response.reasoning_summary_text.done", 0, out, |item, out| {
                    member(out, "summary_index", &0);
                    if let Kind::Reasoning { text, .. } = &item.kind {
                        member(out, "text", text);
                    }
                });
                self.about(at, "response.reasoning_summary_part.done", 0, out, |item, out| {
                    member(out, "summary_index", &0);
                    if let Kind::Reasoning { text, .. } = &item.kind {
                        member(out, "part", &Summary { text });
                    }
                });
            }
            Kind::Call { entry, .. } if entry.form == Form::Function => self.close_function(at, out),
            Kind::Call { entry, .. } if entry.form == Form::Custom => self.close_custom(at, out),
            Kind::Reasoning { .. } | Kind::Call { .. } | Kind::Compaction => {}
        }
        let done = self.written(at, Status::Completed);
        self.events.put(out, "response.output_item.done", done.len(), |out| {
            member(out, "output_index", &at);
            raw_member(out, "item", &done);
        });
        let item = &mut self.items[at];
        item.block = None;
        item.done = Some(done);
    }

    fn close_function(&mut self, at: usize, out: &mut BytesMut) {
        let Kind::Call { json, .. } = &mut self.items[at].kind else { return };
        if json.is_empty() {
            "{}".clone_into(json);
            self.about(at, "response.function_call_arguments.delta", 0, out, |_, out| {
                member(out, "delta", "{}");
            });
        }
        self.about(at, "response.function_call_arguments.done", 0, out, |item, out| {
            if let Kind::Call { json, entry, .. } = &item.kind {
                member(out, "name", &entry.name);
                member(out, "arguments", json);
            }
        });
    }

    /// What of the text was not said yet, and all of it.
    fn close_custom(&mut self, at: usize, out: &mut BytesMut) {
        let Kind::Call { json, text, .. } = &self.items[at].kind else { return };
        let input = custom_input(json);
        let rest = input.get(text.given..).unwrap_or_default();
        if !rest.is_empty() {
            self.about(at, "response.custom_tool_call_input.delta", rest.len(), out, |_, out| {
                member(out, "delta", rest);
            });
        }
        self.about(at, "response.custom_tool_call_input.done", input.len(), out, |_, out| {
            member(out, "input", &input);
        });
    }

    /// The item as it stands.
    fn written(&self, at: usize, status: Status) -> Bytes {
        let Item { id, kind, .. } = &self.items[at];
        let json = match kind {
            Kind::Message { text, links, .. } => {
                let content = vec![item_json::part(text, links.all())];
                ItemJson::Message { id, role: "assistant", status, content }
            }
            Kind::Reasoning { text, signature, redacted } => {
                let encrypted_content = match redacted {
                    Some(data) => Some(envelope::redacted(&self.model, data)),
                    None if signature.is_empty() => None,
                    None => Some(envelope::thinking(&self.model, text, signature)),
                };
                let summary = (!text.is_empty()).then_some(Summary { text });
                ItemJson::Reasoning { id, summary: summary.into_iter().collect(), encrypted_content }
            }
            Kind::Call { entry, call_id, json, .. } => item_json::call(entry, id, call_id, json, status),
            Kind::Compaction => return Bytes::new(),
        };
        let mut out = BytesMut::new();
        push_json(&mut out, &json);
        out.freeze()
    }

    /// The answer is a summary, and the client hears of it as one item.
    pub(super) fn sum_up(&mut self, text: &str, out: &mut BytesMut) {
        let id = self.id("cmp");
        let at = self.items.len();
        let sealed = envelope::summary(&self.model, text);
        let mut done = BytesMut::new();
        push_json(&mut done, &ItemJson::Compaction { id: &id, encrypted_content: sealed });
        self.add(id, None, Kind::Compaction, out);
        let done = done.freeze();
        self.events.put(out, "response.output_item.done", done.len(), |out| {
            member(out, "output_index", &at);
            raw_member(out, "item", &done);
        });
        self.items[at].done = Some(done);
    }
}
