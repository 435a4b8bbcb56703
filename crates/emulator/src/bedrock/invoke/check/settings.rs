//! The numbers and switches beside the conversation.

use serde_json::Value;

use super::{Ask, Checked, list, only, refuse, say, schema, string};
use crate::bedrock::model::Thoughts;

/// Where the Anthropic API's complaints point to; the address is part of the words.
const GUIDE: &str = "https://docs.claude.com/en/docs/build-with-claude/extended-thinking";

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    max_tokens(ask)?;
    thinking(ask)?;
    sampling(ask)?;
    stop_sequences(ask)?;
    output_config(ask)?;
    context_management(ask)?;
    metadata(ask)
}

fn max_tokens(ask: &Ask<'_>) -> Checked {
    let most = ask.model.max_output;
    match &ask.body["max_tokens"] {
        Value::Null => refuse("max_tokens", "Field required"),
        given => match given.as_u64() {
            None => refuse("max_tokens", "Input should be a valid integer"),
            Some(0) => refuse("max_tokens", "Input should be greater than or equal to 1"),
            Some(given) if given > most => {
                let words = format!("{given} > {most}, which is the maximum allowed number of output tokens");
                refuse("max_tokens", &words)
            }
            Some(_) => Ok(()),
        },
    }
}

fn thinking(ask: &Ask<'_>) -> Checked {
    let thinking = &ask.body["thinking"];
    if thinking.is_null() {
        return Ok(());
    }
    let thoughts = ask.model.thoughts;
    let kind = string(&thinking["type"], "thinking.type")?;
    match kind {
        "enabled" => {
            if matches!(thoughts, Thoughts::Adaptive | Thoughts::Always) {
                return say(
                    "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \
                     \"output_config.effort\" to control thinking behavior.",
                );
            }
            only(thinking, &["type", "budget_tokens", "display"], "thinking.enabled")?;
            budget(ask)?;
        }
        "adaptive" => {
            if matches!(thoughts, Thoughts::Never | Thoughts::Extended) {
                return say("adaptive thinking is not supported on this model");
            }
            let mut known = vec!["type", "display"];
            if ask.has_beta("thinking-binding-controls-2026-08-01") {
                known.push("block_binding");
            }
            only(thinking, &known, "thinking.adaptive")?;
        }
        "disabled" if thoughts == Thoughts::Always => {
            return say("thinking.type must be \"enabled\" or \"adaptive\"");
        }
        "disabled" => only(thinking, &["type"], "thinking.disabled")?,
        other => {
            let words = format!(
                "Input tag '{other}' found using 'type' does not match any of the expected tags: 'adaptive', \
                 'disabled', 'enabled'"
            );
            return refuse("thinking", &words);
        }
    }
    if thoughts == Thoughts::Never && kind != "disabled" {
        return refuse("thinking", "Extra inputs are not permitted");
    }
    match thinking["display"].as_str() {
        None | Some("summarized" | "omitted") => Ok(()),
        Some("updates") if ask.has_beta("thinking-display-updates-2026-08-18") => Ok(()),
        Some(_) => refuse(&format!("thinking.{kind}.display"), "Input should be 'summarized' or 'omitted'"),
    }
}

fn budget(ask: &Ask<'_>) -> Checked {
    let path = "thinking.enabled.budget_tokens";
    let Some(budget) = ask.body["thinking"]["budget_tokens"].as_u64() else {
        return refuse(path, "Field required");
    };
    if budget < 1024 {
        return refuse(path, "Input should be greater than or equal to 1024");
    }
    // With interleaved thinking the budget spans several turns and may exceed one answer.
    let interleaved = ask.has_beta("interleaved-thinking-2025-05-14");
    if !interleaved && ask.body["max_tokens"].as_u64().is_some_and(|most| most <= budget) {
        return say(format!(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at \
             {GUIDE}#max-tokens-and-context-window-size"
        ));
    }
    Ok(())
}

