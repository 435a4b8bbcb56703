//! A request answered: sent, and sent again where a refusal says what would help.

use std::sync::Arc;
use std::time::Duration;

use llm::{Category, Effort, Error, Meaning, Model, Thinking, ThinkingStyle, Wire};
use serde_json::Value;
use uuid::Uuid;
use wire::amazon_q::{AmazonQReader, Manner, Refused, Repair, SchemaDepth, Shape, Written, write_request};
use wire::web_search::{Wish, unfold};

use super::exchange::{elsewhere, telling};
use super::hosts::{Generation, Role};
use super::lessons::{Lesson, Lessons};
use super::operation::{Asker, MOST_SENDS, Trace, conversation};
use super::options::Options;
use super::{AmazonQ, conversation as conversations, hosts};
use crate::http::Incoming;
use crate::told::request_id;
use crate::{Bearer, Body, Call, Reply, Session, estimate};

/// How long a request waits for the list of models that tells how to make a model think.
const LIST: Duration = Duration::from_secs(5);

impl AmazonQ {
    pub(super) async fn answer(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        let meaning = call.asked.meaning()?;
        if Options::of(&session.account.options).web_search
            && let Some(wish) = Wish::read(meaning)?
        {
            return self.searching(session, call, wish).await;
        }
        match unfold(meaning) {
            Some(plain) => {
                let asked = call.asked.meaning_instead(plain);
                self.one_turn(session, Call { asked: &asked, ..call }).await
            }
            None => self.one_turn(session, call).await,
        }
    }

    /// One answer of the service.
    pub(super) async fn one_turn(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        match self.send_and_heal(session, call).await {
            // The credits' reset says nothing about a limit of the day.
            Err(error) if error.category == Category::Quota && error.code == Some(Error::SPENT) => {
                Err(self.explained(session, error).await)
            }
            Err(error) => {
                if error.category == Category::ModelNotFound {
                    let whose = super::bearer(session)?.sign_in;
                    self.lists.doubt(whose, &session.account, (self.clock)());
                }
                Err(self.doubting(&session.account, super::bearer(session)?, error))
            }
            reply => reply,
        }
    }

    async fn send_and_heal(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        let account = &*session.account;
        let bearer = super::bearer(session)?;
        let options = Options::of(&account.options);
        let first = self.worked.first(bearer.sign_in, Role::Streaming, options.order);
        let region = hosts::region(account, bearer.profile_arn.as_deref());
        let mut next = self.hosts.of(account, Role::Streaming, region, first)?.into_iter();
        let Some(mut host) = next.next() else {
            return Err(Error::new(Category::Internal, "There is no host to ask."));
        };
        let mut draft = self.draft(session, bearer, call, &options).await?;
        draft.turn_to(host.generation, &self.lessons);
        let mut written = draft.write()?;
        let mut trace = Trace::new();
        let mut last = None;
        loop {
            trace.attempt += 1;
            let asker = Asker { bearer, binding: options.binding, share_content: options.share_content };
            let body = written.body.clone().into();
            let outgoing = conversation(&asker, draft.shape(), &host.base, body, &trace)?;
            let refused = match self.exchange(account, outgoing).await {
                Ok(incoming) => {
                    self.worked.note(
                        account,
                        bearer.sign_in,
                        Role::Streaming,
                        options.order,
                        host.generation,
                    );
                    draft.keep_lessons(&self.lessons);
                    return Ok(reply(incoming, written, &draft.healed, trace.attempt));
                }
                Err(refused) => refused,
            };
            if trace.attempt >= MOST_SENDS {
                return Err(draft.as_it_was(telling(last, refused.error)));
            }
            if elsewhere(&refused) {
                let error = telling(last.take(), refused.error);
                let Some(other) = next.next() else { return Err(error) };
                tracing::info!(account = %account.name, "going on to Kiro's other host");
                last = Some(error);
                host = other;
                draft.turn_to(host.generation, &self.lessons);
            } else if !draft.heal(&refused, host.generation) {
                return Err(draft.as_it_was(refused.error));
            }
            written = draft.write()?;
        }
    }

