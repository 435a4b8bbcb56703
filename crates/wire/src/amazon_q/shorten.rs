//! A request that is longer than the service takes, made shorter by what counts least: results of tools that are long past,
//! oldest first, then pictures and documents of earlier turns. Calls keep their results, and the last turn of the user keeps
//! every word.

use llm::{Block, Category, Content, Error, Meaning, Message, Role, Source};

use super::request::Written;

/// What was taken out of a conversation.
struct Shortened {
    meaning: Meaning,
    /// Messages before the last turn of the user.
    old: usize,
    results: usize,
    attachments: usize,
}

/// Writes a request of at most `most` bytes. `length` is what it has as it stands.
///
/// # Errors
/// [`Category::ContextLength`] when too much is left after all that may go has gone; those of `write`.
pub(super) fn within(
    most: usize,
    length: usize,
    meaning: &Meaning,
    write: impl Fn(&Meaning) -> Result<Written, Error>,
) -> Result<Written, Error> {
    let mut short =
        Shortened { meaning: meaning.clone(), old: old(&meaning.messages), results: 0, attachments: 0 };
    let mut length = length;
    loop {
        if !short.save(length.saturating_sub(most)) {
            return Err(Error::new(
                Category::ContextLength,
                format!(
                    "prompt is too long: {length} bytes where Kiro takes {most}, and nothing is left that could be cut. \
                     Compact the conversation or begin a new one; the limit is the option `context_guard` of the account."
                ),
            ));
        }
        let written = write(&short.meaning)?;
        length = written.body.len();
        if length <= most {
            return Ok(short.noted(written));
        }
    }
}

/// How many messages stand before the last turn of the user.
fn old(messages: &[Message]) -> usize {
    // An assistant that says nothing separates nothing: what stands around it goes out as one turn.
    let speaks = |block: &Block| match &block.content {
        Content::Text { text } => !text.trim().is_empty(),
        content => matches!(content, Content::ToolUse { .. }),
    };
    let spoken = |message: &Message| message.role == Role::Assistant && message.content.iter().any(speaks);
    let end = messages.iter().rposition(|message| message.role != Role::Assistant).map_or(0, |last| last + 1);
    messages[..end].iter().rposition(spoken).map_or(0, |last| last + 1)
}

impl Shortened {
    /// Takes out so many bytes, or as many as there are. `false` when there are none.
    fn save(&mut self, bytes: usize) -> bool {
        let mut saved = 0;
        for message in &mut self.meaning.messages[..self.old] {
            for block in &mut message.content {
                if saved >= bytes {
                    return true;
                }
                if let Content::ToolResult { content, .. } = &mut block.content {
                    let less = cut(content);
                    self.results += usize::from(less > 0);
                    saved += less;
                }
            }
        }
        for message in &mut self.meaning.messages[..self.old] {
            for block in &mut message.content {
                let inner = match &mut block.content {
                    Content::ToolResult { content, .. } => content.as_mut_slice(),
                    _ => std::slice::from_mut(block),
                };
                for block in inner {
                    if saved >= bytes {
                        return true;
                    }
                    let less = leave_out(block);
                    self.attachments += usize::from(less > 0);
                    saved += less;
                }
            }
        }
        saved > 0
    }

    fn noted(&self, mut written: Written) -> Written {
        let Self { results, attachments, .. } = self;
        let count = |count: usize, what: &str| (count > 0).then(|| format!("{what}:{count}"));
        written.adjustments.extend(count(results + attachments, "shortened"));
        written.adjustments.extend(count(*results, "tool_results:cut"));
        written.adjustments.extend(count(*attachments, "attachments:cut"));
        written
    }
}

/// Puts a note in the place of a result's texts. Returns the bytes that this saves.
fn cut(content: &mut Vec<Block>) -> usize {
    let texts = content.iter().filter_map(|block| match &block.content {
        Content::Text { text } => Some(text),
        _ => None,
    });
    let (long, letters) =
        texts.fold((0, 0), |(long, letters), text| (long + length(text), letters + text.chars().count()));
    let note = format!(
        "[Switchboard cut the {letters} characters of this earlier result: the request was too long for Kiro.]"
    );
    let Some(saved) = long.checked_sub(length(&note)).filter(|saved| *saved > 0) else { return 0 };
    content.retain(|block| !matches!(block.content, Content::Text { .. }));
    content.insert(0, Block::text(note));
    saved
}

/// Puts a note in the place of a picture or a document. Returns the bytes that this saves.
fn leave_out(block: &mut Block) -> usize {
    let (what, source, more) = match &block.content {
        Content::Image { source } => ("picture", source, 0),
        Content::Document { source, title, context, .. } => {
            let of = |text: &Option<String>| text.as_deref().map_or(0, length);
            ("document", source, of(title) + of(context))
        }
        _ => return 0,
    };
    let long = match source {
        Source::Base64 { data, .. } => data.len(),
        Source::Text { text } => length(text),
        Source::Url { .. } => return 0,
    };
    let note =
        format!("[Switchboard left out a {what} of {long} bytes here: the request was too long for Kiro.]");
    // A text may be dropped where it says nothing, a note never is.
    let Some(saved) = (long + more).checked_sub(length(&note)).filter(|saved| *saved > 0) else { return 0 };
    *block = Block { content: Content::Text { text: note }, cache: block.cache };
    saved
}

/// Bytes of a text within JSON.
fn length(text: &str) -> usize {
    let escapes = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.bytes().map(|byte| 1 + escapes(byte)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_json() {
        for text in ["", "plain", "\"\\\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}", "é好😀"] {
            assert_eq!(length(text) + 2, serde_json::to_string(text).unwrap().len(), "{text:?}");
        }
    }

    #[test]
    fn the_last_turn_of_the_user_is_not_old() {
        let talk = |roles: &str| -> Vec<Message> {
            let role = |letter| match letter {
                'a' | '-' => Role::Assistant,
                's' => Role::System,
                _ => Role::User,
            };
            let said = |letter| if letter == '-' { Vec::new() } else { vec![Block::text("x")] };
            roles.chars().map(|letter| Message { role: role(letter), content: said(letter) }).collect()
        };
        for (roles, expected) in [
            ("", 0),
            ("u", 0),
            ("uau", 2),
            ("uauus", 2),
            ("ua", 0),
            ("uaua", 2),
            ("a", 0),
            ("uausaa", 2),
            ("uau-u", 2),
        ] {
            assert_eq!(old(&talk(roles)), expected, "{roles}");
        }
    }
}
