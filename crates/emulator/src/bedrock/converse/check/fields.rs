//! The free part of a request: fields of the model's own, and structured output.

use serde_json::Value;

use super::{Ask, Checked, say, unsupported};
use crate::bedrock::invoke::compiles;
use crate::bedrock::model::{Model, Thoughts};

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    extra(ask)?;
    thinking(ask)?;
    format(ask)
}

/// The top-level fields that a family takes; `None` where nothing is known to be refused.
fn known(model: &Model) -> Option<&'static [&'static str]> {
    if model.is_magic() {
        return None;
    }
    let name = model.id;
    if model.is_claude() {
        Some(&["thinking", "output_config", "anthropic_beta", "top_k", "context_management"])
    } else if model.is_nova() {
        Some(&["reasoningConfig", "inferenceConfig"])
    } else if name.starts_with("openai.gpt-oss") {
        Some(&["reasoning_effort"])
    } else if name.starts_with("openai.") || name.starts_with("xai.") {
        Some(&["reasoning"])
    } else if name.starts_with("deepseek.r1") {
        Some(&[])
    } else {
        None
    }
}

fn extra(ask: &Ask<'_>) -> Checked {
    let fields = &ask.body["additionalModelRequestFields"];
    let members = match fields {
        Value::Null => return Ok(()),
        Value::Object(members) => members,
        _ => {
            return say(
                "The format of the value at additionalModelRequestFields is invalid. Provide a json object for the field and try again.",
            );
        }
    };
    let Some(known) = known(ask.model) else { return Ok(()) };
    let Some(unknown) = members.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    if ask.model.is_claude() {
        return say(format!(
            "The model returned the following errors: {unknown}: Extra inputs are not permitted"
        ));
    }
    say(format!(
        "Malformed input request: #: extraneous key [{unknown}] is not permitted, please reformat your input and try \
         again."
    ))
}

fn thinking(ask: &Ask<'_>) -> Checked {
    let fields = &ask.body["additionalModelRequestFields"];
    if ask.model.is_nova() {
        let effort = fields["reasoningConfig"]["maxReasoningEffort"].as_str();
        if effort.is_some_and(|effort| !matches!(effort, "low" | "medium" | "high")) {
            return say(
                "Malformed input request: #/reasoningConfig/maxReasoningEffort: is not a valid enum value, please reformat your input and try again.",
            );
        }
        if !fields["reasoningConfig"].is_null() && !ask.model.thinks() {
            return say(
                "Malformed input request: #: extraneous key [reasoningConfig] is not permitted, please reformat your \
                 input and try again.",
            );
        }
        return Ok(());
    }
    let refuses_none = ask.model.id.starts_with("openai.gpt-6");
    if refuses_none && fields["reasoning"]["effort"] == "none" {
        return say("Unsupported value: 'none' is not supported with this model.");
    }
    if !ask.model.is_claude() {
        return Ok(());
    }
    let wrapped = |words: &str| say(format!("The model returned the following errors: {words}"));
    let thinking = &fields["thinking"];
    match (thinking["type"].as_str(), ask.model.thoughts) {
        (Some("enabled"), Thoughts::Adaptive | Thoughts::Always) => {
            return wrapped("\"thinking.type.enabled\" is not supported for this model.");
        }
        (Some("adaptive"), Thoughts::Never | Thoughts::Extended) => {
            return wrapped("adaptive thinking is not supported on this model");
        }
        (Some("disabled"), Thoughts::Always) => {
            return wrapped("thinking.type must be \"enabled\" or \"adaptive\"");
        }
        (Some("enabled"), _) => {
            let budget = thinking["budget_tokens"].as_u64().unwrap_or(0);
            if budget < 1024 {
                return wrapped(
                    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
                );
            }
            let most = ask.body["inferenceConfig"]["maxTokens"].as_u64();
            if most.is_some_and(|most| most <= budget) {
                return wrapped("`max_tokens` must be greater than `thinking.budget_tokens`.");
            }
        }
        _ => {}
    }
    let temperature = ask.body["inferenceConfig"]["temperature"].as_f64();
    let on = matches!(thinking["type"].as_str(), Some("enabled" | "adaptive"));
    if on && temperature.is_some_and(|value| (value - 1.0).abs() > f64::EPSILON) {
        return wrapped("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.");
    }
    let settings = &ask.body["inferenceConfig"];
    let sampled = ["temperature", "topP"].iter().any(|name| !settings[*name].is_null());
    if sampled && !ask.model.takes_sampling() {
        return wrapped("`temperature` is deprecated for this model.");
    }
    Ok(())
}

fn format(ask: &Ask<'_>) -> Checked {
    let format = &ask.body["outputConfig"]["textFormat"];
    if format.is_null() {
        return Ok(());
    }
    if !ask.model.has_formats() {
        return unsupported("outputConfig.textFormat");
    }
    let schema = format["structure"]["jsonSchema"]["schema"].as_str().unwrap_or_default();
    let Ok(schema) = serde_json::from_str(schema) else {
        return say("The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON.");
    };
    compiles(&schema).or_else(|complaint| say(format!("output_config.format.schema: {complaint}")))
}
