//! Turns as entries of `history` and as the current message.

use std::borrow::Cow;

use super::body::{AssistantResponse, Context, Entry, Tool, UserInput};
use super::conversation::{Said, Spoken, Turn};

/// What stands on every entry of the user.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) model_id: &'a str,
    pub(super) origin: &'static str,
}

impl<'a> Sender<'a> {
    /// The pair that carries the instructions: the wire has no place for them. It stands first, so that the
    /// beginning of the conversation stays the same for the service's own cache.
    pub(super) fn instructions(self, text: String) -> [Entry<'a>; 2] {
        let said = Said { words: vec![text.into()], ..Said::default() };
        let understood = Spoken { words: vec!["Understood.".into()], ..Spoken::default() };
        [self.entry(Turn::User(said)), self.entry(Turn::Assistant(understood))]
    }

    pub(super) fn entry(self, turn: Turn<'a>) -> Entry<'a> {
        match turn {
            Turn::User(said) => Entry::UserInputMessage(self.user(said, Vec::new())),
            Turn::Assistant(spoken) => Entry::AssistantResponseMessage(AssistantResponse {
                // Empty content is refused; a word of ours would be copied by the model.
                content: joined(spoken.words).unwrap_or(" ".into()),
                tool_uses: spoken.calls,
                reasoning_content: spoken.thoughts,
            }),
        }
    }

    /// The message to answer, with the tools, which stand nowhere else. `before` and `after` are our own lines.
    pub(super) fn current(
        self,
        said: Said<'a>,
        tools: Vec<Tool<'a>>,
        before: Option<String>,
        after: Vec<String>,
    ) -> Entry<'a> {
        let mut user = self.user(said, tools);
        if before.is_some() || !after.is_empty() {
            let mut words: Vec<Cow<'a, str>> = before.into_iter().map(Cow::from).collect();
            words.push(user.content);
            words.extend(after.into_iter().map(Cow::from));
            user.content = words.join("\n\n").into();
        }
        Entry::UserInputMessage(user)
    }

    fn user(self, said: Said<'a>, tools: Vec<Tool<'a>>) -> UserInput<'a> {
        let carrier = match (said.results.is_empty(), said.documents.is_empty()) {
            (false, _) => "Tool results are attached.",
            (true, false) => "See the attached document.",
            (true, true) => "See the attached image.",
        };
        UserInput {
            content: joined(said.words).unwrap_or(carrier.into()),
            model_id: self.model_id,
            origin: self.origin,
            user_input_message_context: Context { tool_results: said.results, tools },
            images: said.images,
            documents: said.documents,
        }
    }
}

/// `None` when there are no words. One text stays where it is; several are joined with a blank line.
fn joined(mut words: Vec<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    if words.len() < 2 { words.pop() } else { Some(words.join("\n\n").into()) }
}
