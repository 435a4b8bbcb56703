//! The conversation in the order Anthropic accepts: roles take turns, every tool call is answered at the head of the
//! very next user turn, nothing is empty.

use llm::{CacheMark, Content, Error, Meaning, Message, Model, Role, Source, Wire};

/// One turn to write.
pub(super) struct Turn<'a> {
    pub(super) role: Role,
    pub(super) pieces: Vec<Piece<'a>>,
}

/// One block to write.
pub(super) struct Piece<'a> {
    pub(super) said: Said<'a>,
    pub(super) cache: Option<CacheMark>,
}

/// Where a block comes from.
pub(super) enum Said<'a> {
    Given(&'a Content),
    /// An instruction that must ride in a user turn.
    Reminder(&'a str),
    /// The answer to a call that nobody answered, by the call's id.
    Missing(&'a str),
    /// A first word of the user where the conversation begins with the model.
    Opening,
}

impl<'a> From<Said<'a>> for Piece<'a> {
    fn from(said: Said<'a>) -> Self {
        Self { said, cache: None }
    }
}

/// Brings the conversation into order.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] for sources that are not in the request, and when nothing is left to say.
pub(super) fn arrange<'a>(
    meaning: &'a Meaning,
    model: &Model,
    prefill: bool,
    adjustments: &mut Vec<String>,
) -> Result<Vec<Turn<'a>>, Error> {
    let mut turns = Vec::with_capacity(meaning.messages.len());
    for message in &meaning.messages {
        let inline = message.role == Role::System && !model.mid_conversation_system;
        let role = if inline { Role::User } else { message.role };
        add(&mut turns, role, pieces(message, inline, adjustments)?);
    }
    let mut turns = answer_calls(turns, adjustments);
    match turns.first().map(|turn| turn.role) {
        None => {
            return Err(Error::invalid("messages: at least one message is required").with_param("messages"));
        }
        Some(Role::User) => {}
        Some(_) => turns.insert(0, Turn { role: Role::User, pieces: vec![Said::Opening.into()] }),
    }
    if !prefill && turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
        turns.pop();
        note(adjustments, "prefill:dropped");
    }
    Ok(turns)
}

fn note(adjustments: &mut Vec<String>, token: &str) {
    if !adjustments.iter().any(|known| known == token) {
        adjustments.push(token.to_owned());
    }
}

/// Adds to the last turn when the role is the same.
fn add<'a>(turns: &mut Vec<Turn<'a>>, role: Role, pieces: Vec<Piece<'a>>) {
    if pieces.is_empty() {
        return;
    }
    match turns.last_mut().filter(|turn| turn.role == role) {
        Some(turn) => turn.pieces.extend(pieces),
        None => turns.push(Turn { role, pieces }),
    }
}

/// The blocks of a message that may stand in its role.
fn pieces<'a>(
    message: &'a Message,
    inline: bool,
    adjustments: &mut Vec<String>,
) -> Result<Vec<Piece<'a>>, Error> {
    let mut pieces = Vec::with_capacity(message.content.len());
    for block in &message.content {
        let said = match (&block.content, message.role) {
            // The API refuses text without a visible character.
            (Content::Text { text }, _) if text.trim().is_empty() => continue,
            (Content::Text { text }, Role::System) if inline => Said::Reminder(text),
            (Content::Image { source } | Content::Document { source, .. }, Role::User) => {
                check(source)?;
                Said::Given(&block.content)
            }
            (Content::ToolResult { content, .. }, Role::User) => {
                for inner in content {
                    if let Content::Image { source } | Content::Document { source, .. } = &inner.content {
                        check(source)?;
                    }
                }
                Said::Given(&block.content)
            }
            // Claude takes back only what it signed.
            (Content::Thinking { signature: None, .. }, _) => continue,
            (Content::Text { .. }, _)
            | (
                Content::ToolUse { .. } | Content::Thinking { .. } | Content::RedactedThinking { .. },
                Role::Assistant,
            )
            | (Content::Opaque { wire: Wire::AnthropicMessages, .. }, _) => Said::Given(&block.content),
            (other, _) => {
                note(adjustments, dropped(other));
                continue;
            }
        };
        pieces.push(Piece { said, cache: block.cache });
    }
    Ok(pieces)
}

const fn dropped(content: &Content) -> &'static str {
    match content {
        Content::Image { .. } => "image:dropped",
        Content::Document { .. } => "document:dropped",
        Content::ToolResult { .. } => "tool_result:dropped",
        Content::ToolUse { .. } => "tool_use:dropped",
        Content::Thinking { .. } | Content::RedactedThinking { .. } => "thinking:dropped",
        Content::Text { .. } | Content::Opaque { .. } => "opaque:dropped",
    }
}

/// Nothing is ever fetched on a client's behalf.
fn check(source: &Source) -> Result<(), Error> {
    match source {
        Source::Url { .. } => {
            Err(Error::invalid("Images and documents by URL are not fetched; send them as base64 data."))
        }
        Source::Base64 { .. } | Source::Text { .. } => Ok(()),
    }
}

/// Puts the answers to a turn's calls at the head of the next user turn, makes up those that are missing, and drops
/// those that nobody asked for.
fn answer_calls<'a>(turns: Vec<Turn<'a>>, adjustments: &mut Vec<String>) -> Vec<Turn<'a>> {
    let mut out: Vec<Turn<'a>> = Vec::with_capacity(turns.len() + 1);
    let mut asked: Vec<&'a str> = Vec::new();
    // Instructions that came between a call and its answer follow the answer.
    let mut late: Vec<Turn<'a>> = Vec::new();
    for turn in turns {
        match turn.role {
            Role::System if !asked.is_empty() => late.push(turn),
            Role::System => add(&mut out, turn.role, turn.pieces),
            Role::User => {
                let pieces = answers(&asked, turn.pieces, adjustments);
                asked.clear();
                add(&mut out, Role::User, pieces);
                late.drain(..).for_each(|turn| add(&mut out, turn.role, turn.pieces));
            }
            Role::Assistant => {
                if !asked.is_empty() {
                    add(&mut out, Role::User, answers(&asked, Vec::new(), adjustments));
                    late.drain(..).for_each(|turn| add(&mut out, turn.role, turn.pieces));
                }
                asked = turn
                    .pieces
                    .iter()
                    .filter_map(|piece| match piece.said {
                        Said::Given(Content::ToolUse { id, .. }) => Some(id.as_str()),
                        _ => None,
                    })
                    .collect();
                add(&mut out, Role::Assistant, turn.pieces);
            }
        }
    }
    if !asked.is_empty() {
        add(&mut out, Role::User, answers(&asked, Vec::new(), adjustments));
        late.drain(..).for_each(|turn| add(&mut out, turn.role, turn.pieces));
    }
    out
}

fn answers<'a>(asked: &[&'a str], pieces: Vec<Piece<'a>>, adjustments: &mut Vec<String>) -> Vec<Piece<'a>> {
    let mut open = asked.to_vec();
    let mut results = Vec::new();
    let mut rest = Vec::new();
    for piece in pieces {
        match piece.said {
            Said::Given(Content::ToolResult { id, .. }) => match open.iter().position(|call| call == id) {
                Some(at) => {
                    open.remove(at);
                    results.push(piece);
                }
                None => note(adjustments, "tool_result:dropped"),
            },
            _ => rest.push(piece),
        }
    }
    for id in open {
        note(adjustments, "tool_result:added");
        results.push(Said::Missing(id).into());
    }
    results.extend(rest);
    results
}
