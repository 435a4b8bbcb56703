//! Amazon Bedrock: the runtime's generating operations, CountTokens, and the part of the control plane that lists
//! models and inference profiles.

mod cache;
mod control;
mod converse;
mod count_tokens;
mod embed;
mod host;
mod invoke;
mod messages;
mod model;
mod openai;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use self::host::Host;
use crate::auth::Caller;
use crate::dice::Dice;
use crate::refusal::Form;
use crate::reply::Reply;
use crate::route::{Call, Operation};
use crate::turn::Turn;
use crate::{Config, Refusal};

/// How Bedrock tells errors.
pub(crate) const ERRORS: Form = Form::Header("internal.amazon.com/coral/com.amazon.bedrock");

/// What Bedrock remembers between requests: which prefixes are cached, as hashes.
#[derive(Default)]
pub(crate) struct Bedrock {
    cache: Mutex<cache::PromptCache>,
}

/// What an operation may look at besides its own body.
struct Invocation<'a> {
    strict: bool,
    streams: bool,
    /// The model id as the path names it.
    id: &'a str,
    model: &'static model::Model,
    caller: &'a Caller,
    head: &'a Parts,
    cache: &'a Mutex<cache::PromptCache>,
}

impl Invocation<'_> {
    /// Completes the answer's usage by what the prompt cache makes of the input.
    fn account(&self, prefixes: &cache::Prefixes, answer: &mut llm::Answer) -> Result<(), Refusal> {
        if prefixes.tokens() > self.model.context {
            return Err(Refusal::validation("Input is too long for requested model."));
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        answer.usage.merge(&cache.account(prefixes, std::time::Instant::now()));
        Ok(())
    }
}

/// Tiers other than the default are sold for some models; Claude has bought capacity (`reserved`) besides.
fn check_tier(model: &model::Model, tier: Option<&str>) -> Result<(), Refusal> {
    match tier {
        None | Some("default") => Ok(()),
        Some("priority" | "flex") if model.has_tiers() => Ok(()),
        Some("reserved") if model.is_claude() || model.has_tiers() => Ok(()),
        Some(tier) => Err(Refusal::validation(format!(
            "The provided service tier {tier} is not supported for this model."
        ))),
    }
}

/// The letters that request metadata may have: `[a-zA-Z0-9\s:_@$#=/+,-.]`, where `,-.` is a range.
fn in_metadata(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter.is_whitespace() || ":_@$#=/+,-.".contains(letter)
}

/// The service that a signature on a Bedrock request must be made for.
pub(crate) fn signing_name(head: &Parts) -> &'static str {
    Host::of(head).0.signing_name()
}

/// Reads what a request to Bedrock asks for.
pub(crate) fn route(head: &Parts) -> Option<Call> {
    match Host::of(head) {
        (Host::Runtime, path) => openai::route(&head.method, path).or_else(|| runtime(&head.method, path)),
        (Host::Mantle, path) => mantle(&head.method, path),
    }
}

/// Reads a path of the second inference service.
fn mantle(method: &Method, path: &str) -> Option<Call> {
    let operation = match path {
        "/anthropic/v1/messages" => Operation::MantleMessages,
        "/anthropic/v1/messages/count_tokens" => Operation::MantleCountTokens,
        _ => return None,
    };
    (*method == Method::POST).then(|| Call::new(operation, String::new(), Form::Anthropic { caller: true }))
}

/// The model that a body names, for operations whose path does not.
pub(crate) fn model_inside(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["model"].as_str().unwrap_or_default().to_owned()
}

