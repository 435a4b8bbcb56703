//! Bedrock's own OpenAI surfaces: a request in OpenAI's words to a model of that kind goes there as it came.
//!
//! They are newer than Converse, and less is certain of them. So where an account leaves the way to us, what a surface
//! does not have or does not take goes the way of Converse, which every one of these models has but a few.

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use llm::{Category, Error, Model, RawBody, Wire};
use serde_json::Value;
use wire::openai::client::{self, ChatReader, Manner, Passage, ResponsesReader, Terms};
use wire::{Detail, FrameReader};

use super::endpoint::{self, Service};
use super::exchange::LONGEST_ANSWER;
use super::extras::Extras;
use super::heal::{Learned, Lesson, MOST_LESSONS, lessons, take_out};
use super::send::flexible;
use super::{Bedrock, Catalog};
use crate::http::Incoming;
use crate::told::request_id;
use crate::{Account, Body, Call, Reply, Session};

/// The account's option.
pub(super) const ROUTE: &str = "openai_route";
/// Its values but `auto`, which is what counts without one.
pub(super) const ROUTES: &[&str] = &["auto", "converse", "runtime"];

/// Surfaces remembered as missing; more is not plausible.
const MOST_CLOSED: usize = 1024;

/// Members without which a request would be another one: a refusal of these leads to another way.
const MEANT: [&str; 8] =
    ["model", "messages", "input", "instructions", "stream", "tools", "tool_choice", "response_format"];

/// What was found missing since the start. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Surfaces(ArcSwap<HashSet<Closed>>);

/// A surface that an account does not have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Closed {
    account: Box<str>,
    model: Box<str>,
    wire: Wire,
}

impl Surfaces {
    fn is_closed(&self, account: &Account, model: &Model, wire: Wire) -> bool {
        let is = |closed: &Closed| {
            *closed.account == *account.id && *closed.model == *model.name && closed.wire == wire
        };
        self.0.load().iter().any(is)
    }

    fn close(&self, account: &Account, model: &Model, wire: Wire) {
        let closed = Closed { account: account.id.as_str().into(), model: model.name.as_str().into(), wire };
        self.0.rcu(|all| {
            let mut next = HashSet::clone(all);
            if next.len() < MOST_CLOSED {
                next.insert(closed.clone());
            }
            next
        });
    }
}

/// What came of a request on its own surface.
pub(super) enum InKind {
    Answered(Box<Reply>),
    /// It must go another way.
    Not {
        /// Requests sent so far.
        attempts: u32,
        /// What the surface said, where that may not be its own limit but the client's mistake.
        refused: Option<Error>,
    },
}

/// A request on a surface.
struct Sending {
    model: Arc<Model>,
    body: RawBody,
    adjustments: Vec<String>,
}

impl Bedrock {
    /// Answers in the session's region: on the surface that speaks the client's words, else on another.
    pub(super) async fn answer_in_kind(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        let (attempts, refused) = match self.in_kind(session, call).await? {
            InKind::Answered(reply) => return Ok(*reply),
            InKind::Not { attempts, refused } => (attempts, refused),
        };
        match self.answer_here(session, call).await {
            Ok(mut reply) => {
                if attempts > 0 {
                    reply.attempts += attempts;
                    reply.adjustments.push(format!("{ROUTE}:converse"));
                }
                Ok(reply)
            }
            // Both refuse it: the first one said so in the client's own words.
            Err(error) => Err(refused.filter(|_| is_refusal(error.category)).unwrap_or(error)),
        }
    }

    /// Whether an account has a surface for requests of this wire to this model, as far as is known, and on which host.
    pub(super) fn surface(&self, account: &Account, model: &Model, wire: Wire) -> Option<Service> {
        if !client::speaks(model, wire) {
            return None;
        }
        let options = &account.options;
        let route = options.get(ROUTE).and_then(Value::as_str);
        // A guardrail must hold, and is only known to hold on Converse.
        let open = route != Some("converse")
            && converses(model)
            && Extras::of(options).members().is_empty()
            && (route == Some("runtime") || !self.surfaces.is_closed(account, model, wire));
        open.then_some(Service::Runtime)
    }

