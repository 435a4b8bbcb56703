//! Images and documents.

use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::entries::list;
use super::{Broken, Checked, Talk, hidden};

/// Images of one message.
const MOST_IMAGES: usize = 20;
/// Bytes of one image.
const MOST_BYTES: usize = 10 * 1024 * 1024;

const DOCUMENTS: &[&str] = &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];

pub(super) fn check(talk: &Talk<'_>, message: &Value, place: &str) -> Checked {
    let images = list(&message["images"], place, "images")?;
    if images.len() > MOST_IMAGES {
        let why = format!("{place}: more than {MOST_IMAGES} images");
        return Err(Broken::hidden("IMAGE_COUNT_EXCEEDED", why));
    }
    if !images.is_empty() && !talk.model.images {
        return hidden(format!("{place}: {} reads no images", talk.model.id));
    }
    images.iter().try_for_each(|image| picture(image, place))?;
    let mut names = HashSet::new();
    for document in list(&message["documents"], place, "documents")? {
        let name = document["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return hidden(format!("{place}: a document without a name"));
        }
        if !names.insert(name) {
            let why = format!("{place}: two documents are called {name}");
            return Err(Broken::hidden("DOCUMENT_DUPLICATE_NAME", why));
        }
        if !document["format"].as_str().is_some_and(|format| DOCUMENTS.contains(&format)) {
            return hidden(format!("{place}: a document of format {}", document["format"]));
        }
        bytes(document, place)?;
    }
    Ok(())
}

fn picture(image: &Value, place: &str) -> Checked {
    let format = image["format"].as_str().unwrap_or_default();
    if !matches!(format, "png" | "jpeg" | "gif" | "webp") {
        let why = format!("{place}: an image of format {}", image["format"]);
        return Err(Broken::hidden("IMAGE_FORMAT_UNSUPPORTED", why));
    }
    let bytes = bytes(image, place)?;
    if bytes.len() > MOST_BYTES {
        let why = format!("{place}: an image of {} bytes", bytes.len());
        return Err(Broken::hidden("IMAGE_SIZE_EXCEEDED", why));
    }
    let real = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [b'G', b'I', b'F', b'8', ..] => "gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        _ => "unknown",
    };
    if real == format {
        return Ok(());
    }
    let why = format!("{place}: an image called {format} is {real}");
    Err(Broken::hidden("IMAGE_MIME_MISMATCH", why))
}

fn bytes(block: &Value, place: &str) -> Result<Vec<u8>, Broken> {
    let text = block["source"]["bytes"].as_str().unwrap_or_default();
    match BASE64_STANDARD.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => hidden(format!("{place}: source.bytes is no base64")),
    }
}
