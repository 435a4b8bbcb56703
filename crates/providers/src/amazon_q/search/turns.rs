//! One answer out of several turns: the model asks for a search, gets what was found, and goes on.
//!
//! Everything that a turn says goes to the client as it comes, but for the calls of the search, in whose place the client sees
//! call and outcome as Anthropic shows them. The next turn is asked with exactly what the client was shown, so that a later
//! request, which brings it back, begins with the same words.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use llm::{
    Category, Chunk, Collector, Error, Event, Meaning, Message, Opening, Request, Role, SameAccount,
    StopReason, ToolChoice, Usage, Wire,
};
use wire::Detail;
use wire::web_search::{Failed, Page, Shown, Wish, unfold};

use crate::amazon_q::AmazonQ;
use crate::http::witness;
use crate::{Body, Call, ChunkStream, Frames, Reply, Session, Target, Witness, witnessed};

/// Searches for one answer where the client sets no limit: each is a turn of its own, with the whole conversation.
const SEARCHES: u32 = 10;

/// Searches that the model may still ask for in vain, before the answer ends.
const IN_VAIN: u32 = 2;

/// The pause before a turn that failed is asked for again, once.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest pause that the service may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

struct Turns {
    provider: AmazonQ,
    session: Session,
    /// As the client asked.
    asked: Request,
    target: Target,
    detail: Detail,
    wish: Wish,
    witness: Option<Arc<dyn Witness>>,
    turn: Frames,
    /// Of this turn, not looked at yet.
    heard: VecDeque<Event>,
    /// For the client.
    ready: VecDeque<Chunk>,
    /// All that the client was shown.
    shown: Collector,
    /// Blocks shown.
    blocks: u32,
    /// The turn's and our number of the block that is open.
    open: Option<(u32, u32)>,
    /// A call of the search that is not complete: its block, id and input.
    call: Option<(u32, String, String)>,
    /// One that is.
    asked_for: Option<Shown>,
    begun: bool,
    searches: u32,
    found: u64,
    in_vain: u32,
    /// What happened in this turn.
    searched: bool,
    called: bool,
    stop: Option<(StopReason, Option<String>)>,
    usage: Usage,
    /// What the turns before took.
    spent: Usage,
    over: bool,
}

impl AmazonQ {
    /// Answers a request whose client wants the web searched.
    pub(in crate::amazon_q) async fn searching(
        &self,
        session: &Session,
        call: Call<'_>,
        wish: Wish,
    ) -> Result<Reply, Error> {
        let granted = wish.granted(call.asked.meaning()?, true);
        let asked = call.asked.meaning_instead(unfold(&granted).unwrap_or(granted));
        let mut reply = self.one_turn(session, Call { asked: &asked, ..call }).await?;
        reply.adjustments.push("web_search:kiro".to_owned());
        let turns = Turns {
            provider: self.clone(),
            session: session.clone(),
            asked,
            target: call.target.clone(),
            detail: call.detail,
            wish,
            witness: witness(),
            turn: frames(reply.body)?,
            heard: VecDeque::new(),
            ready: VecDeque::new(),
            shown: Collector::new(),
            blocks: 0,
            open: None,
            call: None,
            asked_for: None,
            begun: false,
            searches: 0,
            found: 0,
            in_vain: 0,
            searched: false,
            called: false,
            stop: None,
            usage: Usage::default(),
            spent: Usage::default(),
            over: false,
        };
        Ok(Reply { body: Body::Chunks(turns.stream()), ..reply })
    }
}

fn frames(body: Body) -> Result<Frames, Error> {
    match body {
        Body::Stream { bytes, reader } => Ok(Frames::new(bytes, reader)),
        _ => Err(Error::new(Category::Internal, "Kiro answered in a form that it does not have.")),
    }
}

