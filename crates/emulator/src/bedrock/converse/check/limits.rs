//! What the model cannot do: tools, images, documents, cache points, reasoning, long answers.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Ask, Checked, say, unsupported};
use crate::Refusal;
use crate::bedrock::check_tier;
use crate::bedrock::invoke::sniff;
use crate::bedrock::model::Tools;

/// Bytes of an image and of a document.
const MOST_IMAGE: usize = 3_750_000;
const MOST_DOCUMENT: usize = 4_500_000;

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    settings(ask)?;
    tools(ask)?;
    pictures(ask)?;
    documents(ask)?;
    reasoning(ask)?;
    cache_points(ask)
}

fn settings(ask: &Ask<'_>) -> Checked {
    let (model, settings) = (ask.model, &ask.body["inferenceConfig"]);
    if let Some(asked) = settings["maxTokens"].as_u64() {
        let most = model.max_output;
        if asked > most {
            return say(format!(
                "The maximum tokens you requested exceeds the model limit of {most}. Try again with a maximum tokens \
                 value that is lower than {most}."
            ));
        }
        let least_16 = model.id.starts_with("openai.gpt-5") || model.id.starts_with("openai.gpt-6");
        if asked < 16 && (least_16 || matches!(model.vendor(), "xai") || model.id.contains("kimi-k3")) {
            return say("The maximum tokens you requested is below the model minimum of 16.");
        }
    }
    let closed = model.id.starts_with("openai.gpt-5")
        || model.id.starts_with("openai.gpt-6")
        || model.vendor() == "xai";
    if closed && settings["stopSequences"].as_array().is_some_and(|list| !list.is_empty()) {
        return unsupported("stopSequences");
    }
    let no_system = ["mistral-7b", "mixtral", "titan"].iter().any(|name| model.id.contains(name));
    if no_system && ask.body["system"].as_array().is_some_and(|system| !system.is_empty()) {
        return say(
            "This model doesn't support system messages. Try again without system messages or use a model that \
             supports system messages.",
        );
    }
    check_tier(model, ask.body["serviceTier"]["type"].as_str())
}

fn tools(ask: &Ask<'_>) -> Checked {
    let config = &ask.body["toolConfig"];
    if config.is_null() {
        return Ok(());
    }
    match ask.model.tools {
        Tools::No => return say("This model doesn't support tool use."),
        Tools::Whole if ask.streams => return say("This model doesn't support tool use in streaming mode."),
        Tools::Yes | Tools::Whole => {}
    }
    let mut names = HashSet::new();
    for (at, spec) in config["tools"].as_array().into_iter().flatten().enumerate() {
        let spec = &spec["toolSpec"];
        let Some(name) = spec["name"].as_str() else { continue };
        if !names.insert(name) {
            return say(format!("The tool name {name} at toolConfig.tools.{at} is used more than once."));
        }
        if spec["inputSchema"]["json"]["type"] != "object" {
            return say(format!(
                "The value at toolConfig.tools.{at}.toolSpec.inputSchema.json.type must be one of the following: \
                 object."
            ));
        }
        if spec.get("strict").is_some() && !(ask.model.is_claude() && ask.model.has_formats()) {
            return unsupported(&format!("toolConfig.tools.{at}.toolSpec.strict"));
        }
        if ask.model.is_nova() && name.contains('-') {
            return Err(Refusal::new(
                424,
                "ModelErrorException",
                "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use \
                 troubleshooting guide.",
            ));
        }
    }
    let choice = &config["toolChoice"];
    if let Some(name) = choice["tool"]["name"].as_str().filter(|name| !names.contains(name)) {
        return say(format!(
            "The tool {name} at toolConfig.toolChoice.tool.name is not in toolConfig.tools."
        ));
    }
    let forced = ["any", "tool"].into_iter().find(|kind| choice.get(*kind).is_some());
    let Some(kind) = forced else { return Ok(()) };
    let thinking = &ask.body["additionalModelRequestFields"]["thinking"]["type"];
    if matches!(thinking.as_str(), Some("enabled" | "adaptive")) {
        return say(
            "The model returned the following errors: Thinking may not be enabled when tool_choice forces tool use.",
        );
    }
    let refuses = ask.model.tools == Tools::Whole || (ask.model.is_claude() && !ask.model.can_be_forced());
    if refuses { unsupported(&format!("toolConfig.toolChoice.{kind}")) } else { Ok(()) }
}

