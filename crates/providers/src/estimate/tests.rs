use bytes::Bytes;
use llm::{Message, Role, Tool, ToolKind};

use super::*;

fn asked(content: Content) -> Meaning {
    Meaning {
        messages: vec![Message { role: Role::User, content: vec![content.into()] }],
        ..Meaning::default()
    }
}

fn image(bytes: &[u8]) -> Meaning {
    let data = Bytes::from(STANDARD.encode(bytes));
    asked(Content::Image { source: Source::Base64 { media_type: "image/x".into(), data } })
}

#[test]
fn latin_and_chinese_differ() {
    assert_eq!(tokens(&asked(Content::Text { text: "a".repeat(360) })), 104);
    assert_eq!(tokens(&asked(Content::Text { text: "字".repeat(150) })), 104);
    assert_eq!(
        tokens(&asked(Content::Text { text: format!("{}{}", "é".repeat(360), "字".repeat(150)) })),
        204
    );
    assert_eq!(tokens(&Meaning::default()), 1);
}

#[test]
fn pictures_count_by_their_size() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend_from_slice(&[0, 0, 1, 0x2c, 0, 0, 0, 250]); // 300 x 250
    let gif = b"GIF89a\x2c\x01\xfa\x00".to_vec();
    let jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\xfa\x01\x2c".to_vec();
    let mut lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a".to_vec();
    lossy.extend_from_slice(&[0x2c, 0x01, 0xfa, 0x00]);
    let mut extended = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0".to_vec();
    extended.extend_from_slice(&[0x2b, 0x01, 0x00, 0xf9, 0x00, 0x00]);
    for picture in [png, gif, jpeg, lossy, extended] {
        assert_eq!(tokens(&image(&picture)), 104, "{picture:?}");
    }
    assert_eq!(tokens(&image(b"no picture")), 1604);
    assert_eq!(tokens(&image(b"\xff\xd8")), 1604);
}

#[test]
fn tools_cost_their_schema() {
    let tool = Tool {
        name: "n".repeat(36),
        description: None,
        schema: serde_json::json!({"type": "object"}), // 17 bytes
        strict: None,
        cache: None,
        kind: ToolKind::Function,
    };
    let meaning = Meaning { tools: vec![tool], ..Meaning::default() };
    assert_eq!(tokens(&meaning), 362);
}

#[test]
fn wide_characters_are_told_from_narrow_ones_wherever_they_lie() {
    for c in (0..0x3_0000).step_by(5).filter_map(char::from_u32) {
        let words = format!("aé{c}");
        let weight = if is_wide(c) { 1.0 / WIDE } else { 1.0 / LATIN };
        let expected = 2.0 / LATIN + weight;
        assert!((Letters.text(&words) - expected).abs() < 1e-9, "{words:?}");
    }
}
