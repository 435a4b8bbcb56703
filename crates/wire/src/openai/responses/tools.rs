//! Tool definitions and the choice among them.

use llm::{Error, RawBody, Tool, ToolChoice};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::directory::{Definition, Directory, Form};
use crate::openai::error::{invalid_type, invalid_value, missing, unsupported};
use crate::openai::notes::Notes;
use crate::openai::parameters::flag;
use crate::openai::text::Text;
use crate::openai::tool;

/// The tools of a request.
#[derive(Debug, Default)]
pub(super) struct Kit {
    pub(super) directory: Directory,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Option<ToolChoice>,
    pub(super) parallel: Option<bool>,
}

impl Kit {
    /// Reads the list of the request's top level.
    pub(super) fn read(raw: &RawBody, notes: &mut Notes) -> Result<Self, Error> {
        let mut kit = Self { parallel: flag(raw, "parallel_tool_calls")?, ..Self::default() };
        if let Some(tools) = raw.get("tools") {
            kit.extend(tools, "tools", notes)?;
        }
        Ok(kit)
    }

    /// Takes in a list of tools; `at` names it in errors.
    pub(super) fn extend(&mut self, json: &[u8], at: &str, notes: &mut Notes) -> Result<(), Error> {
        let definitions: Option<Vec<Definition<'_>>> = serde_json::from_slice(json)
            .map_err(|error| Error::invalid(format!("{at}: {error}")).with_param(at))?;
        let definitions = definitions.unwrap_or_default();
        if let Some(number) = definitions.iter().position(|tool| {
            let kind = tool.kind.as_ref().map_or("function", Text::as_str);
            matches!(kind, "function" | "custom") && tool.name.is_none()
        }) {
            return Err(missing(format!("{at}[{number}].name")));
        }
        for (place, definition) in self.directory.enter(&definitions, notes) {
            let Some(entry) = self.directory.get(place) else { continue };
            let description = definition.description.clone().map(Text::into_owned);
            self.tools.push(match entry.form {
                Form::Function => {
                    let schema = definition.parameters.map(RawValue::get);
                    let schema = schema.and_then(|schema| serde_json::from_str(schema).ok());
                    tool::function(entry.wire.clone(), description, schema, definition.strict, None)
                }
                Form::Custom => {
                    let format = definition.format.map(RawValue::get);
                    let format = format.and_then(|format| serde_json::from_str(format).ok());
                    tool::freeform(entry.wire.clone(), description, format, None)
                }
                form => {
                    let (said, schema) = built_in(form);
                    let description = description.unwrap_or_else(|| said.to_owned());
                    tool::function(entry.wire.clone(), Some(description), Some(schema), None, None)
                }
            });
        }
        Ok(())
    }

    /// Reads which of them the model may or must call, once all are known.
    pub(super) fn choose(&mut self, raw: &RawBody) -> Result<(), Error> {
        if self.tools.is_empty() {
            self.parallel = None;
            return Ok(());
        }
        let wrong = || invalid_type("tool_choice", "one of a string or an object", raw.get("tool_choice"));
        self.choice = match raw.read::<Choice>("tool_choice").map_err(|_| wrong())? {
            None => None,
            Some(Choice::Word(word)) => Some(word_choice("tool_choice", &word)?),
            Some(Choice::Object(Chosen { r#type, mode, tools: Some(allowed), .. }))
                if r#type == "allowed_tools" =>
            {
                let names: Vec<String> =
                    allowed.iter().filter_map(|one| Some(self.find(one)?.to_owned())).collect();
                if names.is_empty() {
                    return Err(unknown("tool_choice.tools"));
                }
                self.tools.retain(|tool| names.contains(&tool.name));
                Some(word_choice("tool_choice.mode", mode.as_deref().unwrap_or("auto"))?)
            }
            Some(Choice::Object(chosen)) => match self.find(&chosen) {
                Some(name) => Some(ToolChoice::Named(name.to_owned())),
                None if matches!(chosen.r#type.as_str(), "function" | "custom") => {
                    return Err(match chosen.name {
                        Some(_) => unknown("tool_choice"),
                        None => missing("tool_choice.name"),
                    });
                }
                None if matches!(chosen.r#type.as_str(), "auto" | "none" | "required" | "any") => {
                    Some(word_choice("tool_choice.type", &chosen.r#type)?)
                }
                None => {
                    let kind: String = chosen.r#type.chars().take(64).collect();
                    return Err(unsupported(
                        "tool_choice",
                        format!("The tool '{kind}' runs at OpenAI and is not available here."),
                    ));
                }
            },
        };
        Ok(())
    }

    fn find(&self, chosen: &Chosen) -> Option<&str> {
        let form = match chosen.r#type.as_str() {
            "local_shell" => Form::LocalShell,
            "shell" => Form::Shell,
            "apply_patch" => Form::ApplyPatch,
            _ => {
                let found = self.directory.chosen(chosen.namespace.as_deref(), chosen.name.as_deref()?);
                return found.map(|entry| entry.wire.as_str());
            }
        };
        self.directory.of_form(form).map(|entry| entry.wire.as_str())
    }
}

/// `"auto"` or one of the objects.
#[derive(Deserialize)]
#[serde(untagged)]
enum Choice {
    Word(String),
    Object(Chosen),
}

#[derive(Deserialize)]
struct Chosen {
    r#type: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    tools: Option<Vec<Chosen>>,
}

fn word_choice(param: &str, word: &str) -> Result<ToolChoice, Error> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // Anthropic's word is common among clients that speak both.
        "required" | "any" => Ok(ToolChoice::Any),
        other => Err(invalid_value(param, other, "'none', 'auto', and 'required'")),
    }
}

fn unknown(param: &str) -> Error {
    Error::invalid("Tool choice not found in 'tools' parameter.").with_param(param)
}

/// The tools that OpenAI's models know by heart; other models are told how they work.
fn built_in(form: Form) -> (&'static str, Value) {
    let text = || json!({"type": "string"});
    match form {
        Form::LocalShell => (
            "Runs a command on the user's machine and returns its output.",
            json!({
                "type": "object",
                "properties": {
                    "command": {"type": "array", "items": text(), "description": "The program and its arguments."},
                    "working_directory": text(),
                    "timeout_ms": {"type": "integer"},
                    "env": {"type": "object", "additionalProperties": text()}
                },
                "required": ["command"]
            }),
        ),
        Form::Shell => (
            "Runs shell commands on the user's machine, in order, and returns what each wrote and how it ended.",
            json!({
                "type": "object",
                "properties": {
                    "commands": {"type": "array", "items": text(), "description": "One shell command each."},
                    "timeout_ms": {"type": "integer"},
                    "max_output_length": {"type": "integer", "description": "Characters of output to return."}
                },
                "required": ["commands"]
            }),
        ),
        _ => (
            "Creates, changes or deletes one file. `diff` is in the V4A form: for a new file every line begins with \
             '+'; for a change, sections begin with '@@' and lines with ' ', '-' or '+'.",
            json!({
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
                    "path": text(),
                    "diff": {"type": "string", "description": "Not for delete_file."}
                },
                "required": ["type", "path"]
            }),
        ),
    }
}
