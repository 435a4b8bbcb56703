use super::*;

#[test]
fn only_members_that_invoke_model_knows_are_sent() {
    let target = target("claude-opus-4-8");
    let (sent, notes) = request(
        &target,
        &[],
        json!({
            "model": "x", "stream": true, "metadata": {"user_id": "u"}, "service_tier": "auto", "stop_sequences": ["a"],
            "container": "c", "mcp_servers": [], "x_new": 1, "top_k": null, "speed": null,
        }),
    );
    assert_eq!(sent, json!({"stop_sequences": ["a"]}));
    assert_eq!(notes, ["container:dropped", "mcp_servers:dropped", "x_new:dropped"]);
}

#[test]
fn the_output_limit_is_the_models() {
    let (sent, notes) = request(&target("claude-sonnet-4-5"), &[], json!({"max_tokens": 128_000}));
    assert_eq!((&sent["max_tokens"], notes), (&json!(64000), vec!["max_tokens:64000".to_owned()]));
    let text = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    let (sent, notes) = try_text(&target("claude-sonnet-4-5"), &[], text).expect("prepared");
    assert_eq!((&sent["max_tokens"], notes), (&json!(32000), vec!["max_tokens:32000".to_owned()]));
}

#[test]
fn thinking_takes_the_form_of_the_model() {
    let budget = json!({"type": "enabled", "budget_tokens": 2000});
    let big = json!({"type": "enabled", "budget_tokens": 20_000});
    let adaptive = json!({"type": "adaptive"});
    let off = json!({"type": "disabled"});
    for (model, asked, effort, thinking, sent_effort) in [
        ("claude-sonnet-4-5", &budget, None, Some(json!({"type": "enabled", "budget_tokens": 2000})), None),
        ("claude-sonnet-4-5", &big, None, Some(json!({"type": "enabled", "budget_tokens": 4095})), None),
        (
            "claude-sonnet-4-5",
            &adaptive,
            Some("low"),
            Some(json!({"type": "enabled", "budget_tokens": 2048})),
            None,
        ),
        ("claude-sonnet-4-5", &off, None, Some(off.clone()), None),
        (
            "claude-opus-4-5",
            &adaptive,
            Some("max"),
            Some(json!({"type": "enabled", "budget_tokens": 4095})),
            Some("high"),
        ),
        ("claude-opus-4-6", &budget, None, Some(budget.clone()), None),
        ("claude-opus-4-6", &adaptive, Some("xhigh"), Some(adaptive.clone()), Some("high")),
        ("claude-opus-4-8", &budget, None, Some(adaptive.clone()), Some("low")),
        ("claude-opus-4-8", &big, None, Some(adaptive.clone()), Some("high")),
        ("claude-opus-4-8", &big, Some("medium"), Some(adaptive.clone()), Some("medium")),
        ("claude-opus-4-8", &off, None, Some(off.clone()), None),
        ("claude-opus-5-5", &off, None, None, None),
        ("claude-fable-5", &big, None, Some(adaptive.clone()), Some("high")),
    ] {
        let mut members = json!({"thinking": asked});
        if let Some(effort) = effort {
            members["output_config"] = json!({"effort": effort});
        }
        let (sent, notes) = request(&target(model), &[], members);
        assert_eq!(sent.get("thinking"), thinking.as_ref(), "{model} {asked}");
        assert_eq!(sent["output_config"]["effort"].as_str(), sent_effort, "{model} {asked}");
        let noted = notes.iter().any(|note| note.starts_with("thinking:"));
        assert_eq!(noted, thinking.as_ref() != Some(asked), "{model} {asked} {notes:?}");
    }
}

#[test]
fn a_budget_that_does_not_fit_is_switched_off() {
    let target = target("claude-sonnet-4-5");
    let asked = json!({"max_tokens": 1000, "thinking": {"type": "enabled", "budget_tokens": 2000}});
    let (sent, notes) = request(&target, &[], asked);
    assert_eq!((sent.get("thinking"), notes), (None, vec!["thinking:dropped".to_owned()]));
    let asked = json!({"thinking": {"type": "enabled", "budget_tokens": 9000}});
    let (sent, _) = request(&target, &[betas::INTERLEAVED], asked);
    assert_eq!(sent["thinking"]["budget_tokens"], 9000, "it counts for the whole turn");
    assert_eq!(sent["anthropic_beta"], json!([betas::INTERLEAVED]));
}

