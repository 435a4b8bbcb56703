//! A request in the words of its route, before it is signed.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};
use llm::{CacheMark, CacheTtl, Error, Model, Payload, RawBody, StructuredOutput, Tier, ToolSupport, Wire};
use serde_json::Value;
use wire::Undo;
use wire::anthropic::client::{self as anthropic, Manner};
use wire::anthropic::server;
use wire::bedrock::converse;

use super::Bedrock;
use super::claude::{self, Prepared, Terms};
use super::exchange::{ANTHROPIC_BETA, Operation, headers};
use super::extras::Extras;
use super::heal::{Learned, Lesson, take_out};
use super::route::Route;
use crate::{Call, Session, Target};

/// Longer answers of a client that does not stream are streamed all the same and put together here: a model that
/// writes for minutes runs into time limits between us and it, unless bytes flow. Anthropic's own clients refuse to
/// ask for more than this in one piece.
const LONGEST_WHOLE: u32 = 21_333;

/// What is to be sent.
pub(super) struct Draft {
    pub(super) model: Arc<Model>,
    pub(super) route: Route,
    pub(super) operation: Operation,
    body: Body,
    /// InvokeModel's tier travels in a header; Converse has it in the body.
    pub(super) tier: Option<&'static str>,
    /// What the reader of the answer must turn back.
    pub(super) undo: Undo,
    pub(super) adjustments: Vec<String>,
    /// The answer's schema, if there is one, is in the words of the upstream and could be put otherwise.
    pub(super) native_format: bool,
}

enum Body {
    Claude(Box<Prepared>),
    Converse(Bytes),
}

impl Draft {
    /// The body to send.
    pub(super) fn payload(&self) -> Payload {
        match &self.body {
            Body::Claude(prepared) => prepared.payload(),
            Body::Converse(json) => json.clone().into(),
        }
    }

    /// The wire of request and answer.
    pub(super) const fn wire(&self) -> Wire {
        match self.body {
            Body::Claude(_) => Wire::AnthropicMessages,
            Body::Converse(_) => Wire::BedrockConverse,
        }
    }

    /// The headers of the request, but for those that prove who we are.
    pub(super) fn headers(&self, options: &Value) -> HeaderMap {
        let mut headers = headers(self.operation, self.tier);
        if self.route == Route::Invoke {
            Extras::of(options).headers(&mut headers);
        }
        if let Body::Claude(prepared) = &self.body
            && let Some(betas) = prepared.beta_header().and_then(|tokens| HeaderValue::try_from(tokens).ok())
        {
            headers.insert(ANTHROPIC_BETA, betas);
        }
        headers
    }

    /// The list of betas that is sent.
    pub(super) fn betas(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Claude(prepared) => prepared.betas(),
            Body::Converse(_) => None,
        }
    }

    /// Changes the body's top level.
    pub(super) fn edit<T>(&mut self, edit: impl FnOnce(&mut RawBody) -> T) -> Result<T, Error> {
        match &mut self.body {
            Body::Claude(prepared) => Ok(edit(prepared.body_mut())),
            Body::Converse(json) => {
                let mut body = RawBody::parse(Wire::BedrockConverse, json)?;
                let result = edit(&mut body);
                *json = body.to_payload().to_bytes();
                Ok(result)
            }
        }
    }

    /// Follows a lesson. False when it changes nothing, so that sending again would not help.
    pub(super) fn follow(&mut self, lesson: &Lesson) -> Result<bool, Error> {
        let followed = match lesson {
            Lesson::Betas | Lesson::Beta(_) | Lesson::Member(_) | Lesson::ThinkingOff => {
                self.edit(|body| take_out(body, lesson))?
            }
            Lesson::Tier => {
                self.tier.take().is_some() || self.edit(|body| body.remove("serviceTier").is_some())?
            }
            Lesson::WholeAnswer if self.operation == Operation::ConverseStream => {
                self.operation = Operation::Converse;
                true
            }
            Lesson::WholeAnswer | Lesson::Profile | Lesson::Format | Lesson::Forced | Lesson::Tools => false,
        };
        if followed {
            self.adjustments.push(lesson.token());
        }
        Ok(followed)
    }

    /// Asks for the ordinary tier instead of flex. False when flex was not asked for.
    pub(super) fn give_up_flex(&mut self) -> Result<bool, Error> {
        if self.wire() != Wire::BedrockConverse {
            return Ok(false);
        }
        let given_up = self.edit(|body| {
            let flex = body.get("serviceTier").is_some_and(|tier| tier.as_ref() == br#"{"type":"flex"}"#);
            flex && body.remove("serviceTier").is_some()
        })?;
        if given_up {
            self.adjustments.push("service_tier:default".to_owned());
        }
        Ok(given_up)
    }

    /// Follows all that was learned before.
    fn heed(&mut self, learned: &Learned) -> Result<(), Error> {
        if learned.has_edits() {
            let tokens = self.edit(|body| learned.apply(body))?;
            self.adjustments.extend(tokens);
        }
        if learned.tier {
            self.follow(&Lesson::Tier)?;
        }
        if learned.whole_answer && self.operation == Operation::ConverseStream {
            let has_tools = self.edit(|body| body.get("toolConfig").is_some())?;
            if has_tools {
                self.follow(&Lesson::WholeAnswer)?;
            }
        }
        Ok(())
    }
}