    async fn draft<'a>(
        &self,
        session: &'a Session,
        bearer: &'a Bearer,
        call: Call<'a>,
        options: &Options,
    ) -> Result<Draft<'a>, Error> {
        let account = &*session.account;
        let meaning = call.asked.meaning()?;
        let (model, schema) = self.known(session, bearer, call, meaning).await;
        let mut id = conversations::id(&account.id, &call.asked.hints, meaning);
        while self.lessons.has(Lesson::NewConversation, bearer.sign_in, &id.to_string()) {
            id = conversations::after(id);
        }
        let mut draft = Draft {
            bearer,
            call,
            meaning,
            model,
            schema,
            conversation: id,
            continuation: Uuid::new_v4().to_string(),
            most_tools: options.most_tools,
            most_body: options.most_body,
            input_estimate: estimate::tokens(meaning),
            bare: false,
            reasoning: true,
            profile: true,
            again: true,
            renewed: false,
            healed: Vec::new(),
            learned: Vec::new(),
            with_profile: None,
        };
        draft.recall(&self.lessons);
        Ok(draft)
    }

    /// The model as the account's list has it, and the settings it takes. A request that wants thoughts waits a moment
    /// for the list when there is none yet, because only the list tells how to ask for them.
    async fn known(
        &self,
        session: &Session,
        bearer: &Bearer,
        call: Call<'_>,
        meaning: &Meaning,
    ) -> (Arc<Model>, Option<Arc<Value>>) {
        let (whose, now) = (bearer.sign_in, (self.clock)());
        let mut list = self.lists.of(whose, &session.account, now);
        if list.is_none() && wants_thoughts(call, meaning) && !self.lists.failed_lately(whose, now) {
            list = match tokio::time::timeout(LIST, self.list(session)).await {
                Ok(Ok(list)) => Some(list),
                Ok(Err(_)) | Err(_) => {
                    self.lists.note_failure(whose, now);
                    None
                }
            };
        }
        let listed = list.as_ref().and_then(|list| list.find(&call.target.model.id));
        match listed {
            Some(listed) => (listed.model.clone(), listed.schema.clone()),
            None => (call.target.model.clone(), None),
        }
    }
}

fn wants_thoughts(call: Call<'_>, meaning: &Meaning) -> bool {
    let effort = call.target.effort.or(meaning.effort).is_some_and(|effort| effort != Effort::None);
    effort || matches!(meaning.thinking, Some(Thinking::Budget(_) | Thinking::Adaptive))
}

/// What is to be sent, and what was learned about it.
struct Draft<'a> {
    bearer: &'a Bearer,
    call: Call<'a>,
    meaning: &'a Meaning,
    model: Arc<Model>,
    schema: Option<Arc<Value>>,
    conversation: Uuid,
    continuation: String,
    most_tools: usize,
    most_body: Option<usize>,
    input_estimate: u64,
    bare: bool,
    reasoning: bool,
    /// Whether the profile, if there is one, is sent.
    profile: bool,
    /// Whether it may be sent once more as it is.
    again: bool,
    /// Whether the conversation has a new id already.
    renewed: bool,
    healed: Vec<&'static str>,
    /// What the refusals of this request taught, and about what. Whether it is true shows when the request is answered.
    learned: Vec<(Lesson, String)>,
    /// What an old host said to the profile, before the request went out without.
    with_profile: Option<Error>,
}

