//! What messages and outputs of tools are made of.

use bytes::Bytes;
use llm::{Block, Content, Error};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::attachment::{File, document, picture};
use crate::openai::cache::CacheControl;
use crate::openai::error::{invalid_value, missing, unsupported};
use crate::openai::notes::Notes;
use crate::openai::text::Text;

/// One part; `kind` says which of the others counts.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    file_data: Option<Text<'a>>,
    #[serde(borrow, default)]
    file_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    file_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    filename: Option<Text<'a>>,
    #[serde(borrow, default)]
    cache_control: Option<CacheControl<'a>>,
    #[serde(borrow, default)]
    prompt_cache_breakpoint: Option<CacheControl<'a>>,
}

/// Reads a string or an array of parts. `at` names it in errors; `request` is the body whose slices pictures stay. Empty
/// texts are left out: the upstreams refuse them.
pub(super) fn blocks(
    json: &RawValue,
    at: &str,
    request: &Bytes,
    notes: &mut Notes,
) -> Result<Vec<Block>, Error> {
    let json = json.get();
    if json.starts_with('"') {
        let text: Text<'_> = read(json, at)?;
        return Ok(text_block(text).into_iter().collect());
    }
    let parts: Vec<Part<'_>> = read(json, at)?;
    let mut blocks = Vec::with_capacity(parts.len());
    for (number, part) in parts.into_iter().enumerate() {
        let cache = part.cache_control.as_ref().or(part.prompt_cache_breakpoint.as_ref());
        let cache = cache.map(CacheControl::mark);
        if let Some(mut block) = block(part, &format!("{at}[{number}]"), request, notes)? {
            block.cache = cache;
            blocks.push(block);
        }
    }
    Ok(blocks)
}

pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a str, at: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::invalid(format!("{at}: {error}")).with_param(at))
}

fn text_block(text: Text<'_>) -> Option<Block> {
    (!text.as_str().is_empty()).then(|| Block::text(text.into_owned()))
}

fn block(part: Part<'_>, at: &str, request: &Bytes, notes: &mut Notes) -> Result<Option<Block>, Error> {
    let kind = part.kind.as_ref().map(Text::as_str).ok_or_else(|| missing(format!("{at}.type")))?;
    match kind {
        "input_text" | "output_text" | "text" | "summary_text" => {
            part.text.map(text_block).ok_or_else(|| missing(format!("{at}.text")))
        }
        "refusal" => part.refusal.map(text_block).ok_or_else(|| missing(format!("{at}.refusal"))),
        "input_image" | "image_url" => image(part, at, request, notes).map(Some),
        "input_file" | "file" => file(part, at, request).map(Some),
        "input_audio" => Err(unsupported(
            format!("{at}.input_audio"),
            "Audio input is not supported by the models served here. Send text, images or files.",
        )),
        // Thoughts stand in items of their own.
        "reasoning_text" | "encrypted_content" => {
            notes.add("thinking:dropped");
            Ok(None)
        }
        "computer_screenshot" => image(part, at, request, notes).map(Some),
        other => Err(invalid_value(
            format!("{at}.type"),
            other,
            "'input_text', 'input_image', 'input_file', 'output_text', and 'refusal'",
        )),
    }
}

/// The address as a string; some clients wrap it as chat does.
fn image(part: Part<'_>, at: &str, request: &Bytes, notes: &mut Notes) -> Result<Block, Error> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        url: Text<'a>,
    }
    let member = || format!("{at}.image_url");
    let Some(json) = part.image_url.map(RawValue::get) else {
        return Err(match part.file_id {
            Some(_) => unsupported(
                format!("{at}.file_id"),
                "Uploaded images are not available here. Send the image as a data URL in 'image_url'.",
            ),
            None => missing(member()),
        });
    };
    let url = if json.starts_with('{') { read::<Wrapped<'_>>(json, at)?.url } else { read(json, at)? };
    picture(&url, member, request, notes).map(Into::into)
}

fn file(part: Part<'_>, at: &str, request: &Bytes) -> Result<Block, Error> {
    if part.file_data.is_none() && part.file_url.is_some() {
        return Err(unsupported(
            format!("{at}.file_url"),
            "Files are never downloaded from an address. Send the file as base64 in 'file_data'.",
        ));
    }
    let file = File { file_data: part.file_data, file_id: part.file_id, filename: part.filename };
    let content: Content = document(file, |member| format!("{at}.{member}"), request)?;
    Ok(content.into())
}