fn pictures(ask: &Ask<'_>) -> Checked {
    let mut count = 0;
    for (_, block) in ask.blocks() {
        let parts = block["toolResult"]["content"].as_array().into_iter().flatten();
        for holder in std::iter::once(block).chain(parts) {
            let Some(image) = holder.get("image") else { continue };
            if !ask.model.sees() {
                return say(
                    "This model doesn't support the image content block that you provided. Update the content block \
                     and try again.",
                );
            }
            count += 1;
            let Some(bytes) = image["source"]["bytes"].as_str().and_then(|text| STANDARD.decode(text).ok())
            else {
                continue;
            };
            if bytes.len() > MOST_IMAGE {
                return say(format!(
                    "The image size of {} bytes exceeds the limit of {MOST_IMAGE} bytes.",
                    bytes.len()
                ));
            }
            let format = image["format"].as_str().unwrap_or_default();
            match sniff(&bytes) {
                None => return say("Could not process image"),
                Some(found) if found.strip_prefix("image/") == Some(format) => {}
                Some(_) => return say("The provided image does not match the specified image format."),
            }
        }
    }
    if count > 20 {
        return say(format!("too many images and documents: {count} + 0 > 20"));
    }
    Ok(())
}

fn documents(ask: &Ask<'_>) -> Checked {
    let mut names = HashSet::new();
    for message in ask.messages() {
        let blocks = || message["content"].as_array().into_iter().flatten();
        let mut any = false;
        for document in blocks().filter_map(|block| block.get("document")) {
            any = true;
            let name = document["name"].as_str().unwrap_or_default();
            let letter =
                |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "-()[]".contains(letter);
            if !name.chars().all(letter) || name.contains("  ") {
                return say(
                    "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, \
                     parentheses, and square brackets. The name can't contain more than one consecutive whitespace \
                     character.",
                );
            }
            if !names.insert(name) {
                return say(format!(
                    "The document name {name} is used more than once. Document names must be unique."
                ));
            }
            let bytes = document["source"]["bytes"].as_str().and_then(|text| STANDARD.decode(text).ok());
            if bytes.is_some_and(|bytes| bytes.len() > MOST_DOCUMENT) {
                return say(format!("The document size exceeds the limit of {MOST_DOCUMENT} bytes."));
            }
        }
        if any && !blocks().any(|block| block.get("text").is_some()) {
            return say("A text block must be included when using documents.");
        }
    }
    if names.len() > 5 {
        return say("The number of documents exceeds the limit of 5.");
    }
    Ok(())
}

fn reasoning(ask: &Ask<'_>) -> Checked {
    for (path, block) in ask.blocks() {
        let Some(reasoning) = block.get("reasoningContent") else { continue };
        if ask.model.id.starts_with("deepseek.r1") {
            return unsupported(&format!("{path}.reasoningContent"));
        }
        if !ask.model.is_claude() {
            continue;
        }
        if let Some(text) = reasoning.get("reasoningText") {
            let signature = text["signature"].as_str().unwrap_or_default();
            if signature.is_empty() {
                return say(format!(
                    "The model returned the following errors: {path}.thinking.signature: Field required"
                ));
            }
            if STANDARD.decode(signature).is_err() {
                return say(format!(
                    "The model returned the following errors: {path}: Invalid `signature` in `thinking` block"
                ));
            }
        }
    }
    Ok(())
}

fn cache_points(ask: &Ask<'_>) -> Checked {
    let points = |list: &Value| -> Vec<String> {
        let points = list.as_array().into_iter().flatten().filter_map(|item| item.get("cachePoint"));
        points.map(|point| point["ttl"].as_str().unwrap_or("5m").to_owned()).collect()
    };
    let in_tools = points(&ask.body["toolConfig"]["tools"]);
    let mut all = in_tools.clone();
    all.extend(points(&ask.body["system"]));
    ask.messages().iter().for_each(|message| all.extend(points(&message["content"])));
    if all.is_empty() {
        return Ok(());
    }
    if ask.model.is_nova() {
        let tools = ask.body["toolConfig"]["tools"].as_array().into_iter().flatten();
        if let Some(at) = tools.into_iter().position(|tool| tool.get("cachePoint").is_some()) {
            return say(format!(
                "Malformed input request: #/toolConfig/tools/{at}: extraneous key [cachePoint] is not permitted, \
                 please reformat your input and try again."
            ));
        }
    } else if !ask.model.is_claude() {
        return Err(Refusal::new(
            403,
            "AccessDeniedException",
            "You invoked an unsupported model or your request did not allow prompt caching. See the documentation \
             for more information.",
        ));
    }
    let hour = all.iter().any(|ttl| ttl == "1h");
    if hour && !ask.model.caches_an_hour() {
        return unsupported("cachePoint.ttl");
    }
    if all.iter().skip_while(|ttl| *ttl == "1h").any(|ttl| ttl == "1h") {
        return say(
            "The model returned the following errors: a ttl='1h' cache_control block must not come after a ttl='5m' \
             cache_control block. Note that blocks are processed in the following order: `tools`, `system`, \
             `messages`.",
        );
    }
    if all.len() > 4 {
        return say(format!(
            "The model returned the following errors: A maximum of 4 blocks with cache_control may be provided. Found \
             {}.",
            all.len()
        ));
    }
    Ok(())
}
