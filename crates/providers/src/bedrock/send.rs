//! A request answered: sent, and sent again while its refusals teach how.

use std::mem::take;
use std::sync::Arc;

use llm::{Category, Error, Model, Wire};
use serde_json::Value;
use wire::anthropic::client::{read_answer, read_whole};
use wire::bedrock::converse::{self, ConverseReader};
use wire::bedrock::{InvokeReader, MessagesReader, is_message, read_error};
use wire::{ErrorHead, Restorer, ToolNames, Undo};

use super::draft::Draft;
use super::endpoint;
use super::exchange::{LONGEST_ANSWER, Operation};
use super::heal::{Lesson, MOST_LESSONS, lessons};
use super::route::Route;
use super::{Bedrock, geo};
use crate::http::Incoming;
use crate::told::request_id;
use crate::{Account, Body, Call, Reply, Session};

impl Bedrock {
    /// Answers in the session's region.
    pub(super) async fn answer_here(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        let model = self.unmask(session, &call.target.model).await;
        let model = self.placed(&session.account, &model);
        let route = self.route(&session.account, call, &model)?;
        let mut draft = self.draft(session, call, &model, true, route)?;
        let options = &session.account.options;
        let mut attempts = 0;
        let mut unserved = false;
        loop {
            attempts += 1;
            let error = match self.attempt(session, call, &mut draft, attempts).await {
                Ok(reply) => {
                    // The model is there, so it is the route that does not have it.
                    if unserved {
                        self.unserved.put(&session.account, route, &model.id);
                    }
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if draft.route.is_unserved(&error) {
                tracing::info!(model = %model.id, "the route does not serve the model, asking InvokeModel");
                unserved = error.category != Category::Unreachable;
                draft = self.draft(session, call, &model, true, Route::Invoke)?;
            } else if attempts > MOST_LESSONS {
                return Err(error);
            } else if flexible(options, &error) && draft.give_up_flex()? {
                tracing::info!(model = %draft.model.id, "the flex tier has no room, asking the ordinary one");
            } else {
                match self.heal(session, call, draft, &error)? {
                    Some(better) => draft = better,
                    None => return Err(error),
                }
            }
        }
    }

    /// Sends the draft once and reads what an answer's head tells.
    async fn attempt(
        &self,
        session: &Session,
        call: Call<'_>,
        draft: &mut Draft,
        attempts: u32,
    ) -> Result<Reply, Error> {
        let service = draft.route.service();
        let base = endpoint::base(service, &session.account, &self.endpoints)?;
        let url = draft.operation.url(&base, &draft.model.id)?;
        let headers = draft.headers(&session.account.options);
        let incoming = self.post(session, service, url, headers, draft.payload()).await?;
        reply(incoming, draft, call, attempts).await
    }

    /// The draft without what `error` complains about; `None` when it teaches nothing.
    fn heal(
        &self,
        session: &Session,
        call: Call<'_>,
        mut draft: Draft,
        error: &Error,
    ) -> Result<Option<Draft>, Error> {
        let mut better = false;
        let key = draft.route.key(&draft.model.id).into_owned();
        for lesson in lessons(error) {
            match lesson {
                Lesson::Profile => {
                    let Some(profiled) = self.profiled(&session.account, &draft.model) else { continue };
                    self.memory.learn(&key, &lesson, None);
                    let mut again = self.draft(session, call, &profiled, draft.native_format, draft.route)?;
                    again.adjustments.push(lesson.token());
                    draft = again;
                    better = true;
                }
                Lesson::Format if draft.native_format => {
                    let mut again = self.draft(session, call, &draft.model, false, draft.route)?;
                    again.adjustments.push(lesson.token());
                    self.memory.learn(&key, &lesson, None);
                    draft = again;
                    better = true;
                }
                Lesson::Forced | Lesson::Tools => {
                    let known = self.memory.of(&key);
                    if known.is_some_and(|known| known.knows(&lesson)) {
                        continue;
                    }
                    // A choice that was forced to get an answer in a format must be asked for in words instead.
                    self.memory.learn(&key, &lesson, None);
                    let mut again =
                        self.draft(session, call, &draft.model, draft.native_format, draft.route)?;
                    again.adjustments.push(lesson.token());
                    draft = again;
                    better = true;
                }
                _ => {
                    let betas = draft.betas().cloned();
                    if draft.follow(&lesson)? {
                        self.memory.learn(&key, &lesson, betas.as_ref());
                        better = true;
                    }
                }
            }
        }
        if better {
            // What a model refuses is worth knowing, what a person wrote is not ours to log.
            tracing::info!(model = %draft.model.id, adjustments = ?draft.adjustments, "request changed after a refusal");
        }
        Ok(better.then_some(draft))
    }

    /// The model under the id that works: a profile's, once the bare id was refused.
    pub(super) fn placed(&self, account: &Account, model: &Arc<Model>) -> Arc<Model> {
        let needs_profile = self.memory.of(&model.id).is_some_and(|learned| learned.profile);
        let profiled = if needs_profile { self.profiled(account, model) } else { None };
        profiled.unwrap_or_else(|| model.clone())
    }

    /// The model by the inference profile of the account's part of the world. `None` when it has one already.
    pub(super) fn profiled(&self, account: &Account, model: &Arc<Model>) -> Option<Arc<Model>> {
        if model.id.starts_with("arn:") || geo::split(&model.id).0.is_some() {
            return None;
        }
        let prefixes = geo::order(&account.region, self.residency(&account.options));
        let id_of = |prefix: &&str| format!("{prefix}.{}", model.id);
        let list = self.lists.of(account);
        let profiles = list.as_ref().and_then(|list| list.available.profiles.as_ref());
        let id = match profiles {
            Some(listed) => prefixes.iter().map(id_of).find(|id| listed.contains(id.as_str()))?,
            None => prefixes.first().map(id_of)?,
        };
        Some(Arc::new(Model { id, ..Model::clone(model) }))
    }
}

/// Whether the account's options let a request leave a flex tier that has no room: `flex_fallback` is `default`.
/// The ordinary tier costs twice as much, so that is not done unasked.
pub(super) fn flexible(options: &Value, error: &Error) -> bool {
    matches!(error.category, Category::RateLimited | Category::Overloaded)
        && options.get("flex_fallback").and_then(Value::as_str) == Some("default")
}

/// Makes the reply of an answer whose status was good. What the draft knows of the way back goes with it.
async fn reply(incoming: Incoming, draft: &mut Draft, call: Call<'_>, attempts: u32) -> Result<Reply, Error> {
    let request_id = request_id(&incoming);
    let date = incoming.header("date").map(str::to_owned);
    let wire = draft.wire();
    let body = match draft.operation {
        Operation::InvokeStream => Body::Stream {
            bytes: incoming.into_stream(),
            reader: Box::new(InvokeReader::new(call.detail, take(&mut draft.undo))),
        },
        Operation::MessagesStream => {
            if !is_event_stream(&incoming) {
                return Err(odd(&incoming.read(LONGEST_ANSWER).await?, request_id.as_deref()));
            }
            Body::Stream {
                bytes: incoming.into_stream(),
                reader: Box::new(MessagesReader::new(call.detail, take(&mut draft.undo))),
            }
        }
        Operation::ConverseStream => Body::Stream {
            bytes: incoming.into_stream(),
            reader: Box::new(ConverseReader::new(request_id.as_deref(), take(&mut draft.undo))),
        },
        Operation::Converse => {
            let json = incoming.read(LONGEST_ANSWER).await?;
            let undo = take(&mut draft.undo);
            Body::Answer(Box::new(converse::read_answer(&json, request_id.as_deref(), undo)?))
        }
        Operation::Invoke | Operation::Messages | Operation::CountTokens | Operation::CountMessages => {
            let json = incoming.read(LONGEST_ANSWER).await?;
            if draft.operation == Operation::Messages && !is_message(&json) {
                return Err(odd(&json, request_id.as_deref()));
            }
            if call.asked.wire == Wire::AnthropicMessages && only_names(&draft.undo) {
                Body::Whole(read_whole(json, &draft.undo.names)?)
            } else {
                // The restorer gives tools their names back, which must happen once.
                let mut answer = read_answer(&json, &ToolNames::default())?;
                Restorer::new(take(&mut draft.undo)).answer(&mut answer);
                Body::Answer(Box::new(answer))
            }
        }
    };
    Ok(Reply { wire, request_id, date, adjustments: take(&mut draft.adjustments), attempts, body })
}

fn is_event_stream(incoming: &Incoming) -> bool {
    incoming.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// What stands in the place of an answer, though the status was good: a front end that does not know the operation.
fn odd(json: &[u8], request_id: Option<&str>) -> Error {
    read_error(&ErrorHead { status: 200, request_id, ..ErrorHead::default() }, json)
}

/// True when the answer's own words can go out once its tools have their names back.
const fn only_names(undo: &Undo) -> bool {
    !undo.answer_tool && !undo.fence
}

#[cfg(test)]
mod tests;