    async fn in_kind(&self, session: &Session, call: Call<'_>) -> Result<InKind, Error> {
        let account = &session.account;
        let model = self.unmask(session, &call.target.model).await;
        let wire = call.asked.wire;
        let Some(service) = self.surface(account, &model, wire) else {
            return Ok(InKind::Not { attempts: 0, refused: None });
        };
        let insist = account.options.get(ROUTE).and_then(Value::as_str) == Some("runtime");
        let model = self.placed(account, &model);
        let terms = Terms { model: &model, effort: call.target.effort, insist };
        let (body, adjustments) = match client::pass(call.asked, &terms)? {
            Passage::Open { body, adjustments } => (body, adjustments),
            Passage::Closed(why) => {
                tracing::debug!(model = %model.id, why, "a request does not fit the model's own surface");
                return Ok(InKind::Not { attempts: 0, refused: None });
            }
        };
        let mut sending = Sending { model, body, adjustments };
        if let Some(learned) = self.memory.of(&lesson_key(&sending.model)) {
            sending.heed(&learned);
        }
        let base = endpoint::base(service, account, &self.endpoints)?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let url = endpoint::parse(&format!("{base}{}", path(wire)))?;
            let headers = headers(call.asked.stream);
            let error = match self.post(session, service, url, headers, sending.body.to_payload()).await {
                Ok(incoming) => {
                    let reply = reply(incoming, sending, call, attempts).await?;
                    return Ok(InKind::Answered(Box::new(reply)));
                }
                Err(error) => error,
            };
            if attempts <= MOST_LESSONS {
                if flexible(&account.options, &error) && sending.give_up_flex() {
                    tracing::info!(model = %sending.model.id, "the flex tier has no room, asking the ordinary one");
                    continue;
                }
                if is_sealed(&error) && client::without_thoughts(&mut sending.body) {
                    sending.adjustments.push("thinking:refused".to_owned());
                    continue;
                }
                if self.learn(account, &mut sending, &error) {
                    tracing::info!(model = %sending.model.id, adjustments = ?sending.adjustments, "request changed after a refusal");
                    continue;
                }
            }
            if insist {
                return Err(error);
            }
            if is_missing(&error) {
                tracing::info!(model = %sending.model.id, wire = wire.name(), "the model has no surface of its own here");
                self.surfaces.close(account, &sending.model, wire);
                return Ok(InKind::Not { attempts, refused: None });
            }
            if is_refusal(error.category) {
                return Ok(InKind::Not { attempts, refused: Some(error) });
            }
            return Err(error);
        }
    }

    /// Changes the request as a refusal teaches; false when it teaches nothing that helps.
    fn learn(&self, account: &Account, sending: &mut Sending, error: &Error) -> bool {
        let mut better = false;
        for lesson in lessons(error).into_iter().chain(named(error)) {
            if lesson == Lesson::Profile {
                let Some(profiled) = self.profiled(account, &sending.model) else { continue };
                self.memory.learn(&sending.model.id, &lesson, None);
                sending.body.set("model", Value::from(profiled.id.as_str()).to_string());
                sending.model = profiled;
                sending.adjustments.push(lesson.token());
                better = true;
            } else if sending.follow(&lesson) {
                self.memory.learn(&lesson_key(&sending.model), &lesson, None);
                better = true;
            }
        }
        better
    }
}

impl Sending {
    fn follow(&mut self, lesson: &Lesson) -> bool {
        let followed = match lesson {
            Lesson::Member(path) if path.whole_member().is_some_and(|name| MEANT.contains(&name)) => false,
            Lesson::Member(_) => take_out(&mut self.body, lesson),
            Lesson::Tier => self.body.remove("service_tier").is_some(),
            _ => false,
        };
        if followed {
            self.adjustments.push(lesson.token());
        }
        followed
    }

