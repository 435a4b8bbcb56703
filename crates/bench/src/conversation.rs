//! The questions: what a coding agent sends, in three sizes and three forms.

use serde_json::{Value, json};

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// About 1 KB: one question.
    Small,
    /// About 30 KB: twenty tools, two turns with tool calls.
    Medium,
    /// About 2 MB: a long session of tool calls and their results, with cache marks.
    Huge,
}

/// The form of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions.
    Openai,
    /// Claude's body on Bedrock. Converse and Amazon Q get it too when asked directly: the stand-in does not read it.
    Bedrock,
}

struct Call {
    id: String,
    tool: &'static str,
    input: Value,
    result: String,
}

struct Turn {
    question: String,
    calls: Vec<Call>,
    answer: String,
}

struct Talk {
    system: String,
    turns: Vec<Turn>,
    question: String,
    tools: usize,
}

const TOOLS: [&str; 8] = ["Read", "Edit", "Write", "Search", "List", "Shell", "Fetch", "Plan"];
const INTRO: &str = "Let me look at the file first.";

/// Writes a question in `form`.
pub fn body(form: Form, size: Size, model: &str, stream: bool) -> Vec<u8> {
    let talk = Talk::new(size);
    let value = match form {
        Form::Anthropic | Form::Bedrock => talk.anthropic(form, size, model, stream),
        Form::Openai => talk.openai(model, stream),
    };
    value.to_string().into_bytes()
}

impl Talk {
    fn new(size: Size) -> Self {
        let (system, turns, result) = match size {
            Size::Small => (300, 0, 0),
            Size::Medium => (2_400, 2, 1_200),
            Size::Huge => (14_000, 150, 9_000),
        };
        Talk {
            system: prose(system, 1),
            turns: (0..turns).map(|turn| Turn::new(turn, result)).collect(),
            question: prose(520, 2),
            tools: if size == Size::Small { 0 } else { 20 },
        }
    }

    fn anthropic(&self, form: Form, size: Size, model: &str, stream: bool) -> Value {
        let mut messages = Vec::new();
        for turn in &self.turns {
            messages.push(json!({"role": "user", "content": [text(&turn.question)]}));
            let uses = turn.calls.iter().map(
                |call| json!({"type": "tool_use", "id": call.id, "name": call.tool, "input": call.input}),
            );
            messages.push(json!({"role": "assistant",
                "content": std::iter::once(text(INTRO)).chain(uses).collect::<Vec<_>>()}));
            let results = turn.calls.iter().map(
                |call| json!({"type": "tool_result", "tool_use_id": call.id, "content": [text(&call.result)]}),
            );
            messages.push(json!({"role": "user", "content": results.collect::<Vec<_>>()}));
            messages.push(json!({"role": "assistant", "content": [text(&turn.answer)]}));
        }
        let (mut system, mut question) = (text(&self.system), text(&self.question));
        if size == Size::Huge {
            system["cache_control"] = json!({"type": "ephemeral"});
            question["cache_control"] = json!({"type": "ephemeral"});
        }
        messages.push(json!({"role": "user", "content": [question]}));
        let mut body = if form == Form::Bedrock {
            json!({"anthropic_version": "bedrock-2023-05-31"})
        } else {
            json!({"model": model, "stream": stream})
        };
        body["max_tokens"] = json!(4096);
        body["system"] = json!([system]);
        body["messages"] = json!(messages);
        if self.tools > 0 {
            let tools = (0..self.tools).map(|index| {
                json!({"name": tool_name(index), "description": prose(150, index + 3), "input_schema": schema(index)})
            });
            body["tools"] = tools.collect();
        }
        body
    }

