use super::*;

fn get(id: &str) -> &'static Entry {
    Catalog::built_in().get(id).expect(id)
}

#[test]
fn the_built_in_list_is_whole() {
    let catalog = Catalog::built_in();
    assert_eq!(catalog.iter().count(), 115);
    for entry in catalog.iter() {
        assert!(entry.model.context > 0, "{}", entry.model.id);
        assert!(entry.embedding || entry.model.max_output > 0, "{}", entry.model.id);
        assert_eq!(entry.model.vendor == "anthropic", entry.claude.is_some(), "{}", entry.model.id);
    }
}

#[test]
fn names_of_living_models_are_unique() {
    let mut seen = std::collections::HashMap::new();
    for entry in Catalog::built_in().iter().filter(|entry| !entry.is_retired("2026-11-21")) {
        if let Some(other) = seen.insert(entry.model.name.clone(), &entry.model.id) {
            panic!("{} and {other} are both {}", entry.model.id, entry.model.name);
        }
    }
}

#[test]
fn ids_are_found_in_every_form() {
    for id in [
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
    ] {
        assert_eq!(get(id).model.name, "claude-sonnet-4-5");
    }
    assert!(
        Catalog::built_in().get("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc").is_none()
    );
    assert!(Catalog::built_in().get("deepseek.v3.2").is_some());
}

#[test]
fn thinking_follows_the_version() {
    for (id, style) in [
        ("anthropic.claude-3-5-haiku-20241022-v1:0", ThinkingStyle::No),
        ("anthropic.claude-sonnet-4-20250514-v1:0", ThinkingStyle::Extended),
        ("anthropic.claude-opus-4-5-20251101-v1:0", ThinkingStyle::Extended),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", ThinkingStyle::Extended),
        ("anthropic.claude-opus-4-6-v1", ThinkingStyle::Adaptive),
        ("anthropic.claude-sonnet-4-6", ThinkingStyle::Adaptive),
        ("anthropic.claude-opus-4-8", ThinkingStyle::Adaptive),
        ("anthropic.claude-opus-5", ThinkingStyle::Adaptive),
        ("anthropic.claude-sonnet-5", ThinkingStyle::Adaptive),
        ("anthropic.claude-haiku-5-5", ThinkingStyle::Adaptive),
        ("anthropic.claude-opus-5-5", ThinkingStyle::AdaptiveAlways),
        ("anthropic.claude-sonnet-5-5", ThinkingStyle::AdaptiveAlways),
        ("anthropic.claude-fable-5", ThinkingStyle::AdaptiveAlways),
        ("anthropic.claude-mythos-preview", ThinkingStyle::AdaptiveAlways),
        ("amazon.nova-2-lite-v1:0", ThinkingStyle::NovaReasoning),
        ("amazon.nova-lite-v1:0", ThinkingStyle::No),
        ("openai.gpt-oss-120b-1:0", ThinkingStyle::ReasoningEffort),
        ("openai.gpt-6-sol", ThinkingStyle::ReasoningObject),
        ("xai.grok-4.6", ThinkingStyle::ReasoningObject),
        ("deepseek.v3.2", ThinkingStyle::ReasoningEffort),
        ("deepseek.r1-v1:0", ThinkingStyle::AlwaysOn),
        ("minimax.minimax-m2.5", ThinkingStyle::AlwaysOn),
        ("qwen.qwen3-32b-v1:0", ThinkingStyle::No),
    ] {
        assert_eq!(get(id).model.thinking, style, "{id}");
    }
}

#[test]
fn capabilities_follow_the_family() {
    let llama = &get("meta.llama3-3-70b-instruct-v1:0").model;
    assert_eq!((llama.tools, llama.forced_tool_use), (ToolSupport::WholeOnly, false));
    assert_eq!(get("deepseek.r1-v1:0").model.tools, ToolSupport::WholeOnly);
    assert_eq!(get("ai21.jamba-1-5-mini-v1:0").model.tools, ToolSupport::No);
    let nova = &get("amazon.nova-pro-v1:0").model;
    assert_eq!(nova.cache, CachePoints { system: true, messages: true, tools: false, one_hour: false });
    assert!(!get("writer.palmyra-x5-v1:0").model.forced_tool_use);
    assert!(!get("mistral.mistral-7b-instruct-v0:2").model.system);
    assert!(!get("openai.gpt-6-sol").model.sampling);
    assert!(get("openai.gpt-oss-20b-1:0").model.sampling);
    assert!(!get("anthropic.claude-sonnet-4-20250514-v1:0").model.cache.one_hour);
    assert!(get("anthropic.claude-opus-4-8").model.cache.one_hour);
}

#[test]
fn a_geographic_profile_costs_more() {
    let entry = get("anthropic.claude-opus-5-5");
    let base = entry.served(None);
    let us = entry.served(Some("us"));
    assert_eq!(us.id, "us.anthropic.claude-opus-5-5");
    assert_eq!(base.price.map(|price| price.input), Some(4.0));
    assert!(us.price.is_some_and(|price| (price.input - 4.4).abs() < 1e-9));
    assert_eq!(entry.served(Some("global")).price, base.price);
    assert!(Arc::ptr_eq(&us, &entry.served(Some("us"))), "made once");
}

#[test]
fn a_claude_newer_than_the_list_gets_the_strict_reading() {
    let model = unlisted("anthropic.claude-opus-6-1", Some("eu"));
    assert_eq!(model.id, "eu.anthropic.claude-opus-6-1");
    assert_eq!((model.name.as_str(), model.display_name.as_str()), ("claude-opus-6-1", "Claude Opus 6.1"));
    assert_eq!(model.thinking, ThinkingStyle::AdaptiveAlways);
    assert_eq!((model.context, model.sampling), (1_000_000, false));
}

#[test]
fn names_for_people() {
    for (id, name, display) in [
        ("openai.gpt-oss-120b-1:0", "gpt-oss-120b", "GPT OSS 120B"),
        ("deepseek.v3.2", "deepseek-v3.2", "Deepseek V3.2"),
        ("qwen.qwen3-coder-480b-a35b-v1:0", "qwen3-coder-480b-a35b", "Qwen3 Coder 480B A35B"),
        ("amazon.nova-2-lite-v1:0", "nova-2-lite", "Nova 2 Lite"),
        ("zai.glm-5", "glm-5", "GLM 5"),
        ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6", "Claude Opus 4.6"),
    ] {
        let model = &get(id).model;
        assert_eq!((model.name.as_str(), model.display_name.as_str()), (name, display));
    }
}
