//! Order and content of the conversation.

use bytes::Bytes;
use llm::{Block, CacheMark, CacheTtl, Category, Content, Message, Role, Source};
use serde_json::json;

use super::*;

fn user(content: Vec<Block>) -> Message {
    Message { role: Role::User, content }
}

fn assistant(content: Vec<Block>) -> Message {
    Message { role: Role::Assistant, content }
}

fn talk(messages: Vec<Message>) -> Meaning {
    Meaning { messages, ..Meaning::default() }
}

fn call(id: &str, input: &str) -> Block {
    Content::ToolUse { id: id.into(), name: "f".into(), input: input.into() }.into()
}

fn result(id: &str, content: Vec<Block>) -> Block {
    Content::ToolResult { id: id.into(), content, is_error: false }.into()
}

fn image(media_type: &str) -> Block {
    let data = Bytes::from_static(b"iVBORw0KGgo=");
    Content::Image { source: Source::Base64 { media_type: media_type.into(), data } }.into()
}

fn document(title: Option<&str>, source: Source) -> Block {
    Content::Document {
        source,
        title: title.map(str::to_owned),
        context: Some("about".into()),
        citations: true,
    }
    .into()
}

fn pdf() -> Source {
    Source::Base64 { media_type: "application/pdf".into(), data: Bytes::from_static(b"JVBERi0=") }
}

#[test]
fn turns_alternate_and_begin_with_the_user() {
    let (body, adjustments) = write(
        &talk(vec![
            assistant(vec![Block::text("hello")]),
            user(vec![Block::text("a")]),
            user(vec![Block::text(""), Block::text("  \n")]),
            Message { role: Role::System, content: vec![Block::text("be kind")] },
            assistant(vec![Content::Thinking { text: "hm".into(), signature: Some("s".into()) }.into()]),
            user(vec![Block::text("b")]),
            assistant(vec![Block::text("so: \n")]),
        ]),
        &qwen(),
    );
    let expected = json!([
        {"role": "user", "content": [{"text": "."}]},
        {"role": "assistant", "content": [{"text": "hello"}]},
        {"role": "user", "content": [
            {"text": "a"}, {"text": "<system-reminder>\nbe kind\n</system-reminder>"}, {"text": "b"}]},
        {"role": "assistant", "content": [{"text": "so:"}]},
    ]);
    assert_eq!(body["messages"], expected);
    assert_eq!(adjustments, ["messages:first_user_added"]);
}

#[test]
fn results_come_first_with_their_cache_points() {
    let mark = Some(CacheMark { ttl: None });
    let (body, _) = write(
        &talk(vec![
            user(vec![Block::text("q")]),
            assistant(vec![call("a", "{\"x\":1}"), call("not legal!", "null")]),
            user(vec![Block::text("first"), result("a", vec![])]),
            user(vec![
                Block { cache: mark, ..Block::text("then") },
                Block { cache: mark, ..result("not legal!", vec![Block::text("r"), image("image/jpg")]) },
            ]),
        ]),
        &claude(),
    );
    let id = &body["messages"][1]["content"][1]["toolUse"]["toolUseId"];
    assert!(id.as_str().is_some_and(|id| id.len() <= 64 && id.starts_with("tooluse_")));
    assert_eq!(body["messages"][1]["content"][0]["toolUse"]["input"], json!({"x": 1}));
    assert_eq!(body["messages"][1]["content"][1]["toolUse"]["input"], json!({}));
    let point = json!({"cachePoint": {"type": "default"}});
    let expected = json!([
        {"toolResult": {"toolUseId": "a", "content": [{"text": "(no output)"}], "status": "success"}},
        {"toolResult": {"toolUseId": id, "content": [
            {"text": "r"}, {"image": {"format": "jpeg", "source": {"bytes": "iVBORw0KGgo="}}}], "status": "success"}},
        point, {"text": "first"}, {"text": "then"}, point,
    ]);
    assert_eq!(body["messages"][2]["content"], expected);
}