impl Bedrock {
    /// Writes the request for `model` in the words of `route`, without what it refused there before. `native_format` is
    /// false once it refused a schema for its answer.
    pub(super) fn draft(
        &self,
        session: &Session,
        call: Call<'_>,
        model: &Arc<Model>,
        native_format: bool,
        route: Route,
    ) -> Result<Draft, Error> {
        let options = &session.account.options;
        let learned = self.memory.of(&route.key(&model.id));
        let native_format = native_format && !learned.as_ref().is_some_and(|learned| learned.format);
        let mut draft = if route == Route::Converse {
            let mut draft = self::converse(call, model, native_format, learned.as_deref())?;
            let extras = Extras::of(options).members();
            if !extras.is_empty() {
                draft
                    .edit(|body| extras.iter().for_each(|(name, value)| body.set(name, value.to_string())))?;
            }
            draft
        } else {
            messages(options, self.auto_cache(options), call, model, native_format, route)?
        };
        let wished = Route::wished(options);
        if wished.is_native() && model.wire == Wire::AnthropicMessages && route != wished {
            draft.adjustments.push(route.instead());
        }
        if let Some(learned) = learned {
            draft.heed(&learned)?;
        }
        Ok(draft)
    }

    /// `auto_cache` of the account's options (`5m`, `1h`, `off`), else of the person's preferences.
    fn auto_cache(&self, options: &Value) -> Option<CacheMark> {
        match options.get("auto_cache").and_then(Value::as_str) {
            Some("5m") => Some(CacheMark { ttl: None }),
            Some("1h") => Some(CacheMark { ttl: Some(CacheTtl::OneHour) }),
            Some(_) => None,
            None => self.preferences.load().auto_cache,
        }
    }
}

/// In Anthropic's wire: the client's own body where it speaks that, else one made from its meaning.
fn messages(
    options: &Value,
    auto_cache: Option<CacheMark>,
    call: Call<'_>,
    model: &Arc<Model>,
    native_format: bool,
    route: Route,
) -> Result<Draft, Error> {
    let Call { asked, target, .. } = call;
    let (wanted, body, limit, mut undo, mut adjustments) = if asked.wire == Wire::AnthropicMessages {
        let limit = asked.raw.read("max_tokens").unwrap_or_default();
        (server::tier(&asked.raw), asked.raw.clone(), limit, None, Vec::new())
    } else {
        let meaning = asked.meaning()?;
        let manner = Manner { effort: target.effort, auto_cache, native_format };
        let written = anthropic::write_request(meaning, model, manner)?;
        (meaning.tier, written.body, meaning.max_tokens, Some(written.undo), written.adjustments)
    };
    let tier = match wanted.or(asked.hints.tier) {
        None | Some(Tier::Default) => None,
        Some(Tier::Reserved) if route == Route::Invoke => Some("reserved"),
        // Claude is sold without the other tiers.
        Some(_) => {
            adjustments.push("service_tier:dropped".to_owned());
            None
        }
    };
    // A client of this wire gets the answer in the model's own words, which only a whole answer keeps.
    let long = asked.wire != Wire::AnthropicMessages && limit.is_some_and(|limit: u32| limit > LONGEST_WHOLE);
    let stream = asked.stream || long;
    let target = Target { model: model.clone(), ..target.clone() };
    let terms = Terms {
        hints: &asked.hints,
        target: &target,
        format_refused: !native_format,
        pass_unknown_betas: options.get("pass_unknown_betas").and_then(Value::as_bool).unwrap_or(false),
        route,
        stream,
    };
    let prepared = claude::prepare(body, &terms)?;
    adjustments.extend(prepared.adjustments.iter().cloned());
    let undo = undo.take().unwrap_or_else(|| Undo {
        names: prepared.tool_names.clone(),
        answer_tool: false,
        fence: prepared.prompted_format,
    });
    Ok(Draft {
        model: model.clone(),
        route,
        operation: match (route.is_native(), stream) {
            (false, false) => Operation::Invoke,
            (false, true) => Operation::InvokeStream,
            (true, false) => Operation::Messages,
            (true, true) => Operation::MessagesStream,
        },
        body: Body::Claude(Box::new(prepared)),
        tier,
        undo,
        adjustments,
        native_format,
    })
}

/// For Converse, always from the meaning.
fn converse(
    call: Call<'_>,
    model: &Arc<Model>,
    native_format: bool,
    learned: Option<&Learned>,
) -> Result<Draft, Error> {
    let Call { asked, target, .. } = call;
    let meaning = asked.meaning()?;
    let written =
        converse::write_request(asked, meaning, &proven(model, native_format, learned), target.effort)?;
    let long = meaning.max_tokens.is_some_and(|limit| limit > LONGEST_WHOLE);
    let stream = written.stream && (asked.stream || long);
    Ok(Draft {
        model: model.clone(),
        route: Route::Converse,
        operation: if stream { Operation::ConverseStream } else { Operation::Converse },
        body: Body::Converse(written.body),
        tier: None,
        undo: written.undo,
        adjustments: written.adjustments,
        native_format,
    })
}

/// The model without the abilities that it turned out not to have.
fn proven<'a>(model: &'a Model, native_format: bool, learned: Option<&Learned>) -> Cow<'a, Model> {
    let mut proven = Cow::Borrowed(model);
    if !native_format {
        proven.to_mut().structured_output = StructuredOutput::No;
    }
    if learned.is_some_and(|learned| learned.forced) {
        proven.to_mut().forced_tool_use = false;
    }
    if learned.is_some_and(|learned| learned.tools) {
        proven.to_mut().tools = ToolSupport::No;
    }
    proven
}

#[cfg(test)]
mod tests;
