//! Bytes inside the conversation: Bedrock takes them as base64 alone and looks at the first ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Checked, only, refuse, string};

/// Bytes of one image.
const MOST_IMAGE: usize = 5 * 1024 * 1024;

/// The media type that the first bytes tell.
pub(in crate::bedrock) fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

pub(super) fn source(source: &Value, path: &str) -> Checked {
    let kind = string(&source["type"], &format!("{path}.type"))?;
    if kind != "base64" {
        let words = format!(
            "Input tag '{kind}' found using 'type' does not match any of the expected tags: 'base64'"
        );
        return refuse(path, &words);
    }
    let path = format!("{path}.base64");
    only(source, &["type", "media_type", "data"], &path)?;
    let claimed = string(&source["media_type"], &format!("{path}.media_type"))?;
    if !matches!(claimed, "image/png" | "image/jpeg" | "image/gif" | "image/webp") {
        let words = "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'";
        return refuse(&format!("{path}.media_type"), words);
    }
    let Ok(bytes) = STANDARD.decode(string(&source["data"], &format!("{path}.data"))?) else {
        return refuse(&path, "invalid base64 data");
    };
    if bytes.len() > MOST_IMAGE {
        let words = format!("image exceeds 5 MB maximum: {} bytes > {MOST_IMAGE} bytes", bytes.len());
        return refuse(&path, &words);
    }
    match sniff(&bytes) {
        Some(found) if found == claimed => Ok(()),
        Some(found) => {
            let words = format!(
                "The image was specified using the {claimed} media type, but the image appears to be a {found} image"
            );
            refuse(&path, &words)
        }
        None => super::say("Could not process image"),
    }
}

pub(super) fn document(source: &Value, path: &str) -> Checked {
    let kind = string(&source["type"], &format!("{path}.type"))?;
    let path = format!("{path}.{kind}");
    match kind {
        "base64" => {
            only(source, &["type", "media_type", "data"], &path)?;
            if source["media_type"] != "application/pdf" {
                return refuse(&format!("{path}.media_type"), "Input should be 'application/pdf'");
            }
            match STANDARD.decode(string(&source["data"], &format!("{path}.data"))?) {
                Ok(bytes) if bytes.starts_with(b"%PDF") => Ok(()),
                Ok(_) => refuse(&format!("{path}.data"), "The PDF specified was not valid."),
                Err(_) => refuse(&path, "invalid base64 data"),
            }
        }
        "text" => {
            only(source, &["type", "media_type", "data"], &path)?;
            string(&source["data"], &format!("{path}.data")).map(drop)
        }
        "content" => Ok(()),
        _ => {
            let words = format!(
                "Input tag '{kind}' found using 'type' does not match any of the expected tags: 'base64', 'content', \
                 'text'"
            );
            refuse(&path, &words)
        }
    }
}
