//! What is known of a model from its row in the account's list.

use llm::{CachePoints, Effort, Model, StructuredOutput, ThinkingStyle, ToolSupport, Wire};
use serde_json::Value;

use super::list::{Listed, Row, TokenLimits};
use super::name;

/// First words of ids and the vendor behind them.
const VENDORS: [(&str, &str); 6] = [
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("deepseek", "deepseek"),
    ("glm", "zai"),
    ("minimax", "minimax"),
    ("qwen", "qwen"),
];

/// A model as the account lists it.
pub(super) fn listed(row: Row) -> Listed {
    let Row {
        model_id,
        model_name,
        supported_input_types,
        token_limits,
        additional_model_request_fields_schema,
        rate_multiplier,
    } = row;
    let schema = additional_model_request_fields_schema.filter(Value::is_object);
    let TokenLimits { max_input_tokens, max_output_tokens } = token_limits.unwrap_or_default();
    let mut model = plain(&model_id);
    if let Some(name) = model_name.filter(|name| !name.is_empty()) {
        model.display_name = name;
    }
    model.context = max_input_tokens.unwrap_or(0);
    model.max_output = max_output_tokens.unwrap_or(0);
    if let Some(types) = supported_input_types {
        model.vision = types.iter().any(|kind| kind.eq_ignore_ascii_case("IMAGE"));
    }
    if let Some(schema) = &schema {
        let (thinking, efforts) = thinking(schema);
        model.thinking = thinking.unwrap_or(model.thinking);
        model.efforts = efforts;
    }
    Listed { rate: rate_multiplier.and_then(|rate| rate.as_f64()), ..Listed::new(model, schema) }
}

/// A model of which nothing but the id is known.
pub(super) fn plain(id: &str) -> Model {
    let key = name::key(id);
    let vendor =
        VENDORS.iter().find(|(start, _)| key.starts_with(start)).map_or("kiro", |(_, vendor)| vendor);
    Model {
        id: id.to_owned(),
        name: name::friendly(id),
        display_name: display(&key),
        vendor: vendor.to_owned(),
        wire: Wire::AmazonQ,
        context: 0,
        max_output: 0,
        // Kiro counts credits, not tokens.
        price: None,
        tools: ToolSupport::Yes,
        system: true,
        vision: matches!(vendor, "anthropic" | "openai" | "kiro"),
        documents: true,
        // Claude answers with its thoughts between tags when asked to; so does what `auto` picks, which is
        // mostly Claude. Others have tags of their own.
        thinking: match vendor {
            "anthropic" | "kiro" => ThinkingStyle::Prompted,
            _ => ThinkingStyle::No,
        },
        efforts: Vec::new(),
        structured_output: StructuredOutput::No,
        cache: CachePoints::default(),
        cache_min_tokens: 0,
        sampling: false,
        forced_tool_use: false,
        mid_conversation_system: false,
        end_of_life: None,
    }
}

/// The thinking switch and the efforts that a schema of `additionalModelRequestFields` allows.
fn thinking(schema: &Value) -> (Option<ThinkingStyle>, Vec<Effort>) {
    let types = words(schema, &["thinking", "type"]);
    let has = |word: &str| types.contains(&word);
    let reasoning = words(schema, &["reasoning", "effort"]);
    let output = words(schema, &["output_config", "effort"]);
    let style = if has("adaptive") && has("disabled") {
        Some(ThinkingStyle::Adaptive)
    } else if has("adaptive") {
        Some(ThinkingStyle::AdaptiveAlways)
    } else if !reasoning.is_empty() {
        Some(ThinkingStyle::ReasoningObject)
    } else if !output.is_empty() {
        // Nothing to switch, but something to guide.
        Some(ThinkingStyle::AdaptiveAlways)
    } else {
        None
    };
    let words = if style == Some(ThinkingStyle::ReasoningObject) { reasoning } else { output };
    let mut efforts: Vec<Effort> = words.into_iter().filter_map(Effort::parse).collect();
    efforts.sort_unstable();
    efforts.dedup();
    (style, efforts)
}

/// The words that a schema allows at a place, whatever alternatives it is split into.
fn words<'a>(schema: &'a Value, path: &[&str]) -> Vec<&'a str> {
    let mut found: Vec<&str> = ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|kind| schema.get(kind)?.as_array())
        .flatten()
        .flat_map(|part| words(part, path))
        .collect();
    match path.split_first() {
        Some((first, rest)) => {
            if let Some(inner) = schema.get("properties").and_then(|members| members.get(first)) {
                found.extend(words(inner, rest));
            }
        }
        None => {
            let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
            found.extend(listed.chain(schema.get("const")).filter_map(Value::as_str));
        }
    }
    found
}

/// `claude-sonnet-4.5` becomes `Claude Sonnet 4.5`.
fn display(key: &str) -> String {
    let word = |word: &str| match word {
        "gpt" | "glm" => word.to_ascii_uppercase(),
        "deepseek" => "DeepSeek".to_owned(),
        "minimax" => "MiniMax".to_owned(),
        _ => {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    };
    key.split('-').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(properties: Value) -> Value {
        json!({"type": "object", "properties": properties})
    }

    fn types(types: &[&str]) -> Value {
        json!({"type": "object", "properties": {"type": {"type": "string", "enum": types}}})
    }

    #[test]
    fn the_schema_decides_how_a_model_thinks() {
        let effort = json!({"properties": {"effort": {"enum": ["low", "high", "ultra", "max"]}}});
        for (given, style, efforts) in [
            (schema(json!({})), None, vec![]),
            (
                schema(json!({"thinking": types(&["adaptive", "disabled"])})),
                Some(ThinkingStyle::Adaptive),
                vec![],
            ),
            (
                schema(json!({"thinking": types(&["adaptive", "between_tools"]), "output_config": effort})),
                Some(ThinkingStyle::AdaptiveAlways),
                vec![Effort::Low, Effort::High, Effort::Max],
            ),
            (schema(json!({"thinking": types(&["enabled", "disabled"])})), None, vec![]),
            (
                schema(json!({"thinking": {"oneOf": [
                    {"properties": {"type": {"const": "adaptive"}}},
                    {"properties": {"type": {"const": "disabled"}}},
                ]}})),
                Some(ThinkingStyle::Adaptive),
                vec![],
            ),
            (
                schema(json!({"reasoning": effort})),
                Some(ThinkingStyle::ReasoningObject),
                vec![Effort::Low, Effort::High, Effort::Max],
            ),
        ] {
            assert_eq!(thinking(&given), (style, efforts), "{given}");
        }
    }

    #[test]
    fn a_bare_id_tells_its_family() {
        let claude = plain("claude-opus-4.8");
        assert_eq!((claude.vendor.as_str(), claude.thinking), ("anthropic", ThinkingStyle::Prompted));
        assert_eq!(claude.display_name, "Claude Opus 4.8");
        let auto = plain("auto");
        assert_eq!((auto.vendor.as_str(), auto.thinking), ("kiro", ThinkingStyle::Prompted));
        let open = plain("deepseek-3.2");
        assert_eq!(
            (open.vendor.as_str(), open.thinking, open.vision),
            ("deepseek", ThinkingStyle::No, false)
        );
    }
}
