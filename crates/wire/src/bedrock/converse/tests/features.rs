//! Tools, thinking, limits, structured output and the small fields.

use llm::{Block, Content, Format, Message, Role, Sampling, Thinking, Tier, Tool, ToolChoice, ToolKind};
use serde_json::json;

use super::*;

fn tool(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        schema: Value::Null,
        strict: Some(true),
        cache: None,
        kind: ToolKind::Function,
    }
}

fn with_tools(names: &[&str], tool_choice: Option<ToolChoice>) -> Meaning {
    Meaning { tools: names.iter().map(|name| tool(name)).collect(), tool_choice, ..said("q") }
}

fn after_a_call(meaning: Meaning) -> Meaning {
    let block = |content: Content| vec![Block::from(content)];
    let mut meaning = meaning;
    meaning.messages.push(Message {
        role: Role::Assistant,
        content: block(Content::ToolUse { id: "t".into(), name: "f".into(), input: "{}".into() }),
    });
    meaning.messages.push(Message {
        role: Role::User,
        content: block(Content::ToolResult { id: "t".into(), content: vec![], is_error: true }),
    });
    meaning
}

#[test]
fn one_call_a_turn_cannot_be_asked_for() {
    let meaning = Meaning { parallel_tools: Some(false), ..with_tools(&["f"], None) };
    assert_eq!(write(&meaning, &qwen()).1, ["parallel_tool_calls:dropped"]);
    let without_tools = Meaning { parallel_tools: Some(false), ..said("q") };
    assert!(write(&without_tools, &qwen()).1.is_empty());
}

#[test]
fn tools_are_described() {
    let mut meaning = with_tools(&["f", "g-h", "web"], Some(ToolChoice::Named("g-h".into())));
    meaning.tools[0].schema =
        json!({"type": "object", "properties": {"p": {"pattern": "^(?!x)a"}, "q": {"pattern": "a"}}});
    meaning.tools[1].kind = ToolKind::Freeform;
    meaning.tools[2].kind = ToolKind::Vendor(json!({"type": "web_search_20250305"}));
    let (body, adjustments) = write(&meaning, &qwen());
    let expected = json!({
        "tools": [
            {"toolSpec": {"name": "f", "description": "f", "inputSchema": {"json": meaning.tools[0].schema}}},
            {"toolSpec": {"name": "g-h", "description": "g-h", "inputSchema": {"json":
                {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}}}},
        ],
        "toolChoice": {"tool": {"name": "g-h"}},
    });
    assert_eq!(body["toolConfig"], expected);
    assert_eq!(adjustments, ["tool:web:dropped"]);
    let (body, _) = write(&meaning, &model("moonshotai", "us.moonshotai.kimi-k3"));
    let schema = &body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"];
    assert_eq!(schema["properties"], json!({"p": {}, "q": {"pattern": "a"}}));
    let (body, _) = write(&meaning, &nova_2());
    let name = body["toolConfig"]["toolChoice"]["tool"]["name"].as_str().expect("text");
    assert!(name.starts_with("g_h_") && body["toolConfig"]["tools"][1]["toolSpec"]["name"] == name);
    let native = Model { structured_output: StructuredOutput::Native, ..claude() };
    assert_eq!(write(&meaning, &native).0["toolConfig"]["tools"][0]["toolSpec"]["strict"], json!(true));
}

#[test]
fn the_choice_fits_the_model() {
    let choice = |choice, model: &Model| {
        write(&with_tools(&["f"], choice), model).0["toolConfig"]["toolChoice"].clone()
    };
    assert_eq!(choice(None, &qwen()), Value::Null);
    assert_eq!(choice(Some(ToolChoice::Auto), &qwen()), json!({"auto": {}}));
    assert_eq!(choice(Some(ToolChoice::Any), &qwen()), json!({"any": {}}));
    let unforced = Model { forced_tool_use: false, ..qwen() };
    assert_eq!(choice(Some(ToolChoice::Any), &unforced), json!({"auto": {}}));
    assert_eq!(write(&with_tools(&["f"], Some(ToolChoice::None)), &qwen()).0.get("toolConfig"), None);
}

