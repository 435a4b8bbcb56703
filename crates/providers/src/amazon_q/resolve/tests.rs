use llm::Effort;
use serde_json::json;

use super::*;
use crate::amazon_q::{facts, table};

fn table() -> Resolver<'static> {
    Resolver { models: table::models(), options: &Value::Null }
}

#[test]
fn public_names_become_the_services_own() {
    for (asked, id) in [
        ("auto", "auto"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4.0", "claude-sonnet-4"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4.5"),
        ("claude-opus-4-5-20251101", "claude-opus-4.5"),
        ("claude-opus-4-6", "claude-opus-4.6"),
        ("claude-opus-4-7", "claude-opus-4.7"),
        ("claude-opus-4-8", "claude-opus-4.8"),
        ("claude-4.5-sonnet", "claude-sonnet-4.5"),
        ("claude-sonnet-5", "claude-sonnet-5"),
        ("claude-opus-5", "claude-opus-5"),
        ("claude-sonnet-5-5", "claude-sonnet-5.5"),
        ("claude-opus-5-5", "claude-opus-5.5"),
        ("claude-fable-5-1", "claude-fable-5.1"),
        ("Anthropic/Claude-Opus-4.8", "claude-opus-4.8"),
        ("kiro-claude-haiku-4.5", "claude-haiku-4.5"),
        ("gpt-5.6-sol", "gpt-5.6-sol"),
        ("gpt-5-6-terra", "gpt-5.6-terra"),
        ("deepseek-3.2", "deepseek-3.2"),
        ("deepseek-v3.2", "deepseek-3.2"),
        ("glm-5", "glm-5"),
        ("minimax-m2.5", "minimax-m2.5"),
        ("qwen3-coder-next", "qwen3-coder-next"),
        ("CLAUDE_SONNET_4_20250514_V1_0", "CLAUDE_SONNET_4_20250514_V1_0"),
        ("claude-3-7-sonnet-20250219", "CLAUDE_3_7_SONNET_20250219_V1_0"),
    ] {
        assert_eq!(table().resolve(asked).unwrap().model.id, id, "{asked}");
    }
}

#[test]
fn words_at_the_end_are_remembered() {
    for (asked, effort, long_context) in [
        ("claude-opus-4-8-thinking", Some(Effort::High), false),
        ("claude-opus-4-8-thinking-low", Some(Effort::Low), false),
        ("claude-opus-4-8-max", Some(Effort::Max), false),
        ("claude-opus-4-8[1m]", None, true),
        ("claude-opus-4-8-1m-high", Some(Effort::High), true),
    ] {
        let target = table().resolve(asked).unwrap();
        assert_eq!(target.model.id, "claude-opus-4.8");
        assert_eq!((target.effort, target.long_context), (effort, long_context), "{asked}");
    }
}

#[test]
fn no_other_model_takes_the_place_of_one_that_is_not_there() {
    for (asked, hint) in [
        ("claude-sonnet-4-7", "`claude-sonnet-4-"),
        ("claude-sonnet-latest", "`claude-sonnet-"),
        ("gpt-5.5", "`gpt-5.6-"),
        ("gpt-4o", "`gpt-5.6-"),
        ("sonnet", "Did you mean"),
        ("", "Did you mean"),
    ] {
        let error = table().resolve(asked).unwrap_err();
        assert_eq!((error.category, error.param.as_deref()), (Category::ModelNotFound, Some("model")));
        assert!(error.message.contains(hint), "{asked}: {}", error.message);
        assert!(error.message.matches('`').count() <= 8, "{}", error.message);
    }
}

#[test]
fn the_live_list_is_the_authority() {
    let models: Vec<Listed> = ["auto", "claude-sonnet-4.0", "some-model-max", "claude-next-7.5"]
        .into_iter()
        .map(|id| Listed::new(facts::plain(id), None))
        .collect();
    let live = Resolver { models: &models, options: &Value::Null };
    for (asked, id, effort) in [
        ("claude-sonnet-4-20250514", "claude-sonnet-4.0", None),
        ("claude-sonnet-4", "claude-sonnet-4.0", None),
        ("some-model-max", "some-model-max", None),
        ("some-model-max-low", "some-model-max", Some(Effort::Low)),
        ("claude-next-7-5", "claude-next-7.5", None),
    ] {
        let target = live.resolve(asked).unwrap();
        assert_eq!((target.model.id.as_str(), target.effort), (id, effort), "{asked}");
    }
    assert!(live.resolve("claude-haiku-4-5").is_err(), "the table does not count beside a list");
}

#[test]
fn a_persons_own_names_come_first() {
    let options = json!({"aliases": {"Fast": "claude-haiku-4-5", "loop": "loop", "*": "auto"}});
    let resolver = Resolver { options: &options, ..table() };
    for (asked, id) in
        [("fast", "claude-haiku-4.5"), ("loop", "auto"), ("gpt-4o", "auto"), ("glm-5", "glm-5")]
    {
        assert_eq!(resolver.resolve(asked).unwrap().model.id, id, "{asked}");
    }
    let wrong = json!({"aliases": {"*": "nothing"}});
    let error = Resolver { options: &wrong, ..table() }.resolve("gpt-4o").unwrap_err();
    assert!(error.message.contains("`nothing`"), "{}", error.message);
}

#[test]
fn what_is_not_certain_is_not_offered() {
    let offered = table().known_models();
    assert!(offered.iter().any(|model| model.id == "auto"));
    for hidden in ["claude-sonnet-5.5", "claude-opus-5.5", "CLAUDE_3_7_SONNET_20250219_V1_0"] {
        assert!(!offered.iter().any(|model| model.id == hidden), "{hidden}");
    }
}