#[test]
fn a_suffix_beats_the_body() {
    for (model, effort, asked, thinking, sent_effort) in [
        (
            "claude-sonnet-4-5",
            Effort::Low,
            json!({}),
            Some(json!({"type": "enabled", "budget_tokens": 2048})),
            None,
        ),
        (
            "claude-opus-4-8",
            Effort::High,
            json!({"type": "disabled"}),
            Some(json!({"type": "adaptive"})),
            Some("high"),
        ),
        (
            "claude-opus-4-8",
            Effort::None,
            json!({"type": "adaptive"}),
            Some(json!({"type": "disabled"})),
            None,
        ),
        ("claude-opus-5-5", Effort::None, json!({"type": "adaptive"}), None, Some("low")),
        ("claude-sonnet-4-5", Effort::None, json!({"type": "enabled", "budget_tokens": 2000}), None, None),
    ] {
        let target = Target { effort: Some(effort), ..target(model) };
        let members = if asked == json!({}) { json!({}) } else { json!({"thinking": asked}) };
        let (sent, notes) = request(&target, &[], members);
        assert_eq!(sent.get("thinking"), thinking.as_ref(), "{model} {effort:?}");
        assert_eq!(sent["output_config"]["effort"].as_str(), sent_effort, "{model} {effort:?}");
        assert_eq!(notes, Vec::<String>::new(), "the client asked for it by name");
    }
}

#[test]
fn effort_leaves_where_the_model_has_none() {
    let (sent, notes) =
        request(&target("claude-haiku-4-5"), &[], json!({"output_config": {"effort": "high"}}));
    assert_eq!((sent, notes), (json!({}), vec!["output_config.effort:dropped".to_owned()]));
    let (sent, _) = request(&target("claude-opus-4-5"), &[], json!({"output_config": {"effort": "low"}}));
    assert_eq!(sent, json!({"anthropic_beta": [betas::EFFORT], "output_config": {"effort": "low"}}));
}

#[test]
fn display_and_binding_need_their_betas() {
    let asked = json!({"thinking": {"type": "adaptive", "display": "updates", "block_binding": "x"}});
    let target = target("claude-opus-4-8");
    assert_eq!(request(&target, &[], asked.clone()).0, json!({"thinking": {"type": "adaptive"}}));
    let both = [betas::DISPLAY_UPDATES, betas::BINDING_CONTROLS];
    let (sent, _) = request(&target, &both, asked.clone());
    assert_eq!(sent, json!({"anthropic_beta": both, "thinking": asked["thinking"]}));
    assert_eq!(request(&target, &both, json!({})).0, json!({}));
    let kept = json!({"thinking": {"type": "adaptive", "display": "omitted"}});
    assert_eq!(request(&target, &[], kept.clone()).0, kept);
}

#[test]
fn sampling_goes_where_it_is_refused() {
    let all = json!({"temperature": 0.5, "top_p": 0.9, "top_k": 5});
    let (sent, notes) = request(&target("claude-opus-4-8"), &[], all.clone());
    assert_eq!(
        (sent, notes),
        (json!({}), vec!["temperature:dropped".into(), "top_p:dropped".into(), "top_k:dropped".to_owned()])
    );
    let (sent, _) = request(&target("claude-sonnet-4-5"), &[], all.clone());
    assert_eq!(sent, json!({"temperature": 0.5, "top_k": 5}));
    let mut thinking = all;
    thinking["thinking"] = json!({"type": "enabled", "budget_tokens": 2000});
    let (sent, _) = request(&target("claude-sonnet-4-5"), &[], thinking.clone());
    assert_eq!(sent, json!({"thinking": thinking["thinking"]}));
    thinking["temperature"] = json!(1);
    thinking["top_p"] = json!(0.99);
    let (sent, _) = request(&target("claude-sonnet-4-5"), &[], thinking.clone());
    assert_eq!(sent, json!({"thinking": thinking["thinking"], "temperature": 1}));
    let (sent, notes) = request(&target("claude-sonnet-4-5"), &[], json!({"temperature": 1.7}));
    assert_eq!((sent, notes), (json!({"temperature": 1}), vec!["temperature:1".to_owned()]));
}

