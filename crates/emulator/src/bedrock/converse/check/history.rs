//! The conversation as a whole: turns, empty content, results for calls.

use std::collections::HashSet;

use serde_json::Value;

use super::{Ask, Checked, say};

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    turns(ask)?;
    blank(ask)?;
    pairs(ask)?;
    let uses_tools =
        ask.blocks().any(|(_, block)| block.get("toolUse").is_some() || block.get("toolResult").is_some());
    if uses_tools && ask.body["toolConfig"].is_null() {
        return say("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
    }
    Ok(())
}

fn turns(ask: &Ask<'_>) -> Checked {
    let messages = ask.messages();
    let Some(first) = messages.first() else {
        return say(
            "A conversation must have at least one message. Try again with a conversation that has messages.",
        );
    };
    if !ask.model.takes_mid_system() && messages.iter().any(|message| message["role"] == "system") {
        return say(
            "This model doesn't support the role system in messages. Use the system field and try again.",
        );
    }
    if first["role"] != "user" {
        return say(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        );
    }
    let spoken: Vec<&Value> =
        messages.iter().map(|message| &message["role"]).filter(|role| **role != "system").collect();
    if spoken.windows(2).any(|pair| pair[0] == pair[1]) {
        return say(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates \
             between user and assistant roles and try again.",
        );
    }
    let Some(last) = messages.last().filter(|last| last["role"] == "assistant") else { return Ok(()) };
    if !ask.model.takes_prefill() {
        return say(
            "The model returned the following errors: This model does not support assistant message prefill. The \
             conversation must end with a user message.",
        );
    }
    let text = last["content"].as_array().and_then(|blocks| blocks.last()?["text"].as_str());
    if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return say(
            "The model returned the following errors: messages: final assistant content cannot end with trailing \
             whitespace",
        );
    }
    Ok(())
}

fn blank(ask: &Ask<'_>) -> Checked {
    for (at, message) in ask.messages().iter().enumerate() {
        if message["content"].as_array().is_some_and(Vec::is_empty) {
            return say(format!(
                "The content field in the Message object at messages.{at} is empty. Add a ContentBlock object to the \
                 content field and try again."
            ));
        }
    }
    for (path, block) in ask.blocks() {
        if block["text"].as_str().is_some_and(|text| text.trim().is_empty()) {
            return say(format!(
                "The text field in the ContentBlock object at {path} is blank. Add text to the text field, and try \
                 again."
            ));
        }
        if let Some(call) = block.get("toolUse") {
            if call["input"].is_null() {
                return say(format!("The value at {path}.toolUse.input is empty."));
            }
            if !call["input"].is_object() {
                return say(format!(
                    "The format of the value at {path}.toolUse.input is invalid. Provide a json object for the field \
                     and try again."
                ));
            }
        }
        for (at, part) in block["toolResult"]["content"].as_array().into_iter().flatten().enumerate() {
            if part["text"].as_str().is_some_and(|text| text.trim().is_empty()) {
                return say(format!(
                    "The text field in the ToolResultContentBlock object at {path}.toolResult.content.{at} is blank. \
                     Add text to the text field, and try again."
                ));
            }
            if part.get("json").is_some_and(|json| !json.is_object()) {
                return say(format!(
                    "The format of the value at {path}.toolResult.content.{at}.json is invalid. Provide a json object \
                     for the field and try again."
                ));
            }
        }
    }
    Ok(())
}

/// All results of a turn's calls stand in the one message that follows.
fn pairs(ask: &Ask<'_>) -> Checked {
    let mut called: Vec<&str> = Vec::new();
    let messages = ask.messages();
    for (at, message) in messages.iter().enumerate().filter(|(_, message)| message["role"] != "system") {
        let blocks = || message["content"].as_array().into_iter().flatten();
        let results: Vec<&str> =
            blocks().filter_map(|block| block["toolResult"]["toolUseId"].as_str()).collect();
        let missing: Vec<&str> = called.iter().filter(|id| !results.contains(*id)).copied().collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return say(format!(
                "Expected toolResult blocks at messages.{at}.content for the following Ids: {missing}"
            ));
        }
        if results.iter().collect::<HashSet<_>>().len() != results.len() {
            return say(format!("The toolResult blocks at messages.{at}.content contain duplicate Ids."));
        }
        if results.len() > called.len() {
            return say(format!(
                "The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse blocks of \
                 previous turn."
            ));
        }
        called = blocks().filter_map(|block| block["toolUse"]["toolUseId"].as_str()).collect();
        if called.iter().collect::<HashSet<_>>().len() != called.len() {
            return say(format!("The toolUse blocks at messages.{at}.content contain duplicate Ids."));
        }
    }
    if called.is_empty() {
        return Ok(());
    }
    let missing = called.join(", ");
    say(format!(
        "Expected toolResult blocks at messages.{}.content for the following Ids: {missing}",
        messages.len()
    ))
}
