//! The messages of a chat request become turns.
//!
//! The hard part are tool results. OpenAI has one message a result, anywhere after the call; Anthropic and
//! Converse want all results of a turn at the start of the next user message, every call answered, and nothing
//! answered that was not called.

use bytes::Bytes;
use llm::{Block, Content, Error, Message, Role};
use serde_json::value::RawValue;

use super::message::{ChatContent, ChatMessage, FunctionCall, ToolCall};
use super::part::{Speaker, blocks};
use crate::openai::cache::CacheControl;
use crate::openai::error::{invalid_value, missing};
use crate::openai::notes::Notes;
use crate::openai::text::Text;
use crate::openai::tool::object;

#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) system: Vec<Block>,
    pub(super) messages: Vec<Message>,
}

/// Reads the `messages` member, whose slices the pictures stay.
pub(super) fn read(request: &Bytes, notes: &mut Notes) -> Result<Conversation, Error> {
    let messages: Vec<ChatMessage<'_>> =
        serde_json::from_slice(request).map_err(|error| blame(request, &error))?;
    let mut walk =
        Walk { request, notes, read: Conversation::default(), last_system: 0, open: None, legacy: 0 };
    for (number, message) in messages.into_iter().enumerate() {
        walk.message(number, message)?;
    }
    walk.end()
}

/// Says which message has the wrong shape; only then is it worth splitting them.
fn blame(request: &Bytes, error: &serde_json::Error) -> Error {
    let items: Vec<&RawValue> = serde_json::from_slice(request).unwrap_or_default();
    let wrong = items.iter().enumerate().find_map(|(number, item)| {
        serde_json::from_str::<ChatMessage<'_>>(item.get()).err().map(|error| (number, error))
    });
    match wrong {
        Some((number, error)) => {
            Error::invalid(format!("messages[{number}]: {error}")).with_param(format!("messages[{number}]"))
        }
        None => Error::invalid(format!("messages: {error}")).with_param("messages"),
    }
}

struct Walk<'a> {
    request: &'a Bytes,
    notes: &'a mut Notes,
    read: Conversation,
    /// Where the blocks of the last leading system message begin.
    last_system: usize,
    open: Option<OpenTurn>,
    /// Legacy function calls so far; they have no ids of their own.
    legacy: usize,
}

/// The user message that answers the last tool calls.
struct OpenTurn {
    /// Its place among the messages.
    at: usize,
    /// Results in it so far; they stand before everything else.
    results: usize,
    waiting: Vec<Call>,
}

struct Call {
    id: String,
    /// The name, for legacy calls, which are answered by name.
    legacy: Option<String>,
}