#[test]
fn a_tool_call_without_a_thought_switches_the_budget_off() {
    let text = r#"{"max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":2000},"tools":[{"name":"n","input_schema":{"type":"object"}}],"messages":[
        {"role":"user","content":"go"},
        {"role":"assistant","content":[THOUGHT{"type":"tool_use","id":"t","name":"n","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}"#;
    for (thought, on) in [
        ("", false),
        (r#"{"type":"thinking","thinking":"x","signature":""},"#, false),
        (r#"{"type":"thinking","thinking":"x","signature":"switchboard.unsigned.v1"},"#, false),
        (r#"{"type":"thinking","thinking":"x","signature":"EuYB+/="},"#, true),
        (r#"{"type":"redacted_thinking","data":"x"},"#, true),
    ] {
        let (sent, notes) =
            try_text(&target("claude-sonnet-4-5"), &[], &text.replace("THOUGHT", thought)).expect("prepared");
        assert_eq!(sent.get("thinking").is_some(), on, "{thought}");
        assert_eq!(notes.contains(&"thinking:dropped".to_owned()), !on, "{thought}");
        let (sent, _) =
            try_text(&target("claude-opus-4-8"), &[], &text.replace("THOUGHT", thought)).expect("prepared");
        assert!(sent.get("thinking").is_some(), "adaptive models do not mind");
    }
}

#[test]
fn the_system_prompt_is_cleaned_block_by_block() {
    let target = target("claude-sonnet-4");
    let billing = "x-anthropic-billing-header: cc_version=1;";
    for (system, sent) in [
        (json!(billing), None),
        (json!(""), None),
        (json!([]), None),
        (json!("plain"), Some(json!("plain"))),
        (json!([{"type": "text", "text": billing}]), None),
        (
            json!([{"type": "text", "text": ""}, {"type": "text", "text": "a"}]),
            Some(json!([{"type": "text", "text": "a"}])),
        ),
        (
            json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "global"}, "citations": null}]),
            Some(json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])),
        ),
    ] {
        assert_eq!(
            request(&target, &[], json!({"system": system})).0.get("system"),
            sent.as_ref(),
            "{system}"
        );
    }
}

#[test]
fn tools_are_stripped_to_what_bedrock_knows() {
    let target = target("claude-opus-4-8");
    let (sent, notes) = request(
        &target,
        &[],
        json!({"tools": [
            {"type": "custom", "name": "a", "input_schema": {}, "strict": true, "custom": {"defer_loading": true}, "allowed_callers": ["direct"]},
            {"name": "b", "input_schema": {"type": "custom", "properties": {}}, "eager_input_streaming": true, "x_new": 1},
            {"name": "c", "input_schema": {"anyOf": [{"properties": {"x": {}}, "required": ["x"]}]}},
            {"type": "web_fetch_20250910", "name": "web_fetch"},
            {"type": "bash_20250124", "name": "bash"},
            {"type": "memory_20250818", "name": "memory"},
        ]}),
    );
    assert_eq!(
        sent,
        json!({
            "anthropic_beta": [betas::CONTEXT_MANAGEMENT, betas::FINE_GRAINED],
            "tools": [
                {"name": "a", "input_schema": {"type": "object"}},
                {"name": "b", "input_schema": {"type": "object", "properties": {}}, "x_new": 1},
                {"name": "c", "input_schema": {"properties": {"x": {}}, "required": ["x"], "type": "object"}},
                {"type": "bash_20250124", "name": "bash"},
                {"type": "memory_20250818", "name": "memory"},
            ],
        })
    );
    assert_eq!(
        notes,
        ["tools.strict:dropped", "tools.input_schema:merged", "tools.web_fetch_20250910:dropped"]
    );
}

#[test]
fn tools_without_a_fault_keep_their_bytes() {
    let tools = r#"[ {"name" : "a","description":"\u00e9","input_schema":{ "type":"object","properties":{"n":{"default":1.50}} } } ]"#;
    let text = format!(r#"{{"max_tokens":1,"messages":[],"tools":{tools}}}"#);
    let (hints, target) = (hints(&[]), target("claude-opus-4-8"));
    let terms = Terms {
        hints: &hints,
        target: &target,
        format_refused: false,
        pass_unknown_betas: false,
        route: Route::Invoke,
        stream: true,
    };
    let sent = prepare(raw(&text).1, &terms).expect("prepared").payload().to_bytes();
    assert!(String::from_utf8_lossy(&sent).contains(tools));
}

#[test]
fn tool_search_stays_where_the_model_has_it() {
    let tools = json!([
        {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
        {"name": "a", "input_schema": {"type": "object"}, "defer_loading": true},
    ]);
    let (sent, notes) =
        request(&target("claude-opus-4-8"), &["advanced-tool-use-2025-11-20"], json!({"tools": tools}));
    assert_eq!(sent, json!({"anthropic_beta": [betas::TOOL_SEARCH], "tools": tools}));
    assert_eq!(notes, Vec::<String>::new());
    let (sent, notes) = request(&target("claude-opus-4-1"), &[], json!({"tools": tools}));
    assert_eq!(sent, json!({"tools": [{"name": "a", "input_schema": {"type": "object"}}]}));
    assert_eq!(notes, ["tools.tool_search_tool_regex_20251119:dropped", "tools.defer_loading:dropped"]);
}

#[test]
fn a_forced_tool_is_let_go_where_it_cannot_be_forced() {
    let tools = json!([{"name": "a", "input_schema": {"type": "object"}}]);
    for (model, members, choice) in [
        (
            "claude-opus-4-8",
            json!({"tools": tools, "tool_choice": {"type": "any", "disable_parallel_tool_use": true}}),
            Some(json!({"type": "any", "disable_parallel_tool_use": true})),
        ),
        (
            "claude-opus-4-8",
            json!({"tools": tools, "tool_choice": {"type": "tool", "name": "a"}, "thinking": {"type": "adaptive"}}),
            Some(json!({"type": "auto"})),
        ),
        (
            "claude-opus-5-5",
            json!({"tools": tools, "tool_choice": {"type": "any", "disable_parallel_tool_use": true}}),
            Some(json!({"type": "auto", "disable_parallel_tool_use": true})),
        ),
        (
            "claude-opus-4-8",
            json!({"tools": tools, "tool_choice": {"type": "tool", "name": "gone"}}),
            Some(json!({"type": "auto"})),
        ),
        ("claude-opus-4-8", json!({"tool_choice": {"type": "auto"}}), None),
    ] {
        assert_eq!(
            request(&target(model), &[], members.clone()).0.get("tool_choice"),
            choice.as_ref(),
            "{members}"
        );
    }
}

#[test]
fn long_tool_names_are_shortened_everywhere() {
    let long = "mcp__github__create_pull_request_review_comment_with_suggestion_block";
    let short = "mcp__github__create_pull_request_review_comment_with_su_dec5d097";
    let text = json!({
        "max_tokens": 1,
        "tools": [{"name": long, "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": long},
        "messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": long, "input": {}}]}],
    });
    let (hints, target) = (hints(&[]), target("claude-opus-4-8"));
    let terms = Terms {
        hints: &hints,
        target: &target,
        format_refused: false,
        pass_unknown_betas: false,
        route: Route::Invoke,
        stream: true,
    };
    let prepared = prepare(raw(&text.to_string()).1, &terms).expect("prepared");
    let sent: Value = serde_json::from_slice(&prepared.payload().to_bytes()).expect("json");
    assert_eq!(sent["tools"][0]["name"], short);
    assert_eq!(sent["tool_choice"]["name"], short);
    assert_eq!(sent["messages"][0]["content"][0]["name"], short);
    assert_eq!(prepared.tool_names.to_client(short), long);
}

