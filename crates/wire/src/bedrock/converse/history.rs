//! The conversation as Converse takes it: turns that alternate and begin with the user, results of tools before
//! anything else, no empty text.

use std::borrow::Cow;

use llm::{Block, Content, Error, Meaning, Model, Role};
use sha2::{Digest, Sha256};

use super::cache::{CacheBudget, mark_of};
use super::shape::{Document, Enabled, Image, Piece, Reasoning, Source, Speaker, ToolResult, ToolUse, Turn};
use crate::adjustments::Adjustments;
use crate::arguments::Arguments;
use crate::{DocumentNames, ToolNames, media};

/// Writes the turns of one request.
pub(super) struct History<'a, 'b> {
    pub(super) model: &'b Model,
    pub(super) names: &'a ToolNames,
    pub(super) documents: DocumentNames,
    pub(super) cache: &'b mut CacheBudget,
    pub(super) adjustments: &'b mut Adjustments,
}

impl<'a> History<'a, '_> {
    /// All turns.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] for content the model does not take, and when nothing is left to say.
    pub(super) fn turns(&mut self, meaning: &'a Meaning) -> Result<Vec<Turn<'a>>, Error> {
        let mut turns: Vec<Turn<'a>> = Vec::with_capacity(meaning.messages.len());
        for message in &meaning.messages {
            let mut content = Vec::with_capacity(message.content.len());
            for block in &message.content {
                self.block(block, message.role, &mut content)?;
            }
            if content.is_empty() {
                continue;
            }
            let role = if message.role == Role::Assistant { Speaker::Assistant } else { Speaker::User };
            match turns.last_mut() {
                Some(last) if last.role == role => last.content.append(&mut content),
                _ => turns.push(Turn { role, content }),
            }
        }
        if turns.is_empty() {
            return Err(Error::invalid("messages: at least one message with content is required")
                .with_param("messages"));
        }
        // "A conversation must start with a user message."
        if turns.first().is_some_and(|first| first.role == Speaker::Assistant) {
            turns.insert(0, Turn { role: Speaker::User, content: vec![Piece::Text(".".into())] });
            self.adjustments.note("messages:first_user_added");
        }
        turns.iter_mut().filter(|turn| turn.role == Speaker::User).for_each(settle_user);
        if let Some(Turn { role: Speaker::Assistant, content }) = turns.last_mut() {
            trim_prefill(content);
        }
        Ok(turns)
    }

    fn block(&mut self, block: &'a Block, role: Role, out: &mut Vec<Piece<'a>>) -> Result<(), Error> {
        let before = out.len();
        match &block.content {
            Content::Text { text } if text.trim().is_empty() => {}
            Content::Text { text } if role == Role::System => {
                out.push(Piece::Text(format!("<system-reminder>\n{text}\n</system-reminder>").into()));
            }
            Content::Text { text } => out.push(Piece::Text(text.into())),
            Content::Image { .. } | Content::Document { .. } => self.medium(&block.content, out)?,
            Content::ToolUse { id, name, input } => out.push(Piece::ToolUse(ToolUse {
                tool_use_id: tool_use_id(id),
                name: self.names.to_wire(name),
                input: Arguments::read(input),
            })),
            Content::ToolResult { id, content, is_error } => out.push(Piece::ToolResult(ToolResult {
                tool_use_id: tool_use_id(id),
                content: self.result(content)?,
                status: if *is_error { "error" } else { "success" },
            })),
            // Only Claude takes its thoughts back, and only with the signature it gave them.
            Content::Thinking { text, signature: Some(signature) } if self.model.is_claude() => {
                out.push(Piece::ReasoningContent(Reasoning::ReasoningText { text, signature }));
            }
            Content::RedactedThinking { data } if self.model.is_claude() => {
                out.push(Piece::ReasoningContent(Reasoning::RedactedContent(data)));
            }
            Content::Thinking { .. } | Content::RedactedThinking { .. } => {}
            Content::Opaque { .. } => self.adjustments.note("opaque:dropped"),
        }
        if let Some(mark) = mark_of(block) {
            let point = self.cache.message(Some(mark));
            // A point needs something to stand behind.
            if out.len() > before
                && let Some(point) = point
            {
                out.push(Piece::CachePoint(point));
            }
        }
        Ok(())
    }

    fn medium(&mut self, content: &'a Content, out: &mut Vec<Piece<'a>>) -> Result<(), Error> {
        match content {
            Content::Image { source } => {
                let (format, bytes) = media::image(source, self.model)?;
                out.push(Piece::Image(Image { format, source: Source { bytes: bytes.into() } }));
            }
            Content::Document { source: llm::Source::Text { text }, title, .. } if !self.model.documents => {
                let text = title
                    .as_ref()
                    .map_or(Cow::Borrowed(text.as_str()), |title| format!("{title}\n\n{text}").into());
                if !text.trim().is_empty() {
                    out.push(Piece::Text(text));
                }
                self.adjustments.note("document:text");
            }
            Content::Document { .. } if !self.model.documents => return Err(media::unsupported("document")),
            Content::Document { source, title, context, citations } => {
                let (format, bytes) = media::document(source)?;
                let claude = self.model.is_claude();
                out.push(Piece::Document(Document {
                    format,
                    name: self.documents.name(title.as_deref()),
                    source: Source { bytes },
                    context: context.as_deref().filter(|_| claude),
                    citations: (claude && *citations).then_some(Enabled { enabled: true }),
                }));
            }
            _ => {}
        }
        Ok(())
    }

    /// What a tool gave back; never empty.
    fn result(&mut self, content: &'a [Block]) -> Result<Vec<Piece<'a>>, Error> {
        let mut pieces = Vec::with_capacity(content.len().max(1));
        for block in content {
            match &block.content {
                Content::Text { text } if text.trim().is_empty() => {}
                Content::Text { text } => pieces.push(Piece::Text(text.into())),
                Content::Image { .. } | Content::Document { .. } => {
                    self.medium(&block.content, &mut pieces)?
                }
                _ => self.adjustments.note("opaque:dropped"),
            }
        }
        if pieces.is_empty() {
            pieces.push(Piece::Text("(no output)".into()));
        }
        Ok(pieces)
    }
}

/// Puts results of tools, with the cache points behind them, before the rest, and words beside documents: both are
/// conditions of Converse.
fn settle_user(turn: &mut Turn<'_>) {
    let pieces = std::mem::take(&mut turn.content);
    let (mut results, mut rest) = (Vec::with_capacity(pieces.len()), Vec::new());
    let mut after_result = false;
    let mut wordless_document = false;
    for piece in pieces {
        match &piece {
            Piece::ToolResult(_) => after_result = true,
            Piece::CachePoint(_) => {}
            _ => after_result = false,
        }
        wordless_document |= matches!(piece, Piece::Document(_));
        if after_result { results.push(piece) } else { rest.push(piece) }
    }
    if wordless_document && !rest.iter().any(|piece| matches!(piece, Piece::Text(_))) {
        rest.push(Piece::Text("See the attached document.".into()));
    }
    results.append(&mut rest);
    turn.content = results;
}

/// A final assistant text may not end in white space.
fn trim_prefill(content: &mut Vec<Piece<'_>>) {
    if let Some(Piece::Text(text)) = content.last_mut()
        && text.trim_end().len() < text.len()
    {
        *text = text.trim_end().to_owned().into();
    }
}

/// An id within `[a-zA-Z0-9_.:-]{1,64}`; another one is replaced by its hash, so that call and result still agree.
fn tool_use_id(id: &str) -> Cow<'_, str> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if (1..=64).contains(&id.len()) && id.bytes().all(legal) {
        return id.into();
    }
    let hash = hex::encode(Sha256::digest(id));
    format!("tooluse_{}", &hash[..32]).into()
}
