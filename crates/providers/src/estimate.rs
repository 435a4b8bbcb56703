//! A guess at how many tokens a request has, for when no upstream counts.
//!
//! Who asks for a count gets texts counted by a [vocabulary]. What only accompanies a request goes by rules of thumb, which
//! cost next to nothing: a token is about 3.6 characters of Latin text or code and 1.5 of Chinese, Japanese or Korean; a
//! picture is its pixels by 750, at most 1600; a page of a document is 2000; declaring tools costs 346 and a third
//! of their JSON's length.

mod vocabulary;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use llm::{Block, Content, Meaning, Source};

pub(crate) use vocabulary::count;

const LATIN: f64 = 3.6;
const WIDE: f64 = 1.5;
const PICTURE: f64 = 1600.0;
const PIXELS: f64 = 750.0;
const PAGE: f64 = 2000.0;
const PAGE_BYTES: f64 = 60_000.0;
const TOOLS: f64 = 346.0;
const SCHEMA: f64 = 3.0;
/// Role and separators of a message.
const MESSAGE: f64 = 4.0;

/// How many tokens words have.
trait Measure {
    fn text(&self, text: &str) -> f64;
    /// The JSON of a tool's parameters.
    fn schema(&self, schema: &serde_json::Value) -> f64;
}

/// By their letters.
struct Letters;

/// Tokens of a request's input, roughly.
pub(crate) fn tokens(meaning: &Meaning) -> u64 {
    sum(meaning, &Letters)
}

fn sum(meaning: &Meaning, by: &impl Measure) -> u64 {
    let mut sum = blocks(&meaning.system, by);
    for message in &meaning.messages {
        sum += MESSAGE + blocks(&message.content, by);
    }
    if !meaning.tools.is_empty() {
        sum += TOOLS;
    }
    for tool in &meaning.tools {
        let description = tool.description.as_deref().map_or(0.0, |words| by.text(words));
        sum += by.text(&tool.name) + description + by.schema(&tool.schema);
    }
    (sum.ceil() as u64).max(1)
}

impl Measure for Letters {
    fn text(&self, text: &str) -> f64 {
        // No wide character begins with a lower byte; conversations are long, and most have none.
        let may_be_wide = text.bytes().max().is_some_and(|byte| byte >= 0xe1);
        let wide = if may_be_wide { text.chars().filter(|c| is_wide(*c)).count() } else { 0 };
        let narrow = text.chars().count() - wide;
        wide as f64 / WIDE + narrow as f64 / LATIN
    }

    fn schema(&self, schema: &serde_json::Value) -> f64 {
        let mut length = Length(0);
        // Counting takes every write.
        let _ = serde_json::to_writer(&mut length, schema);
        length.0 as f64 / SCHEMA
    }
}

/// Counts bytes and keeps none.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn blocks(blocks: &[Block], by: &impl Measure) -> f64 {
    blocks.iter().map(|block| content(&block.content, by)).sum()
}

fn content(content: &Content, by: &impl Measure) -> f64 {
    let text = |words: &str| by.text(words);
    match content {
        Content::Text { text: words } | Content::Thinking { text: words, .. } => text(words),
        Content::Image { source } => picture(source),
        Content::Document { source, title, context, .. } => {
            document(source, by) + title.as_deref().map_or(0.0, text) + context.as_deref().map_or(0.0, text)
        }
        Content::ToolUse { name, input, .. } => text(name) + text(input),
        Content::ToolResult { content, .. } => blocks(content, by),
        Content::RedactedThinking { data } => data.len() as f64 / LATIN,
        Content::Opaque { value, .. } => serde_json::to_string(value).map_or(0.0, |json| text(&json)),
    }
}

/// Han, kana, hangul and their full-width forms.
const fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn document(source: &Source, by: &impl Measure) -> f64 {
    match source {
        Source::Text { text } => by.text(text),
        Source::Base64 { data, .. } => (data.len() as f64 * 0.75 / PAGE_BYTES).ceil().max(1.0) * PAGE,
        Source::Url { .. } => PAGE,
    }
}

fn picture(source: &Source) -> f64 {
    let Source::Base64 { data, .. } = source else { return PICTURE };
    // The size stands in the first bytes, but for JPEG, where pictures may come before it.
    let start = &data[..data.len().min(256 * 1024) / 4 * 4];
    let lenient = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let bytes = lenient.decode(start).or_else(|_| STANDARD.decode(data)).unwrap_or_default();
    match size(&bytes) {
        Some((width, height)) => (f64::from(width) * f64::from(height) / PIXELS).clamp(1.0, PICTURE),
        None => PICTURE,
    }
}

/// Width and height of a PNG, GIF, JPEG or WebP.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let be16 = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let le16 = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let be32 = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let le24 = |at: usize| Some(le16(at)? | u32::from(*bytes.get(at + 2)?) << 16);
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((be32(16)?, be32(20)?));
    }
    if bytes.starts_with(b"GIF8") {
        return Some((le16(6)?, le16(8)?));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return match bytes.get(12..16)? {
            b"VP8X" => Some((le24(24)? + 1, le24(27)? + 1)),
            b"VP8 " => Some((le16(26)? & 0x3fff, le16(28)? & 0x3fff)),
            b"VP8L" => {
                let bits = le24(21)? | u32::from(*bytes.get(24)?) << 24;
                Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
            }
            _ => None,
        };
    }
    if bytes.starts_with(b"\xff\xd8") {
        let mut at = 2;
        loop {
            let marker = *bytes.get(at + 1)?;
            // Start of frame; C4, C8 and CC are something else.
            if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                return Some((be16(at + 7)?, be16(at + 5)?));
            }
            at += 2 + be16(at + 2)? as usize;
        }
    }
    None
}

#[cfg(test)]
mod tests;
