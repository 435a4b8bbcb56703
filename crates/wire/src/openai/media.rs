//! Bytes that ride in a request as base64: what they really are.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::text::Text;

/// Takes base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The parts of `data:image/png;base64,iVBO…`.
pub(super) struct DataUrl<'a> {
    /// Lower case, without parameters; empty when the URL names none.
    pub(super) media_type: String,
    pub(super) base64: &'a str,
}

impl<'a> DataUrl<'a> {
    /// `None` when it is no data URL or does not carry base64.
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.trim_start().split_at_checked(5)?;
        if !scheme.eq_ignore_ascii_case("data:") {
            return None;
        }
        let (head, base64) = rest.split_once(',')?;
        let (head, encoding) = head.rsplit_once(';')?;
        if !encoding.trim().eq_ignore_ascii_case("base64") {
            return None;
        }
        let media_type = head.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(Self { media_type, base64 })
    }
}

/// The media type that the first bytes tell, for the kinds that models read. Clients often get it wrong (a JPEG
/// saved as `.png`), and the upstreams refuse a picture whose declared type is not its own.
pub(super) fn sniff(base64: &str) -> Option<&'static str> {
    // Sixteen characters are twelve bytes: enough for the longest mark, that of WebP.
    let start: Vec<u8> = base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).take(16).collect();
    let bytes = BASE64.decode(&start[..start.len() / 4 * 4]).ok()?;
    match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        _ => None,
    }
}

/// The base64 text as bytes: a slice of the request where `whole` was borrowed from it. Line breaks, which strict
/// decoders refuse, are taken out.
pub(super) fn data(whole: &Text<'_>, base64: &str, request: &Bytes) -> Bytes {
    if base64.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    }
    match whole.0 {
        Cow::Borrowed(_) => request.slice_ref(base64.as_bytes()),
        Cow::Owned(_) => Bytes::copy_from_slice(base64.as_bytes()),
    }
}

/// The text that base64 carries; `None` when it is not base64 of UTF-8.
pub(super) fn text(base64: &str) -> Option<String> {
    let clean: Vec<u8> = base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    String::from_utf8(BASE64.decode(clean).ok()?).ok()
}

/// True for media types whose bytes are text that any model reads.
pub(super) fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type,
            "application/json"
                | "application/xml"
                | "application/yaml"
                | "application/x-yaml"
                | "application/toml"
                | "application/javascript"
                | "application/typescript"
                | "application/sql"
                | "application/x-sh"
        )
}

/// The media type of files that are not text, by the end of their name.
pub(super) fn by_name(filename: &str) -> Option<&'static str> {
    let (_, extension) = filename.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => return None,
    })
}