#[test]
fn only_claude_gets_its_thoughts_back() {
    let thoughts = || {
        vec![
            Content::Thinking { text: "a".into(), signature: Some("sig".into()) }.into(),
            Content::Thinking { text: "b".into(), signature: None }.into(),
            Content::RedactedThinking { data: "enc".into() }.into(),
            Block::text("c"),
        ]
    };
    let meaning =
        talk(vec![user(vec![Block::text("q")]), assistant(thoughts()), user(vec![Block::text("r")])]);
    let (body, _) = write(&meaning, &claude());
    let expected = json!([
        {"reasoningContent": {"reasoningText": {"text": "a", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "enc"}},
        {"text": "c"},
    ]);
    assert_eq!(body["messages"][1]["content"], expected);
    assert_eq!(write(&meaning, &qwen()).0["messages"][1]["content"], json!([{"text": "c"}]));
}

#[test]
fn documents_have_names_and_words_beside_them() {
    let mark = Some(CacheMark { ttl: None });
    let meaning = talk(vec![user(vec![
        Block { cache: mark, ..document(Some("a_b.pdf"), pdf()) },
        document(None, Source::Text { text: "plain".into() }),
    ])]);
    let (body, _) = write(&meaning, &claude());
    let expected = json!([
        {"document": {"format": "pdf", "name": "a-b-pdf", "source": {"bytes": "JVBERi0="},
            "context": "about", "citations": {"enabled": true}}},
        {"cachePoint": {"type": "default"}},
        {"document": {"format": "txt", "name": "document-1", "source": {"bytes": "cGxhaW4="},
            "context": "about", "citations": {"enabled": true}}},
        {"text": "See the attached document."},
    ]);
    assert_eq!(body["messages"][0]["content"], expected);
    let (body, _) = write(&meaning, &qwen());
    let first = json!({"document": {"format": "pdf", "name": "a-b-pdf", "source": {"bytes": "JVBERi0="}}});
    assert_eq!(body["messages"][0]["content"][0], first);
}

#[test]
fn what_a_model_cannot_see_is_refused_in_the_upstreams_words() {
    let blind = Model { vision: false, documents: false, ..qwen() };
    let refuse = |content: Vec<Block>, model: &Model| {
        let error = write_request(&asked(Wire::OpenAiChat, &[]), &talk(vec![user(content)]), model, None);
        let error = error.expect_err("refused");
        assert_eq!(error.category, Category::InvalidRequest);
        error.message
    };
    let words = "This model doesn't support the image content block that you provided. Update the content block and try again.";
    assert_eq!(refuse(vec![image("image/png")], &blind), words);
    assert_eq!(refuse(vec![result("a", vec![image("image/png")])], &blind), words);
    assert!(refuse(vec![document(None, pdf())], &blind).contains("the document content block"));
    assert!(refuse(vec![image("image/tiff")], &qwen()).contains("image/tiff"));
    let url = Content::Image { source: Source::Url { url: "https://x".into() } };
    assert!(refuse(vec![url.into()], &qwen()).contains("send them as base64"));
    assert!(refuse(vec![], &qwen()).starts_with("messages:"));
    // Text needs no eyes.
    let (body, adjustments) =
        write(&talk(vec![user(vec![document(Some("t"), Source::Text { text: "x".into() })])]), &blind);
    assert_eq!(body["messages"][0]["content"], json!([{"text": "t\n\nx"}]));
    assert_eq!(adjustments, ["document:text"]);
}

#[test]
fn cache_points_are_four_and_never_grow_longer() {
    let marked = |text: &str, ttl| Block { cache: Some(CacheMark { ttl }), ..Block::text(text) };
    let long = Some(CacheTtl::OneHour);
    let meaning = Meaning {
        system: vec![marked("s", long)],
        messages: vec![user(vec![
            marked("1", long),
            marked("2", long),
            marked("3", None),
            marked("4", long),
        ])],
        ..Meaning::default()
    };
    let hour = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    let short = json!({"cachePoint": {"type": "default"}});
    let (body, _) = write(&meaning, &claude());
    assert_eq!(body["system"], json!([{"text": "s"}, hour]));
    let expected = json!([
        {"text": "1"}, {"text": "2"}, hour, {"text": "3"}, short, {"text": "4"}, short]);
    assert_eq!(body["messages"][0]["content"], expected);
    let (body, _) = write(&meaning, &nova_2());
    assert_eq!(body["system"][1], short);
    let (body, _) = write(&meaning, &qwen());
    assert_eq!(body["messages"][0]["content"].as_array().map(Vec::len), Some(4));
}

#[test]
fn the_system_prompt_has_a_place_in_every_model() {
    let meaning = Meaning {
        system: vec![
            Block::text("x-anthropic-billing-header: cc=1"),
            Block::text(""),
            Block::text("a"),
            Block::text("b"),
        ],
        ..talk(vec![user(vec![Block::text("q")])])
    };
    assert_eq!(write(&meaning, &qwen()).0["system"], json!([{"text": "a"}, {"text": "b"}]));
    let (body, adjustments) = write(&meaning, &Model { system: false, ..qwen() });
    assert_eq!(body.get("system"), None);
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a\n\nb"}, {"text": "q"}]));
    assert_eq!(adjustments, ["system:user"]);
}