    fn heed(&mut self, learned: &Learned) {
        if learned.has_edits() {
            let tokens = learned.apply(&mut self.body);
            self.adjustments.extend(tokens);
        }
        if learned.tier {
            self.follow(&Lesson::Tier);
        }
    }

    fn give_up_flex(&mut self) -> bool {
        let flex = self.body.get("service_tier").is_some_and(|tier| tier.as_ref() == b"\"flex\"");
        if flex {
            self.body.remove("service_tier");
            self.adjustments.push("service_tier:default".to_owned());
        }
        flex
    }
}

/// Lessons of a surface are not those of Converse.
fn lesson_key(model: &Model) -> String {
    format!("openai/{}", model.id)
}

/// The member that a refusal names in OpenAI's manner, where it is refused as such and not for its value.
fn named(error: &Error) -> Option<Lesson> {
    const REFUSED: [&str; 5] = [
        "unknown parameter",
        "unsupported parameter",
        "unrecognized request argument",
        "is not supported with this model",
        "doesn't support the",
    ];
    let lower = error.message.to_ascii_lowercase();
    let refused =
        error.category == Category::InvalidRequest && REFUSED.iter().any(|words| lower.contains(words));
    let param = error.param.as_deref().filter(|_| refused)?;
    super::heal::Path::of_param(param).map(Lesson::Member)
}

/// Whether a thought that came along cannot be opened: another model's, or an old one.
fn is_sealed(error: &Error) -> bool {
    error.category == Category::InvalidRequest && error.message.contains("encrypted content")
}

/// Whether the model answers on Converse too.
fn converses(model: &Model) -> bool {
    Catalog::built_in().get(&model.id).is_none_or(|entry| entry.conversing)
}

/// What a surface answers that is not there, for this model or at all; or that this identity may not use.
fn is_missing(error: &Error) -> bool {
    let status = error.upstream.as_ref().map_or(0, |said| said.status);
    matches!(error.category, Category::ModelNotFound | Category::PermissionDenied)
        || matches!(status, 405 | 501)
}

const fn is_refusal(category: Category) -> bool {
    matches!(category, Category::InvalidRequest | Category::Unsupported)
}

const fn path(wire: Wire) -> &'static str {
    match wire {
        Wire::OpenAiResponses => "/openai/v1/responses",
        _ => "/openai/v1/chat/completions",
    }
}

fn headers(stream: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accepted = if stream { "text/event-stream" } else { "application/json" };
    headers.insert(ACCEPT, HeaderValue::from_static(accepted));
    headers
}

/// Makes the reply of an answer whose status was good.
async fn reply(incoming: Incoming, sending: Sending, call: Call<'_>, attempts: u32) -> Result<Reply, Error> {
    let request_id = request_id(&incoming);
    let date = incoming.header("date").map(str::to_owned);
    let manner = Manner::of(&sending.model);
    let body = if call.asked.stream {
        let reader: Box<dyn FrameReader> = match call.asked.wire {
            Wire::OpenAiResponses => Box::new(ResponsesReader::new()),
            _ => Box::new(ChatReader::new(Detail::Control, manner, request_id.as_deref())),
        };
        Body::Stream { bytes: incoming.into_stream(), reader }
    } else {
        let json = incoming.read(LONGEST_ANSWER).await?;
        if manner == Manner::default() {
            Body::Whole(client::read_whole(call.asked.wire, json)?)
        } else {
            Body::Answer(Box::new(client::read_answer(&json, manner, request_id.as_deref())?))
        }
    };
    let adjustments = sending.adjustments;
    Ok(Reply { wire: call.asked.wire, request_id, date, adjustments, attempts, body })
}
