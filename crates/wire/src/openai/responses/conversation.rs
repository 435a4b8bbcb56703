//! The items of a request become turns.
//!
//! The client keeps a flat list: thoughts, words, calls and outputs each for themselves. The upstreams want turns, every
//! call answered at the start of the next user turn, and nothing answered that was not called.

use bytes::Bytes;
use llm::{Block, Content, Error, Message, Role};
use serde_json::value::RawValue;

use super::calls::{self, Output};
use super::compaction;
use super::content::{blocks, read};
use super::envelope::{self, Opened};
use super::item::Item;
use super::tools::Kit;
use crate::openai::error::{invalid_value, missing};
use crate::openai::notes::Notes;
use crate::openai::text::Text;

#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) system: Vec<Block>,
    pub(super) messages: Vec<Message>,
}

/// Reads `input`, a string or items, behind the instructions. Tools among the items join the kit.
pub(super) fn read_input(
    instructions: Option<String>,
    input: &Bytes,
    model: &str,
    kit: &mut Kit,
    notes: &mut Notes,
) -> Result<Conversation, Error> {
    let system = instructions.filter(|text| !text.is_empty()).map(Block::text);
    let read = Conversation { system: system.into_iter().collect(), messages: Vec::new() };
    let last_system = read.system.len();
    let mut walk =
        Walk { request: input, model, kit, notes, read, last_system, turns: Vec::new(), calls: Vec::new() };
    if input.starts_with(b"\"") {
        let text: String = serde_json::from_slice(input)
            .map_err(|error| Error::invalid(format!("input: {error}")).with_param("input"))?;
        walk.user(vec![Block::text(text)]);
        return walk.end();
    }
    let items: Vec<Item<'_>> = serde_json::from_slice(input).map_err(|error| blame(input, &error))?;
    // Tools may come after the calls of them.
    for (number, item) in items.iter().enumerate().filter(|(_, item)| item.kind() == "additional_tools") {
        if let Some(tools) = item.tools {
            walk.kit.extend(tools.get().as_bytes(), &format!("input[{number}].tools"), walk.notes)?;
        }
    }
    for (number, item) in items.into_iter().enumerate() {
        walk.item(&format!("input[{number}]"), item)?;
    }
    walk.end()
}

/// Says which item has the wrong shape; only then is it worth splitting them.
fn blame(input: &Bytes, error: &serde_json::Error) -> Error {
    let items: Vec<&RawValue> = serde_json::from_slice(input).unwrap_or_default();
    let wrong = items.iter().enumerate().find_map(|(number, item)| {
        serde_json::from_str::<Item<'_>>(item.get()).err().map(|error| (number, error))
    });
    match wrong {
        Some((number, error)) => {
            Error::invalid(format!("input[{number}]: {error}")).with_param(format!("input[{number}]"))
        }
        None => Error::invalid(format!("input: {error}")).with_param("input"),
    }
}

struct Walk<'a> {
    request: &'a Bytes,
    model: &'a str,
    kit: &'a mut Kit,
    notes: &'a mut Notes,
    read: Conversation,
    /// Where the blocks of the last leading instruction begin.
    last_system: usize,
    /// User turns that answer calls.
    turns: Vec<Turn>,
    calls: Vec<Call>,
}

struct Turn {
    /// Its place among the messages.
    at: usize,
    /// Results in it so far; they stand before everything else.
    results: usize,
}

struct Call {
    id: String,
    /// The turn that must answer it; `None` while the model still speaks.
    turn: Option<usize>,
    answered: bool,
}

