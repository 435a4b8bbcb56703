//! Tool definitions as InvokeModel takes them.

use std::borrow::Cow;

use serde_json::value::RawValue;
use wire::ToolNames;

use super::cursor::{Cursor, Field, Span, between, fields, find, named, slice, string};
use super::edit::{Commas, Edits};
use super::marks::Marks;
use super::notes::Notes;
use super::schema;

/// What the tools of a request ask for, read before anything is changed.
#[derive(Debug, Default)]
pub(super) struct Survey<'t> {
    pub(super) names: Vec<Cow<'t, str>>,
    /// A tool-search tool that stays.
    pub(super) search: bool,
    /// Some tool wants its input streamed as it is written.
    pub(super) eager: bool,
    pub(super) examples: bool,
    pub(super) memory: bool,
    pub(super) computer_2025_01: bool,
    pub(super) computer_2025_11: bool,
    /// Tools that stay.
    pub(super) kept: usize,
}

/// What the request and model decide about tools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    pub(super) tool_search: bool,
    /// The model compiles schemas, so `strict` has a meaning.
    pub(super) strict: bool,
    pub(super) names: &'a ToolNames,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// Runs at the client and has a schema of its own.
    Custom,
    /// Runs at the client and is known to Anthropic by its type.
    Typed,
    Search,
    /// Runs at Anthropic, which Bedrock does not offer.
    Server,
}

impl Sort {
    fn of(kind: Option<&str>) -> Self {
        const SERVER: [&str; 6] =
            ["web_search_", "web_fetch_", "code_execution_", "advisor_", "mcp_toolset", "mcp_"];
        match kind {
            None | Some("custom" | "function") => Self::Custom,
            Some(kind) if kind.starts_with("tool_search_tool_") => Self::Search,
            Some(kind) if SERVER.iter().any(|prefix| kind.starts_with(prefix)) => Self::Server,
            Some(_) => Self::Typed,
        }
    }
}

impl<'t> Survey<'t> {
    pub(super) fn of(tools: &'t [u8], model_searches: bool) -> Self {
        let mut survey = Self::default();
        let mut cursor = Cursor::at(tools, 0);
        if !cursor.enter(b'[') {
            return survey;
        }
        while cursor.next_item() {
            let members = fields(tools, cursor.skip());
            let kind = find(&members, "type").and_then(|value| string(tools, value));
            let sort = Sort::of(kind.as_deref());
            if sort == Sort::Server || (sort == Sort::Search && !model_searches) {
                continue;
            }
            survey.kept += 1;
            survey.search |= sort == Sort::Search;
            survey.names.extend(find(&members, "name").and_then(|value| string(tools, value)));
            let has = |name: &str| find(&members, name).is_some_and(|value| slice(tools, value) != b"null");
            let wants = |name: &str| find(&members, name).is_some_and(|value| slice(tools, value) == b"true");
            survey.eager |= wants("eager_input_streaming");
            survey.examples |= has("input_examples");
            match kind.as_deref() {
                Some(kind) if kind.starts_with("memory_") => survey.memory = true,
                Some("computer_20250124") => survey.computer_2025_01 = true,
                Some("computer_20251124") => survey.computer_2025_11 = true,
                _ => {}
            }
        }
        survey
    }
}

/// Rewrites `tools`. Whether any stays is in the survey.
pub(super) fn clean(tools: &[u8], rules: Rules<'_>, marks: &mut Marks, notes: &mut Notes) -> Edits {
    let mut edits = Edits::default();
    let mut cursor = Cursor::at(tools, 0);
    if !cursor.enter(b'[') {
        return edits;
    }
    let mut commas = Commas::default();
    while cursor.next_item() {
        let span = cursor.skip();
        let members = fields(tools, span);
        let kind = find(&members, "type").and_then(|value| string(tools, value));
        let sort = Sort::of(kind.as_deref());
        if sort == Sort::Server || (sort == Sort::Search && !rules.tool_search) {
            notes.dropped(&format!("tools.{}", kind.as_deref().unwrap_or_default()));
            commas.take_out(span, &mut edits);
        } else {
            let mut tool = Tool { text: tools, rules, marks, notes, edits: &mut edits };
            tool.clean(&members, sort);
            commas.keep(span, &mut edits);
        }
    }
    commas.finish(&mut edits);
    edits
}

struct Tool<'t, 'a> {
    text: &'t [u8],
    rules: Rules<'a>,
    marks: &'a mut Marks,
    notes: &'a mut Notes,
    edits: &'a mut Edits,
}

