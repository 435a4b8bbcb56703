use bytes::Bytes;
use http::HeaderMap;
use llm::{Answer, Category, Collector, Content, Event, Meaning, Role, ToolKind};
use serde_json::{Value, json};

use super::*;
use crate::anthropic::server::AnthropicServer;
use crate::{ServerCodec, Stamp};

fn meaning(body: &Value) -> Meaning {
    let body = Bytes::from(body.to_string());
    let asked = AnthropicServer::new().read_request(&HeaderMap::new(), body).expect("readable");
    asked.meaning().expect("meaning").clone()
}

fn asking(tools: &Value) -> Meaning {
    meaning(&json!({
        "model": "m", "max_tokens": 9, "tools": tools, "messages": [{"role": "user", "content": "q"}],
    }))
}

fn page(number: u8) -> Page {
    Page {
        title: format!("Title {number}"),
        url: format!("https://{number}.example/a"),
        extract: format!("Some \"words\" of {number}."),
        published: (number == 1).then(|| "2025-11-05".to_owned()),
    }
}

#[test]
fn the_definition_is_read_and_becomes_an_ordinary_tool() {
    let own = json!({"name": "ping", "input_schema": {"type": "object", "properties": {}}});
    assert_eq!(Wish::read(&asking(&json!([own]))).expect("good"), None);
    let asked = asking(&json!([
        own, {"type": "web_search_20250305", "name": "web_search", "max_uses": 8, "blocked_domains": ["1.example"]},
    ]));
    let wish = Wish::read(&asked).expect("good").expect("a wish");
    assert_eq!((wish.name.as_str(), wish.max_uses), ("web_search", Some(8)));
    let sifted = wish.sift(vec![page(1), page(2)]);
    assert_eq!(sifted, [page(2)]);
    let granted = wish.granted(&asked, true);
    assert_eq!(granted.tools[0], asked.tools[0]);
    assert_eq!((granted.tools[1].name.as_str(), &granted.tools[1].kind), ("web_search", &ToolKind::Function));
    assert_eq!(wish.granted(&asked, false).tools, asked.tools[..1]);
}

#[test]
fn what_anthropic_refuses_is_refused() {
    let tool = |more: Value| {
        let mut tool = json!({"type": "web_search_20250305", "name": "web_search"});
        tool.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        tool
    };
    for tools in [
        json!([tool(json!({"allowed_domains": ["a.example"], "blocked_domains": ["b.example"]}))]),
        json!([tool(json!({"max_uses": 0}))]),
        json!([tool(json!({"max_uses": "8"}))]),
        json!([tool(json!({"allowed_domains": "a.example"}))]),
        json!([tool(json!({})), tool(json!({}))]),
        json!([tool(json!({})), {"name": "web_search", "input_schema": {"type": "object"}}]),
    ] {
        let error = Wish::read(&asking(&tools)).expect_err("refused");
        assert_eq!(
            (error.category, error.param.as_deref()),
            (Category::InvalidRequest, Some("tools")),
            "{tools}"
        );
    }
    assert!(
        Wish::read(&asking(&json!([tool(json!({"allowed_domains": [], "blocked_domains": null}))]))).is_ok()
    );
}

/// An answer in which the web was searched twice.
fn answer() -> Answer {
    let first = Shown::new("tooluse_a-1", "web_search", r#"{"query":" rust "}"#);
    let second = Shown::new("tooluse_b", "web_search", "{}");
    assert_eq!((first.query().as_deref(), second.query()), (Some("rust"), None));
    let mut collector = Collector::new();
    let mut events: Vec<Event> = first.call(0).into();
    events.extend(first.outcome(1, &Ok(vec![page(1), page(2)])));
    events.extend(second.call(2));
    events.extend(second.outcome(3, &Err(Failed::InvalidInput)));
    events.push(Event::BlockStart { index: 4, block: llm::Opening::Text });
    events.push(Event::TextDelta { index: 4, text: "So it is.".to_owned() });
    events.push(Event::BlockEnd { index: 4 });
    events.into_iter().for_each(|event| collector.push(event));
    collector.finish()
}

#[test]
fn what_a_client_was_shown_comes_back_as_calls_and_results() {
    let body = br#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"q"}]}"#;
    let asked =
        AnthropicServer::new().read_request(&HeaderMap::new(), Bytes::from_static(body)).expect("good");
    let written = AnthropicServer::new().write_answer(&asked, &answer(), Stamp { id: 1, created: 0 });
    let written: Value = serde_json::from_slice(&written).expect("JSON");
    let kinds: Vec<_> =
        written["content"].as_array().expect("blocks").iter().map(|block| &block["type"]).collect();
    let searched = ["server_tool_use", "web_search_tool_result"];
    assert_eq!(kinds, [searched, searched].concat().into_iter().chain(["text"]).collect::<Vec<_>>());
    assert_eq!(written["content"][0]["input"], json!({"query": " rust "}));
    assert_eq!(written["content"][0]["id"], "srvtoolu_tooluse_a1");

    let talk = json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": written["content"]},
        {"role": "user", "content": "more"},
    ]);
    let told = meaning(&json!({"model": "m", "max_tokens": 9, "messages": talk}));
    let plain = unfold(&told).expect("it has searches");
    let roles: Vec<Role> = plain.messages.iter().map(|message| message.role).collect();
    use Role::{Assistant as A, User as U};
    assert_eq!(roles, [U, A, U, A, U, A, U]);
    let Content::ToolUse { id, name, input } = &plain.messages[1].content[0].content else {
        panic!("a call")
    };
    assert_eq!((id.as_str(), name.as_str()), ("srvtoolu_tooluse_a1", "web_search"));
    assert_eq!(serde_json::from_str::<Value>(input).expect("JSON"), json!({"query": " rust "}));
    let result = |at: usize| match &plain.messages[at].content[0].content {
        Content::ToolResult { id, content, is_error } => match &content[0].content {
            Content::Text { text } => (id.clone(), text.clone(), *is_error),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let pages = "Title 1\nhttps://1.example/a\nPublished: 2025-11-05\nSome \"words\" of 1.\n\n\
                 Title 2\nhttps://2.example/a\nSome \"words\" of 2.";
    assert_eq!(result(2), ("srvtoolu_tooluse_a1".to_owned(), pages.to_owned(), false));
    assert_eq!(
        result(4),
        ("srvtoolu_tooluse_b".to_owned(), "The search failed: invalid_tool_input.".to_owned(), true)
    );
    assert_eq!(plain.messages[5].content, [llm::Block::text("So it is.")]);
    assert!(unfold(&plain).is_none(), "nothing is left to do");
    // Another vendor's secrets are not ours to read.
    let foreign = json!({"type": "web_search_result", "url": "https://a.example", "title": "A", "encrypted_content": "Eq=="});
    let block = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [foreign]});
    let told = meaning(&json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "q"}, {"role": "assistant", "content": [block]}, {"role": "user", "content": "more"},
    ]}));
    let plain = unfold(&told).expect("a result");
    assert_eq!(plain.messages.len(), 3);
    assert!(format!("{plain:?}").contains("A\\nhttps://a.example"), "{plain:?}");
}
