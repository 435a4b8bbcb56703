//! Content parts become blocks.

use bytes::Bytes;
use llm::{Block, Content, Error};

use super::message::{ChatContent, ImageUrl, Part};
use crate::openai::attachment::{document, picture};
use crate::openai::error::{invalid_value, missing, unsupported};
use crate::openai::notes::Notes;
use crate::openai::text::Text;

/// Who speaks decides which parts are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    System,
    User,
    Assistant,
    Tool,
}

impl Speaker {
    const fn parts(self) -> &'static str {
        match self {
            Self::System => "'text'",
            Self::Assistant => "'text' and 'refusal'",
            Self::User | Self::Tool => "'text', 'image_url', and 'file'",
        }
    }
}

/// Reads the content of message number `message`. Empty texts are left out: the upstreams refuse them.
pub(super) fn blocks(
    content: ChatContent<'_>,
    speaker: Speaker,
    message: usize,
    request: &Bytes,
    notes: &mut Notes,
) -> Result<Vec<Block>, Error> {
    match content {
        ChatContent::Text(text) => Ok(block(text_of(text), None).into_iter().collect()),
        ChatContent::Parts(parts) => {
            let mut blocks = Vec::with_capacity(parts.len());
            for (number, part) in parts.into_iter().enumerate() {
                let place = Place { message, part: number };
                let cache = part.cache();
                blocks.extend(block(read(part, speaker, place, request, notes)?, cache));
            }
            Ok(blocks)
        }
    }
}

fn block(content: Option<Content>, cache: Option<llm::CacheMark>) -> Option<Block> {
    Some(Block { content: content?, cache })
}

fn text_of(text: Text<'_>) -> Option<Content> {
    (!text.as_str().is_empty()).then(|| Content::Text { text: text.into_owned() })
}

/// Names a part in error messages.
#[derive(Clone, Copy)]
struct Place {
    message: usize,
    part: usize,
}

impl Place {
    fn param(self, member: &str) -> String {
        format!("messages[{}].content[{}].{member}", self.message, self.part)
    }
}

fn read(
    part: Part<'_>,
    speaker: Speaker,
    place: Place,
    request: &Bytes,
    notes: &mut Notes,
) -> Result<Option<Content>, Error> {
    use Speaker::{Assistant, Tool, User};
    let kind = part.kind.as_ref().map(Text::as_str).ok_or_else(|| missing(place.param("type")))?;
    match (kind, speaker) {
        ("text", _) => part.text.map(text_of).ok_or_else(|| missing(place.param("text"))),
        ("refusal", Assistant) => part.refusal.map(text_of).ok_or_else(|| missing(place.param("refusal"))),
        ("image_url", User | Tool) => {
            let ImageUrl(url) = part.image_url.ok_or_else(|| missing(place.param("image_url")))?;
            picture(&url, || place.param("image_url"), request, notes).map(Some)
        }
        ("file", User | Tool) => {
            let file = part.file.ok_or_else(|| missing(place.param("file")))?;
            document(file, |member| place.param(&format!("file.{member}")), request).map(Some)
        }
        ("input_audio", User) => Err(unsupported(
            place.param("input_audio"),
            "Audio input is not supported by the models served here. Send text, images or files.",
        )),
        // Thinking of another server: nobody takes it back without its signature.
        ("thinking" | "redacted_thinking" | "reasoning", Assistant) => {
            notes.add("thinking:dropped");
            Ok(None)
        }
        (other, _) => Err(invalid_value(place.param("type"), other, speaker.parts())),
    }
}
