//! Content parts become blocks.

use bytes::Bytes;
use llm::{Block, Content, Error, Source};

use super::media::{self, DataUrl};
use super::message::{ChatContent, File, ImageUrl, Part, Text};
use crate::openai::error::{invalid_value, missing, unsupported};
use crate::openai::notes::Notes;

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
            let image = part.image_url.ok_or_else(|| missing(place.param("image_url")))?;
            picture(&image, place, request, notes).map(Some)
        }
        ("file", User | Tool) => {
            let file = part.file.ok_or_else(|| missing(place.param("file")))?;
            document(file, place, request).map(Some)
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

fn picture(image: &ImageUrl<'_>, place: Place, request: &Bytes, notes: &mut Notes) -> Result<Content, Error> {
    let ImageUrl(url) = image;
    let refuse = |why: &str| {
        Error::invalid(format!("{why} Send the image as a base64 data URL: data:image/png;base64,..."))
            .with_param(place.param("image_url"))
    };
    let (declared, base64) = match DataUrl::parse(url.as_str()) {
        Some(url) => (url.media_type, url.base64),
        // Some clients leave the prefix out.
        None if media::sniff(url.as_str()).is_some() => (String::new(), url.as_str()),
        None => return Err(refuse("Images are never downloaded from an address.")),
    };
    if base64.trim().is_empty() {
        return Err(refuse("The image is empty."));
    }
    let media_type = match media::sniff(base64) {
        Some(real) if real == declared => declared,
        Some(real) => {
            if !matches!(declared.as_str(), "" | "image/jpg") {
                notes.add(format!("media_type:{real}"));
            }
            real.to_owned()
        }
        None if declared.starts_with("image/") => declared,
        None => return Err(refuse("The data is not an image.")),
    };
    let source = Source::Base64 { data: media::data(url, base64, request), media_type };
    Ok(match &source {
        Source::Base64 { media_type, .. } if media_type == "application/pdf" => {
            Content::Document { source, title: None, context: None, citations: false }
        }
        _ => Content::Image { source },
    })
}

fn document(file: File<'_>, place: Place, request: &Bytes) -> Result<Content, Error> {
    let Some(whole) = file.file_data else {
        return Err(match file.file_id {
            Some(_) => unsupported(
                place.param("file.file_id"),
                "Uploaded files are not available here. Send the file as base64 in 'file_data'.",
            ),
            None => missing(place.param("file.file_data")),
        });
    };
    let title = file.filename.map(Text::into_owned).filter(|name| !name.is_empty());
    let (declared, base64) = match DataUrl::parse(whole.as_str()) {
        Some(url) => (url.media_type, url.base64),
        None => (String::new(), whole.as_str()),
    };
    let binary = media::sniff(base64)
        .or_else(|| title.as_deref().and_then(media::by_name))
        .map(str::to_owned)
        .or_else(|| {
            let vague = matches!(declared.as_str(), "" | "application/octet-stream");
            (!vague && !media::is_text(&declared)).then_some(declared)
        });
    let source = match binary {
        Some(media_type) => Source::Base64 { media_type, data: media::data(&whole, base64, request) },
        None => Source::Text {
            text: media::text(base64).ok_or_else(|| {
                Error::invalid(
                    "The file is neither base64 of a PDF, an image or an office document nor of UTF-8 text.",
                )
                .with_param(place.param("file.file_data"))
            })?,
        },
    };
    Ok(match &source {
        Source::Base64 { media_type, .. } if media_type.starts_with("image/") => Content::Image { source },
        _ => Content::Document { source, title, context: None, citations: false },
    })
}