impl Walk<'_> {
    fn message(&mut self, number: usize, message: ChatMessage<'_>) -> Result<(), Error> {
        let role = message.role.as_ref().map(Text::as_str);
        match role.ok_or_else(|| missing(format!("messages[{number}].role")))? {
            "system" | "developer" => self.system(number, message),
            "user" => self.user(number, message),
            "assistant" => self.assistant(number, message),
            "tool" => self.tool(number, message),
            "function" => self.function(number, message),
            other => Err(invalid_value(
                format!("messages[{number}].role"),
                other,
                "'system', 'developer', 'user', 'assistant', 'tool', and 'function'",
            )),
        }
    }

    fn blocks(
        &mut self,
        number: usize,
        content: Option<ChatContent<'_>>,
        cache: Option<CacheControl<'_>>,
        speaker: Speaker,
    ) -> Result<Vec<Block>, Error> {
        let Some(content) = content else {
            return Ok(Vec::new());
        };
        let mut blocks = blocks(content, speaker, number, self.request, self.notes)?;
        if let (Some(cache), Some(last)) = (cache, blocks.last_mut()) {
            last.cache = Some(cache.mark());
        }
        Ok(blocks)
    }

    fn system(&mut self, number: usize, message: ChatMessage<'_>) -> Result<(), Error> {
        let content = message.content.ok_or_else(|| missing(format!("messages[{number}].content")))?;
        let blocks = self.blocks(number, Some(content), message.cache_control, Speaker::System)?;
        if blocks.is_empty() {
            self.notes.add("message:dropped");
        } else if self.read.messages.is_empty() {
            self.last_system = self.read.system.len();
            self.read.system.extend(blocks);
        } else {
            self.read.messages.push(Message { role: Role::System, content: blocks });
        }
        Ok(())
    }

    fn user(&mut self, number: usize, message: ChatMessage<'_>) -> Result<(), Error> {
        let content = message.content.ok_or_else(|| missing(format!("messages[{number}].content")))?;
        let blocks = self.blocks(number, Some(content), message.cache_control, Speaker::User)?;
        let last = self.read.messages.len().wrapping_sub(1);
        if blocks.is_empty() {
            self.notes.add("message:dropped");
        } else if self.open.as_ref().is_some_and(|turn| turn.at == last) {
            self.read.messages[last].content.extend(blocks);
        } else {
            self.read.messages.push(Message { role: Role::User, content: blocks });
        }
        Ok(())
    }

    fn assistant(&mut self, number: usize, message: ChatMessage<'_>) -> Result<(), Error> {
        self.close_turn();
        let mut content = self.blocks(number, message.content, message.cache_control, Speaker::Assistant)?;
        if let Some(refusal) = message.refusal.filter(|refusal| !refusal.as_str().is_empty()) {
            content.push(Block::text(refusal.into_owned()));
        }
        let mut waiting = Vec::new();
        for (index, call) in message.tool_calls.into_iter().flatten().enumerate() {
            let (id, call) = tool_use(number, index, call, self.notes)?;
            waiting.push(Call { id, legacy: None });
            content.push(call.into());
        }
        if let Some(FunctionCall { name, arguments }) = message.function_call {
            self.legacy += 1;
            let id = format!("call_legacy_{}", self.legacy);
            let name = name.into_owned();
            let at = || format!("messages[{number}].function_call.arguments");
            let input = object(arguments, at, self.notes)?;
            content.push(Content::ToolUse { id: id.clone(), name: name.clone(), input }.into());
            waiting.push(Call { id, legacy: Some(name) });
        }
        if content.is_empty() {
            self.notes.add("message:dropped");
            return Ok(());
        }
        self.read.messages.push(Message { role: Role::Assistant, content });
        if !waiting.is_empty() {
            self.open = Some(OpenTurn { at: self.read.messages.len(), results: 0, waiting });
            self.read.messages.push(Message { role: Role::User, content: Vec::new() });
        }
        Ok(())
    }

    fn tool(&mut self, number: usize, message: ChatMessage<'_>) -> Result<(), Error> {
        let id = message.tool_call_id.ok_or_else(|| missing(format!("messages[{number}].tool_call_id")))?;
        let cache = message.cache_control;
        let content = self.blocks(number, message.content, None, Speaker::Tool)?;
        self.result(content, cache, |call| call.id == id.as_str());
        Ok(())
    }

    fn function(&mut self, number: usize, message: ChatMessage<'_>) -> Result<(), Error> {
        let name = message.name.ok_or_else(|| missing(format!("messages[{number}].name")))?;
        let content = self.blocks(number, message.content, None, Speaker::Tool)?;
        self.result(content, None, |call| call.legacy.as_deref() == Some(name.as_str()));
        Ok(())
    }

    /// Puts a result behind the others of its turn. A mark on a part of it moves to the result, where the
    /// upstreams take it.
    fn result(
        &mut self,
        mut content: Vec<Block>,
        cache: Option<CacheControl<'_>>,
        answers: impl Fn(&Call) -> bool,
    ) {
        let found = self.open.as_mut().and_then(|turn| {
            let at = turn.waiting.iter().position(answers)?;
            Some((turn.waiting.remove(at).id, turn))
        });
        let Some((id, turn)) = found else {
            self.notes.add("tool_result:dropped");
            return;
        };
        let inner = content.iter_mut().filter_map(|block| block.cache.take()).last();
        let cache = cache.map(|cache| cache.mark()).or(inner);
        let block = Block { content: Content::ToolResult { id, content, is_error: false }, cache };
        self.read.messages[turn.at].content.insert(turn.results, block);
        turn.results += 1;
    }

    /// Answers the calls that nobody answered.
    fn close_turn(&mut self) {
        let Some(OpenTurn { at, results, waiting }) = self.open.take() else {
            return;
        };
        for (more, call) in waiting.into_iter().enumerate() {
            self.notes.add("tool_result:added");
            let content = vec![Block::text("(missing)")];
            let block = Content::ToolResult { id: call.id, content, is_error: true }.into();
            self.read.messages[at].content.insert(results + more, block);
        }
    }

    fn end(mut self) -> Result<Conversation, Error> {
        self.close_turn();
        if self.read.messages.is_empty() {
            // OpenAI's models answer a lone system message; the upstreams want somebody to speak to.
            let content = self.read.system.split_off(self.last_system);
            if content.is_empty() {
                return Err(Error::invalid("No message has any content.").with_param("messages"));
            }
            self.notes.add("system:user");
            self.read.messages.push(Message { role: Role::User, content });
        }
        Ok(self.read)
    }
}

fn tool_use(
    number: usize,
    index: usize,
    call: ToolCall<'_>,
    notes: &mut Notes,
) -> Result<(String, Content), Error> {
    let at = |member: &str| format!("messages[{number}].tool_calls[{index}].{member}");
    let id = call.id.ok_or_else(|| missing(at("id")))?.into_owned();
    let (name, input) = match (call.function, call.custom) {
        (Some(function), _) => {
            let input = object(function.arguments, || at("function.arguments"), notes)?;
            (function.name.into_owned(), input)
        }
        (None, Some(custom)) => {
            let input = custom.input.map(Text::into_owned).unwrap_or_default();
            (custom.name.into_owned(), serde_json::json!({ "input": input }).to_string())
        }
        (None, None) => return Err(missing(at("function"))),
    };
    Ok((id.clone(), Content::ToolUse { id, name, input }))
}
