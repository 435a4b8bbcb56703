//! The conversation in the one order the service takes: user and assistant in turn, the user first and last, every
//! call answered in the very next turn and nothing answered that was not called. What does not fit is mended here,
//! without losing a word, because the service refuses it without saying why.

use std::borrow::Cow;

use llm::{Block, Content, Error, Meaning, Message, Model, Role};

use super::body::{Document, Image, Reasoning, Source, Text, ToolResult, ToolUse};
use super::call_ids::CallIds;
use super::names::Names;
use crate::adjustments::Adjustments;
use crate::arguments::Arguments;
use crate::{DocumentNames, media};

/// More pictures than other clients of the service dare to send at once.
const MANY_IMAGES: usize = 20;

pub(super) enum Turn<'a> {
    User(Said<'a>),
    Assistant(Spoken<'a>),
}

/// What the user's side brings in one turn.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub(super) words: Vec<Cow<'a, str>>,
    pub(super) images: Vec<Image<'a>>,
    pub(super) documents: Vec<Document<'a>>,
    pub(super) results: Vec<ToolResult<'a>>,
}

/// What the assistant said in one turn.
#[derive(Default)]
pub(super) struct Spoken<'a> {
    pub(super) words: Vec<Cow<'a, str>>,
    pub(super) calls: Vec<ToolUse<'a>>,
    pub(super) thoughts: Option<Reasoning<'a>>,
}

/// A call that the next turn of the user has to answer.
struct OpenCall<'a> {
    /// As the client wrote it.
    id: &'a str,
    wire: Cow<'a, str>,
    result: Option<ToolResult<'a>>,
}

/// Folds messages into turns.
pub(super) struct Conversation<'a, 'b> {
    model: &'b Model,
    names: &'a Names<'a>,
    /// The model takes its thoughts back.
    replay: bool,
    documents: DocumentNames,
    ids: CallIds<'a>,
    images: usize,
    turns: Vec<Turn<'a>>,
    /// The calls of the last turn of the assistant.
    open: Vec<OpenCall<'a>>,
    adjustments: &'b mut Adjustments,
}

impl<'a, 'b> Conversation<'a, 'b> {
    pub(super) fn new(
        model: &'b Model,
        names: &'a Names<'a>,
        replay: bool,
        adjustments: &'b mut Adjustments,
    ) -> Self {
        Self {
            model,
            names,
            replay,
            documents: DocumentNames::new(),
            ids: CallIds::default(),
            images: 0,
            turns: Vec::new(),
            open: Vec::new(),
            adjustments,
        }
    }