/// Reads a path of the runtime or the control plane. Model ids may hold colons and, in ARNs, slashes; clients send both
/// raw or encoded.
fn runtime(method: &Method, path: &str) -> Option<Call> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
    if *method == Method::POST {
        let native = |operation| Some(Call::new(operation, String::new(), Form::Anthropic { caller: false }));
        match path {
            "/anthropic/v1/messages" => return native(Operation::Messages),
            "/anthropic/v1/messages/count_tokens" => return native(Operation::MessagesCountTokens),
            _ => {}
        }
        let (id, verb) = path.strip_prefix("/model/")?.rsplit_once('/')?;
        let operation = match verb {
            "invoke" => Operation::InvokeModel,
            "invoke-with-response-stream" => Operation::InvokeModelWithResponseStream,
            "converse" => Operation::Converse,
            "converse-stream" => Operation::ConverseStream,
            "count-tokens" => Operation::CountTokens,
            _ => return None,
        };
        return Some(Call::new(operation, decoded(id)?, ERRORS));
    }
    if *method != Method::GET {
        return None;
    }
    match path {
        "/foundation-models" => Some(Call::new(Operation::ListFoundationModels, String::new(), ERRORS)),
        "/inference-profiles" => Some(Call::new(Operation::ListInferenceProfiles, String::new(), ERRORS)),
        _ if path.starts_with("/foundation-model-availability/") => {
            let subject = decoded(path.strip_prefix("/foundation-model-availability/")?)?;
            Some(Call::new(Operation::GetFoundationModelAvailability, subject, ERRORS))
        }
        _ => {
            let subject = decoded(path.strip_prefix("/inference-profiles/")?)?;
            Some(Call::new(Operation::GetInferenceProfile, subject, ERRORS))
        }
    }
}

/// The last user turn's text, when it spells a fault. Reads the body only if the marker is in it at all.
pub(crate) fn prompt_with_faults(body: &[u8]) -> Option<String> {
    const MARK: &str = "[[fault:";
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains(MARK))?;
    let body: Value = serde_json::from_str(text).ok()?;
    let turn = match body.get("messages") {
        Some(messages) => Turn::read(messages),
        None => Turn::read_items(body.get("input")?),
    };
    let prompt = turn.texts.join("\n");
    prompt.contains(MARK).then_some(prompt)
}

impl Bedrock {
    pub(crate) fn answer(
        &self,
        config: &Config,
        call: &Call,
        caller: &Caller,
        head: &Parts,
        body: &Bytes,
        dice: &mut Dice,
    ) -> Result<Reply, Refusal> {
        let region = caller.region.as_deref();
        match call.operation {
            Operation::ListFoundationModels => return control::foundation_models(region, head.uri.query()),
            Operation::ListInferenceProfiles => return control::inference_profiles(region, head.uri.query()),
            Operation::GetInferenceProfile => return control::inference_profile(region, &call.subject),
            Operation::GetFoundationModelAvailability => return control::availability(region, &call.subject),
            Operation::CountTokens => return count_tokens::answer(config.strict, &call.subject, body),
            Operation::MessagesCountTokens => return Ok(messages::unknown_operation()),
            Operation::Messages
            | Operation::MantleMessages
            | Operation::MantleCountTokens
            | Operation::InvokeModel
            | Operation::InvokeModelWithResponseStream
            | Operation::Converse
            | Operation::ConverseStream => {}
            operation if openai::is(operation) => {}
            _ => return Err(Refusal::unknown_operation()),
        }
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            Refusal::validation(format!(
                "Malformed input request: {error}, please reformat your input and try again."
            ))
        })?;
        if matches!(call.operation, Operation::InvokeModel | Operation::InvokeModelWithResponseStream)
            && embed::family(&call.subject).is_some()
        {
            return embed::answer(&call.subject, call.operation != Operation::InvokeModel, &body);
        }
        if call.operation == Operation::MantleCountTokens {
            return messages::count(config.strict, &call.subject, head, &body);
        }
        let model = match call.operation {
            Operation::Messages => messages::by_profile(&call.subject, region)?,
            Operation::MantleMessages => messages::by_bare_id(&call.subject)?,
            _ => model::resolve(&call.subject, region)?,
        };
        let invocation = Invocation {
            strict: config.strict,
            streams: matches!(
                call.operation,
                Operation::InvokeModelWithResponseStream | Operation::ConverseStream
            ) || (openai::is(call.operation) && body["stream"] == true),
            id: &call.subject,
            model,
            caller,
            head,
            cache: &self.cache,
        };
        if matches!(call.operation, Operation::Messages | Operation::MantleMessages) {
            return messages::answer(&invocation, Host::of(head).0, &body, dice);
        }
        if openai::is(call.operation) {
            openai::answer(&invocation, call.operation, &body, dice)
        } else if matches!(call.operation, Operation::Converse | Operation::ConverseStream) {
            converse::answer(&invocation, &body, dice)
        } else {
            invoke::answer(&invocation, &body, dice)
        }
    }
}
