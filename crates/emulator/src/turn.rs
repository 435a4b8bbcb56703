//! The last user turn, in any dialect.

use serde_json::Value;

/// What the last user turn brings: everything since the model's last message.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Turn {
    /// Its text blocks in order.
    pub(crate) texts: Vec<String>,
    /// The text of its last tool result.
    pub(crate) tool_result: Option<String>,
}

impl Turn {
    /// Reads Anthropic and Converse messages alike: their blocks differ in names that do not clash.
    pub(crate) fn read(messages: &Value) -> Self {
        let mut turn = Self::default();
        let messages = messages.as_array().map_or(&[][..], Vec::as_slice);
        let since =
            messages.iter().rposition(|message| message["role"] == "assistant").map_or(0, |at| at + 1);
        for message in messages[since..].iter().filter(|message| message["role"] == "user") {
            match &message["content"] {
                Value::String(text) => turn.texts.push(text.clone()),
                Value::Array(blocks) => blocks.iter().for_each(|block| turn.take(block)),
                _ => {}
            }
        }
        turn
    }

    /// Reads messages of Chat Completions, whose tool results are messages of their own.
    pub(crate) fn read_chat(messages: &Value) -> Self {
        let mut turn = Self::read(messages);
        let messages = messages.as_array().map_or(&[][..], Vec::as_slice);
        let last = messages.iter().rev().take_while(|message| message["role"] != "assistant");
        let result = last.into_iter().find(|message| message["role"] == "tool");
        turn.tool_result = result.map(|message| result_text(&message["content"]));
        turn
    }

    /// Reads the items of Responses, or the one text that they may be.
    pub(crate) fn read_items(input: &Value) -> Self {
        let mut turn = Self::default();
        let items = match input {
            Value::String(text) => {
                turn.texts.push(text.clone());
                return turn;
            }
            Value::Array(items) => items.as_slice(),
            _ => return turn,
        };
        let spoken = |item: &Value| {
            let kind = item["type"].as_str().unwrap_or_default();
            item["role"] == "assistant" || kind.ends_with("_call") || kind == "reasoning"
        };
        let since = items.iter().rposition(spoken).map_or(0, |at| at + 1);
        for item in &items[since..] {
            if item["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output")) {
                turn.tool_result = Some(result_text(&item["output"]));
            } else if item["role"] == "user" {
                match &item["content"] {
                    Value::String(text) => turn.texts.push(text.clone()),
                    Value::Array(parts) => parts.iter().for_each(|part| turn.take(part)),
                    _ => {}
                }
            }
        }
        turn
    }

    fn take(&mut self, block: &Value) {
        if block["type"] == "tool_result" {
            self.tool_result = Some(result_text(&block["content"]));
        } else if let Some(result) = block.get("toolResult") {
            self.tool_result = Some(result_text(&result["content"]));
        } else if let Some(text) = block["text"].as_str() {
            self.texts.push(text.to_owned());
        }
    }

    /// What the person wrote: clients put reminders of their own around it.
    pub(crate) fn prompt(&self) -> &str {
        let reminder = |text: &&String| !text.trim_start().starts_with("<system-reminder>");
        self.texts.iter().rev().find(reminder).or_else(|| self.texts.last()).map_or("", String::as_str)
    }
}

fn result_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| {
                part["text"].as_str().map(str::to_owned).or_else(|| part.get("json").map(Value::to_string))
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
