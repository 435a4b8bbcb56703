//! The accounts as everybody sees them at one moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use providers::{CredentialSummary, Policy};

use crate::clock::milliseconds;
use crate::consent::Consents;
use crate::cooling::{Admission, Reason};
use crate::{AccountView, Entry, Failover, Passed, Plan, StateView, Why};

/// Id of the provider whose accounts are offline: they never stand in for real ones, nor real ones for them.
const SANDBOX: &str = "sandbox";

/// Begins the name of a tag where accounts are named.
const TAG: char = '#';

/// An immutable picture of all accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    /// Stored ones by position, then ephemeral ones as they came.
    pub seats: Vec<Arc<Seat>>,
    /// Places of `seats` by id, as [`Board::indexed`] made it last.
    pub places: Arc<HashMap<String, usize>>,
    /// What the person chose; may name an account that is gone.
    pub chosen: Option<String>,
    pub failover: Failover,
    pub consents: Arc<Consents>,
}

/// An account and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub entry: Arc<Entry>,
    pub summary: CredentialSummary,
    pub policy: Policy,
    pub enabled: bool,
    pub ephemeral: bool,
    pub tags: Vec<String>,
    pub note: String,
    pub created_ms: i64,
    pub updated_ms: i64,
}

impl Seat {
    pub(crate) fn id(&self) -> &str {
        &self.entry.account.id
    }

    /// This seat with the vault of `old`, where both hold the same credential.
    pub(crate) fn keeping_vault_of(&self, old: &Self) -> Option<Self> {
        let (mine, theirs) = (&self.entry.vault, &old.entry.vault);
        let same = mine.generation == theirs.generation
            && matches!((mine.credential(), theirs.credential()), (Ok(mine), Ok(theirs)) if mine == theirs);
        same.then(|| {
            let entry = Entry {
                account: Arc::clone(&self.entry.account),
                provider: Arc::clone(&self.entry.provider),
                vault: Arc::clone(theirs),
                ward: Arc::clone(&self.entry.ward),
            };
            Self { entry: Arc::new(entry), ..self.clone() }
        })
    }

    fn is_offline(&self) -> bool {
        self.entry.account.provider == SANDBOX
    }
}

impl Board {
    pub(crate) fn seat(&self, id: &str) -> Option<&Arc<Seat>> {
        self.seats.get(*self.places.get(id)?)
    }

    /// Looked up by id from here on: a request may have hundreds of them to order.
    pub(crate) fn indexed(mut self) -> Self {
        let places = self.seats.iter().enumerate().map(|(place, seat)| (seat.id().to_owned(), place));
        self.places = Arc::new(places.collect());
        self
    }

    /// The account that is asked first: the chosen one, else the first stored that is switched on, else the first
    /// of the others.
    pub(crate) fn active(&self) -> Option<&Arc<Seat>> {
        let chosen = self.chosen.as_deref().and_then(|id| self.seat(id));
        chosen.or_else(|| self.seats.iter().find(|seat| seat.enabled)).or_else(|| self.seats.first())
    }

    /// Puts a seat in the place of the one with its id, or at the end of its kind.
    pub(crate) fn with(&self, seat: Seat) -> Self {
        let mut board = self.clone();
        match board.seats.iter().position(|old| old.id() == seat.id()) {
            Some(at) => board.seats[at] = Arc::new(seat),
            None if seat.ephemeral => board.seats.push(Arc::new(seat)),
            None => {
                let end = board.seats.iter().position(|other| other.ephemeral).unwrap_or(board.seats.len());
                board.seats.insert(end, Arc::new(seat));
            }
        }
        board
    }

    /// The accounts after the active one, in the order to try.
    fn others<'a>(&'a self, active: &'a Seat) -> Vec<&'a Arc<Seat>> {
        let order = &self.failover.order;
        let mut others: Vec<_> = if order.is_empty() {
            self.seats.iter().collect()
        } else {
            order.iter().filter_map(|id| self.seat(id)).collect()
        };
        others.retain(|seat| seat.id() != active.id() && seat.is_offline() == active.is_offline());
        others
    }

    /// The accounts that may be asked, in the order to try, whether they rest or not: the active one and, with failover,
    /// those after it. `among` leaves only those that it names, unless it is empty: then the active one first, and the
    /// others as they are named.
    pub(crate) fn line(&self, among: &[String]) -> Vec<&Arc<Seat>> {
        let active = self.active();
        let mut line: Vec<_> = if among.is_empty() {
            let others = active.filter(|_| self.failover.enabled).map(|active| self.others(active));
            active.into_iter().chain(others.into_iter().flatten()).collect()
        } else {
            self.named(among)
        };
        line.retain(|seat| seat.enabled);
        if !among.is_empty() {
            let active = active.map(|active| active.id());
            line.sort_by_key(|seat| Some(seat.id()) != active);
            line.truncate(if self.failover.enabled { usize::MAX } else { 1 });
        }
        line
    }

    /// The accounts that `names` stand for, each once: ids, and `#` before a tag for all that have it.
    fn named(&self, names: &[String]) -> Vec<&Arc<Seat>> {
        let mut line: Vec<&Arc<Seat>> = Vec::with_capacity(names.len());
        for name in names {
            match name.strip_prefix(TAG) {
                None => line.extend(self.seat(name)),
                Some(tag) => {
                    line.extend(self.seats.iter().filter(|seat| seat.tags.iter().any(|has| has == tag)))
                }
            }
        }
        let mut seen = HashSet::with_capacity(line.len());
        line.retain(|seat| seen.insert(seat.id()));
        line
    }