impl Walk<'_> {
    fn item(&mut self, at: &str, item: Item<'_>) -> Result<(), Error> {
        if let Some(call) = calls::call(&item, at, &self.kit.directory, self.notes)? {
            if let Content::ToolUse { id, .. } = &call {
                self.calls.push(Call { id: id.clone(), turn: None, answered: false });
            }
            self.speak(vec![call.into()]);
            return Ok(());
        }
        if let Some(output) = calls::output(&item, at, self.request, self.notes)? {
            self.result(output);
            return Ok(());
        }
        match item.kind() {
            "message" => self.message(at, &item)?,
            // What one agent says to another, which to the model that hears it is a user.
            "agent_message" => {
                let blocks = self.content(at, &item)?;
                self.user(blocks);
            }
            "reasoning" => self.thought(&item),
            "compaction" | "context_compaction" | "compaction_summary" => self.compaction(&item),
            // Read already.
            "additional_tools" => {}
            "compaction_trigger" => self.user(vec![Block::text(compaction::WORDS)]),
            "" => return Err(missing(format!("{at}.type"))),
            // What ran at OpenAI, or is kept there.
            other => self.notes.add_dropped(&format!("input.{other}")),
        }
        Ok(())
    }

    fn message(&mut self, at: &str, item: &Item<'_>) -> Result<(), Error> {
        let role = item.role.as_ref().map(Text::as_str);
        let role = role.ok_or_else(|| missing(format!("{at}.role")))?;
        if item.content.is_none() {
            return Err(missing(format!("{at}.content")));
        }
        let blocks = self.content(at, item)?;
        match role {
            "system" | "developer" => self.instruct(blocks),
            "user" => self.user(blocks),
            "assistant" => self.speak(blocks),
            other => {
                return Err(invalid_value(
                    format!("{at}.role"),
                    other,
                    "'assistant', 'system', 'developer', and 'user'",
                ));
            }
        }
        Ok(())
    }

    fn content(&mut self, at: &str, item: &Item<'_>) -> Result<Vec<Block>, Error> {
        let content =
            item.content.map(|json| blocks(json, &format!("{at}.content"), self.request, self.notes));
        content.transpose().map(Option::unwrap_or_default)
    }

    fn instruct(&mut self, blocks: Vec<Block>) {
        if blocks.is_empty() {
            self.notes.add("message:dropped");
        } else if self.read.messages.is_empty() {
            self.last_system = self.read.system.len();
            self.read.system.extend(blocks);
        } else {
            self.listen();
            self.read.messages.push(Message { role: Role::System, content: blocks });
        }
    }

    fn user(&mut self, blocks: Vec<Block>) {
        if blocks.is_empty() {
            self.notes.add("message:dropped");
            return;
        }
        self.listen();
        let last = self.read.messages.len().wrapping_sub(1);
        if self.turns.last().is_some_and(|turn| turn.at == last) {
            self.read.messages[last].content.extend(blocks);
        } else {
            self.read.messages.push(Message { role: Role::User, content: blocks });
        }
    }

    /// The model says more in the turn that it is in.
    fn speak(&mut self, blocks: Vec<Block>) {
        match self.read.messages.last_mut() {
            _ if blocks.is_empty() => self.notes.add("message:dropped"),
            Some(message) if message.role == Role::Assistant => message.content.extend(blocks),
            _ => self.read.messages.push(Message { role: Role::Assistant, content: blocks }),
        }
    }

    fn thought(&mut self, item: &Item<'_>) {
        let sealed = item.encrypted_content.as_ref().map(Text::as_str);
        match sealed.and_then(|sealed| envelope::open(self.model, sealed)) {
            Some(Opened::Thought(thought)) => self.speak(vec![thought.into()]),
            // Without its signature no vendor takes it back.
            _ => self.notes.add("thinking:dropped"),
        }
    }

    fn compaction(&mut self, item: &Item<'_>) {
        let sealed = item.encrypted_content.as_ref().map(Text::as_str);
        match sealed.and_then(|sealed| envelope::open(self.model, sealed)) {
            Some(Opened::Summary(text)) => self.user(vec![Block::text(compaction::told(&text))]),
            _ => self.notes.add("compaction:dropped"),
        }
    }

    /// The model's turn is over: what answers its calls comes next.
    fn listen(&mut self) {
        if self.calls.iter().all(|call| call.turn.is_some()) {
            return;
        }
        let turn = self.turns.len();
        self.turns.push(Turn { at: self.read.messages.len(), results: 0 });
        self.read.messages.push(Message { role: Role::User, content: Vec::new() });
        for call in self.calls.iter_mut().filter(|call| call.turn.is_none()) {
            call.turn = Some(turn);
        }
    }

    fn result(&mut self, output: Output) {
        let Output { id, mut content, is_error } = output;
        self.listen();
        let call = self.calls.iter_mut().find(|call| call.id == id && !call.answered);
        let Some((call, turn)) = call.and_then(|call| {
            let turn = self.turns.get_mut(call.turn?)?;
            Some((call, turn))
        }) else {
            self.notes.add("tool_result:dropped");
            return;
        };
        call.answered = true;
        // A mark on a part moves to the result, where the upstreams take it.
        let cache = content.iter_mut().filter_map(|block| block.cache.take()).last();
        let block = Block { content: Content::ToolResult { id, content, is_error }, cache };
        self.read.messages[turn.at].content.insert(turn.results, block);
        turn.results += 1;
    }

    fn end(mut self) -> Result<Conversation, Error> {
        self.listen();
        for call in self.calls.iter().filter(|call| !call.answered) {
            let Some(turn) = call.turn.and_then(|turn| self.turns.get_mut(turn)) else { continue };
            self.notes.add("tool_result:added");
            let content = vec![Block::text("(missing)")];
            let block = Content::ToolResult { id: call.id.clone(), content, is_error: true }.into();
            self.read.messages[turn.at].content.insert(turn.results, block);
            turn.results += 1;
        }
        if self.read.messages.is_empty() {
            // OpenAI's models answer lone instructions; the upstreams want somebody to speak to.
            let content = self.read.system.split_off(self.last_system.min(self.read.system.len()));
            if content.is_empty() {
                return Err(Error::invalid("No item of 'input' has any content.").with_param("input"));
            }
            self.notes.add("system:user");
            self.read.messages.push(Message { role: Role::User, content });
        }
        Ok(self.read)
    }
}

/// Whether the last item asks for the conversation in short instead of an answer.
pub(in crate::openai) fn ends_in_trigger(input: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Option<Text<'a>>,
    }
    memchr::memmem::find(input, b"\"compaction_trigger\"").is_some()
        && serde_json::from_slice::<Vec<&RawValue>>(input).is_ok_and(|items| {
            let last = items.last().and_then(|item| read::<Kind<'_>>(item.get(), "input").ok());
            last.and_then(|last| last.kind).is_some_and(|kind| kind.as_str() == "compaction_trigger")
        })
}
