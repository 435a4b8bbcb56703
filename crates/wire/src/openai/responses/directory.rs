//! The tools of a request under the names that models see.
//!
//! Clients of this dialect put tools into namespaces and have tools that are no functions. A model sees one flat list of
//! functions; the directory leads its calls back.

use std::borrow::Cow;

use llm::RawBody;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::notes::Notes;
use crate::openai::text::Text;

/// How the client wants calls of a tool written, and how it writes them in its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `function_call`, JSON.
    Function,
    /// `custom_tool_call`, plain text.
    Custom,
    /// `local_shell_call`, an `action` with one command.
    LocalShell,
    /// `shell_call`, an `action` with several commands.
    Shell,
    /// `apply_patch_call`, an `operation` on one file.
    ApplyPatch,
}

/// One tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The name for the model.
    pub(super) wire: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) form: Form,
}

/// A tool as the client defines it; `kind` says which of the others count.
#[derive(Debug, Deserialize)]
pub(super) struct Definition<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) description: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) parameters: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) format: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) strict: Option<bool>,
    #[serde(borrow, default)]
    environment: Option<Environment<'a>>,
    #[serde(borrow, default)]
    tools: Option<Vec<Definition<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Environment<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
}

/// All tools, in the order in which the client names them.
#[derive(Debug, Default)]
pub(super) struct Directory {
    entries: Vec<Entry>,
}

impl Directory {
    /// For the writers of answers, who need names alone. What has a wrong shape is refused where the meaning is read.
    pub(super) fn of(raw: &RawBody) -> Self {
        let mut directory = Self::default();
        if let Some(tools) = raw.get("tools")
            && let Ok(Some(definitions)) = serde_json::from_slice::<Option<Vec<Definition<'_>>>>(tools)
        {
            directory.enter(&definitions, &mut Notes::default());
        }
        if let Some(input) = raw.get("input").filter(|input| has_more_tools(input))
            && let Ok(items) = serde_json::from_slice::<Vec<MoreTools<'_>>>(input)
        {
            for item in &items {
                directory.enter_more(item);
            }
        }
        directory
    }

    fn enter_more(&mut self, item: &MoreTools<'_>) {
        if item.kind.as_ref().is_some_and(|kind| kind.as_str() == "additional_tools")
            && let Some(tools) = item.tools
            && let Ok(definitions) = serde_json::from_str::<Vec<Definition<'_>>>(tools.get())
        {
            self.enter(&definitions, &mut Notes::default());
        }
    }

    /// Takes tools in; gives back each that a model can use, with its place in the directory.
    pub(super) fn enter<'a>(
        &mut self,
        definitions: &'a [Definition<'a>],
        notes: &mut Notes,
    ) -> Vec<(usize, &'a Definition<'a>)> {
        let mut entered = Vec::with_capacity(definitions.len());
        for definition in definitions {
            let name = definition.name.as_ref().map(Text::as_str);
            match (definition.kind.as_ref().map_or("function", Text::as_str), name) {
                ("namespace", namespace) => {
                    for inner in definition.tools.iter().flatten() {
                        let form = match inner.kind.as_ref().map_or("function", Text::as_str) {
                            "function" => Form::Function,
                            "custom" => Form::Custom,
                            other => {
                                notes.add_dropped_tool(other);
                                continue;
                            }
                        };
                        if let Some(name) = &inner.name {
                            entered.push((self.add(namespace, name.as_str(), form), inner));
                        }
                    }
                }
                ("function", Some(name)) => {
                    entered.push((self.add(None, name, Form::Function), definition));
                }
                ("custom", Some(name)) => entered.push((self.add(None, name, Form::Custom), definition)),
                ("local_shell", _) => {
                    entered.push((self.add(None, "local_shell", Form::LocalShell), definition));
                }
                ("shell", _) if definition.runs_at_client() => {
                    entered.push((self.add(None, "shell", Form::Shell), definition));
                }
                ("apply_patch", _) => {
                    entered.push((self.add(None, "apply_patch", Form::ApplyPatch), definition));
                }
                // They run at OpenAI, which is not there.
                (other, _) => notes.add_dropped_tool(other),
            }
        }
        entered
    }

    /// Enters one tool. A name that is taken gets a number.
    fn add(&mut self, namespace: Option<&str>, name: &str, form: Form) -> usize {
        let plain = joined(namespace, name);
        let mut wire = plain.clone().into_owned();
        let mut number = 2;
        while self.entries.iter().any(|entry| entry.wire == wire) {
            wire = format!("{plain}_{number}");
            number += 1;
        }
        let namespace = namespace.map(str::to_owned);
        self.entries.push(Entry { wire, namespace, name: name.to_owned(), form });
        self.entries.len() - 1
    }

    pub(super) fn get(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    /// The tool that a model calls so.
    pub(super) fn called(&self, wire: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.wire == wire)
    }

    /// The name for the model of a tool in the client's history, which may be gone from its list.
    pub(super) fn wire<'a>(&'a self, namespace: Option<&str>, name: &'a str) -> Cow<'a, str> {
        let known =
            self.entries.iter().find(|entry| entry.namespace.as_deref() == namespace && entry.name == name);
        known.map_or_else(|| joined(namespace, name), |entry| entry.wire.as_str().into())
    }

    /// The tool that a choice names, by a name with or without its namespace.
    pub(super) fn chosen(&self, namespace: Option<&str>, name: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        match namespace {
            Some(_) => entries.find(|entry| entry.namespace.as_deref() == namespace && entry.name == name),
            None => entries.find(|entry| entry.name == name || entry.wire == name),
        }
    }

    /// The first tool of a form.
    pub(super) fn of_form(&self, form: Form) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.form == form)
    }
}

impl Definition<'_> {
    fn runs_at_client(&self) -> bool {
        let place = self.environment.as_ref().and_then(|environment| environment.kind.as_ref());
        place.is_none_or(|place| place.as_str() == "local")
    }
}

/// An item of `input` that brings tools.
#[derive(Deserialize)]
struct MoreTools<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    tools: Option<&'a RawValue>,
}

/// Whether it is worth looking for such items: conversations are long.
fn has_more_tools(input: &[u8]) -> bool {
    memmem::find(input, b"\"additional_tools\"").is_some()
}

/// `mcp__jira__` and `get_issue` make `mcp__jira__get_issue`, as do `mcp__jira` and `get_issue`.
fn joined<'a>(namespace: Option<&str>, name: &'a str) -> Cow<'a, str> {
    match namespace {
        None | Some("") => name.into(),
        Some(namespace) if namespace.ends_with("__") => format!("{namespace}{name}").into(),
        Some(namespace) => format!("{namespace}__{name}").into(),
    }
}
