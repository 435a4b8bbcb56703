//! Limits, sampling, efforts and formats: what is told, what is kept here, what stays behind.

use llm::{Block, Format, Message, Role, Sampling, Thinking, ThinkingStyle, Tier};
use serde_json::json;

use super::*;

fn said(text: &str) -> Meaning {
    Meaning {
        messages: vec![Message { role: Role::User, content: vec![Block::text(text)] }],
        ..Meaning::default()
    }
}

fn opus(style: ThinkingStyle) -> Model {
    model("claude-opus-4.8", style)
}

/// The request fields, what we keep ourselves, and the adjustments.
fn fields(
    wire: Wire,
    meaning: &Meaning,
    style: ThinkingStyle,
    manner: &Manner<'_>,
) -> (Value, Option<u32>, Vec<String>) {
    let written = write_request(&bare_request(wire), meaning, &opus(style), manner).expect("writable");
    let body = json(&written.body);
    rules::check(&body).expect("every rule is kept");
    (body["additionalModelRequestFields"].clone(), written.back.max_tokens, written.adjustments)
}

#[test]
fn what_the_wire_cannot_say_is_said_to_be_dropped() {
    let meaning = Meaning {
        sampling: Sampling { temperature: Some(0.5), top_p: Some(0.9), top_k: Some(5) },
        tier: Some(Tier::Flex),
        adjustments: vec!["seed:dropped".into()],
        stop: vec!["END".into(), String::new()],
        ..said("q")
    };
    let asked = bare_request(Wire::AnthropicMessages);
    let written =
        write_request(&asked, &meaning, &sonnet(), &Manner { input_estimate: 7, ..IDE }).expect("writable");
    assert_eq!(
        written.adjustments,
        ["seed:dropped", "temperature:dropped", "top_p:dropped", "top_k:dropped", "service_tier:dropped"]
    );
    assert_eq!(written.back.stop, ["END"]);
    assert_eq!(written.back.input_estimate, 7);
}

#[test]
fn the_output_limit_is_told_or_kept() {
    let schema = schema_of("claude-opus-4.8");
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let limit = |tokens: u32, manner: &Manner<'_>| {
        let meaning = Meaning { max_tokens: Some(tokens), ..said("q") };
        fields(Wire::AnthropicMessages, &meaning, ThinkingStyle::Adaptive, manner)
    };
    assert_eq!(limit(32_000, &manner), (json!({"max_tokens": 32_000}), None, vec![]));
    assert_eq!(
        limit(500_000, &manner),
        (json!({"max_tokens": 128_000}), None, vec!["max_tokens:128000".to_owned()])
    );
    // Less than the service can be told: it is told its least, and the rest is ours.
    assert_eq!(limit(200, &manner), (json!({"max_tokens": 1024}), Some(200), vec![]));
    assert_eq!(limit(200, &IDE), (Value::Null, Some(200), vec![]));
    assert_eq!(limit(64_000, &IDE), (Value::Null, None, vec![]), "more than the model can say");
}

