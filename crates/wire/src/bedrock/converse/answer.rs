//! The answer of Converse in one piece.

use llm::{Answer, Block, Category, Content, Error, Usage, Wire};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::citation::Citation;
use super::stream::stop_reason;
use super::usage::{Counters, ServiceTier};
use crate::answer_id::answer_id;
use crate::undo::{Restorer, Undo};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    output: Output<'a>,
    stop_reason: String,
    #[serde(default)]
    usage: Counters,
    #[serde(default)]
    service_tier: Option<ServiceTier>,
    #[serde(default)]
    additional_model_response_fields: Value,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Piece<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    text: Option<String>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    reasoning_content: Option<Reasoning>,
    citations_content: Option<Cited>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    tool_use_id: String,
    name: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning {
    reasoning_text: Option<ReasoningText>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
struct ReasoningText {
    text: String,
    signature: Option<String>,
}

#[derive(Deserialize)]
struct Cited {
    #[serde(default)]
    content: Vec<CitedText>,
    #[serde(default)]
    citations: Vec<Citation>,
}

#[derive(Deserialize)]
struct CitedText {
    text: Option<String>,
}

/// Reads a whole Converse answer. `request_id` is the upstream's; the answer's id is made of it.
///
/// # Errors
/// [`Category::Upstream`] when the text is not a Converse answer, or an empty one that the model malformed.
pub fn read_answer(json: &[u8], request_id: Option<&str>, undo: Undo) -> Result<Answer, Error> {
    let reply: Reply<'_> = serde_json::from_slice(json).map_err(|error| {
        Error::new(Category::Upstream, format!("Bedrock sent an answer we cannot read: {error}"))
    })?;
    let mut content: Vec<Block> = Vec::with_capacity(reply.output.message.content.len());
    let mut citations = Vec::new();
    for mut piece in reply.output.message.content {
        let cited = piece.citations_content.as_mut().map(|cited| std::mem::take(&mut cited.citations));
        let Some(block) = block(piece) else { continue };
        let cited = cited.into_iter().flatten().filter_map(Citation::into_anthropic);
        citations.extend(cited.map(|citation| (content.len(), citation)));
        content.push(block);
    }
    let said_text =
        content.iter().any(|block| matches!(&block.content, Content::Text { text } if !text.is_empty()));
    let called_tool = content.iter().any(|block| matches!(block.content, Content::ToolUse { .. }));
    let stop = stop_reason(&reply.stop_reason, said_text, called_tool)?;
    let sequence = reply.additional_model_response_fields.get("stop_sequence").and_then(Value::as_str);
    let mut answer = Answer {
        id: request_id.map(answer_id),
        model: None,
        content,
        citations,
        stop: Some(stop),
        stop_sequence: sequence.map(str::to_owned),
        usage: Usage { tier: reply.service_tier.as_ref().and_then(ServiceTier::tier), ..reply.usage.into() },
    };
    Restorer::new(undo).answer(&mut answer);
    Ok(answer)
}

fn block(piece: Piece<'_>) -> Option<Block> {
    let content = if let Some(text) = piece.text {
        Content::Text { text }
    } else if let Some(tool) = piece.tool_use {
        tool_use(tool)
    } else if let Some(cited) = piece.citations_content {
        Content::Text { text: cited.content.into_iter().filter_map(|part| part.text).collect() }
    } else {
        match piece.reasoning_content? {
            Reasoning { reasoning_text: Some(ReasoningText { text, signature }), .. } => {
                Content::Thinking { text, signature: signature.filter(|signature| !signature.is_empty()) }
            }
            Reasoning { redacted_content, .. } => Content::RedactedThinking { data: redacted_content? },
        }
    };
    if matches!(&content, Content::Text { text } if text.is_empty()) { None } else { Some(content.into()) }
}

fn tool_use(tool: ToolUse<'_>) -> Content {
    let ToolUse { tool_use_id: id, name, input, kind } = tool;
    let input = input.map(RawValue::get).filter(|text| text.starts_with('{')).unwrap_or("{}");
    if kind.as_deref() == Some("server_tool_use") {
        let input: Value = serde_json::from_str(input).unwrap_or_default();
        let value = json!({"type": "server_tool_use", "id": id, "name": name, "input": input});
        return Content::Opaque { wire: Wire::AnthropicMessages, value };
    }
    Content::ToolUse { id, name, input: input.to_owned() }
}