impl Draft<'_> {
    fn shape(&self) -> Shape {
        if self.profile { self.bearer.shape } else { Shape::Cli }
    }

    fn write(&self) -> Result<Written, Error> {
        let manner = Manner {
            shape: self.shape(),
            profile_arn: self.bearer.profile_arn.as_deref().filter(|_| self.profile),
            conversation_id: &self.conversation.to_string(),
            continuation_id: &self.continuation,
            fields_schema: self.schema.as_deref(),
            effort: self.call.target.effort,
            schemas: if self.bare { SchemaDepth::Bare } else { SchemaDepth::Minimal },
            reasoning: self.reasoning,
            most_tools: self.most_tools,
            most_body: self.most_body,
            input_estimate: self.input_estimate,
        };
        write_request(self.call.asked, self.meaning, &self.model, &manner)
    }

    /// Applies what earlier requests learned.
    fn recall(&mut self, lessons: &Lessons) {
        let about = |draft: &Self, lesson| match lesson {
            Lesson::NoFields => draft.model.id.clone(),
            _ => draft.conversation.to_string(),
        };
        for lesson in [Lesson::NoFields, Lesson::BareSchemas, Lesson::NoReasoning] {
            if lessons.has(lesson, self.bearer.sign_in, &about(self, lesson)) && self.take(lesson) {
                self.healed.push(lesson.token());
            }
        }
    }

    /// Prepares for a host of a generation.
    fn turn_to(&mut self, generation: Generation, lessons: &Lessons) {
        self.profile =
            generation == Generation::Kiro || !lessons.has(Lesson::NoLegacyProfile, self.bearer.sign_in, "");
    }

    /// Changes what a refusal complains about. `false` when nothing can be done, or was done before.
    fn heal(&mut self, refused: &Refused, generation: Generation) -> bool {
        let lesson = match refused.repair {
            Some(Repair::DropFields) => Lesson::NoFields,
            Some(Repair::BareSchemas) => Lesson::BareSchemas,
            Some(Repair::DropReasoning) => Lesson::NoReasoning,
            Some(Repair::NewConversation) => Lesson::NewConversation,
            Some(Repair::Again) => return std::mem::take(&mut self.again),
            // A Builder ID may not show a profile there, and nothing tells one from an organisation's sign-in.
            None if generation == Generation::Legacy
                && refused.error.category == Category::PermissionDenied =>
            {
                Lesson::NoLegacyProfile
            }
            Some(Repair::OtherHost) | None => return false,
        };
        let about = match lesson {
            Lesson::NoFields => self.model.id.clone(),
            Lesson::NoLegacyProfile => String::new(),
            _ => self.conversation.to_string(),
        };
        if !self.take(lesson) {
            return false;
        }
        if lesson == Lesson::NoLegacyProfile {
            self.with_profile = Some(refused.error.clone());
        }
        self.learned.push((lesson, about));
        self.healed.push(lesson.token());
        // What the service refuses is worth knowing, what a person wrote is not ours to log.
        tracing::info!(model = %self.model.id, lesson = lesson.token(), "request changed after a refusal");
        true
    }

    /// The changes helped: the next request begins with them.
    fn keep_lessons(&mut self, lessons: &Lessons) {
        for (lesson, about) in self.learned.drain(..) {
            lessons.learn(lesson, self.bearer.sign_in, &about);
        }
    }

    /// The refusal to tell the person: when a request without its profile is no better, the one that it got with it.
    fn as_it_was(&mut self, error: Error) -> Error {
        let same_fault = matches!(error.category, Category::InvalidRequest | Category::PermissionDenied);
        self.with_profile.take().filter(|_| same_fault).unwrap_or(error)
    }

    /// `false` when it changes nothing, so that sending again would not help.
    fn take(&mut self, lesson: Lesson) -> bool {
        match lesson {
            Lesson::NoFields => {
                if self.schema.take().is_none() {
                    return false;
                }
                if self.model.is_claude() {
                    // Thoughts can still be asked for in words.
                    let thinking = ThinkingStyle::Prompted;
                    self.model = Arc::new(Model { thinking, ..Model::clone(&self.model) });
                }
                true
            }
            Lesson::BareSchemas => !self.meaning.tools.is_empty() && !std::mem::replace(&mut self.bare, true),
            Lesson::NoReasoning => std::mem::replace(&mut self.reasoning, false),
            Lesson::NoLegacyProfile => {
                self.bearer.profile_arn.is_some() && std::mem::replace(&mut self.profile, false)
            }
            Lesson::NewConversation => {
                self.conversation = conversations::after(self.conversation);
                !std::mem::replace(&mut self.renewed, true)
            }
        }
    }
}

/// Makes the reply of an answer whose status was good. The service only streams.
fn reply(incoming: Incoming, written: Written, healed: &[&'static str], attempts: u32) -> Reply {
    let request_id = request_id(&incoming);
    let date = incoming.header("date").map(str::to_owned);
    let Written { back, mut adjustments, .. } = written;
    for token in healed {
        if !adjustments.iter().any(|known| known == token) {
            adjustments.push((*token).to_owned());
        }
    }
    let reader = Box::new(AmazonQReader::new(request_id.as_deref(), back));
    let body = Body::Stream { bytes: incoming.into_stream(), reader };
    Reply { wire: Wire::AmazonQ, request_id, date, adjustments, attempts, body }
}

#[cfg(test)]
mod tests;