#[test]
fn a_history_with_calls_keeps_its_tools() {
    let (body, _) = write(&after_a_call(with_tools(&["f"], Some(ToolChoice::None))), &qwen());
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "f");
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert_eq!(body["system"], json!([{"text": "Do not call any tools."}]));
    assert_eq!(body["messages"][2]["content"][0]["toolResult"]["status"], "error");
    let (body, adjustments) = write(&after_a_call(said("q")), &qwen());
    assert_eq!(body["toolConfig"]["tools"].as_array().map(Vec::len), Some(1));
    assert_eq!(adjustments, ["tools:placeholder"]);
}

#[test]
fn some_models_call_tools_only_when_nothing_streams() {
    let llama =
        Model { tools: ToolSupport::WholeOnly, ..model("meta", "us.meta.llama3-3-70b-instruct-v1:0") };
    let stream = |meaning: &Meaning| {
        write_request(&asked(Wire::OpenAiChat, &[]), meaning, &llama, None).expect("writable").stream
    };
    assert!(stream(&said("q")));
    assert!(!stream(&with_tools(&["f"], None)));
    let none = Model { tools: ToolSupport::No, ..qwen() };
    let error = write_request(&asked(Wire::OpenAiChat, &[]), &with_tools(&["f"], None), &none, None);
    assert!(error.expect_err("refused").message.contains("tool use"));
}

#[test]
fn every_family_has_its_own_thinking_switch() {
    use Effort::{High, Low, Max, Medium, Minimal, None as Off, XHigh};
    let with =
        |thinking, efforts: &[Effort], model: Model| Model { thinking, efforts: efforts.to_vec(), ..model };
    let extended = with(ThinkingStyle::Extended, &[], claude());
    let adaptive = with(ThinkingStyle::Adaptive, &[Low, Medium, High, Max], claude());
    let always = with(ThinkingStyle::AdaptiveAlways, &[Low, Medium, High, XHigh, Max], claude());
    let oss = with(ThinkingStyle::ReasoningEffort, &[], model("openai", "openai.gpt-oss-120b-1:0"));
    let deepseek = with(ThinkingStyle::ReasoningEffort, &[], model("deepseek", "deepseek.v3.2"));
    let gpt = with(
        ThinkingStyle::ReasoningObject,
        &[Low, Medium, High, XHigh],
        model("openai", "us.openai.gpt-6-sol"),
    );
    let shown = |effort: &str| json!({"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": effort}});
    for (model, effort, expected) in [
        (&extended, High, json!({"thinking": {"type": "enabled", "budget_tokens": 16384}})),
        (&extended, Off, Value::Null),
        (&adaptive, XHigh, shown("high")),
        (&adaptive, Max, shown("max")),
        (&adaptive, Off, json!({"thinking": {"type": "disabled"}})),
        (&always, XHigh, shown("xhigh")),
        (&always, Off, json!({"output_config": {"effort": "low"}})),
        (&nova_2(), Minimal, json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}})),
        (&nova_2(), Off, Value::Null),
        (&oss, Off, json!({"reasoning_effort": "low"})),
        (&oss, XHigh, json!({"reasoning_effort": "high"})),
        (&deepseek, Off, Value::Null),
        (&deepseek, Medium, json!({"reasoning_effort": "medium"})),
        (&gpt, Max, json!({"reasoning": {"effort": "xhigh"}})),
        (&gpt, Off, json!({"reasoning": {"effort": "low"}})),
        (&qwen(), High, Value::Null),
    ] {
        let by_body = Meaning { effort: Some(effort), ..said("q") };
        let (body, _) = write_for(Wire::OpenAiChat, &by_body, model, None);
        assert_eq!(body["additionalModelRequestFields"], expected, "{} {effort:?}", model.id);
        // A suffix of the model's name says the same, louder.
        let against = Meaning { effort: Some(Medium), ..said("q") };
        let (body, _) = write_for(Wire::OpenAiChat, &against, model, Some(effort));
        assert_eq!(body["additionalModelRequestFields"], expected, "{} -{effort:?}", model.id);
    }
}

