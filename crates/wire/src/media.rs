//! Images and documents: the formats that Bedrock Converse and Amazon Q both know, and refusals in the words of Converse.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use llm::{Error, Model, Source};

/// Format and base64 text of an image.
pub(crate) fn image<'a>(source: &'a Source, model: &Model) -> Result<(&'static str, &'a str), Error> {
    if !model.vision {
        return Err(unsupported("image"));
    }
    match source {
        Source::Base64 { media_type, data } => {
            let format = match media_type.trim().to_ascii_lowercase().as_str() {
                "image/png" => "png",
                "image/jpeg" | "image/jpg" => "jpeg",
                "image/gif" => "gif",
                "image/webp" => "webp",
                other => {
                    return Err(Error::invalid(format!(
                        "Images of type {other:?} are not supported; send image/png, image/jpeg, image/gif or image/webp."
                    )));
                }
            };
            Ok((format, text_of(data)?))
        }
        Source::Text { .. } => Err(Error::invalid("An image needs a base64 source.")),
        Source::Url { .. } => Err(not_fetched("Images")),
    }
}

/// Format and base64 text of a document.
pub(crate) fn document(source: &Source) -> Result<(&'static str, Cow<'_, str>), Error> {
    Ok(match source {
        Source::Base64 { media_type, data } => (document_format(media_type)?, text_of(data)?.into()),
        // Every model with documents takes bytes; the `text` source is for Claude alone.
        Source::Text { text } => ("txt", STANDARD.encode(text).into()),
        Source::Url { .. } => return Err(not_fetched("Documents")),
    })
}

fn document_format(media_type: &str) -> Result<&'static str, Error> {
    let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(match bare.as_str() {
        "application/pdf" => "pdf",
        "text/csv" => "csv",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "text/html" => "html",
        "text/markdown" => "md",
        text if text.starts_with("text/") => "txt",
        "application/json" | "application/xml" => "txt",
        other => return Err(Error::invalid(format!("Documents of type {other:?} are not supported."))),
    })
}

/// The refusal that Converse gives for a block kind its model does not take.
pub(crate) fn unsupported(kind: &str) -> Error {
    Error::invalid(format!(
        "This model doesn't support the {kind} content block that you provided. Update the content block and try again."
    ))
}

fn not_fetched(what: &str) -> Error {
    Error::invalid(format!("{what} are not fetched from URLs; send them as base64."))
}

fn text_of(data: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(data).map_err(|_| Error::invalid("The data of an image or document is not base64."))
}