impl Tool<'_, '_> {
    fn clean(&mut self, members: &[Field<'_>], sort: Sort) {
        let mut commas = Commas::default();
        let mut last_end = None;
        for field in members {
            let span = Span { start: field.start, end: field.value.end };
            if self.keeps(field, sort) {
                commas.keep(span, self.edits);
                last_end = Some(span.end);
            } else {
                commas.take_out(span, self.edits);
            }
        }
        commas.finish(self.edits);
        if let Some(end) = last_end
            && self.rules.tool_search
            && find(members, "defer_loading").is_none()
            && self.deferred_inside(members)
        {
            self.edits.insert(end, ",\"defer_loading\":true");
        }
    }

    /// Some clients nest the flag in an object named like the type.
    fn deferred_inside(&self, members: &[Field<'_>]) -> bool {
        let custom = find(members, "custom").map(|value| fields(self.text, value)).unwrap_or_default();
        find(&custom, "defer_loading").is_some_and(|value| slice(self.text, value) == b"true")
    }

    fn keeps(&mut self, field: &Field<'_>, sort: Sort) -> bool {
        let value = slice(self.text, field.value);
        if field.is("cache_control") {
            return self.marks.meet(self.text, field.value, self.edits, self.notes);
        }
        if field.is("name") {
            self.rename(field);
            return true;
        }
        // Bedrock refuses these on every tool; without them the tool is the same.
        if field.is("eager_input_streaming") || field.is("custom") {
            return false;
        }
        if field.is("allowed_callers") {
            if value != br#"["direct"]"# {
                self.notes.dropped("tools.allowed_callers");
            }
            return false;
        }
        if field.is("defer_loading") && !self.rules.tool_search {
            // A tool that waits to be found would never be seen.
            if value == b"true" {
                self.notes.dropped("tools.defer_loading");
            }
            return false;
        }
        if field.is("strict") && !self.rules.strict {
            if value == b"true" {
                self.notes.dropped("tools.strict");
            }
            return false;
        }
        if sort == Sort::Custom {
            if field.is("type") {
                return false;
            }
            if field.is("input_schema") {
                self.schema(field.value);
            }
        }
        true
    }

    fn rename(&mut self, field: &Field<'_>) {
        if self.rules.names.is_identity() {
            return;
        }
        if let Some(name) = string(self.text, field.value) {
            let wire = self.rules.names.to_wire(&name);
            if wire != name {
                self.notes.add("tools.name", &wire);
                self.edits.replace(field.value, format!("\"{wire}\""));
            }
        }
    }

    /// The root of a schema must be a plain object.
    fn schema(&mut self, value: Span) {
        if slice(self.text, value).first() != Some(&b'{') {
            return;
        }
        let members = fields(self.text, value);
        if ["anyOf", "oneOf", "allOf"].iter().any(|word| find(&members, word).is_some()) {
            if let Some(merged) = schema::merge_root(slice(self.text, value)) {
                self.notes.add("tools.input_schema", "merged");
                self.edits.replace(value, merged);
            }
            return;
        }
        match find(&members, "type") {
            None => {
                let comma = if members.is_empty() { "" } else { "," };
                self.edits.insert(value.start + 1, format!("\"type\":\"object\"{comma}"));
            }
            Some(kind) => {
                let custom = between(self.text, kind).is_some_and(|kind| named(kind, "custom"));
                if custom || slice(self.text, kind) == b"null" {
                    self.edits.replace(kind, "\"object\"");
                }
            }
        }
    }
}

/// `tool_choice` as sent, if it must change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Same,
    Dropped,
    Changed(String),
}

/// Decides on `tool_choice`. `forced` says whether a tool may be forced on this model with this thinking.
pub(super) fn choice(
    json: &[u8],
    survey: &Survey<'_>,
    forced: bool,
    names: &ToolNames,
    notes: &mut Notes,
) -> Choice {
    if survey.kept == 0 {
        notes.dropped("tool_choice");
        return Choice::Dropped;
    }
    let Ok(serde_json::Value::Object(mut asked)) = serde_json::from_slice(json) else { return Choice::Same };
    let kind = asked.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
    let named_tool = asked.get("name").and_then(serde_json::Value::as_str);
    let missing =
        kind == "tool" && named_tool.is_some_and(|name| !survey.names.iter().any(|known| known == name));
    if (matches!(kind, "any" | "tool") && !forced) || missing {
        notes.add("tool_choice", "auto");
        asked.shift_remove("name");
        asked.insert("type".into(), "auto".into());
    } else if let Some(wire) = named_tool.map(|name| names.to_wire(name))
        && Some(&*wire) != named_tool
    {
        let wire = wire.into_owned();
        asked.insert("name".into(), wire.into());
    } else {
        return Choice::Same;
    }
    Choice::Changed(serde_json::Value::Object(asked).to_string())
}

/// Whether a list has no item.
pub(super) fn is_empty_list(json: &[u8]) -> bool {
    serde_json::from_slice::<Vec<&RawValue>>(json).is_ok_and(|items| items.is_empty())
}
