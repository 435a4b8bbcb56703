//! Calls of tools and their outputs in the client's history, as the model saw them.

use bytes::Bytes;
use llm::{Block, Content, Error};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::content::{blocks, read};
use super::directory::{Directory, Form};
use super::item::Item;
use crate::openai::error::missing;
use crate::openai::notes::Notes;
use crate::openai::text::Text;
use crate::openai::tool::object;

/// A call; `None` for an item that is none.
pub(super) fn call(
    item: &Item<'_>,
    at: &str,
    directory: &Directory,
    notes: &mut Notes,
) -> Result<Option<Content>, Error> {
    let form = match item.kind() {
        "function_call" => Form::Function,
        "custom_tool_call" => Form::Custom,
        "local_shell_call" => Form::LocalShell,
        "shell_call" => Form::Shell,
        "apply_patch_call" => Form::ApplyPatch,
        _ => return Ok(None),
    };
    let id = item.call().ok_or_else(|| missing(format!("{at}.call_id")))?.to_owned();
    let named = || item.name.as_ref().map(Text::as_str).ok_or_else(|| missing(format!("{at}.name")));
    let namespace = item.namespace.as_ref().map(Text::as_str);
    let name = match form {
        Form::Function | Form::Custom => directory.wire(namespace, named()?),
        form => match directory.of_form(form) {
            Some(entry) => entry.wire.as_str().into(),
            None => built_in(form).into(),
        },
    };
    let input = match form {
        Form::Function => {
            let arguments = item.arguments.map(RawValue::get);
            let member = || format!("{at}.arguments");
            match arguments {
                // Some clients send the object instead of its text.
                Some(json) if json.starts_with('{') => json.to_owned(),
                Some(json) => object(Some(read::<Text<'_>>(json, &member())?), member, notes)?,
                None => "{}".to_owned(),
            }
        }
        Form::Custom => {
            let input: Option<Text<'_>> =
                item.input.map(|json| read(json.get(), &format!("{at}.input"))).transpose()?;
            json!({ "input": input.map(Text::into_owned).unwrap_or_default() }).to_string()
        }
        Form::LocalShell | Form::Shell => action(item.action, &format!("{at}.action"))?,
        Form::ApplyPatch => match item.operation {
            Some(operation) => operation.get().to_owned(),
            None => return Err(missing(format!("{at}.operation"))),
        },
    };
    Ok(Some(Content::ToolUse { id, name: name.into_owned(), input }))
}

const fn built_in(form: Form) -> &'static str {
    match form {
        Form::LocalShell => "local_shell",
        Form::Shell => "shell",
        _ => "apply_patch",
    }
}

/// An action as the arguments that made it: without its type and without what is null.
fn action(action: Option<&RawValue>, at: &str) -> Result<String, Error> {
    let action = action.ok_or_else(|| missing(at))?;
    let mut action: Value = read(action.get(), at)?;
    let Some(members) = action.as_object_mut() else {
        return Ok("{}".to_owned());
    };
    members.retain(|name, value| name != "type" && !value.is_null());
    Ok(action.to_string())
}

/// What a tool gave back.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) id: String,
    pub(super) content: Vec<Block>,
    pub(super) is_error: bool,
}

/// An output; `None` for an item that is none.
pub(super) fn output(
    item: &Item<'_>,
    at: &str,
    request: &Bytes,
    notes: &mut Notes,
) -> Result<Option<Output>, Error> {
    let kind = item.kind();
    if !matches!(
        kind,
        "function_call_output"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "shell_call_output"
            | "apply_patch_call_output"
    ) {
        return Ok(None);
    }
    let id = item.call().ok_or_else(|| missing(format!("{at}.call_id")))?.to_owned();
    let is_error = item.status.as_ref().is_some_and(|status| status.as_str() == "failed");
    let content = match item.output {
        // What commands wrote and how they ended says it best in the client's own words.
        Some(output) if kind == "shell_call_output" => vec![Block::text(output.get())],
        Some(output) if output.get().starts_with(['"', '[']) => {
            blocks(output, &format!("{at}.output"), request, notes)?
        }
        // Outputs of early clients are objects.
        Some(output) => vec![Block::text(output.get())],
        None if kind == "apply_patch_call_output" => {
            item.status.as_ref().map(|status| Block::text(status.as_str())).into_iter().collect()
        }
        None => Vec::new(),
    };
    Ok(Some(Output { id, content, is_error }))
}
