//! Output items as the client reads them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::directory::{Entry, Form};
use crate::openai::annotation::Link;
use crate::openai::tool::custom_input;

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    InProgress,
    Completed,
    /// The answer ended within it.
    Incomplete,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ItemJson<'a> {
    Message {
        id: &'a str,
        role: &'static str,
        status: Status,
        content: Vec<Part<'a>>,
    },
    Reasoning {
        id: &'a str,
        summary: Vec<Summary<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
    },
    FunctionCall {
        id: &'a str,
        call_id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        arguments: &'a str,
        status: Status,
    },
    CustomToolCall {
        id: &'a str,
        call_id: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        input: String,
        status: Status,
    },
    LocalShellCall {
        id: &'a str,
        call_id: &'a str,
        action: Value,
        status: Status,
    },
    ShellCall {
        id: &'a str,
        call_id: &'a str,
        action: Value,
        status: Status,
    },
    ApplyPatchCall {
        id: &'a str,
        call_id: &'a str,
        operation: Value,
        status: Status,
    },
    Compaction {
        id: &'a str,
        encrypted_content: String,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "output_text")]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) annotations: Vec<Annotation<'a>>,
    pub(super) logprobs: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "url_citation")]
pub(super) struct Annotation<'a> {
    #[serde(flatten)]
    pub(super) link: &'a Link,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "summary_text")]
pub(super) struct Summary<'a> {
    pub(super) text: &'a str,
}

pub(super) fn part<'a>(text: &'a str, links: &'a [Link]) -> Part<'a> {
    Part { text, annotations: links.iter().map(|link| Annotation { link }).collect(), logprobs: [] }
}

/// The ids of calls begin as the API's own do.
pub(super) const fn call_prefix(form: Form) -> &'static str {
    match form {
        Form::Function => "fc",
        Form::Custom => "ctc",
        Form::LocalShell => "lsh",
        Form::Shell => "sh",
        Form::ApplyPatch => "apc",
    }
}

/// A call; `json` is what the model wrote as arguments, empty where the call only begins.
pub(super) fn call<'a>(
    entry: &'a Entry,
    id: &'a str,
    call_id: &'a str,
    json: &'a str,
    status: Status,
) -> ItemJson<'a> {
    let Entry { name, namespace, form, .. } = entry;
    let namespace = namespace.as_deref();
    let begins = status == Status::InProgress;
    match form {
        Form::Function => {
            // The empty string is no JSON, and clients parse it.
            let arguments = if json.is_empty() && !begins { "{}" } else { json };
            ItemJson::FunctionCall { id, call_id, name, namespace, arguments, status }
        }
        Form::Custom => {
            let input = custom_input(json);
            ItemJson::CustomToolCall { id, call_id, name, namespace, input, status }
        }
        Form::LocalShell => ItemJson::LocalShellCall { id, call_id, action: local_action(json), status },
        Form::Shell => ItemJson::ShellCall { id, call_id, action: action(json), status },
        Form::ApplyPatch => ItemJson::ApplyPatchCall { id, call_id, operation: operation(json), status },
    }
}

fn arguments(json: &str) -> Map<String, Value> {
    match serde_json::from_str(json) {
        Ok(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    }
}

/// Models write a lone command as one string now and then.
fn words(value: Option<Value>, alone: impl FnOnce(String) -> Value) -> Value {
    match value {
        Some(Value::Array(words)) => words.into_iter().filter(Value::is_string).collect(),
        Some(Value::String(command)) => alone(command),
        _ => json!([]),
    }
}

fn local_action(json: &str) -> Value {
    let mut given = arguments(json);
    let command = words(given.remove("command"), |command| json!(["bash", "-lc", command]));
    let env = given.remove("env").filter(Value::is_object).unwrap_or_else(|| json!({}));
    let mut action = json!({"type": "exec", "command": command, "env": env});
    for name in ["timeout_ms", "user", "working_directory"] {
        action[name] = given.remove(name).unwrap_or(Value::Null);
    }
    action
}

fn action(json: &str) -> Value {
    let mut given = arguments(json);
    let commands = words(given.remove("commands"), |command| json!([command]));
    let mut action = json!({"commands": commands});
    for name in ["timeout_ms", "max_output_length"] {
        action[name] = given.remove(name).filter(Value::is_u64).unwrap_or(Value::Null);
    }
    action
}

fn operation(json: &str) -> Value {
    let mut given = arguments(json);
    let mut text = |name: &str| match given.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (path, diff) = (text("path"), text("diff"));
    match text("type").as_str() {
        "delete_file" => json!({"type": "delete_file", "path": path}),
        "create_file" => json!({"type": "create_file", "path": path, "diff": diff}),
        _ => json!({"type": "update_file", "path": path, "diff": diff}),
    }
}
