//! Tools, their names, their number, and the choice among them.

use llm::{Block, Category, Content, Message, Role, Tool, ToolChoice, ToolKind};
use serde_json::json;

use super::*;

fn tool(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: Some(format!("{name} does it.")),
        schema: json!({"type": "object", "properties": {}}),
        strict: None,
        cache: None,
        kind: ToolKind::Function,
    }
}

fn with(tools: Vec<Tool>) -> Meaning {
    Meaning {
        messages: vec![Message { role: Role::User, content: vec![Block::text("go")] }],
        tools,
        ..Meaning::default()
    }
}

/// The same after a call of `name`.
fn called(name: &str, tools: Vec<Tool>) -> Meaning {
    let mut meaning = with(tools);
    let call = Content::ToolUse { id: "1".into(), name: name.into(), input: "{}".into() };
    let result = Content::ToolResult { id: "1".into(), content: vec![], is_error: false };
    meaning.messages.push(Message { role: Role::Assistant, content: vec![call.into()] });
    meaning.messages.push(Message { role: Role::User, content: vec![result.into()] });
    meaning
}

fn current(body: &Value) -> &Value {
    &body["conversationState"]["currentMessage"]["userInputMessage"]
}

fn specifications(body: &Value) -> Vec<Value> {
    let tools = current(body)["userInputMessageContext"]["tools"].as_array().cloned().unwrap_or_default();
    tools.into_iter().map(|tool| tool["toolSpecification"].clone()).collect()
}

