//! What one entry of the conversation may hold.

use serde_json::Value;

use super::{Broken, Checked, Talk, hidden, is_origin, media, too_long};
use crate::amazon_q::chat::signature;

/// Characters of a person's text.
const MOST_TEXT: usize = 600_000;
/// Characters of a tool's result.
const MOST_RESULT: usize = 800_000;
/// Characters of a working directory.
const MOST_FOLDER: usize = 256;

pub(super) fn check(talk: &Talk<'_>) -> Checked {
    for (at, entry) in talk.history.iter().enumerate() {
        let place = format!("history.{at}");
        if at % 2 == 0 {
            let message = &entry["userInputMessage"];
            if !message["userInputMessageContext"]["tools"].is_null() {
                return hidden(format!("{place}: tools belong into the current message"));
            }
            user(talk, message, &place)?;
        } else {
            assistant(talk, &entry["assistantResponseMessage"], &place)?;
        }
    }
    user(talk, talk.current, "currentMessage")
}

fn user(talk: &Talk<'_>, message: &Value, place: &str) -> Checked {
    content(message, place)?;
    optional(&message["modelId"], place, "modelId", |id| !id.is_empty())?;
    optional(&message["origin"], place, "origin", is_origin)?;
    media::check(talk, message, place)?;
    let context = &message["userInputMessageContext"];
    if !context.is_null() && !context.is_object() {
        return hidden(format!("{place}: userInputMessageContext is no object"));
    }
    optional(&context["envState"]["currentWorkingDirectory"], place, "currentWorkingDirectory", |folder| {
        folder.chars().count() <= MOST_FOLDER
    })?;
    for result in list(&context["toolResults"], place, "toolResults")? {
        tool_result(result, place)?;
    }
    Ok(())
}

fn tool_result(result: &Value, place: &str) -> Checked {
    id(&result["toolUseId"], place)?;
    optional(&result["status"], place, "status", |status| matches!(status, "success" | "error"))?;
    let parts = list(&result["content"], place, "content of a toolResult")?;
    if parts.is_empty() {
        return hidden(format!("{place}: a toolResult without content"));
    }
    for part in parts {
        let names: Vec<_> = part.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        match (names.as_slice(), part["text"].as_str()) {
            (["text"], Some("")) => return hidden(format!("{place}: an empty text in a toolResult")),
            (["text"], Some(text)) if text.len() > MOST_RESULT && text.chars().count() > MOST_RESULT => {
                return too_long("a toolResult is longer than is taken");
            }
            (["text"], Some(_)) | (["json"], None) => {}
            _ => return hidden(format!("{place}: content of a toolResult is {names:?}")),
        }
    }
    Ok(())
}

fn assistant(talk: &Talk<'_>, message: &Value, place: &str) -> Checked {
    content(message, place)?;
    for call in list(&message["toolUses"], place, "toolUses")? {
        id(&call["toolUseId"], place)?;
        if call["name"].as_str().is_none_or(str::is_empty) {
            return hidden(format!("{place}: a toolUse without a name"));
        }
        if !call["input"].is_object() {
            return hidden(format!("{place}: the input of a toolUse is no object"));
        }
    }
    reasoning(talk, &message["reasoningContent"], place)
}

/// One value: a signed text, nested, or an opaque block. A signature holds for the text and the model that made it.
fn reasoning(talk: &Talk<'_>, reasoning: &Value, place: &str) -> Checked {
    if reasoning.is_null() {
        return Ok(());
    }
    let names: Vec<_> = reasoning.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let invalid = |why: &str| {
        let words = "Invalid signature in thinking block.";
        Err(Broken::told(Some("THINKING_SIGNATURE_INVALID"), words, format!("{place}: {why}")))
    };
    match names.as_slice() {
        ["reasoningText"] => {
            let Some(text) = reasoning["reasoningText"]["text"].as_str() else {
                return hidden(format!("{place}: reasoningText without a text"));
            };
            match reasoning["reasoningText"]["signature"].as_str() {
                None => invalid("a thought without a signature"),
                Some(given) if signature::holds(given, talk.model.id, text, talk.own_thoughts) => Ok(()),
                Some(_) => invalid("the signature is of another text or model"),
            }
        }
        ["redactedContent"] => {
            let block = reasoning["redactedContent"].as_str().unwrap_or_default();
            match signature::opaque_holds(block, talk.model.id, talk.own_thoughts) {
                None => hidden(format!("{place}: redactedContent is no base64")),
                Some(true) => Ok(()),
                Some(false) => invalid("an opaque thought of another model"),
            }
        }
        // The flat form has `text` right here.
        _ => {
            let why = format!("{place}: reasoningContent is {names:?}");
            Err(Broken::told(Some("REQUEST_BODY_INVALID"), super::IMPROPER, why))
        }
    }
}

fn content(message: &Value, place: &str) -> Checked {
    match message["content"].as_str() {
        None => hidden(format!("{place}: content is missing")),
        Some("") => hidden(format!("{place}: content is empty")),
        Some(text) if text.len() > MOST_TEXT && text.chars().count() > MOST_TEXT => {
            too_long("a content is longer than is taken")
        }
        Some(_) => Ok(()),
    }
}

fn id(id: &Value, place: &str) -> Checked {
    let legal = |letter: u8| letter.is_ascii_alphanumeric() || b"_.:-".contains(&letter);
    match id.as_str() {
        Some(id) if (1..=64).contains(&id.len()) && id.bytes().all(legal) => Ok(()),
        _ => hidden(format!("{place}: toolUseId {id}")),
    }
}

fn optional(value: &Value, place: &str, name: &str, fits: impl Fn(&str) -> bool) -> Checked {
    if value.is_null() || value.as_str().is_some_and(fits) {
        return Ok(());
    }
    hidden(format!("{place}: {name} is {value}"))
}

/// A list that may be left out.
pub(super) fn list<'a>(value: &'a Value, place: &str, name: &str) -> Result<&'a [Value], Broken> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => hidden(format!("{place}: {name} is no list")),
    }
}
