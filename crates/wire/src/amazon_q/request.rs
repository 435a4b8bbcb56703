//! A whole GenerateAssistantResponse request.

use bytes::Bytes;
use llm::{Category, Content, Error, Meaning, Model, Request, ThinkingStyle};

use super::body::{Body, Entry, State};
use super::conversation::{Conversation, Turn};
use super::entries::Sender;
use super::fields::Fields;
use super::manner::{Manner, SchemaDepth, Shape};
use super::names::Names;
use super::way_back::WayBack;
use super::{fields, prompted, shorten, tools};
use crate::adjustments::Adjustments;
use crate::{Undo, in_words};

/// Bytes of a body above which the service has been seen to refuse; models with a large window may take more, so this
/// is no reason to refuse it here.
const LARGE: usize = 600_000;

/// A request ready to send.
#[derive(Debug)]
pub struct Written {
    /// JSON: `conversationState`, `profileArn` and `additionalModelRequestFields`.
    pub body: Bytes,
    /// What the answer's reader has to turn back or keep.
    pub back: WayBack,
    /// What was changed, those of [`Meaning::adjustments`] first.
    pub adjustments: Vec<String>,
}

/// Writes the body. What the service refuses without saying why is mended: the order of messages, calls without
/// results and results without calls, names, ids and schemas of tools. To go on after it refused a signature, write
/// again with [`Manner::reasoning`] off; after it refused a schema, with [`SchemaDepth::Bare`].
///
/// # Errors
/// [`Category::InvalidRequest`] for what the service or the model cannot take, [`Category::Unsupported`] for tools that
/// would run at the vendor, [`Category::ContextLength`] for more than [`Manner::most_body`].
pub fn write_request(
    asked: &Request,
    meaning: &Meaning,
    model: &Model,
    manner: &Manner<'_>,
) -> Result<Written, Error> {
    let whole = write(asked, meaning, model, manner)?;
    let length = whole.body.len();
    match manner.most_body.filter(|most| length > *most) {
        Some(most) => shorten::within(most, length, meaning, |meaning| write(asked, meaning, model, manner)),
        None => Ok(whole),
    }
}

fn write(asked: &Request, meaning: &Meaning, model: &Model, manner: &Manner<'_>) -> Result<Written, Error> {
    let names = Names::new(meaning);
    let mut adjustments = Adjustments::new(meaning.adjustments.clone());
    let toolbox = tools::toolbox(meaning, model, manner, &names, &mut adjustments)?;
    if manner.schemas == SchemaDepth::Bare && !toolbox.tools.is_empty() {
        adjustments.note("tools:schema_bare");
    }
    let native = matches!(
        model.thinking,
        ThinkingStyle::Adaptive | ThinkingStyle::AdaptiveAlways | ThinkingStyle::ReasoningObject
    );
    let mut turns =
        Conversation::new(model, &names, native && manner.reasoning, &mut adjustments).turns(meaning)?;
    let Some(Turn::User(current)) = turns.pop() else {
        return Err(Error::new(Category::Internal, "a conversation for Kiro must end with the user"));
    };
    let Fields { document, max_tokens } = fields::fields(asked, meaning, model, manner, &mut adjustments);
    let line = prompted::line(asked, meaning, model, manner, &mut adjustments);
    let tagged_thinking = line.is_some();
    let mut lines = toolbox.lines;
    if let Some(format) = &meaning.format {
        lines.push(in_words::ask(format));
        adjustments.note("response_format:prompt");
    }
    drop_unknown(meaning, &mut adjustments);

    let sender = Sender {
        model_id: &model.id,
        origin: match manner.shape {
            Shape::Ide => "AI_EDITOR",
            Shape::Cli => "KIRO_CLI",
        },
    };
    let body = Body {
        conversation_state: State {
            conversation_id: manner.conversation_id,
            chat_trigger_type: "MANUAL",
            agent_task_type: "vibe",
            current_message: sender.current(current, toolbox.tools, line, lines),
            history: history(sender, instructions(meaning, &mut adjustments), turns),
            agent_continuation_id: (manner.shape == Shape::Cli).then_some(manner.continuation_id),
        },
        profile_arn: manner.profile_arn,
        additional_model_request_fields: document,
    };
    // About as long as what was asked: megabytes need not be copied each time a buffer doubles.
    let mut json = Vec::with_capacity(asked.raw.size() + asked.raw.size() / 16 + 1024);
    serde_json::to_writer(&mut json, &body).map_err(|error| {
        Error::new(Category::Internal, format!("cannot write a request for Kiro: {error}"))
    })?;
    if json.len() > LARGE {
        adjustments.note("body:large");
    }
    let back = WayBack {
        undo: Undo { names: names.tools, answer_tool: false, fence: meaning.format.is_some() },
        tagged_thinking,
        stop: meaning.stop.iter().filter(|text| !text.is_empty()).cloned().collect(),
        max_tokens,
        context: model.context,
        input_estimate: manner.input_estimate,
    };
    Ok(Written { body: json.into(), back, adjustments: adjustments.into_tokens() })
}

/// Leading instructions in one text.
fn instructions(meaning: &Meaning, adjustments: &mut Adjustments) -> Option<String> {
    let texts: Vec<&str> = meaning
        .system
        .iter()
        .filter_map(|block| match &block.content {
            Content::Text { text } => Some(text.as_str()),
            _ => None,
        })
        // Claude Code's note to Anthropic's billing has another value each time.
        .filter(|text| !text.trim().is_empty() && !text.starts_with("x-anthropic-billing-header:"))
        .collect();
    if texts.is_empty() {
        return None;
    }
    adjustments.note("system:user");
    Some(texts.join("\n\n"))
}

fn history<'a>(sender: Sender<'a>, instructions: Option<String>, turns: Vec<Turn<'a>>) -> Vec<Entry<'a>> {
    let mut entries = Vec::with_capacity(turns.len() + 2);
    entries.extend(instructions.into_iter().flat_map(|text| sender.instructions(text)));
    entries.extend(turns.into_iter().map(|turn| sender.entry(turn)));
    entries
}

/// Parameters that the wire has no member for.
fn drop_unknown(meaning: &Meaning, adjustments: &mut Adjustments) {
    let dropped = [
        ("temperature:dropped", meaning.sampling.temperature.is_some()),
        ("top_p:dropped", meaning.sampling.top_p.is_some()),
        ("top_k:dropped", meaning.sampling.top_k.is_some()),
        ("service_tier:dropped", meaning.tier.is_some_and(|tier| tier != llm::Tier::Default)),
    ];
    dropped.into_iter().filter(|(_, asked)| *asked).for_each(|(token, _)| adjustments.note(token));
}
