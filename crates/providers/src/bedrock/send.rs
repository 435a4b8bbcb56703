//! A request answered: sent, and sent again while its refusals teach how.

use std::sync::Arc;

use llm::{Category, Error, Model, Wire};
use serde_json::Value;
use wire::anthropic::client::{read_answer, read_whole};
use wire::bedrock::InvokeReader;
use wire::bedrock::converse::{self, ConverseReader};
use wire::{Restorer, ToolNames, Undo};

use super::draft::Draft;
use super::endpoint::{self, Service};
use super::exchange::{LONGEST_ANSWER, Operation, headers};
use super::extras::Extras;
use super::heal::{Lesson, MOST_LESSONS, lessons};
use super::{Bedrock, geo};
use crate::http::Incoming;
use crate::told::request_id;
use crate::{Account, Body, Call, Reply, Session};

impl Bedrock {
    /// Answers in the session's region.
    pub(super) async fn answer_here(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        let base = endpoint::base(Service::Runtime, &session.account, &self.endpoints)?;
        let model = self.unmask(session, &call.target.model).await;
        let mut draft = self.draft(session, call, &self.placed(&session.account, &model), true)?;
        let options = &session.account.options;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let url = endpoint::model_url(&base, &draft.model.id, draft.operation.path())?;
            let mut headers = headers(draft.operation, draft.tier);
            if draft.wire() == Wire::AnthropicMessages {
                Extras::of(options).headers(&mut headers);
            }
            match self.post(session, Service::Runtime, url, headers, draft.payload()).await {
                Ok(incoming) => return reply(incoming, draft, call, attempts).await,
                Err(error) if attempts > MOST_LESSONS => return Err(error),
                Err(error) if flexible(options, &error) && draft.give_up_flex()? => {
                    tracing::info!(model = %draft.model.id, "the flex tier has no room, asking the ordinary one");
                }
                Err(error) => match self.heal(session, call, draft, &error)? {
                    Some(better) => draft = better,
                    None => return Err(error),
                },
            }
        }
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
        for lesson in lessons(error) {
            match lesson {
                Lesson::Profile => {
                    let Some(profiled) = self.profiled(&session.account, &draft.model) else { continue };
                    self.memory.learn(&draft.model.id, &lesson, None);
                    let mut again = self.draft(session, call, &profiled, draft.native_format)?;
                    again.adjustments.push(lesson.token());
                    draft = again;
                    better = true;
                }
                Lesson::Format if draft.native_format => {
                    let mut again = self.draft(session, call, &draft.model, false)?;
                    again.adjustments.push(lesson.token());
                    self.memory.learn(&draft.model.id, &lesson, None);
                    draft = again;
                    better = true;
                }
                Lesson::Forced | Lesson::Tools => {
                    let known = self.memory.of(&draft.model.id);
                    if known.is_some_and(|known| known.knows(&lesson)) {
                        continue;
                    }
                    // A choice that was forced to get an answer in a format must be asked for in words instead.
                    self.memory.learn(&draft.model.id, &lesson, None);
                    let mut again = self.draft(session, call, &draft.model, draft.native_format)?;
                    again.adjustments.push(lesson.token());
                    draft = again;
                    better = true;
                }
                _ => {
                    let betas = draft.betas().cloned();
                    if draft.follow(&lesson)? {
                        self.memory.learn(&draft.model.id, &lesson, betas.as_ref());
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
    fn placed(&self, account: &Account, model: &Arc<Model>) -> Arc<Model> {
        let needs_profile = self.memory.of(&model.id).is_some_and(|learned| learned.profile);
        let profiled = if needs_profile { self.profiled(account, model) } else { None };
        profiled.unwrap_or_else(|| model.clone())
    }

    /// The model by the inference profile of the account's part of the world. `None` when it has one already.
    fn profiled(&self, account: &Account, model: &Arc<Model>) -> Option<Arc<Model>> {
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
fn flexible(options: &Value, error: &Error) -> bool {
    matches!(error.category, Category::RateLimited | Category::Overloaded)
        && options.get("flex_fallback").and_then(Value::as_str) == Some("default")
}

/// Makes the reply of an answer whose status was good.
async fn reply(incoming: Incoming, draft: Draft, call: Call<'_>, attempts: u32) -> Result<Reply, Error> {
    let request_id = request_id(&incoming);
    let date = incoming.header("date").map(str::to_owned);
    let wire = draft.wire();
    let Draft { operation, undo, adjustments, .. } = draft;
    let body = match operation {
        Operation::InvokeStream => Body::Stream {
            bytes: incoming.into_stream(),
            reader: Box::new(InvokeReader::new(call.detail, undo)),
        },
        Operation::ConverseStream => Body::Stream {
            bytes: incoming.into_stream(),
            reader: Box::new(ConverseReader::new(request_id.as_deref(), undo)),
        },
        Operation::Converse => {
            let json = incoming.read(LONGEST_ANSWER).await?;
            Body::Answer(Box::new(converse::read_answer(&json, request_id.as_deref(), undo)?))
        }
        Operation::Invoke | Operation::CountTokens => {
            let json = incoming.read(LONGEST_ANSWER).await?;
            if call.asked.wire == Wire::AnthropicMessages && only_names(&undo) {
                Body::Whole(read_whole(json, &undo.names)?)
            } else {
                // The restorer gives tools their names back, which must happen once.
                let mut answer = read_answer(&json, &ToolNames::default())?;
                Restorer::new(undo).answer(&mut answer);
                Body::Answer(Box::new(answer))
            }
        }
    };
    Ok(Reply { wire, request_id, date, adjustments, attempts, body })
}

/// True when the answer's own words can go out once its tools have their names back.
const fn only_names(undo: &Undo) -> bool {
    !undo.answer_tool && !undo.fence
}

#[cfg(test)]
mod tests;
