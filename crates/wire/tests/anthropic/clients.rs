use std::fs;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use llm::{Block, Content, Error, Request, Role, Source};
use serde_json::{Value, json};
use wire::ServerCodec;
use wire::anthropic::server::{
    AnthropicServer, ModelCard, Page, write_model, write_models, write_token_count,
};

use crate::json;

fn read(capture: &Value) -> Result<Request, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in capture["headers"].as_object().expect("headers") {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.insert(name, HeaderValue::from_str(value.as_str().expect("text")).expect("a value"));
    }
    let codec = match capture["body"].get("max_tokens") {
        Some(_) => AnthropicServer::new(),
        None => AnthropicServer::count_tokens(),
    };
    codec.read_request(&headers, Bytes::from(capture["body"].to_string()))
}

/// What a block says, in one line, from the client's JSON.
fn told(block: &Value) -> Value {
    let inner = |content: &Value| match content {
        Value::String(text) => json!([{"text": text}]),
        Value::Array(blocks) => blocks.iter().map(told).collect(),
        _ => json!([]),
    };
    match block["type"].as_str().expect("a type") {
        "text" => json!({"text": block["text"]}),
        "image" => json!({"image": block["source"]["data"]}),
        "tool_use" => json!({"call": block["id"], "name": block["name"], "input": block["input"]}),
        "tool_result" => json!({"result": block["tool_use_id"], "content": inner(&block["content"])}),
        "thinking" => json!({"thinking": block["thinking"], "signature": block["signature"]}),
        _ => block.clone(),
    }
}

/// The same from the meaning.
fn meant(block: &Block) -> Value {
    match &block.content {
        Content::Text { text } => json!({"text": text}),
        Content::Image { source: Source::Base64 { data, .. } } => {
            json!({"image": String::from_utf8_lossy(data)})
        }
        Content::ToolUse { id, name, input } => {
            json!({"call": id, "name": name, "input": json(input.as_bytes())})
        }
        Content::ToolResult { id, content, .. } => {
            json!({"result": id, "content": content.iter().map(meant).collect::<Value>()})
        }
        Content::Thinking { text, signature } => json!({"thinking": text, "signature": signature}),
        Content::Opaque { value, .. } => value.clone(),
        other => panic!("no client sent {other:?}"),
    }
}

/// What real clients sent: nothing of the conversation is lost, and the rest is as the snapshot says.
#[test]
fn real_requests_keep_their_meaning() {
    insta::glob!("../fixtures/clients", "*.json", |path| {
        let capture = json(&fs::read(path).expect("a fixture"));
        let request = match read(&capture) {
            Ok(request) => request,
            Err(error) => {
                insta::assert_debug_snapshot!((error.message, error.details));
                return;
            }
        };
        let meaning = request.meaning().expect("a meaning");
        let body = &capture["body"];
        for (message, sent) in meaning.messages.iter().zip(body["messages"].as_array().expect("messages")) {
            let role = match message.role {
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::System => "system",
            };
            assert_eq!(role, sent["role"]);
            let told: Vec<Value> = match &sent["content"] {
                Value::String(text) => vec![json!({"text": text})],
                blocks => blocks.as_array().expect("blocks").iter().map(told).collect(),
            };
            assert_eq!(message.content.iter().map(meant).collect::<Vec<_>>(), told);
            let marks = sent["content"].as_array().map_or(0, |blocks| {
                blocks.iter().filter(|block| block.get("cache_control").is_some()).count()
            });
            assert_eq!(message.content.iter().filter(|block| block.cache.is_some()).count(), marks);
        }
        assert_eq!(meaning.messages.len(), body["messages"].as_array().map_or(0, Vec::len));
        assert_eq!(meaning.tools.len(), body["tools"].as_array().map_or(0, Vec::len));
        // The body itself is untouched.
        assert_eq!(json(&request.raw.to_payload().to_bytes()), *body);
        insta::assert_debug_snapshot!((&request.hints, meaning));
    });
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clients").is_dir());
}

#[test]
fn a_token_count_is_asked_and_answered() {
    let sample = json(include_bytes!("../fixtures/bedrock/12-count-tokens.json"));
    let request = read(&json!({"headers": {}, "body": sample["inbound"]["body"]})).expect("a count request");
    assert_eq!(request.model, "claude-sonnet-4-6");
    let meaning = request.meaning().expect("a meaning");
    assert_eq!((meaning.system.len(), meaning.messages.len(), meaning.max_tokens), (1, 1, None));
    let answered = sample["B_mantle"]["response"]["input_tokens"].as_u64().expect("a number");
    assert_eq!(json(&write_token_count(answered)), sample["B_mantle"]["response"]);
}

#[test]
fn models_come_in_pages() {
    let card = |id| ModelCard { id, display_name: "A model", max_input_tokens: 200_000, max_tokens: 64_000 };
    let cards: Vec<ModelCard<'_>> = ["a", "b/c:0", "d", "e"].into_iter().map(card).collect();
    let page = |query: &str| {
        let list = json(&write_models(&cards, &Page::from_query(query)));
        let ids: Vec<&str> =
            list["data"].as_array().expect("data").iter().filter_map(|m| m["id"].as_str()).collect();
        assert_eq!(list["first_id"].as_str(), ids.first().copied());
        assert_eq!(list["last_id"].as_str(), ids.last().copied());
        (ids.join(" "), list["has_more"].as_bool().expect("a boolean"))
    };
    assert_eq!(page("limit=1000"), ("a b/c:0 d e".to_owned(), false));
    assert_eq!(page("limit=2"), ("a b/c:0".to_owned(), true));
    assert_eq!(page("limit=2&after_id=b%2Fc%3A0"), ("d e".to_owned(), false));
    assert_eq!(page("limit=2&before_id=e"), ("b/c:0 d".to_owned(), true));
    assert_eq!(page("limit=0&after_id=a"), ("b/c:0".to_owned(), true));
    assert_eq!(page("after_id=e"), (String::new(), false));
    assert_eq!(page("limit=x&after_id=unknown"), ("a b/c:0 d e".to_owned(), false));
    insta::assert_snapshot!(String::from_utf8_lossy(&write_model(&card("m"))));
}