fn names(body: &Value) -> Vec<String> {
    specifications(body).iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn names_are_shortened_and_come_back() {
    let long = format!("mcp__server__{}", "x".repeat(60));
    let asked = bare_request(Wire::AnthropicMessages);
    let meaning = called(&long, vec![tool(&long), tool("Read"), tool("read")]);
    let written = write_request(&asked, &meaning, &sonnet(), &IDE).expect("writable");
    let body = json(&written.body);
    rules::check(&body).expect("every rule is kept");
    let names = names(&body);
    let call = &body["conversationState"]["history"][1]["assistantResponseMessage"]["toolUses"][0]["name"];
    assert_eq!(*call, names[0]);
    assert_eq!((names[0].len(), names[1].as_str()), (63, "Read"));
    assert!(names[2].starts_with("read_"));
    let back = &written.back.undo.names;
    assert_eq!(
        names.iter().map(|name| back.to_client(name)).collect::<Vec<_>>(),
        [long.as_str(), "Read", "read"]
    );
}

#[test]
fn a_tool_of_the_past_gets_a_stub() {
    let (body, adjustments) = written(&called("Gone", vec![tool("Read")]), &sonnet(), &IDE);
    assert_eq!(adjustments, ["tools:stub"]);
    assert_eq!(names(&body), ["Read", "Gone"]);
    let stub = &specifications(&body)[1];
    assert_eq!(stub["inputSchema"]["json"], json!({"type": "object", "properties": {}}));
    // The service does not look at letter case, so this is no other tool.
    let (body, adjustments) = written(&called("READ", vec![tool("Read")]), &sonnet(), &IDE);
    assert!(adjustments.is_empty());
    assert_eq!(names(&body), ["Read"]);
    let history = &body["conversationState"]["history"];
    assert_eq!(history[1]["assistantResponseMessage"]["toolUses"][0]["name"], "Read");
    assert_eq!(names(&written(&called("Gone", vec![]), &sonnet(), &IDE).0), ["Gone"]);
}

#[test]
fn descriptions_are_neither_empty_nor_endless() {
    let mut empty = tool("Read");
    empty.description = Some("  ".into());
    let mut endless = tool("Write");
    endless.description = Some("é".repeat(9217));
    let mut fits = tool("Edit");
    fits.description = Some("é".repeat(9216));
    let (body, adjustments) = written(&with(vec![empty, endless, fits]), &sonnet(), &IDE);
    let tools = specifications(&body);
    assert_eq!(tools[0]["description"], "Read");
    assert_eq!(tools[1]["description"], "é".repeat(9216));
    assert_eq!(tools[2]["description"], "é".repeat(9216));
    assert_eq!(adjustments, ["tools:description_cut"]);
}

#[test]
fn too_many_tools_are_refused_with_words() {
    let tools = |count: usize| (0..count).map(|at| tool(&format!("t{at}"))).collect::<Vec<_>>();
    assert!(written(&with(tools(100)), &sonnet(), &IDE).1.is_empty());
    assert_eq!(written(&with(tools(119)), &sonnet(), &IDE).1, ["tools:many"]);
    let error = refusal(&with(tools(120)), &sonnet(), &IDE);
    assert_eq!((error.category, error.param.as_deref()), (Category::InvalidRequest, Some("tools")));
    assert!(
        error.message.contains("120 tools")
            && error.message.contains("at most 119")
            && error.message.contains("`most_tools`"),
        "{}",
        error.message
    );
    written(&with(tools(120)), &sonnet(), &Manner { most_tools: 200, ..IDE });
}

#[test]
fn doubles_and_vendor_tools_stay_behind() {
    let vendor = |name: &str, kind: &str| Tool {
        kind: ToolKind::Vendor(json!({"type": kind, "name": name})),
        ..tool(name)
    };
    let tools = vec![tool("Read"), tool("Read"), vendor("bash", "bash_20250124")];
    let (body, adjustments) = written(&with(tools), &sonnet(), &IDE);
    assert_eq!(names(&body), ["Read"]);
    assert_eq!(adjustments, ["tools:duplicate", "tool:bash:dropped"]);
    for kind in ["web_search_20250305", "web_fetch_20250910", "web_search_preview"] {
        let error = refusal(&with(vec![vendor("w", kind)]), &sonnet(), &IDE);
        assert_eq!(error.category, Category::Unsupported);
        assert!(error.message.contains(kind));
    }
}

#[test]
fn a_model_without_tools_says_so() {
    let model = Model { tools: ToolSupport::No, ..sonnet() };
    assert_eq!(
        refusal(&with(vec![tool("Read")]), &model, &IDE).message,
        "This model doesn't support tool use."
    );
    written(&with(vec![]), &model, &IDE);
}

#[test]
fn the_choice_is_put_in_words() {
    let choose = |choice: ToolChoice, mut meaning: Meaning| {
        meaning.tool_choice = Some(choice);
        let (body, adjustments) = written(&meaning, &sonnet(), &IDE);
        (current(&body)["content"].as_str().expect("text").to_owned(), names(&body), adjustments)
    };
    let tools = || vec![tool("Read"), tool("mcp.x")];
    let noted = vec!["tool_choice:prompt".to_owned()];
    let (content, _, adjustments) = choose(ToolChoice::Any, with(tools()));
    assert_eq!(
        (content.as_str(), &adjustments),
        ("go\n\nCall at least one of the tools before you answer.", &noted)
    );
    let (content, names, adjustments) = choose(ToolChoice::Named("mcp.x".into()), with(tools()));
    assert_eq!(content, format!("go\n\nCall the tool {} before you answer.", names[1]));
    assert_eq!(adjustments, noted);
    let (content, _, adjustments) = choose(ToolChoice::Named("other".into()), with(tools()));
    assert_eq!((content.as_str(), adjustments), ("go", vec!["tool_choice:dropped".to_owned()]));
    let (content, _, adjustments) = choose(ToolChoice::Auto, with(tools()));
    assert_eq!((content.as_str(), adjustments.len()), ("go", 0));
    // Without calls before, no tools are the surest way to none.
    let (content, names, adjustments) = choose(ToolChoice::None, with(tools()));
    assert_eq!((content.as_str(), names.len(), adjustments.len()), ("go", 0, 0));
    let (content, names, adjustments) = choose(ToolChoice::None, called("Read", tools()));
    assert_eq!((content.as_str(), names.len()), ("Tool results are attached.\n\nDo not call any tools.", 2));
    assert_eq!(adjustments, noted);
    let mut single = with(tools());
    single.parallel_tools = Some(false);
    let (body, adjustments) = written(&single, &sonnet(), &IDE);
    assert_eq!(current(&body)["content"], "go\n\nCall at most one tool in this turn.");
    assert_eq!(adjustments, ["parallel_tool_calls:prompt"]);
}

#[test]
fn schemas_are_cleaned_in_two_levels() {
    let mut strict = tool("Read");
    strict.schema = json!({"$schema": "s", "type": "object", "required": [], "properties": {"pattern": {"type": "string", "pattern": "x"}}});
    let mut freeform = tool("apply_patch");
    (freeform.schema, freeform.kind) = (Value::Null, ToolKind::Freeform);
    let meaning = with(vec![strict, freeform]);
    let schema = |at: usize, manner: &Manner<'_>| {
        let (body, adjustments) = written(&meaning, &sonnet(), manner);
        (specifications(&body)[at]["inputSchema"]["json"].clone(), adjustments)
    };
    let (minimal, adjustments) = schema(0, &IDE);
    assert_eq!(
        minimal,
        json!({"type": "object", "properties": {"pattern": {"type": "string", "pattern": "x"}}})
    );
    assert_eq!(adjustments, ["tools:schema"]);
    let (bare, adjustments) = schema(0, &Manner { schemas: SchemaDepth::Bare, ..IDE });
    assert_eq!(bare, json!({"type": "object", "properties": {"pattern": {"type": "string"}}}));
    assert_eq!(adjustments, ["tools:schema", "tools:schema_bare"]);
    let input = json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]});
    assert_eq!(schema(1, &IDE).0, input);
}