    /// All turns; the last is the user's and goes out as the current message.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] for content the model does not take, and when nothing is left to say.
    pub(super) fn turns(mut self, meaning: &'a Meaning) -> Result<Vec<Turn<'a>>, Error> {
        self.turns.reserve(meaning.messages.len() + 2);
        for message in &meaning.messages {
            if message.role == Role::Assistant { self.assistant(message)? } else { self.user(message)? }
        }
        match self.turns.last() {
            None => {
                return Err(Error::invalid("messages: at least one message with content is required")
                    .with_param("messages"));
            }
            Some(Turn::Assistant(_)) => {
                // There is no prefill: the model can only be asked to go on.
                self.adjustments.note("messages:prefill");
                self.turns.push(Turn::User(Said { words: vec!["Continue.".into()], ..Said::default() }));
            }
            Some(Turn::User(_)) => {}
        }
        self.settle();
        if matches!(self.turns.first(), Some(Turn::Assistant(_))) {
            self.adjustments.note("messages:first_user_added");
            self.turns.insert(0, Turn::User(Said { words: vec![".".into()], ..Said::default() }));
        }
        if self.images > MANY_IMAGES {
            self.adjustments.note("images:many");
        }
        Ok(self.turns)
    }

    fn user(&mut self, message: &'a Message) -> Result<(), Error> {
        let mut said = Said::default();
        let mut answered = false;
        for block in &message.content {
            match &block.content {
                Content::Text { text } if text.trim().is_empty() => {}
                Content::Text { text } if message.role == Role::System => {
                    said.words.push(format!("<system-reminder>\n{text}\n</system-reminder>").into());
                }
                Content::Text { text } => said.words.push(text.into()),
                Content::Image { .. } | Content::Document { .. } => {
                    let mut words = Vec::new();
                    self.medium(&block.content, &mut words, &mut said)?;
                    said.words.append(&mut words);
                }
                Content::ToolResult { id, content, is_error } => {
                    answered |= self.result(id, content, *is_error, &mut said)?;
                }
                Content::ToolUse { .. } => return Err(misplaced("tool_use", "assistant")),
                Content::Thinking { .. } | Content::RedactedThinking { .. } | Content::Opaque { .. } => {
                    self.adjustments.note("opaque:dropped");
                }
            }
        }
        if !answered && said.words.is_empty() && said.images.is_empty() && said.documents.is_empty() {
            return Ok(());
        }
        match self.turns.last_mut() {
            Some(Turn::User(last)) => {
                if message.role == Role::User && !last.words.is_empty() && !said.words.is_empty() {
                    self.adjustments.note("messages:alternation");
                }
                last.words.append(&mut said.words);
                last.images.append(&mut said.images);
                last.documents.append(&mut said.documents);
            }
            _ => self.turns.push(Turn::User(said)),
        }
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message) -> Result<(), Error> {
        let mut spoken = Spoken::default();
        let mut open = Vec::new();
        for block in &message.content {
            match &block.content {
                Content::Text { text } if text.trim().is_empty() => {}
                Content::Text { text } => spoken.words.push(text.into()),
                Content::ToolUse { id, name, input } => {
                    let (wire, double) = self.ids.next(id);
                    if double {
                        self.adjustments.note("tool_ids:duplicate");
                    }
                    open.push(OpenCall { id, wire: wire.clone(), result: None });
                    spoken.calls.push(ToolUse {
                        tool_use_id: wire,
                        name: self.names.to_wire(name),
                        input: Arguments::read(input),
                    });
                }
                Content::Thinking { text, signature: Some(signature) } if self.replay => {
                    self.think(&mut spoken, Reasoning::ReasoningText { text, signature });
                }
                Content::RedactedThinking { data } if self.replay => {
                    self.think(&mut spoken, Reasoning::RedactedContent(data));
                }
                Content::Thinking { .. } | Content::RedactedThinking { .. } => {
                    self.adjustments.note("thinking:history_dropped");
                }
                Content::ToolResult { .. } => return Err(misplaced("tool_result", "user")),
                Content::Image { .. } => return Err(misplaced("image", "user")),
                Content::Document { .. } => return Err(misplaced("document", "user")),
                Content::Opaque { .. } => self.adjustments.note("opaque:dropped"),
            }
        }
        if spoken.words.is_empty() && spoken.calls.is_empty() && spoken.thoughts.is_none() {
            return Ok(());
        }
        if let Some(Turn::Assistant(last)) = self.turns.last_mut() {
            self.adjustments.note("messages:alternation");
            last.words.append(&mut spoken.words);
            last.calls.append(&mut spoken.calls);
            if let Some(thoughts) = spoken.thoughts.take() {
                keep(&mut last.thoughts, thoughts, self.adjustments);
            }
        } else {
            self.settle();
            self.turns.push(Turn::Assistant(spoken));
        }
        self.open.append(&mut open);
        Ok(())
    }

    fn think(&mut self, spoken: &mut Spoken<'a>, thoughts: Reasoning<'a>) {
        keep(&mut spoken.thoughts, thoughts, self.adjustments);
    }

    /// Puts a result to its call, or, where nothing called for it, into the words. Says whether a call was answered.
    fn result(
        &mut self,
        id: &str,
        content: &'a [Block],
        is_error: bool,
        said: &mut Said<'a>,
    ) -> Result<bool, Error> {
        let before = said.images.len() + said.documents.len();
        let mut texts = Vec::with_capacity(content.len().max(1));
        for block in content {
            match &block.content {
                Content::Text { text } if text.trim().is_empty() => {}
                Content::Text { text } => texts.push(text.into()),
                Content::Image { .. } | Content::Document { .. } => {
                    self.medium(&block.content, &mut texts, said)?;
                }
                _ => self.adjustments.note("opaque:dropped"),
            }
        }
        if texts.is_empty() {
            let attached = said.images.len() + said.documents.len() > before;
            texts.push(if attached { "(see the attachment)".into() } else { "(no output)".into() });
        }
        let call = self.open.iter_mut().find(|call| call.id == id && call.result.is_none());
        let Some(call) = call else {
            self.adjustments.note("tool_results:orphan");
            let what = if is_error { "Error" } else { "Result" };
            said.words.push(format!("{what} of an earlier tool call:\n{}", texts.join("\n")).into());
            return Ok(false);
        };
        call.result = Some(ToolResult {
            tool_use_id: call.wire.clone(),
            status: if is_error { "error" } else { "success" },
            content: texts.into_iter().map(|text| Text { text }).collect(),
        });
        Ok(true)
    }

    /// Pictures and documents stand beside the text; what is text after all goes into `words`.
    fn medium(
        &mut self,
        content: &'a Content,
        words: &mut Vec<Cow<'a, str>>,
        said: &mut Said<'a>,
    ) -> Result<(), Error> {
        match content {
            Content::Image { source } => {
                let (format, bytes) = media::image(source, self.model)?;
                said.images.push(Image { format, source: Source { bytes: bytes.into() } });
                self.images += 1;
            }
            Content::Document { source, title, context, citations } => {
                if *citations {
                    self.adjustments.note("citations:dropped");
                }
                words.extend(context.as_deref().filter(|text| !text.trim().is_empty()).map(Cow::Borrowed));
                match source {
                    llm::Source::Text { text } if !self.model.documents => {
                        words.extend(
                            title.as_deref().filter(|text| !text.trim().is_empty()).map(Cow::Borrowed),
                        );
                        words.extend(Some(text).filter(|text| !text.trim().is_empty()).map(Cow::from));
                        self.adjustments.note("document:text");
                    }
                    _ if !self.model.documents => return Err(media::unsupported("document")),
                    _ => {
                        let (format, bytes) = media::document(source)?;
                        let name = self.documents.name(title.as_deref());
                        said.documents.push(Document { name, format, source: Source { bytes } });
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Hands the results of the last calls to the turn that answers them, in the order of the calls. A call that
    /// nobody answered gets an error for a result: the model knows best what to do about it.
    fn settle(&mut self) {
        if let Some(Turn::User(said)) = self.turns.last_mut() {
            for call in self.open.drain(..) {
                said.results.push(call.result.unwrap_or_else(|| {
                    self.adjustments.note("tool_results:missing");
                    ToolResult {
                        tool_use_id: call.wire,
                        status: "error",
                        content: vec![Text { text: "(no result)".into() }],
                    }
                }));
            }
        }
    }
}

/// An entry has room for one thought. A signed text counts for more than a redacted one, and the later for more than
/// the earlier: it is the one that led to the calls.
fn keep<'a>(kept: &mut Option<Reasoning<'a>>, new: Reasoning<'a>, adjustments: &mut Adjustments) {
    if kept.is_some() {
        adjustments.note("thinking:one_kept");
    }
    if !matches!((&kept, &new), (Some(Reasoning::ReasoningText { .. }), Reasoning::RedactedContent(_))) {
        *kept = Some(new);
    }
}

/// The refusal that Anthropic's API gives.
fn misplaced(kind: &str, role: &str) -> Error {
    Error::invalid(format!("messages: `{kind}` blocks can only be in `{role}` messages"))
        .with_param("messages")
}
