//! Content blocks as they are read, from a client's request or an upstream's answer.

use std::borrow::Cow;

use bytes::Bytes;
use llm::{Block, CacheMark, CacheTtl, Content, Source, Wire};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::loose::Loose;
use super::{is_signed, peek};

/// What is wrong with a piece of JSON, and where, in the manner of the API: `content.0.text: Field required`.
#[derive(Debug)]
pub(super) struct Fault {
    path: String,
    message: String,
}

impl Fault {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The fault seen from one level further out.
    pub(super) fn under(mut self, outer: impl std::fmt::Display) -> Self {
        self.path = if self.path.is_empty() { outer.to_string() } else { format!("{outer}.{}", self.path) };
        self
    }

    fn required(path: &str) -> Self {
        Self::new(path, "Field required")
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::new("", error.to_string())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A string, borrowed when it has no escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The block kinds that mean something on other wires.
pub(super) const KINDS: [&str; 7] =
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];

/// Members of the block kinds we know, all in one: kinds are told apart before. `C` is what a block's own content is
/// read as.
#[derive(Deserialize)]
pub(super) struct Fields<'a, C> {
    text: Option<String>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    title: Option<String>,
    context: Option<String>,
    #[serde(borrow)]
    citations: Option<&'a RawValue>,
    id: Option<String>,
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    tool_use_id: Option<String>,
    content: Option<C>,
    is_error: Option<bool>,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SourceFields<'a> {
    media_type: Option<String>,
    #[serde(borrow)]
    data: Option<Text<'a>>,
    url: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// Reads `content`: a string or an array of blocks. `body` is the buffer that `json` lies in; large base64 texts
/// become slices of it.
pub(super) fn read(json: &RawValue, body: &Bytes) -> Result<Vec<Block>, Fault> {
    match peek::first(json.get().as_bytes()) {
        Some(b'"') => {
            let text: String = serde_json::from_str(json.get())?;
            Ok(if text.is_empty() { Vec::new() } else { vec![Block::text(text)] })
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json.get())?;
            items
                .into_iter()
                .enumerate()
                .map(|(at, item)| read_block(item, body).map_err(|fault| fault.under(at)))
                .collect()
        }
        _ => Err(Fault::new("", "Input should be a valid string or list")),
    }
}

/// Reads `content` where it is all of `json`, in one pass if that is possible.
pub(super) fn read_all(json: &Bytes) -> Result<Vec<Block>, Fault> {
    let loose: Option<Loose<'_>> = serde_json::from_slice(json).ok();
    match loose.and_then(|content| content.blocks(json)) {
        Some(blocks) => Ok(blocks),
        None => read(serde_json::from_slice(json)?, json),
    }
}

/// Reads one block.
fn read_block(json: &RawValue, body: &Bytes) -> Result<Block, Fault> {
    let text = json.get();
    if peek::first(text.as_bytes()) != Some(b'{') {
        return Err(Fault::new("", "Input should be a valid dictionary"));
    }
    let kind = peek::kind(text.as_bytes()).ok_or_else(|| Fault::required("type"))?;
    if !KINDS.contains(&kind) {
        return opaque(json);
    }
    let fields: Fields<'_, &RawValue> = serde_json::from_str(text)?;
    match known(kind, fields, body, |content| read(content, body))? {
        Some(block) => Ok(block),
        None => opaque(json),
    }
}

/// A block of a known kind; `None` when it holds a file id or nested pictures, which no other wire could carry.
pub(super) fn known<C>(
    kind: &str,
    fields: Fields<'_, C>,
    body: &Bytes,
    nested: impl FnOnce(C) -> Result<Vec<Block>, Fault>,
) -> Result<Option<Block>, Fault> {
    let cache = fields.cache_control.and_then(read_cache);
    let content = match kind {
        "text" => Content::Text { text: fields.text.ok_or_else(|| Fault::required("text"))? },
        "image" | "document" => {
            let source = fields.source.ok_or_else(|| Fault::required("source"))?;
            match read_source(source, body).map_err(|fault| fault.under("source"))? {
                Some(source) if kind == "image" => Content::Image { source },
                Some(source) => Content::Document {
                    source,
                    title: fields.title,
                    context: fields.context,
                    citations: fields.citations.is_some_and(enabled),
                },
                None => return Ok(None),
            }
        }
        "tool_use" => Content::ToolUse {
            id: fields.id.ok_or_else(|| Fault::required("id"))?,
            name: fields.name.ok_or_else(|| Fault::required("name"))?,
            input: fields.input.map_or_else(|| "{}".to_owned(), read_input),
        },
        "tool_result" => Content::ToolResult {
            id: fields.tool_use_id.ok_or_else(|| Fault::required("tool_use_id"))?,
            content: match fields.content {
                Some(content) => nested(content).map_err(|fault| fault.under("content"))?,
                None => Vec::new(),
            },
            is_error: fields.is_error.unwrap_or(false),
        },
        "thinking" => Content::Thinking {
            text: fields.thinking.unwrap_or_default(),
            signature: fields.signature.filter(|signature| is_signed(signature)),
        },
        _ => Content::RedactedThinking { data: fields.data.unwrap_or_default() },
    };
    Ok(Some(Block { content, cache }))
}

