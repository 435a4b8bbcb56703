//! Gets an answer to begin: which account, how often, and when to give up.
//!
//! Everything here happens before the first content reaches the client, so everything may be tried again. Once a
//! content chunk was handed on there is no way back; `live` takes over and never fails over.

use std::sync::Arc;
use std::time::Duration;

use accounts::{Entry, Outcome, Passed, Why};
use llm::{Answer, Category, Chunk, Collector, Error, OtherAccount, Request, SameAccount, Whole};
use providers::{Body, Call, Embedded, Frames, Session, Target, Witness, witnessed};
use wire::Detail;

use crate::conversation;
use crate::last_call::last_call;
use crate::record::Recorder;
use crate::route::{Course, Plan, Stop};
use crate::state::Gateway;
use crate::upstream::Upstream;

/// Attempts a request may cost.
const ATTEMPTS: u32 = 3;

/// Accounts a request may visit.
const ACCOUNTS: usize = 2;

/// Waiting between attempts, in all.
const WAITING: Duration = Duration::from_secs(30);

/// Longest retry-after that is waited out; longer ones go to the client, who knows its own patience.
const SOON: Duration = Duration::from_secs(5);

/// Bodies from this size, in bytes, are understood on a thread of their own: reading two megabytes of JSON takes ten
/// milliseconds, in which every other stream would stand still.
const LARGE: usize = 256 * 1024;

/// An answer that has begun.
pub(crate) enum Started {
    /// Chunks. `held` is what was read to see that the answer is good; `live` is `None` when that was all.
    Stream { held: Vec<Chunk>, live: Option<Upstream> },
    /// One piece in the client's wire.
    Whole(Whole),
    /// One piece in another wire.
    Answer(Box<Answer>),
    /// Texts as vectors, where those were wanted.
    Vectors(Embedded),
}

/// What a search ends with. The recorder travels along, so that a search that is dropped is recorded too.
pub(crate) type Sought = (Box<Recorder>, Result<Started, Error>);

/// Tries the stops of a request's plan in order until one answers. Where they have none because a sign-in has ended, and
/// the person is just signing in again, it waits for them once.
pub(crate) async fn seek(
    gateway: Arc<Gateway>,
    asked: Arc<Request>,
    mut course: Course,
    mut recorder: Box<Recorder>,
) -> Sought {
    let search = |plan| Search {
        gateway: &gateway,
        asked: &asked,
        plan,
        visits: 0,
        attempts: 0,
        waited: Duration::ZERO,
    };
    let finding = async {
        let result = match course.plan() {
            Ok(plan) => search(plan).run(&mut recorder).await,
            Err(refused) => Err(recorder.refused_by(refused)),
        };
        if matches!(&result, Err(error) if error.category == Category::NoCredentials)
            && let Some(plan) = course.wait(&gateway, &asked).await
        {
            return search(plan).run(&mut recorder).await;
        }
        result
    };
    let result = tokio::select! {
        biased;
        result = finding => result,
        quitting = last_call(&gateway) => Err(quitting),
    };
    (recorder, result)
}

struct Search<'a> {
    gateway: &'a Gateway,
    asked: &'a Arc<Request>,
    plan: Plan,
    /// Accounts visited.
    visits: usize,
    attempts: u32,
    waited: Duration,
}