#[test]
fn structured_output_is_native_or_asked_for_in_words() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}});
    let format = json!({"type": "json_schema", "schema": schema});
    let (sent, notes) =
        request(&target("claude-opus-4-6"), &[], json!({"output_config": {"format": format}}));
    let closed =
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
    assert_eq!(sent, json!({"output_config": {"format": {"type": "json_schema", "schema": closed}}}));
    assert_eq!(notes, ["output_config.format.schema:closed"]);
    let legacy = request(&target("claude-opus-4-6"), &[], json!({"output_format": format})).0;
    assert_eq!(legacy, sent);
    for system in [None, Some(json!("s")), Some(json!([{"type": "text", "text": "s"}]))] {
        let mut members = json!({"output_config": {"format": format}});
        let mut texts = vec![];
        if let Some(system) = &system {
            members["system"] = system.clone();
            texts.push("s");
        }
        let (sent, notes) = request(&target("claude-opus-4-7"), &[], members);
        assert_eq!(notes, ["output_config.format:prompted"]);
        assert!(sent.get("output_config").is_none());
        let blocks = sent["system"].as_array().expect("blocks");
        assert_eq!(blocks.len(), texts.len() + 1);
        assert!(blocks.last().expect("block")["text"].as_str().expect("text").contains("minLength"));
    }
}

#[test]
fn context_edits_are_filtered() {
    let compact = json!({"type": "compact_20260112"});
    let asked = json!({"context_management": {"edits": [{"type": "clear_thinking_20251015"}, compact]}});
    let (sent, notes) = request(&target("claude-opus-4-8"), &[], asked);
    assert_eq!(sent, json!({"anthropic_beta": [betas::COMPACT], "context_management": {"edits": [compact]}}));
    assert_eq!(notes, ["context_management.clear_thinking_20251015:dropped"]);
    let asked = json!({"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}});
    assert_eq!(request(&target("claude-opus-4-8"), &[], asked).0, json!({}));
}

#[test]
fn a_million_tokens_need_a_beta_on_old_sonnets_alone() {
    for (model, betas) in
        [("claude-sonnet-4-5", json!([betas::CONTEXT_1M])), ("claude-opus-4-8", Value::Null)]
    {
        let target = Target { long_context: true, ..target(model) };
        assert_eq!(request(&target, &[], json!({})).0["anthropic_beta"], betas);
    }
}

#[test]
fn models_behind_an_arn_are_known_by_their_name() {
    let mut model = (*target("claude-sonnet-4-5").model).clone();
    model.id = "arn:aws:bedrock:us-east-1:1:application-inference-profile/x".into();
    let target = Target { model: Arc::new(model), effort: None, long_context: true };
    assert_eq!(request(&target, &[], json!({})).0["anthropic_beta"], json!([betas::CONTEXT_1M]));
}
