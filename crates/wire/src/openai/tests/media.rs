//! Pictures and files.

use bytes::Bytes;
use llm::{Category, Content, Error, Source};
use serde_json::{Value, json};

use super::{chat, of_messages};

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF: &str = "JVBERi0xLjQgdGlueQ==";

fn of_part(part: Value) -> Result<(Content, Vec<String>), Error> {
    let meaning = of_messages(json!([{ "role": "user", "content": [part] }]))?;
    Ok((meaning.messages[0].content[0].content.clone(), meaning.adjustments))
}

fn image(url: &str) -> Result<(Content, Vec<String>), Error> {
    of_part(json!({ "type": "image_url", "image_url": { "url": url, "detail": "low" } }))
}

fn base64(media_type: &str, data: &str) -> Source {
    Source::Base64 { media_type: media_type.to_owned(), data: Bytes::copy_from_slice(data.as_bytes()) }
}

#[test]
fn a_picture_has_its_real_media_type() {
    let png = Content::Image { source: base64("image/png", PNG) };
    assert_eq!(image(&format!("data:image/png;base64,{PNG}")).expect("png"), (png.clone(), vec![]));
    let wrong = image(&format!("data:image/webp;charset=x;base64,{PNG}")).expect("png");
    assert_eq!(wrong, (png.clone(), vec!["media_type:image/png".to_owned()]));
    assert_eq!(image(PNG).expect("png").0, png);
    let folded = format!("DATA:image/png;BASE64,{}\n{}", &PNG[..10], &PNG[10..]);
    assert_eq!(image(&folded).expect("png").0, png);
    let bare = of_part(json!({ "type": "image_url", "image_url": format!("data:;base64,{PNG}") }));
    assert_eq!(bare.expect("png").0, png);
    let unknown = image("data:image/x-new;base64,AAAA").expect("an image");
    assert_eq!(unknown.0, Content::Image { source: base64("image/x-new", "AAAA") });
}

#[test]
fn nothing_is_fetched() {
    for url in [
        "https://example.com/cat.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:image/png,raw",
        "data:image/png;base64,",
        "data:application/octet-stream;base64,AAAA",
        "",
    ] {
        let error = image(url).expect_err(url);
        assert_eq!(error.category, Category::InvalidRequest);
        assert_eq!(error.param.as_deref(), Some("messages[0].content[0].image_url"));
        assert!(error.message.contains("base64 data URL"), "{}", error.message);
    }
}

#[test]
fn a_large_picture_is_not_copied() {
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{PNG}{}"}}}}]}}]}}"#,
        "A".repeat(100_000)
    );
    let request = chat(&body);
    let range = request.raw.get("messages").expect("messages").as_ptr_range();
    match &request.meaning().expect("a meaning").messages[0].content[0].content {
        Content::Image { source: Source::Base64 { data, .. } } => assert!(range.contains(&data.as_ptr())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_become_documents() {
    let file = |data: &str, name: &str| {
        of_part(json!({ "type": "file", "file": { "file_data": data, "filename": name } }))
            .map(|found| found.0)
    };
    let document = |source, title: &str| Content::Document {
        source,
        title: Some(title.to_owned()),
        context: None,
        citations: false,
    };
    let pdf = document(base64("application/pdf", PDF), "a.pdf");
    assert_eq!(file(&format!("data:application/pdf;base64,{PDF}"), "a.pdf").expect("pdf"), pdf);
    assert_eq!(file(PDF, "a.pdf").expect("pdf"), pdf);
    let text = document(Source::Text { text: "héllo".to_owned() }, "a.md");
    assert_eq!(file("data:text/markdown;base64,aMOpbGxv", "a.md").expect("text"), text);
    assert_eq!(file("aMOpbGxv", "a.md").expect("text"), text);
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    assert_eq!(file("UEsDBA==", "a.docx").expect("docx"), document(base64(docx, "UEsDBA=="), "a.docx"));
    assert_eq!(file(PNG, "a.png").expect("image"), Content::Image { source: base64("image/png", PNG) });
    for (data, name) in [("/////w==", "a.bin"), ("not base64!", "a.txt")] {
        let error = file(data, name).expect_err(name);
        assert_eq!(error.param.as_deref(), Some("messages[0].content[0].file.file_data"));
    }
}

#[test]
fn what_cannot_be_sent_is_named() {
    for (part, param) in [
        (json!({ "type": "file", "file": { "file_id": "file-1" } }), "messages[0].content[0].file.file_id"),
        (
            json!({ "type": "input_audio", "input_audio": { "data": "", "format": "wav" } }),
            "messages[0].content[0].input_audio",
        ),
    ] {
        let error = of_part(part).expect_err(param);
        assert_eq!((error.category, error.param.as_deref()), (Category::Unsupported, Some(param)));
    }
}

#[test]
fn a_tool_may_answer_with_a_picture() {
    let meaning = of_messages(json!([
        { "role": "assistant", "tool_calls": [{ "id": "A", "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "A", "content": [
            { "type": "text", "text": "see" },
            { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{PNG}") } }] },
    ]))
    .expect("a meaning");
    match &meaning.messages[1].content[0].content {
        Content::ToolResult { content, .. } => {
            assert_eq!(content[1].content, Content::Image { source: base64("image/png", PNG) });
        }
        other => panic!("{other:?}"),
    }
}