fn sampling(ask: &Ask<'_>) -> Checked {
    let (temperature, top_p, top_k) = (&ask.body["temperature"], &ask.body["top_p"], &ask.body["top_k"]);
    for (name, value) in [("temperature", temperature), ("top_p", top_p)] {
        let fits = value.as_f64().is_some_and(|number| (0.0..=1.0).contains(&number));
        if !value.is_null() && !fits {
            return refuse(name, "range: 0..1");
        }
    }
    if !top_k.is_null() && top_k.as_u64().is_none() {
        return refuse("top_k", "Input should be greater than or equal to 0");
    }
    if !ask.model.takes_sampling() {
        for (name, value) in [("temperature", temperature), ("top_p", top_p), ("top_k", top_k)] {
            if !value.is_null() {
                return say(format!("`{name}` is deprecated for this model."));
            }
        }
    }
    let one_only = ["sonnet-4-5", "sonnet-4-6", "haiku-4-5", "opus-4-5"];
    if !temperature.is_null() && !top_p.is_null() && one_only.iter().any(|name| ask.model.id.contains(name)) {
        return say(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        );
    }
    if matches!(ask.body["thinking"]["type"].as_str(), Some("enabled" | "adaptive")) {
        let see = format!(
            "Please consult our documentation at {GUIDE}#important-considerations-when-using-extended-thinking"
        );
        if temperature.as_f64().is_some_and(|value| (value - 1.0).abs() > f64::EPSILON) {
            return say(format!(
                "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. {see}"
            ));
        }
        if !top_k.is_null() {
            return say(format!("`top_k` must be unset when thinking is enabled or in adaptive mode. {see}"));
        }
        if top_p.as_f64().is_some_and(|value| value < 0.95) {
            return say(format!(
                "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {see}"
            ));
        }
    }
    Ok(())
}

fn stop_sequences(ask: &Ask<'_>) -> Checked {
    let sequences = list(&ask.body["stop_sequences"], "stop_sequences")?;
    if sequences.len() > 8191 {
        return refuse("stop_sequences", "List should have at most 8191 items after validation");
    }
    for (at, sequence) in sequences.iter().enumerate() {
        if string(sequence, &format!("stop_sequences.{at}"))?.trim().is_empty() {
            return refuse("stop_sequences", "each stop sequence must contain non-whitespace");
        }
    }
    Ok(())
}

fn output_config(ask: &Ask<'_>) -> Checked {
    let config = &ask.body["output_config"];
    if config.is_null() {
        return Ok(());
    }
    only(config, &["effort", "format"], "output_config")?;
    if let Some(effort) = config.get("effort") {
        let needs_beta = ask.model.id.contains("opus-4-5") && !ask.has_beta("effort-2025-11-24");
        if ask.model.effort.is_empty() || needs_beta {
            return refuse("output_config.effort", "Extra inputs are not permitted");
        }
        let effort = string(effort, "output_config.effort")?;
        if !ask.model.effort.split(' ').any(|level| level == effort) {
            let levels = ask.model.effort.replace(' ', ", ");
            return say(format!(
                "This model does not support effort level '{effort}'. Supported levels: {levels}."
            ));
        }
    }
    let Some(format) = config.get("format") else { return Ok(()) };
    if !ask.model.has_formats() {
        return refuse("output_config.format", "Extra inputs are not permitted");
    }
    only(format, &["type", "schema"], "output_config.format")?;
    if format["type"] != "json_schema" {
        return refuse("output_config.format.type", "Input should be 'json_schema'");
    }
    schema::compiles(&format["schema"]).or_else(|complaint| refuse("output_config.format.schema", &complaint))
}

fn context_management(ask: &Ask<'_>) -> Checked {
    let management = &ask.body["context_management"];
    if management.is_null() {
        return Ok(());
    }
    if !ask.has_beta("context-management-2025-06-27") && !ask.has_beta("compact-2026-01-12") {
        return refuse("context_management", "Extra inputs are not permitted");
    }
    only(management, &["edits"], "context_management")?;
    let edits = list(&management["edits"], "context_management.edits")?;
    if edits.is_empty() {
        return refuse(
            "context_management.edits",
            "List should have at least 1 item after validation, not 0",
        );
    }
    for (at, edit) in edits.iter().enumerate() {
        let kind = string(&edit["type"], &format!("context_management.edits.{at}.type"))?;
        let known = match kind {
            "clear_tool_uses_20250919" => ask.has_beta("context-management-2025-06-27"),
            "compact_20260112" => ask.has_beta("compact-2026-01-12"),
            _ => false,
        };
        if !known {
            let words = format!(
                "Input tag '{kind}' found using 'type' does not match any of the expected tags: \
                 'clear_tool_uses_20250919', 'compact_20260112'"
            );
            return refuse(&format!("context_management.edits.{at}"), &words);
        }
    }
    Ok(())
}

/// Metadata goes into invocation logs, whose values follow a pattern.
fn metadata(ask: &Ask<'_>) -> Checked {
    let metadata = &ask.body["metadata"];
    if metadata.is_null() {
        return Ok(());
    }
    only(metadata, &["user_id"], "metadata")?;
    let Some(user) = metadata["user_id"].as_str() else { return Ok(()) };
    if user.len() > 256 || !user.chars().all(crate::bedrock::in_metadata) {
        return say("Request metadata contains a value that violates the regular expression");
    }
    Ok(())
}