    fn openai(&self, model: &str, stream: bool) -> Value {
        let mut messages = vec![json!({"role": "system", "content": self.system})];
        for turn in &self.turns {
            messages.push(json!({"role": "user", "content": turn.question}));
            let calls = turn.calls.iter().map(|call| {
                json!({"id": call.id, "type": "function",
                    "function": {"name": call.tool, "arguments": call.input.to_string()}})
            });
            messages.push(
                json!({"role": "assistant", "content": INTRO, "tool_calls": calls.collect::<Vec<_>>()}),
            );
            for call in &turn.calls {
                messages.push(json!({"role": "tool", "tool_call_id": call.id, "content": call.result}));
            }
            messages.push(json!({"role": "assistant", "content": turn.answer}));
        }
        messages.push(json!({"role": "user", "content": self.question}));
        let mut body = json!({"model": model, "stream": stream, "max_tokens": 4096, "messages": messages});
        if self.tools > 0 {
            let tools = (0..self.tools).map(|index| {
                json!({"type": "function", "function": {"name": tool_name(index),
                    "description": prose(150, index + 3), "parameters": schema(index)}})
            });
            body["tools"] = tools.collect();
        }
        body
    }
}

impl Turn {
    fn new(turn: usize, result: usize) -> Self {
        let path = format!("/home/dev/src/part_{turn}.rs");
        let read = Call {
            id: format!("toolu_bench{:019}", turn * 2),
            tool: TOOLS[0],
            input: json!({"path": path}),
            result: code(result, turn),
        };
        let edit = Call {
            id: format!("toolu_bench{:019}", turn * 2 + 1),
            tool: TOOLS[1],
            input: json!({"path": path, "edits": [{"old": code(result / 20, turn), "new": code(result / 16, turn + 1)}]}),
            result: prose(result / 10, turn),
        };
        Turn { question: prose(380, turn), calls: vec![read, edit], answer: prose(650, turn + 5) }
    }
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn tool_name(index: usize) -> String {
    TOOLS.get(index).map_or_else(|| format!("server_{index}"), ToString::to_string)
}

fn schema(seed: usize) -> Value {
    json!({"type": "object", "required": ["path"], "properties": {
        "path": {"type": "string", "description": prose(80, seed)},
        "pattern": {"type": "string", "description": prose(110, seed + 1)},
        "limit": {"type": "integer", "minimum": 0, "description": prose(110, seed + 2)},
        "mode": {"type": "string", "enum": ["lines", "files", "count"], "description": prose(90, seed + 3)},
        "edits": {"type": "array", "description": prose(80, seed + 4), "items": {"type": "object",
            "properties": {"old": {"type": "string"}, "new": {"type": "string"}}, "required": ["old", "new"]}}}})
}

/// Words, some of which JSON must escape.
fn prose(bytes: usize, seed: usize) -> String {
    const WORDS: [&str; 22] = [
        "when",
        "a",
        "request",
        "comes",
        "in",
        "the",
        "router",
        "looks",
        "up",
        "its",
        "\"target\"",
        "and",
        "waits;",
        "if",
        "none",
        "is",
        "free,",
        "C:\\logs",
        "says",
        "why.\n",
        "Straße",
        "then",
    ];
    let mut text = String::with_capacity(bytes + 12);
    for step in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(WORDS[(step * 5 + step / 7 + seed * 13) % WORDS.len()]);
        text.push(' ');
    }
    text
}

/// A numbered listing, as a tool that reads files returns it.
fn code(bytes: usize, seed: usize) -> String {
    let mut text = String::with_capacity(bytes + 120);
    for line in (1 + seed % 40).. {
        if text.len() >= bytes {
            break;
        }
        let row = match line % 3 {
            0 => format!("pub fn take_{line}(input: &str) -> Option<&str> {{"),
            1 => format!("    let found = input.split(\",\").nth({})?.trim();", line % 9),
            _ => "    (!found.is_empty()).then_some(found)\n}".to_owned(),
        };
        text.push_str(&format!("{line:5}\t{row}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_the_table_says() {
        for form in [Form::Anthropic, Form::Openai, Form::Bedrock] {
            for (size, from, to) in [
                (Size::Small, 900, 1_300),
                (Size::Medium, 26_000, 36_000),
                (Size::Huge, 1_900_000, 2_300_000),
            ] {
                let len = body(form, size, "claude-sonnet-4-5", true).len();
                assert!((from..to).contains(&len), "{form:?} {size:?}: {len}");
            }
        }
    }
}