#[test]
fn efforts_are_brought_to_what_the_model_takes() {
    let schema = schema_of("claude-opus-4.8");
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let with = |meaning: Meaning, style: ThinkingStyle, manner: &Manner<'_>| {
        let (fields, _, adjustments) = fields(Wire::AnthropicMessages, &meaning, style, manner);
        (fields, adjustments)
    };
    let summarized = json!({"type": "adaptive", "display": "summarized"});
    let minimal = Meaning { thinking: Some(Thinking::Adaptive), effort: Some(Effort::Minimal), ..said("q") };
    assert_eq!(
        with(minimal, ThinkingStyle::Adaptive, &manner),
        (json!({"thinking": summarized, "output_config": {"effort": "low"}}), vec!["effort:low".to_owned()])
    );
    let adaptive = || Meaning { thinking: Some(Thinking::Adaptive), ..said("q") };
    assert_eq!(with(adaptive(), ThinkingStyle::Adaptive, &manner).0, json!({"thinking": summarized}));
    // A suffix of the name beats the body and switches thinking on.
    let suffix = Manner { effort: Some(Effort::Max), ..manner };
    assert_eq!(
        with(said("q"), ThinkingStyle::Adaptive, &suffix).0,
        json!({"thinking": summarized, "output_config": {"effort": "max"}})
    );
    // Anthropic's effort alone does not.
    let effort = Meaning { effort: Some(Effort::High), ..said("q") };
    assert_eq!(
        with(effort.clone(), ThinkingStyle::Adaptive, &manner).0,
        json!({"output_config": {"effort": "high"}})
    );
    let off = || Meaning { thinking: Some(Thinking::Off), ..said("q") };
    assert_eq!(with(off(), ThinkingStyle::Adaptive, &manner).0, json!({"thinking": {"type": "disabled"}}));
    let least = (json!({"output_config": {"effort": "low"}}), vec!["thinking:adaptive".to_owned()]);
    assert_eq!(with(off(), ThinkingStyle::AdaptiveAlways, &manner), least);
    let mut always = schema.clone();
    always["properties"]["thinking"]["properties"]["type"] = json!({"const": "adaptive"});
    let always = Manner { fields_schema: Some(&always), ..IDE };
    assert_eq!(with(off(), ThinkingStyle::Adaptive, &always), least);
    assert_eq!(with(adaptive(), ThinkingStyle::Adaptive, &always).0, json!({"thinking": summarized}));
    // Nothing known, nothing sent.
    assert_eq!(
        with(adaptive(), ThinkingStyle::Adaptive, &IDE),
        (Value::Null, vec!["thinking:dropped".to_owned()])
    );
    assert_eq!(with(effort, ThinkingStyle::Adaptive, &IDE), (Value::Null, vec!["effort:dropped".to_owned()]));
    assert_eq!(with(off(), ThinkingStyle::Adaptive, &IDE), (Value::Null, vec![]));
    assert_eq!(
        with(adaptive(), ThinkingStyle::No, &manner),
        (Value::Null, vec!["thinking:dropped".to_owned()])
    );
}

#[test]
fn gpt_takes_no_effort_only_from_those_who_want_none() {
    let schema = schema_of("gpt-5.6-sol");
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let with = |effort: Effort| {
        let meaning = Meaning { effort: Some(effort), ..said("q") };
        let (fields, _, adjustments) =
            fields(Wire::OpenAiChat, &meaning, ThinkingStyle::ReasoningObject, &manner);
        (fields["reasoning"]["effort"].clone(), adjustments)
    };
    assert_eq!(with(Effort::None), ("none".into(), vec![]));
    assert_eq!(with(Effort::Minimal), ("low".into(), vec!["effort:low".to_owned()]));
    assert_eq!(with(Effort::Max), ("max".into(), vec![]));
}

#[test]
fn a_field_the_schema_turns_down_as_a_whole_stays_behind() {
    // The display may be left out by others, not here.
    let schema = json!({"properties": {
        "thinking": {"$ref": "#/$defs/thinking"},
        "output_config": {"anyOf": [{"type": "null"}, {"properties": {"effort": {"enum": ["low", "strange"]}}}]},
    }, "$defs": {"thinking": {"type": "object", "required": ["type", "scope"], "properties": {"type": {"type": "string"}}}}});
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let meaning = Meaning { thinking: Some(Thinking::Budget(9000)), ..said("q") };
    let (fields, _, adjustments) =
        fields(Wire::AnthropicMessages, &meaning, ThinkingStyle::Adaptive, &manner);
    assert_eq!(fields, json!({"output_config": {"effort": "low"}}));
    assert_eq!(adjustments, ["effort:low", "thinking:dropped"]);
}