#[test]
fn anthropic_words_for_thinking() {
    let extended = Model { thinking: ThinkingStyle::Extended, ..claude() };
    let adaptive = Model {
        thinking: ThinkingStyle::Adaptive,
        efforts: vec![Effort::Low, Effort::Medium, Effort::High],
        ..claude()
    };
    let think = |thinking, effort, model: &Model| {
        let meaning = Meaning { thinking: Some(thinking), effort, max_tokens: Some(4000), ..said("q") };
        write(&meaning, model)
    };
    let (body, adjustments) = think(Thinking::Budget(10_000), None, &extended);
    assert_eq!(
        body["additionalModelRequestFields"],
        json!({"thinking": {"type": "enabled", "budget_tokens": 3999}})
    );
    assert_eq!(adjustments, ["thinking:3999"]);
    let (body, _) = think(Thinking::Budget(5000), None, &adaptive);
    let expected = json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}});
    assert_eq!(body["additionalModelRequestFields"], expected);
    let (body, _) = think(Thinking::Adaptive, None, &adaptive);
    assert_eq!(body["additionalModelRequestFields"], json!({"thinking": {"type": "adaptive"}}));
    // Effort alone does not switch thinking on.
    let meaning = Meaning { effort: Some(Effort::Low), ..said("q") };
    let (body, _) = write(&meaning, &adaptive);
    assert_eq!(body["additionalModelRequestFields"], json!({"output_config": {"effort": "low"}}));
    // A turn that called tools without a signed thought cannot go on thinking.
    let meaning =
        Meaning { thinking: Some(Thinking::Budget(2048)), ..after_a_call(with_tools(&["f"], None)) };
    let (body, adjustments) = write(&meaning, &extended);
    assert_eq!(body.get("additionalModelRequestFields"), None);
    assert_eq!(adjustments, ["thinking:dropped"]);
}

#[test]
fn limits_are_brought_into_range() {
    let meaning = Meaning {
        max_tokens: Some(1_000_000),
        sampling: Sampling { temperature: Some(1.7), top_p: Some(0.5), top_k: Some(3) },
        stop: ["a", " ", "b", "c", "d", "e"].map(String::from).to_vec(),
        ..said("q")
    };
    let (body, adjustments) = write(&meaning, &qwen());
    let expected =
        json!({"maxTokens": 64000, "temperature": 1.0, "topP": 0.5, "stopSequences": ["a", "b", "c", "d"]});
    assert_eq!(body["inferenceConfig"], expected);
    assert_eq!(adjustments, ["max_tokens:64000", "stop:4", "temperature:1", "top_k:dropped"]);
    let (body, _) = write(&meaning, &claude());
    assert_eq!(body["additionalModelRequestFields"], json!({"top_k": 3}));
    assert_eq!(body["inferenceConfig"].get("topP"), None);
    assert_eq!(body["additionalModelResponseFieldPaths"], json!(["/stop_sequence"]));
    let gpt = Model { sampling: false, ..model("openai", "us.openai.gpt-6-sol") };
    let (body, _) = write(&Meaning { max_tokens: Some(5), ..meaning.clone() }, &gpt);
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 16}));
    let thinking =
        Meaning { thinking: Some(Thinking::Budget(2048)), max_tokens: Some(9000), ..meaning.clone() };
    let extended = Model { thinking: ThinkingStyle::Extended, ..claude() };
    let (body, adjustments) = write(
        &Meaning { sampling: Sampling { temperature: Some(0.3), ..meaning.sampling }, ..thinking },
        &extended,
    );
    assert_eq!(body["inferenceConfig"].get("temperature").or(body["inferenceConfig"].get("topP")), None);
    assert_eq!(adjustments, ["stop:5", "temperature:dropped", "top_p:dropped", "top_k:dropped"]);
    let (body, _) = write(
        &Meaning { thinking: Some(Thinking::Adaptive), effort: Some(Effort::High), ..meaning },
        &nova_2(),
    );
    assert_eq!(body["inferenceConfig"], json!({"stopSequences": ["a", "b", "c", "d"]}));
    assert_eq!(write(&said("q"), &qwen()).0["inferenceConfig"], json!({"maxTokens": 8192}));
    assert_eq!(write(&said("q"), &claude()).0["inferenceConfig"], json!({"maxTokens": 32000}));
}

fn weather() -> Value {
    let file = include_str!("../../../../tests/fixtures/bedrock/16-structured-output.json");
    serde_json::from_str(file).expect("JSON")
}