impl Search<'_> {
    async fn run(mut self, recorder: &mut Recorder) -> Result<Started, Error> {
        let mut last = None;
        while let Some(stop) = self.plan.take() {
            self.visits += 1;
            let error = match self.visit(&stop, recorder).await {
                Ok(started) => {
                    self.settle(&stop);
                    return Ok(started);
                }
                Err(error) => error,
            };
            if self.attempts >= ATTEMPTS || !self.may_leave(&error) || !self.has_more() {
                return Err(error);
            }
            // A neighbour of what fails may be well; where all fail, going on would multiply the storm.
            let fails = error.category.retry().same_account == SameAccount::Once;
            if fails && !self.gateway.limits.may_retry() {
                return Err(error);
            }
            tracing::info!(
                account = %stop.entry.account.name,
                category = error.category.name(),
                "going on to the next account"
            );
            last = Some(error);
        }
        Err(last
            .unwrap_or_else(|| Error::new(Category::NoCredentials, "No account is set up. Add one first.")))
    }

    /// A conversation that another account took over stays with it.
    fn settle(&self, stop: &Stop) {
        let rests = |passed: &Passed| matches!(passed.why, Why::Rests(_));
        if (self.visits > 1 || stop.passed.iter().any(rests))
            && let Some(turn) = conversation::turn(self.asked)
        {
            self.gateway.accounts.stay(turn.conversation, &stop.entry, self.plan.choice);
        }
    }

    /// Whether there is another account to go on to.
    fn has_more(&mut self) -> bool {
        self.visits < ACCOUNTS && self.plan.has_more()
    }

    /// Everything that may be tried with one account.
    async fn visit(&mut self, stop: &Stop, recorder: &mut Recorder) -> Result<Started, Error> {
        let accounts = &self.gateway.accounts;
        recorder.turned_to(stop);
        let mut session = match accounts.session(&stop.entry).await {
            Ok(session) => session,
            Err(error) => {
                recorder.attempt_failed(&stop.entry, &stop.target, &error);
                return Err(error);
            }
        };
        let mut again = true;
        loop {
            self.attempts += 1;
            recorder.trying(&stop.entry);
            let error = match self.attempt(&stop.entry, &session, &stop.target, recorder).await {
                Ok(started) => return Ok(started),
                Err(error) => error,
            };
            recorder.attempt_failed(&stop.entry, &stop.target, &error);
            // A refused credential is only held against the account when a fresh one is refused too.
            if !again || error.category != Category::Expired {
                accounts.note(&stop.entry, Outcome::Failure(&error));
            }
            if !again || self.attempts >= ATTEMPTS {
                return Err(error);
            }
            again = false;
            let pause = match error.category.retry().same_account {
                SameAccount::Never => return Err(error),
                // Another account answers sooner than waiting here would.
                SameAccount::IfSoon if self.may_leave(&error) && self.has_more() => return Err(error),
                SameAccount::IfSoon => match error.retry_after {
                    Some(wait) if wait <= SOON => wait,
                    _ => return Err(error),
                },
                SameAccount::Once => jitter(),
                // When the refresh fails its words say what to do, the refusal's do not.
                SameAccount::AfterRefresh => {
                    session = accounts.rejected(&stop.entry, &session).await?;
                    continue;
                }
                // The failure was noted above, and with it the upstream's clock.
                SameAccount::AfterClockFix => {
                    session = accounts.session(&stop.entry).await?;
                    continue;
                }
            };
            if self.waited + pause > WAITING || !self.gateway.limits.may_retry() {
                return Err(error);
            }
            self.wait(pause).await;
            if error.category == Category::RateLimited {
                let Some(turn) = self.turn(&stop.entry).await else { return Err(error) };
                session = turn;
            }
        }
    }

    async fn wait(&mut self, pause: Duration) {
        self.waited += pause;
        tokio::time::sleep(pause).await;
    }

    /// A session after a rest that was waited out. All who waited return at the same moment; one of them goes first,
    /// the others wait a little longer to see how it fares.
    async fn turn(&mut self, entry: &Arc<Entry>) -> Option<Arc<Session>> {
        let patience = (self.waited + SOON).min(WAITING);
        loop {
            match self.gateway.accounts.session(entry).await {
                Ok(session) => return Some(session),
                Err(error) if error.category == Category::Overloaded => {
                    let pause = error.retry_after.filter(|pause| self.waited + *pause <= patience)?;
                    self.wait(pause).await;
                }
                Err(_) => return None,
            }
        }
    }

    /// Whether the category lets a request go on to another account.
    const fn may_leave(&self, error: &Error) -> bool {
        match error.category.retry().other_account {
            OtherAccount::Never => false,
            OtherAccount::Yes => true,
            OtherAccount::BySetting => self.plan.on_quota,
        }
    }

    async fn attempt(
        &self,
        entry: &Arc<Entry>,
        session: &Session,
        target: &Target,
        recorder: &mut Recorder,
    ) -> Result<Started, Error> {
        if let Some(texts) = self.plan.texts() {
            let embedded = entry.provider.embed(session, &target.model.id, texts).await?;
            recorder.priced(&target.model);
            return Ok(Started::Vectors(embedded));
        }
        let wire = entry.provider.wire(&entry.account, &target.model, self.asked.wire);
        let same = wire == self.asked.wire;
        let detail = if same && self.asked.stream { Detail::Control } else { Detail::Full };
        if !same && self.asked.raw.size() >= LARGE {
            understand(self.asked).await;
        }
        let sending = entry.provider.send(session, Call { asked: self.asked, target, detail });
        let mut reply = match recorder.tape() {
            None => sending.await?,
            Some(tape) => witnessed(Arc::clone(tape) as Arc<dyn Witness>, sending).await?,
        };
        recorder.answered(target, self.asked, &mut reply);
        match reply.body {
            Body::Stream { bytes, reader } => self.heard(Frames::new(bytes, reader).into()).await,
            Body::Chunks(chunks) => self.heard(chunks.into()).await,
            Body::Whole(whole) => Ok(Started::Whole(whole)),
            Body::Answer(answer) => Ok(Started::Answer(answer)),
        }
    }

    async fn heard(&self, upstream: Upstream) -> Result<Started, Error> {
        if self.asked.stream {
            begin(upstream).await.map_err(before_content)
        } else {
            collect(upstream).await
        }
    }
}

/// Parses the meaning, which the request then keeps, away from the event loop.
async fn understand(asked: &Arc<Request>) {
    let asked = Arc::clone(asked);
    // An error shows again when the meaning is used.
    let _ = tokio::task::spawn_blocking(move || asked.meaning().map(|_| ())).await;
}

/// Reads up to the first content: an upstream that fails before it has cost the client nothing.
async fn begin(mut upstream: Upstream) -> Result<Started, Error> {
    let mut held = Vec::with_capacity(2);
    while let Some(chunk) = upstream.next().await {
        let chunk = chunk?;
        let content = chunk.content;
        held.push(chunk);
        if content {
            return Ok(Started::Stream { held, live: Some(upstream) });
        }
    }
    Ok(Started::Stream { held, live: None })
}

/// A stream that breaks off before it says anything is as good as an answer that never came, and may be asked for
/// again; one that breaks off later may not.
fn before_content(mut error: Error) -> Error {
    if error.category == Category::Truncated {
        error.category = Category::Upstream;
    }
    error
}

/// Reads to the end, for a client that wants one piece from an upstream that only streams.
async fn collect(mut upstream: Upstream) -> Result<Started, Error> {
    let mut collector = Collector::new();
    while let Some(chunk) = upstream.next().await {
        chunk?.events.into_iter().for_each(|event| collector.push(event));
    }
    Ok(Started::Answer(Box::new(collector.finish())))
}

/// 50 to 250 ms, so that many clients of one failing upstream do not return in step.
fn jitter() -> Duration {
    let mut random = [0_u8; 1];
    // Without randomness the pause is simply its shortest.
    let _ = getrandom::fill(&mut random);
    Duration::from_millis(50 + u64::from(random[0]) * 200 / 255)
}

#[cfg(test)]
pub(crate) mod tests;
