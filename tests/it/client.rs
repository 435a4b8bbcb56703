//! A client of each dialect: how it asks, and what it makes of an answer. It is as strict as the strictest client
//! known: what it cannot read fails the test.

mod chat;
mod messages;
mod responses;

use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

/// A dialect that clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Messages,
    Chat,
    Completions,
    Responses,
}

use Dialect::{Chat, Completions, Messages, Responses};

/// All of them.
pub(crate) const DIALECTS: [Dialect; 4] = [Messages, Chat, Completions, Responses];
/// Those whose conversations are lists of `messages`, with tools, images and thoughts.
pub(crate) const RICH: [Dialect; 2] = [Messages, Chat];

/// Claude, which is reached in Anthropic's own wire.
pub(crate) const CLAUDE: &str = "claude-sonnet-4-5";
/// A model with tools, images and thoughts that is reached through Converse.
pub(crate) const NOVA: &str = "nova-2-lite";
pub(crate) const MODELS: [&str; 2] = [CLAUDE, NOVA];

/// What an answer says, whatever its dialect and however it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) thinking: String,
    pub(crate) signature: String,
    /// A thought that only its model can read.
    pub(crate) redacted: String,
    pub(crate) calls: Vec<Call>,
    /// Blocks of searches that were made for the model.
    pub(crate) searched: Vec<Value>,
    /// In the dialect's word.
    pub(crate) stop: String,
    pub(crate) stop_sequence: Option<String>,
    pub(crate) usage: Option<Usage>,
    /// The model as the answer names it.
    pub(crate) model: String,
    /// `message_stop` or `[DONE]` came; of an answer in one piece, that it was one.
    pub(crate) ended: bool,
    /// An error in the middle of the stream.
    pub(crate) error: Option<Value>,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

/// Tokens; `input` leaves out what the cache read or wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
}

impl Usage {
    /// The same of a log row.
    pub(crate) fn of_row(row: &Value) -> Self {
        let count = |name: &str| row[name].as_u64().unwrap_or_default();
        Self {
            input: count("input_tokens"),
            output: count("output_tokens"),
            cache_read: count("cache_read_tokens"),
            cache_write: count("cache_write_tokens"),
        }
    }
}

impl Dialect {
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Messages => "/v1/messages",
            Chat => "/v1/chat/completions",
            Completions => "/v1/completions",
            Responses => "/v1/responses",
        }
    }

    /// As log rows name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Messages => "anthropic_messages",
            Chat => "openai_chat",
            Completions => "openai_completions",
            Responses => "openai_responses",
        }
    }

    /// A request with one text of the person's. A stream is asked to tell its usage.
    pub(crate) fn asking(self, model: &str, text: &str, stream: bool) -> Value {
        match self {
            Messages => self.talking(model, &json!([{"role": "user", "content": text}]), stream),
            Chat => self.talking(model, &json!([{"role": "user", "content": text}]), stream),
            Completions => {
                let mut body = json!({"model": model, "prompt": text, "max_tokens": 1000});
                tell_usage(&mut body, stream);
                body
            }
            Responses => json!({"model": model, "input": text, "max_output_tokens": 8000, "stream": stream}),
        }
    }

    /// The request with another limit of output tokens.
    pub(crate) fn limited(self, mut body: Value, tokens: u32) -> Value {
        body[if self == Responses { "max_output_tokens" } else { "max_tokens" }] = json!(tokens);
        body
    }

    /// A request with a conversation in the dialect's own words.
    pub(crate) fn talking(self, model: &str, messages: &Value, stream: bool) -> Value {
        let mut body = json!({"model": model, "max_tokens": 8000, "messages": messages});
        match self {
            Messages if stream => body["stream"] = json!(true),
            Messages => {}
            Chat | Completions => tell_usage(&mut body, stream),
            Responses => return json!({"model": model, "input": messages, "stream": stream}),
        }
        body
    }

    /// The dialect's word for Anthropic's.
    pub(crate) fn stop_word(self, anthropic: &str) -> &str {
        match (self, anthropic) {
            (Messages, word) => word,
            (Responses, "end_turn" | "stop_sequence" | "tool_use") => "completed",
            (Responses, "max_tokens") => "max_output_tokens",
            (_, "end_turn" | "stop_sequence") => "stop",
            (_, "max_tokens") => "length",
            (_, "tool_use") => "tool_calls",
            (_, other) => panic!("{other}"),
        }
    }

    /// A tool definition.
    pub(crate) fn tool(self, name: &str, parameters: &Value) -> Value {
        match self {
            Messages => json!({"name": name, "description": "Does it.", "input_schema": parameters}),
            Responses => {
                json!({"type": "function", "name": name, "description": "Does it.", "parameters": parameters})
            }
            _ => {
                json!({"type": "function", "function": {"name": name, "description": "Does it.", "parameters": parameters}})
            }
        }
    }

    /// Reads an answer in whichever form it came.
    pub(crate) fn read(self, answer: &Answer) -> Said {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let streamed = answer.header("content-type").expect("a type").starts_with("text/event-stream");
        match (self, streamed) {
            (Messages, true) => messages::read_stream(answer),
            (Messages, false) => messages::read_whole(&answer.json()),
            (Responses, true) => responses::read_stream(answer),
            (Responses, false) => responses::read_whole(&answer.json()),
            (_, true) => chat::read_stream(answer),
            (_, false) => chat::read_whole(&answer.json()),
        }
    }

    /// Type, code (empty without) and message of an error, after a check of everything else in it.
    pub(crate) fn error(self, body: &Value) -> (String, String, String) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let error = &body["error"];
        assert!(!text(&error["message"]).is_empty(), "{body}");
        match self {
            Messages => {
                assert_eq!(body["type"], "error", "{body}");
                assert!(error.get("code").is_none(), "{body}");
            }
            Chat | Completions | Responses => {
                assert!(body.get("type").is_none(), "{body}");
                assert!(error.get("param").is_some() && error.get("code").is_some(), "{body}");
            }
        }
        (text(&error["type"]), text(&error["code"]), text(&error["message"]))
    }
}

fn tell_usage(body: &mut Value, stream: bool) {
    if stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
}

impl TestApp {
    /// Asks in a dialect.
    pub(crate) async fn ask(&self, dialect: Dialect, body: &Value) -> Answer {
        self.post(dialect.path(), body).await
    }

    /// Asks and reads what was said.
    pub(crate) async fn said(&self, dialect: Dialect, body: &Value) -> Said {
        let said = dialect.read(&self.ask(dialect, body).await);
        assert!(said.ended && said.error.is_none(), "{said:?}");
        said
    }
}