impl Turns {
    fn stream(self) -> ChunkStream {
        Box::pin(stream::unfold(Some(self), |turns| async {
            let mut turns = turns?;
            match turns.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(turns))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            if let Some(search) = self.asked_for.take() {
                let outcome = self.outcome(&search).await;
                let events = search.outcome(self.blocks, &outcome);
                self.blocks += 1;
                self.show(events.into());
            } else if !self.heard.is_empty() {
                self.hear();
            } else if self.over {
                return Ok(None);
            } else {
                match self.turn.next().await {
                    Some(chunk) => self.heard.extend(chunk?.events),
                    None => self.turn_over().await?,
                }
            }
        }
    }

    /// Looks at what was heard, up to a search.
    fn hear(&mut self) {
        let mut events = Vec::new();
        while let Some(event) = self.heard.pop_front() {
            self.look_at(event, &mut events);
            if self.asked_for.is_some() {
                break;
            }
        }
        self.show(events);
    }

    fn look_at(&mut self, mut event: Event, events: &mut Vec<Event>) {
        match &mut event {
            Event::Start { .. } => {
                if !std::mem::replace(&mut self.begun, true) {
                    events.push(event);
                }
            }
            Event::Usage(usage) => {
                self.usage.merge(usage);
                events.push(Event::Usage(self.so_far()));
            }
            Event::Stop { reason, sequence } => self.stop = Some((reason.clone(), sequence.take())),
            Event::BlockStart { index, block: Opening::ToolUse { id, name } } if *name == self.wish.name => {
                self.call = Some((*index, std::mem::take(id), String::new()));
            }
            Event::ToolInputDelta { index, json }
                if self.call.as_ref().is_some_and(|(block, ..)| block == index) =>
            {
                if let Some((.., input)) = &mut self.call {
                    input.push_str(json);
                }
            }
            Event::BlockEnd { index } if self.call.as_ref().is_some_and(|(block, ..)| block == index) => {
                if let Some((_, id, input)) = self.call.take() {
                    let search = Shown::new(&id, &self.wish.name, &input);
                    events.extend(search.call(self.blocks));
                    self.blocks += 1;
                    self.searched = true;
                    self.asked_for = Some(search);
                }
            }
            Event::BlockStart { index, block } => {
                self.called |= matches!(block, Opening::ToolUse { .. });
                self.open = Some((*index, self.blocks));
                *index = self.blocks;
                self.blocks += 1;
                events.push(event);
            }
            Event::TextDelta { index, .. }
            | Event::ThinkingDelta { index, .. }
            | Event::SignatureDelta { index, .. }
            | Event::ToolInputDelta { index, .. }
            | Event::Citation { index, .. }
            | Event::BlockEnd { index } => {
                // Blocks of this wire come one after the other.
                if let Some((_, ours)) = self.open.filter(|(theirs, _)| theirs == index) {
                    *index = ours;
                    events.push(event);
                }
            }
            Event::Opaque { .. } => {}
        }
    }

    fn show(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        events.iter().cloned().for_each(|event| self.shown.push(event));
        let content = events
            .iter()
            .any(|event| !matches!(event, Event::Start { .. } | Event::Usage(_) | Event::Stop { .. }));
        self.ready.push_back(Chunk { wire: Wire::AmazonQ, events, frame: None, content });
    }

    /// What all turns took together.
    fn so_far(&self) -> Usage {
        let mut all = self.spent;
        all.add(&self.usage);
        Usage { web_searches: Some(self.found), ..all }
    }

    async fn outcome(&mut self, search: &Shown) -> Result<Vec<Page>, Failed> {
        if self.searches >= self.wish.max_uses.unwrap_or(SEARCHES) {
            self.in_vain += 1;
            return Err(Failed::MaxUsesExceeded);
        }
        self.searches += 1;
        let Some(query) = search.query() else { return Err(Failed::InvalidInput) };
        let searching = self.provider.search(&self.session, &query);
        let found = match &self.witness {
            Some(witness) => witnessed(Arc::clone(witness), searching).await,
            None => searching.await,
        };
        let pages = self.wish.sift(found?);
        self.found += 1;
        Ok(pages)
    }

    /// The turn has ended: the next one begins, where the model waits for nothing but searches, else the answer ends too.
    async fn turn_over(&mut self) -> Result<(), Error> {
        self.spent.add(&std::mem::take(&mut self.usage));
        let (reason, sequence) = self.stop.take().unwrap_or((StopReason::EndTurn, None));
        let goes_on = std::mem::take(&mut self.searched) && !std::mem::take(&mut self.called);
        let meaning = if goes_on { self.next_meaning()? } else { None };
        let Some(meaning) = meaning else {
            let reason = match reason {
                // The calls that it stopped for were answered here.
                StopReason::ToolUse if goes_on && self.in_vain > IN_VAIN => StopReason::EndTurn,
                StopReason::ToolUse if goes_on => StopReason::MaxTokens,
                reason => reason,
            };
            self.over = true;
            self.show(vec![Event::Usage(self.so_far()), Event::Stop { reason, sequence }]);
            return Ok(());
        };
        self.show(vec![Event::Usage(self.so_far())]);
        let asked = self.asked.meaning_instead(meaning);
        self.turn = frames(self.send(&asked).await?.body)?;
        self.open = None;
        Ok(())
    }

    /// What to ask next: the conversation with what was said and found. `None` when the answer is long enough, or the model
    /// keeps asking for what it does not get.
    fn next_meaning(&self) -> Result<Option<Meaning>, Error> {
        if self.in_vain > IN_VAIN {
            return Ok(None);
        }
        let mut next = self.asked.meaning()?.clone();
        if let Some(most) = &mut next.max_tokens {
            let said = u32::try_from(self.spent.output.unwrap_or(0)).unwrap_or(u32::MAX);
            *most = most.saturating_sub(said);
            if *most == 0 {
                return Ok(None);
            }
        }
        if self.searches >= self.wish.max_uses.unwrap_or(SEARCHES) {
            next.tools.retain(|tool| tool.name != self.wish.name);
        }
        // It has called what it had to.
        if matches!(next.tool_choice, Some(ToolChoice::Any | ToolChoice::Named(_))) {
            next.tool_choice = Some(ToolChoice::Auto);
        }
        let content = self.shown.so_far().content.clone();
        next.messages.push(Message { role: Role::Assistant, content });
        Ok(unfold(&next))
    }

    /// Sends the next turn, in front of whom looks at the request.
    async fn send(&mut self, asked: &Request) -> Result<Reply, Error> {
        let Self { provider, session, target, detail, witness, .. } = self;
        let call = Call { asked, target, detail: *detail };
        let sending = send_again(provider, session, call);
        match witness {
            Some(witness) => witnessed(Arc::clone(witness), sending).await,
            None => sending.await,
        }
    }
}

/// Sends a request, once more where a pause can help.
async fn send_again(provider: &AmazonQ, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
    let error = match provider.one_turn(session, call).await {
        Err(error) => error,
        reply => return reply,
    };
    let pause = match error.category.retry().same_account {
        SameAccount::Once => PAUSE,
        SameAccount::IfSoon => match error.retry_after {
            Some(pause) if pause <= LONGEST_PAUSE => pause,
            _ => return Err(error),
        },
        _ => return Err(error),
    };
    tokio::time::sleep(pause).await;
    provider.one_turn(session, call).await
}
