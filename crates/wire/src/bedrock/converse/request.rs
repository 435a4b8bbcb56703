//! A whole Converse request.

use bytes::Bytes;
use llm::{Category, Content, Effort, Error, Meaning, Model, Request, ThinkingStyle, Tier, ToolSupport};
use serde_json::Map;

use super::cache::CacheBudget;
use super::format::{self, Plan};
use super::history::History;
use super::shape::{Body, Kind, Metadata, Piece, Speaker, Turn};
use super::{family, limits, reasoning, tools};
use crate::adjustments::Adjustments;
use crate::{DocumentNames, NameRule, ToolNames, Undo};

/// A request ready to send.
#[derive(Debug)]
pub struct Written {
    /// JSON.
    pub body: Bytes,
    /// What the answer's reader has to turn back.
    pub undo: Undo,
    /// What was changed, those of [`Meaning::adjustments`] first.
    pub adjustments: Vec<String>,
    /// False where the model takes these tools only without streaming: call `converse`, not `converse-stream`.
    pub stream: bool,
}

/// Writes the body of Converse or ConverseStream; they are equal. `suffix` is an effort from the model's name and
/// beats the body. To go on without native structured output after the upstream refused a schema, write again for a
/// model whose `structured_output` is [`llm::StructuredOutput::No`].
///
/// # Errors
/// [`Category::InvalidRequest`], in the upstream's words where it has some, for what the model cannot take.
pub fn write_request(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    suffix: Option<Effort>,
) -> Result<Written, Error> {
    let names = ToolNames::new(
        tools::names(meaning),
        if family::nova(model) { NameRule::Nova } else { NameRule::Bedrock },
    );
    let mut adjustments = Adjustments::new(meaning.adjustments.clone());
    let mut cache = CacheBudget::new(meaning, model.cache);
    let mut fields = Map::new();

    let limit = limits::max_tokens(meaning, model, &mut adjustments);
    let reasoning = reasoning::switch(asked, meaning, model, suffix, limit, &mut fields, &mut adjustments);
    let inference_config = limits::inference(meaning, model, &reasoning, &mut fields, &mut adjustments);
    let toolbox = tools::toolbox(meaning, model, &names, reasoning.on, &mut cache, &mut adjustments)?;
    let mut tool_config = toolbox.config;

    let mut sentences = Vec::new();
    if toolbox.hands_off {
        sentences.push("Do not call any tools.".to_owned());
    }
    let (mut answer_tool, mut fence, mut output_config) = (false, false, None);
    if let Some(wanted) = &meaning.format {
        match format::plan(wanted, model, tool_config.is_some(), reasoning.on) {
            Plan::Native(config) => output_config = Some(config),
            Plan::Tool { schema, forced } => {
                answer_tool = true;
                sentences.extend(format::add_tool(&mut tool_config, schema, forced).map(str::to_owned));
                adjustments.note("response_format:tool");
            }
            Plan::Words(words) => {
                fence = true;
                sentences.push(words);
                adjustments.note("response_format:prompt");
            }
        }
    }

    let mut system = system(meaning, &mut cache);
    system.extend(sentences.into_iter().map(|sentence| Piece::Text(sentence.into())));
    let mut messages = History {
        model,
        names: &names,
        documents: DocumentNames::new(),
        cache: &mut cache,
        adjustments: &mut adjustments,
    }
    .turns(meaning)?;
    if !model.system && !system.is_empty() {
        move_to_first_user(&mut system, &mut messages);
        adjustments.note("system:user");
    }
    betas(asked, model, &mut fields);

    let stop_text = model.is_claude() && !inference_config.stop_sequences.is_empty();
    let stream = !(model.tools == ToolSupport::WholeOnly && tool_config.is_some());
    let body = Body {
        messages,
        system,
        inference_config,
        tool_config,
        output_config,
        additional_model_request_fields: fields,
        additional_model_response_field_paths: if stop_text { &["/stop_sequence"] } else { &[] },
        request_metadata: meaning
            .user
            .as_deref()
            .filter(|user| fits_metadata(user))
            .map(|user_id| Metadata { user_id }),
        service_tier: tier(meaning.tier.or(asked.hints.tier), model, &mut adjustments),
    };
    let body = serde_json::to_vec(&body).map_err(|error| {
        Error::new(Category::Internal, format!("cannot write a Converse request: {error}"))
    })?;
    Ok(Written {
        body: body.into(),
        undo: Undo { names, answer_tool, fence },
        adjustments: adjustments.into_tokens(),
        stream,
    })
}

/// Leading instructions with the cache points behind them.
fn system<'a>(meaning: &'a Meaning, cache: &mut CacheBudget) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(meaning.system.len() + 1);
    for block in &meaning.system {
        if let Content::Text { text } = &block.content
            && !text.trim().is_empty()
            // Claude Code's note to Anthropic's billing: another value each time, and a reserved word on Bedrock.
            && !text.starts_with("x-anthropic-billing-header:")
        {
            pieces.push(Piece::Text(text.into()));
            pieces.extend(cache.system(block.cache).map(Piece::CachePoint));
        }
    }
    pieces
}

/// For models without a system prompt. Cache points stay behind.
fn move_to_first_user<'a>(system: &mut Vec<Piece<'a>>, messages: &mut [Turn<'a>]) {
    let text: Vec<String> = system
        .drain(..)
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.into_owned()),
            _ => None,
        })
        .collect();
    if let Some(first) = messages.iter_mut().find(|turn| turn.role == Speaker::User) {
        let at = first
            .content
            .iter()
            .position(|piece| !matches!(piece, Piece::ToolResult(_) | Piece::CachePoint(_)));
        first.content.insert(at.unwrap_or(first.content.len()), Piece::Text(text.join("\n\n").into()));
    }
}

/// Betas that Converse passes on to Claude. Others end in "invalid beta flag".
fn betas(asked: &Request, model: &Model, fields: &mut Map<String, serde_json::Value>) {
    const PASSED: [&str; 6] = [
        "effort-2025-11-24",
        "structured-outputs-2025-11-13",
        "context-1m-2025-08-07",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "fine-grained-tool-streaming-2025-05-14",
    ];
    if !model.is_claude() {
        return;
    }
    let extended = model.thinking == ThinkingStyle::Extended;
    let mut betas: Vec<&str> = asked
        .hints
        .betas
        .iter()
        .map(String::as_str)
        .filter(|beta| PASSED.contains(beta) || (extended && *beta == "interleaved-thinking-2025-05-14"))
        .collect();
    // Where thinking is a budget, effort is still a beta.
    if extended && fields.contains_key("output_config") && !betas.contains(&"effort-2025-11-24") {
        betas.push("effort-2025-11-24");
    }
    if !betas.is_empty() {
        fields.insert("anthropic_beta".to_owned(), betas.into());
    }
}

/// Values of `requestMetadata`: at most 256 of these.
fn fits_metadata(value: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c);
    (1..=256).contains(&value.len()) && value.chars().all(fits)
}

/// Claude has no priority or flex tier; which other models have one, the upstream says.
fn tier(wanted: Option<Tier>, model: &Model, adjustments: &mut Adjustments) -> Option<Kind> {
    let kind = match wanted? {
        Tier::Default => return None,
        Tier::Reserved => "reserved",
        Tier::Priority | Tier::Flex if model.is_claude() => {
            adjustments.note("service_tier:dropped");
            return None;
        }
        Tier::Priority => "priority",
        Tier::Flex => "flex",
    };
    Some(Kind { kind })
}