    /// Whether `names` stand for this account too; an empty list stands for all.
    pub(crate) fn is_among(&self, id: &str, names: &[String]) -> bool {
        let has = |tag: &str| self.seat(id).is_some_and(|seat| seat.tags.iter().any(|has| has == tag));
        names.is_empty() || names.iter().any(|name| name.strip_prefix(TAG).map_or_else(|| name == id, has))
    }

    /// The accounts for one request, as [`Board::line`].
    pub(crate) fn plan(&self, now: Instant, among: &[String]) -> Plan {
        let mut plan = Plan { on_quota: self.failover.on_quota, ..Plan::default() };
        let mut resting: Vec<(Reason, Instant)> = Vec::new();
        let line = self.line(among);
        for seat in &line {
            let (reason, until) = match seat.entry.ward.admission(now) {
                Admission::Yes => {
                    plan.entries.push(seat.entry.clone());
                    continue;
                }
                Admission::Not { reason, until } => (reason, until),
            };
            resting.push((reason, until));
            let account = seat.entry.account.clone();
            let why = Why::Rests(reason.cause());
            plan.passed.push(Passed { account, why, after: plan.entries.len() });
            // Spending another account's quota in place of this one's is the person's decision.
            if matches!(reason, Reason::Exhausted | Reason::Suspended) && !plan.on_quota {
                break;
            }
        }
        if plan.entries.is_empty() {
            let soonest = |resting: &[(Reason, Instant)], reasons: &[Reason]| {
                resting.iter().filter(|(reason, _)| reasons.contains(reason)).map(|(_, until)| *until).min()
            };
            plan.wait = soonest(&resting, &[Reason::Throttled, Reason::Failing, Reason::Exhausted])
                .map(|until| until.saturating_duration_since(now));
            // The mildest reason among them is what the client is told.
            plan.blocked = [
                Reason::Throttled,
                Reason::Failing,
                Reason::Exhausted,
                Reason::NeedsSignIn,
                Reason::Suspended,
            ]
            .into_iter()
            .find(|wanted| resting.iter().any(|(reason, _)| reason == wanted));
            // Where the person must act they must know what about.
            let lasting = plan.blocked.filter(|reason| reason.stored().is_some());
            plan.said = lasting.and_then(|reason| said(&line, reason, now));
        }
        plan
    }

    /// All accounts for people.
    pub(crate) fn views(&self, wall: SystemTime, now: Instant) -> Vec<AccountView> {
        let active = self.active().map(|seat| seat.id());
        let seats = self.seats.iter().enumerate();
        seats.map(|(at, seat)| view(at, seat, active == Some(seat.id()), wall, now)).collect()
    }

    /// One account for people.
    pub(crate) fn view_of(&self, id: &str, wall: SystemTime, now: Instant) -> Option<AccountView> {
        let seat = self.seat(id)?;
        let active = self.active().is_some_and(|active| active.id() == id);
        Some(view(*self.places.get(id)?, seat, active, wall, now))
    }
}

fn view(position: usize, seat: &Seat, active: bool, wall: SystemTime, now: Instant) -> AccountView {
    let account = &seat.entry.account;
    let (resting, last_error) =
        seat.entry.ward.with(|state| (state.health.resting(now), state.last_error.clone()));
    let state = match resting {
        _ if !seat.enabled => StateView::Disabled,
        None => StateView::Ready,
        Some((reason, until)) => {
            let until_ms = milliseconds(wall) + until.saturating_duration_since(now).as_millis() as i64;
            match reason {
                Reason::Throttled | Reason::Failing => StateView::Cooling { until_ms },
                Reason::Exhausted => StateView::Exhausted { until_ms },
                Reason::NeedsSignIn => StateView::NeedsSignIn,
                Reason::Suspended => StateView::Suspended,
            }
        }
    };
    let credential = seat.entry.vault.credential().ok();
    let sign_in_ends = credential.and_then(|credential| seat.entry.provider.sign_in_ends(&credential));
    AccountView {
        id: account.id.clone(),
        name: account.name.clone(),
        provider: account.provider.clone(),
        policy: seat.policy,
        region: account.region.clone(),
        endpoint_url: account.endpoint_url.clone(),
        options: account.options.clone(),
        credential: seat.summary.clone(),
        tags: seat.tags.clone(),
        note: seat.note.clone(),
        position,
        enabled: seat.enabled,
        ephemeral: seat.ephemeral,
        active,
        state,
        last_error,
        session_ends_ms: seat.entry.vault.current().and_then(|session| session.expires).map(milliseconds),
        sign_in_ends_ms: sign_in_ends.map(milliseconds),
        created_ms: seat.created_ms,
        updated_ms: seat.updated_ms,
    }
}

/// The last words of the first account that rests for `reason`, and their code.
fn said(line: &[&Arc<Seat>], reason: Reason, now: Instant) -> Option<(String, Option<&'static str>)> {
    line.iter().find_map(|seat| {
        let (resting, last) =
            seat.entry.ward.with(|state| (state.health.resting(now), state.last_error.clone()));
        let last = last.filter(|_| resting.is_some_and(|(why, _)| why == reason))?;
        Some((format!("{}: {}", seat.entry.account.name, last.message), last.code))
    })
}
