use http::HeaderValue;
use llm::{
    Block, CacheMark, CacheTtl, Category, Content, Effort, Format, Meaning, Role, Source, Thinking, Tier,
    ToolChoice, ToolKind, Usage,
};

use super::*;

fn read(body: &str) -> Result<Request, Error> {
    AnthropicServer::new().read_request(&HeaderMap::new(), Bytes::copy_from_slice(body.as_bytes()))
}

fn with(members: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":8,"messages":[{{"role":"user","content":"hi"}}]{members}}}"#)
}

fn meaning(body: &str) -> Meaning {
    read(body).expect("a request").meaning().expect("a meaning").clone()
}

fn refused(body: &str) -> String {
    let error = read(body).and_then(|request| request.meaning().cloned()).expect_err(body);
    assert_eq!(error.category, Category::InvalidRequest);
    error.message
}

#[test]
fn what_routing_needs_is_checked() {
    for (body, message) in [
        (r#"{"max_tokens":1,"messages":[{}]}"#, "model: Field required"),
        (r#"{"model":"","max_tokens":1,"messages":[{}]}"#, "model: String should have at least 1 character"),
        (r#"{"model":7,"max_tokens":1,"messages":[{}]}"#, "model: Input should be a valid string"),
        (r#"{"model":"m","max_tokens":1}"#, "messages: Field required"),
        (r#"{"model":"m","max_tokens":1,"messages":{}}"#, "messages: Input should be a valid list"),
        (r#"{"model":"m","max_tokens":1,"messages": [ ]}"#, "messages: at least one message is required"),
        (r#"{"model":"m","messages":[{}]}"#, "max_tokens: Field required"),
        (r#"{"model":"m","max_tokens":"9","messages":[{}]}"#, "max_tokens: Input should be a valid integer"),
        (
            r#"{"model":"m","max_tokens":-1,"messages":[{}]}"#,
            "max_tokens: Input should be greater than or equal to 0",
        ),
        (
            r#"{"model":"m","max_tokens":1.5,"messages":[{}]}"#,
            "max_tokens: Input should be a valid integer, got a number with a fractional part",
        ),
        (&with(r#","tools":"all""#), "tools: Input should be a valid list"),
        (&with(r#","stream":"yes""#), "stream: Input should be a valid boolean"),
    ] {
        assert_eq!(refused(body), message);
    }
    let counted = r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
    let codec = AnthropicServer::count_tokens();
    assert!(codec.read_request(&HeaderMap::new(), Bytes::from(counted)).is_ok());
}

#[test]
fn a_thread_is_refused_in_the_words_the_sdk_knows() {
    let error = read(&with(r#","thread":{"type":"create"}"#)).expect_err("no threads");
    let reply = AnthropicServer::new().write_error(&error, "req_1");
    assert_eq!(reply.status, 400);
    let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    let details = json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]});
    assert_eq!(body["error"]["details"], details);
    assert_eq!(body["request_id"], "req_1");
    assert!(read(&with(r#","thread":null"#)).is_ok());
}

#[test]
fn hints_come_from_headers_and_body() {
    let mut headers = HeaderMap::new();
    headers.append("anthropic-beta", HeaderValue::from_static("a, b,,a"));
    headers.append("anthropic-beta", HeaderValue::from_static(" c "));
    headers.append("x-claude-code-session-id", HeaderValue::from_static("s-1"));
    headers.append("anthropic-version", HeaderValue::from_static("2026-10-21"));
    let body = Bytes::from(with(r#","stream":true,"anthropic_beta":["b","d"]"#));
    let request = AnthropicServer::new().read_request(&headers, body).expect("a request");
    assert!(request.stream);
    assert_eq!(request.hints.betas, ["a", "b", "c", "d"]);
    assert_eq!(request.hints.session.as_deref(), Some("s-1"));
    assert_eq!(request.hints.anthropic_version.as_deref(), Some("2026-10-21"));
}

#[test]
fn every_kind_of_content_is_understood() {
    let meaning = meaning(
        r#"{"model":"m","max_tokens":8,"messages":[
        {"role":"user","content":[
          {"type":"text","text":"t","cache_control":{"type":"ephemeral","ttl":"1h"}},
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBOR"}},
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"a\/b"}},
          {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
          {"type":"image","source":{"type":"file","file_id":"f"}},
          {"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"title":"T","context":"C","citations":{"enabled":true}},
          {"type":"document","source":{"type":"content","content":[{"type":"text","text":"p"},{"type":"text","text":"q"}]}},
          {"cache_control":{"type":"ephemeral"},"type":"search_result","content":7}]},
        {"role":"assistant","content":[
          {"type":"thinking","thinking":"hm","signature":"sig"},
          {"type":"thinking","thinking":"hm","signature":"switchboard.unsigned.v1"},
          {"type":"thinking","thinking":"hm","signature":""},
          {"type":"redacted_thinking","data":"xx"},
          {"type":"tool_use","id":"t1","name":"n","input":{"b":1.50,"a":[]}},
          {"type":"tool_use","id":"t2","name":"n","input":"{\"x\":1}"},
          {"type":"tool_use","id":"t3","name":"n","input":null},
          {"type":"server_tool_use","id":"s","name":"web_search","input":{}}]},
        {"role":"user","content":[
          {"type":"tool_result","tool_use_id":"t1","content":"plain","is_error":true},
          {"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"x"},{"type":"tool_reference","tool_name":"n"}]},
          {"type":"tool_result","tool_use_id":"t3"}]},
        {"role":"system","content":"later"}]}"#,
    );
    insta::assert_debug_snapshot!(meaning.messages);
}

#[test]
fn pictures_stay_in_the_body() {
    let data = "A".repeat(5000);
    let body = Bytes::from(format!(
        r#"{{"model":"m","max_tokens":8,"messages":[{{"role":"user","content":[{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{data}"}}}}]}}]}}"#
    ));
    let range = body.as_ptr_range();
    let request = AnthropicServer::new().read_request(&HeaderMap::new(), body).expect("a request");
    let block = &request.meaning().expect("a meaning").messages[0].content[0];
    let Content::Image { source: Source::Base64 { data, .. } } = &block.content else { panic!("{block:?}") };
    assert!(data.len() == 5000 && range.contains(&data.as_ptr()));
}

#[test]
fn parameters_are_understood() {
    let read = meaning(&with(
        r#","system":[{"type":"text","text":"x-anthropic-billing-header: cc=1"},{"type":"text","text":"be"}],
        "tools":[{"type":"custom","name":"a","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral","ttl":"5m"}},
                 {"type":"bash_20250124","name":"bash"},{"type":"mcp_toolset","mcp_server_name":"s"},{"name":"b"}],
        "tool_choice":{"type":"tool","name":"a","disable_parallel_tool_use":true},
        "thinking":{"type":"enabled","budget_tokens":2000,"display":"omitted"},
        "output_config":{"effort":"xhigh","format":{"type":"json_schema","schema":{"type":"object"}},"task_budget":{}},
        "stop_sequences":["END"],"temperature":0.5,"top_p":0.9,"top_k":40,
        "metadata":{"user_id":"u"},"service_tier":"flex","cache_control":{"type":"ephemeral"},
        "container":"c","x_new":1"#,
    ));
    assert_eq!(read.system, [Block::text("be")]);
    let five = Some(CacheMark { ttl: Some(CacheTtl::FiveMinutes) });
    assert_eq!((read.tools[0].cache, read.tools[0].strict), (five, Some(true)));
    let kinds: Vec<bool> = read.tools.iter().map(|tool| tool.kind == ToolKind::Function).collect();
    assert_eq!(kinds, [true, false, false, true]);
    assert_eq!(read.tools[2].name, "mcp_toolset");
    assert_eq!(read.tool_choice, Some(ToolChoice::Named("a".into())));
    assert_eq!(read.parallel_tools, Some(false));
    assert_eq!(read.thinking, Some(Thinking::Budget(2000)));
    assert_eq!(read.effort, Some(Effort::XHigh));
    assert!(matches!(read.format, Some(Format::JsonSchema { .. })));
    assert_eq!((read.max_tokens, read.sampling.top_k), (Some(8), Some(40)));
    assert_eq!((read.stop, read.user, read.tier), (vec!["END".into()], Some("u".into()), Some(Tier::Flex)));
    assert!(read.messages[0].content[0].cache.is_some());
    assert_eq!(read.adjustments, ["task_budget:dropped", "container:dropped", "x_new:dropped"]);

    let adaptive = meaning(&with(
        r#","thinking":{"type":"adaptive"},"output_format":{"type":"json_schema","schema":{}}"#,
    ));
    assert_eq!(adaptive.thinking, Some(Thinking::Adaptive));
    assert!(adaptive.format.is_some());
}

#[test]
fn the_last_turn_may_carry_its_own_effort() {
    let body = r#"{"model":"m","max_tokens":8,"output_config":{"effort":"high"},"messages":[
        {"role":"user","content":"x"},{"role":"system","content":"s","output_config":{"effort":"low"}}]}"#;
    let meaning = meaning(body);
    assert_eq!((meaning.effort, meaning.messages[1].role), (Some(Effort::Low), Role::System));
}

#[test]
fn faults_are_named_by_their_place() {
    let turn = |turn: &str| {
        format!(r#"{{"model":"m","max_tokens":8,"messages":[{{"role":"user","content":"x"}},{turn}]}}"#)
    };
    for (body, message) in [
        (
            turn(r#"{"role":"robot","content":"x"}"#),
            r#"messages.1.role: Input should be "user", "assistant" or "system""#,
        ),
        (turn(r#"{"content":"x"}"#), "messages.1.role: Field required"),
        (turn(r#"{"role":"user"}"#), "messages.1.content: Field required"),
        (
            turn(r#"{"role":"user","content":7}"#),
            "messages.1.content: Input should be a valid string or list",
        ),
        (turn(r#"{"role":"user","content":[{"type":"text"}]}"#), "messages.1.content.0.text: Field required"),
        (turn(r#"{"role":"user","content":[{"text":"x"}]}"#), "messages.1.content.0.type: Field required"),
        (
            turn(
                r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image"}]}]}"#,
            ),
            "messages.1.content.0.content.0.source: Field required",
        ),
        (with(r#","tools":[{"description":"d"}]"#), "tools.0.name: Field required"),
        (with(r#","tool_choice":{"type":"tool"}"#), "tool_choice.tool.name: Field required"),
        (with(r#","thinking":{"type":"enabled"}"#), "thinking.enabled.budget_tokens: Field required"),
        (
            with(r#","system":[{"type":"image","source":{"type":"url","url":"u"}}]"#),
            "system.0.type: Input should be 'text'",
        ),
    ] {
        assert_eq!(refused(&body), message);
    }
}

const STAMP: Stamp = Stamp { id: 7, created: 0 };

#[test]
fn an_answer_in_one_piece() {
    let request = read(&with("")).expect("a request");
    let answer = Answer {
        id: Some("chatcmpl-1".into()),
        model: Some("upstream".into()),
        content: vec![
            Content::Thinking { text: "hm".into(), signature: None }.into(),
            Block::text("hi"),
            Content::ToolUse { id: "t".into(), name: "n".into(), input: r#"{"b":1.50,"a":1}"#.into() }.into(),
            Content::ToolUse { id: "u".into(), name: "n".into(), input: "broken".into() }.into(),
            Content::Opaque { wire: Wire::AnthropicMessages, value: json!({"type": "new", "x": 1}) }.into(),
            Content::Opaque { wire: Wire::BedrockConverse, value: json!({"y": 1}) }.into(),
        ],
        citations: vec![(1, json!({"type": "char_location", "cited_text": "h"}))],
        stop: None,
        stop_sequence: None,
        usage: Usage { input: Some(3), output: Some(4), cache_write_1h: Some(0), ..Usage::default() },
    };
    let written = AnthropicServer::new().write_answer(&request, &answer, STAMP);
    insta::assert_snapshot!(String::from_utf8_lossy(&written));
}

#[test]
fn a_whole_answer_keeps_its_words() {
    let request = read(&with("")).expect("a request");
    let json = Bytes::from_static(br#"{"id":"msg_1", "model":"claude-x","content":[ ],"usage":{"new":1.0}}"#);
    let whole = Whole { wire: Wire::AnthropicMessages, json, usage: Usage::default(), stop: None };
    let written = AnthropicServer::new().write_whole(&request, &whole, STAMP);
    assert_eq!(written, &br#"{"id":"msg_1", "model":"m","content":[ ],"usage":{"new":1.0}}"#[..]);
}
