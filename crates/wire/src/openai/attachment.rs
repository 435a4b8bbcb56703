//! Pictures and files that ride in a request.

use bytes::Bytes;
use llm::{Content, Error, Source};
use serde::Deserialize;

use super::error::{missing, unsupported};
use super::media::{self, DataUrl};
use super::notes::Notes;
use super::text::Text;

/// A file as both of OpenAI's dialects give it.
#[derive(Debug, Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow, default)]
    pub(super) file_data: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) file_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) filename: Option<Text<'a>>,
}

/// Reads a picture. `at` names the member in errors.
///
/// # Errors
/// A 400 for what is no picture in the request itself.
pub(super) fn picture(
    url: &Text<'_>,
    at: impl Fn() -> String,
    request: &Bytes,
    notes: &mut Notes,
) -> Result<Content, Error> {
    let refuse = |why: &str| {
        Error::invalid(format!("{why} Send the image as a base64 data URL: data:image/png;base64,..."))
            .with_param(at())
    };
    let (declared, base64) = match DataUrl::parse(url.as_str()) {
        Some(url) => (url.media_type, url.base64),
        // Some clients leave the prefix out.
        None if media::sniff(url.as_str()).is_some() => (String::new(), url.as_str()),
        None => return Err(elsewhere(at())),
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

/// What is said of a picture that is not in the request.
pub(super) fn elsewhere(at: String) -> Error {
    Error::invalid(
        "Images are never downloaded from an address. Send the image as a base64 data URL: data:image/png;base64,...",
    )
    .with_param(at)
}

/// Reads a file. `at` names one of its members in errors.
///
/// # Errors
/// A 400 for a file that is elsewhere, and for bytes that no model reads.
pub(super) fn document(
    file: File<'_>,
    at: impl Fn(&str) -> String,
    request: &Bytes,
) -> Result<Content, Error> {
    let Some(whole) = file.file_data else {
        return Err(match file.file_id {
            Some(_) => unsupported(
                at("file_id"),
                "Uploaded files are not available here. Send the file as base64 in 'file_data'.",
            ),
            None => missing(at("file_data")),
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
                .with_param(at("file_data"))
            })?,
        },
    };
    Ok(match &source {
        Source::Base64 { media_type, .. } if media_type.starts_with("image/") => Content::Image { source },
        _ => Content::Document { source, title, context: None, citations: false },
    })
}