#[test]
fn a_client_that_hides_thoughts_is_heard() {
    let schema = schema_of("claude-opus-4.8");
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let mut body = json!({"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": "q"}],
        "thinking": {"type": "adaptive", "display": "omitted"}});
    let omitted = json!({"type": "adaptive", "display": "omitted"});
    let thinking = |asked: &Request| {
        let written = write(asked, &opus(ThinkingStyle::Adaptive), &manner);
        json(&written.body)["additionalModelRequestFields"]["thinking"].clone()
    };
    assert_eq!(thinking(&anthropic(&body)), omitted);
    body["thinking"] = json!({"type": "adaptive"});
    let mut asked = anthropic(&body);
    assert_eq!(thinking(&asked)["display"], "summarized");
    asked.hints.hide_thinking = true;
    assert_eq!(thinking(&asked), omitted);
}

#[test]
fn older_models_are_asked_to_think() {
    let line = |meaning: &Meaning, manner: &Manner<'_>| {
        let asked = bare_request(Wire::OpenAiChat);
        let model = model("claude-sonnet-4.5", ThinkingStyle::Prompted);
        let written = write_request(&asked, meaning, &model, manner).expect("writable");
        let body = json(&written.body);
        let content = body["conversationState"]["currentMessage"]["userInputMessage"]["content"].clone();
        let content = content.as_str().expect("text").to_owned();
        assert_eq!(written.back.tagged_thinking, content != "q");
        (content, written.adjustments)
    };
    let enabled = |tokens: u32| {
        format!(
            "<thinking_mode>enabled</thinking_mode><max_thinking_length>{tokens}</max_thinking_length>\n\nq"
        )
    };
    let noted = |tokens: &[&str]| tokens.iter().map(|token| (*token).to_owned()).collect::<Vec<_>>();
    let thinking = |thinking: Thinking| Meaning { thinking: Some(thinking), ..said("q") };
    assert_eq!(
        line(&thinking(Thinking::Budget(31_999)), &IDE),
        (enabled(24_576), noted(&["thinking:prompt", "thinking:24576"]))
    );
    assert_eq!(
        line(&thinking(Thinking::Adaptive), &IDE).0,
        "<thinking_mode>adaptive</thinking_mode><thinking_effort>high</thinking_effort>\n\nq"
    );
    let effort = Meaning { effort: Some(Effort::Medium), ..said("q") };
    assert_eq!(line(&effort, &IDE), (enabled(8192), noted(&["thinking:prompt"])));
    let suffix = Manner { effort: Some(Effort::Low), ..IDE };
    assert_eq!(line(&thinking(Thinking::Adaptive), &suffix).0, enabled(2048));
    for meaning in [said("q"), thinking(Thinking::Off)] {
        assert_eq!(line(&meaning, &IDE), ("q".to_owned(), vec![]));
    }
    let none = Manner { effort: Some(Effort::None), ..IDE };
    assert_eq!(line(&thinking(Thinking::Adaptive), &none).0, "q");
}

#[test]
fn a_format_is_asked_for_in_words() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let formats = [
        Format::JsonObject,
        Format::JsonSchema { name: None, description: None, schema: schema.clone(), strict: None },
    ];
    for format in formats {
        let meaning = Meaning { format: Some(format.clone()), ..said("q") };
        let asked = bare_request(Wire::OpenAiChat);
        let written = write_request(&asked, &meaning, &sonnet(), &IDE).expect("writable");
        assert!(written.back.undo.fence && !written.back.undo.answer_tool);
        assert_eq!(written.adjustments, ["response_format:prompt"]);
        let body = json(&written.body);
        let content = body["conversationState"]["currentMessage"]["userInputMessage"]["content"].clone();
        let content = content.as_str().expect("text");
        assert!(content.starts_with("q\n\nAnswer with one JSON "), "{content}");
        assert_eq!(content.contains(&schema.to_string()), format != Format::JsonObject);
    }
}

#[test]
fn a_large_body_is_only_noted() {
    assert!(written(&said(&"x".repeat(599_000)), &sonnet(), &IDE).1.is_empty());
    assert_eq!(written(&said(&"x".repeat(601_000)), &sonnet(), &IDE).1, ["body:large"]);
}