fn format(sample: &Value) -> Format {
    let asked = &sample["inbound"]["response_format"]["json_schema"];
    Format::JsonSchema {
        name: Some("w".into()),
        description: None,
        schema: asked["schema"].clone(),
        strict: Some(true),
    }
}

#[test]
fn structured_output_is_native_where_it_can_be() {
    let sample = weather();
    let meaning = Meaning { format: Some(format(&sample)), ..said("q") };
    let native = Model { structured_output: StructuredOutput::Native, ..qwen() };
    let (body, _) = write(&meaning, &native);
    let mut sent = body["outputConfig"].clone();
    let mut expected = sample["1b_native_converse"]["outputConfig"].clone();
    let pointer = "/textFormat/structure/jsonSchema/schema";
    for config in [&mut sent, &mut expected] {
        let text = config.pointer_mut(pointer).expect("a schema");
        *text = serde_json::from_str(text.as_str().expect("text")).expect("JSON");
    }
    assert_eq!(sent, expected);
}

#[test]
fn structured_output_is_a_tool_or_words_elsewhere() {
    let sample = weather();
    let expected = &sample["2_forced_tool"]["tools"][0];
    let meaning = Meaning { format: Some(format(&sample)), ..said("q") };
    let written = write_request(&asked(Wire::OpenAiChat, &[]), &meaning, &qwen(), None).expect("writable");
    let body: Value = serde_json::from_slice(&written.body).expect("JSON");
    let tool = &body["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!((&tool["name"], &tool["description"]), (&expected["name"], &expected["description"]));
    assert_eq!(tool["inputSchema"]["json"], expected["input_schema"]);
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"tool": {"name": "json_tool_call"}}));
    assert!(written.undo.answer_tool && !written.undo.fence);
    // Beside other tools, or where nothing can be forced, it is asked for.
    let beside = Meaning { format: Some(format(&sample)), ..with_tools(&["f"], None) };
    let (body, _) = write(&beside, &qwen());
    assert_eq!(body["toolConfig"]["tools"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert!(body["system"][0]["text"].as_str().is_some_and(|text| text.contains("json_tool_call")));
    // Without tools there are only words.
    for (format, model) in
        [(Format::JsonObject, qwen()), (format(&sample), Model { tools: ToolSupport::No, ..qwen() })]
    {
        let meaning = Meaning { format: Some(format), ..said("q") };
        let written = write_request(&asked(Wire::OpenAiChat, &[]), &meaning, &model, None).expect("writable");
        assert!(written.undo.fence && !written.undo.answer_tool);
        assert_eq!(written.adjustments, ["response_format:prompt"]);
    }
}

#[test]
fn small_fields() {
    let meaning = Meaning { user: Some("user-1 a@b".into()), tier: Some(Tier::Flex), ..said("q") };
    let (body, _) = write(&meaning, &qwen());
    assert_eq!(body["requestMetadata"], json!({"user_id": "user-1 a@b"}));
    assert_eq!(body["serviceTier"], json!({"type": "flex"}));
    let (body, adjustments) = write(&meaning, &claude());
    assert_eq!(body.get("serviceTier"), None);
    assert_eq!(adjustments, ["service_tier:dropped"]);
    let meaning = Meaning { user: Some("{\"device_id\":1}".into()), ..said("q") };
    assert_eq!(write(&meaning, &qwen()).0.get("requestMetadata"), None);
}

#[test]
fn betas_reach_claude_alone() {
    let asked = asked(
        Wire::AnthropicMessages,
        &["claude-code-20250219", "computer-use-2025-01-24", "interleaved-thinking-2025-05-14"],
    );
    let betas = |model: &Model| {
        let written = write_request(&asked, &said("q"), model, None).expect("writable");
        let body: Value = serde_json::from_slice(&written.body).expect("JSON");
        body["additionalModelRequestFields"]["anthropic_beta"].clone()
    };
    assert_eq!(betas(&claude()), json!(["computer-use-2025-01-24"]));
    let extended = Model { thinking: ThinkingStyle::Extended, ..claude() };
    assert_eq!(betas(&extended), json!(["computer-use-2025-01-24", "interleaved-thinking-2025-05-14"]));
    assert_eq!(betas(&qwen()), Value::Null);
}