fn opaque(json: &RawValue) -> Result<Block, Fault> {
    Ok(opaque_value(serde_json::from_str(json.get())?))
}

/// A block only this wire understands. What a search for tools has found is said to others in words: there all tools
/// are at hand from the beginning.
pub(super) fn opaque_value(value: Value) -> Block {
    let cache = value.get("cache_control").and_then(cache_of);
    let word = |name| value.get(name).and_then(Value::as_str);
    let content = match (word("type"), word("tool_name")) {
        (Some("tool_reference"), Some(name)) => Content::Text { text: format!("Tool {name} is available.") },
        _ => Content::Opaque { wire: Wire::AnthropicMessages, value },
    };
    Block { content, cache }
}

/// Reads a source; `None` when only this wire can carry it.
fn read_source(json: &RawValue, body: &Bytes) -> Result<Option<Source>, Fault> {
    let kind = peek::kind(json.get().as_bytes()).ok_or_else(|| Fault::required("type"))?;
    let fields: SourceFields<'_> = match kind {
        "base64" | "text" | "url" | "content" => serde_json::from_str(json.get())?,
        _ => return Ok(None),
    };
    let data = || fields.data.as_ref().ok_or_else(|| Fault::required("data"));
    Ok(match kind {
        "base64" => Some(Source::Base64 {
            media_type: fields.media_type.clone().ok_or_else(|| Fault::required("media_type"))?,
            data: match &data()?.0 {
                Cow::Borrowed(text) => body.slice_ref(text.as_bytes()),
                Cow::Owned(text) => Bytes::from(text.clone()),
            },
        }),
        "text" => Some(Source::Text { text: data()?.0.clone().into_owned() }),
        "url" => Some(Source::Url { url: fields.url.ok_or_else(|| Fault::required("url"))? }),
        _ => {
            let blocks = match fields.content {
                Some(content) => read(content, body).map_err(|fault| fault.under("content"))?,
                None => return Err(Fault::required("content")),
            };
            let texts: Option<Vec<String>> = blocks
                .into_iter()
                .map(|block| match block.content {
                    Content::Text { text } => Some(text),
                    _ => None,
                })
                .collect();
            texts.map(|texts| Source::Text { text: texts.join("\n") })
        }
    })
}

/// Arguments of a call: an object as it stands. Some clients send them once more encoded as a string.
fn read_input(json: &RawValue) -> String {
    match peek::first(json.get().as_bytes()) {
        Some(b'{') => json.get().to_owned(),
        Some(b'"') => serde_json::from_str::<String>(json.get())
            .ok()
            .filter(|text| serde_json::from_str::<serde_json::Map<String, Value>>(text).is_ok())
            .unwrap_or_else(|| "{}".to_owned()),
        _ => "{}".to_owned(),
    }
}

fn enabled(json: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Switch {
        enabled: Option<bool>,
    }
    serde_json::from_str::<Switch>(json.get()).is_ok_and(|switch| switch.enabled.unwrap_or(false))
}

/// Reads a `cache_control`.
pub(super) fn read_cache(json: &RawValue) -> Option<CacheMark> {
    cache_of(&serde_json::from_str(json.get()).ok()?)
}

fn cache_of(value: &Value) -> Option<CacheMark> {
    let members = value.as_object()?;
    let ttl = match members.get("ttl").and_then(Value::as_str) {
        Some("5m") => Some(CacheTtl::FiveMinutes),
        Some("1h") => Some(CacheTtl::OneHour),
        _ => None,
    };
    Some(CacheMark { ttl })
}
