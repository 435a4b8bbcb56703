//! How an instance is, as far as a tray shows it.

use std::sync::Arc;
use std::time::Duration;

use accounts::StateView;
use chrono::{Local, NaiveTime, TimeZone};
use gateway::{Door, Gateway, PortProblem};
use store::{LogRow, Totals};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// Changes within this come as one: nobody reads faster, and a busy proxy ends many requests a second.
const GATHER: Duration = Duration::from_millis(250);

/// Rests of accounts end, and days do, without anybody telling.
const TICK: Duration = Duration::from_secs(30);

/// Everything a tray shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    pub mood: Mood,
    /// Where editors reach the proxy, e.g. `127.0.0.1:4880`.
    pub address: String,
    pub port_problem: Option<PortProblem>,
    /// Stored secrets cannot be read.
    pub locked: bool,
    /// Of the person's day.
    pub today: Totals,
    /// Whether another account is asked when the first cannot answer.
    pub automatic: bool,
    /// In the order of the list.
    pub accounts: Vec<Line>,
}

/// The four states of the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mood {
    Running,
    /// The person paused the proxy.
    Paused,
    /// Something only the person can put right.
    Attention,
    /// Editors get no answer.
    Stopped,
}

/// One account.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub id: String,
    pub name: String,
    pub provider: String,
    pub region: String,
    /// Asked first.
    pub active: bool,
    pub state: StateView,
    /// Percent of its allowance that are left, as its vendor told last; `None` when none is known.
    pub left: Option<u8>,
}

impl Glance {
    /// How `gateway` is now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn of(gateway: &Gateway) -> Result<Self, store::Error> {
        let now = gateway.now_ms();
        let stats = gateway.logs.stats(day_start(now), now.saturating_add(1)).await?;
        let accounts: Vec<Line> = gateway
            .accounts
            .list()
            .into_iter()
            .map(|view| Line {
                left: left(gateway, &view.id),
                id: view.id,
                name: view.name,
                provider: view.provider,
                region: view.region,
                active: view.active,
                state: view.state,
            })
            .collect();
        let port_problem = gateway.office.port_problem();
        let listens = !gateway.addresses.load().is_empty();
        let url = gateway.base_url();
        let locked = matches!(gateway.safe.door(), Door::Locked { .. } | Door::Newer { .. });
        let mood = mood(&accounts, port_problem.is_some(), listens, gateway.office.is_paused());
        Ok(Self {
            mood: if locked && mood == Mood::Running { Mood::Attention } else { mood },
            address: url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned(),
            port_problem,
            locked,
            today: stats.totals,
            automatic: gateway.accounts.failover().enabled,
            accounts,
        })
    }

    /// The account that is asked first.
    #[must_use]
    pub fn active(&self) -> Option<&Line> {
        self.accounts.iter().find(|line| line.active)
    }
}

impl Line {
    /// Whether only the person can make it answer again.
    #[must_use]
    pub const fn needs_person(&self) -> bool {
        matches!(self.state, StateView::NeedsSignIn | StateView::Suspended)
    }
}

fn left(gateway: &Gateway, id: &str) -> Option<u8> {
    let quota = gateway.quotas.last(&gateway.accounts.entry(id)?)?;
    let share = (quota.limit > 0.0).then(|| quota.remaining / quota.limit * 100.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    Some(share.clamp(0.0, 100.0) as u8)
}

fn mood(accounts: &[Line], port_taken: bool, listens: bool, paused: bool) -> Mood {
    let active = accounts.iter().find(|line| line.active);
    // An allowance that is used up comes back by itself, but until then every answer is an error or another account's.
    let stuck = active.is_none_or(|line| {
        line.needs_person() || matches!(line.state, StateView::Exhausted { .. } | StateView::Disabled)
    });
    if port_taken {
        Mood::Attention
    } else if !listens {
        Mood::Stopped
    } else if paused {
        Mood::Paused
    } else if stuck {
        Mood::Attention
    } else {
        Mood::Running
    }
}

/// When the day of `now_ms` began where the person is, milliseconds since 1970.
fn day_start(now_ms: i64) -> i64 {
    let begun = Local.timestamp_millis_opt(now_ms).earliest().and_then(|now| {
        // A clock that is put forward at midnight has no midnight.
        let midnight = now.date_naive().and_time(NaiveTime::MIN);
        Local.from_local_datetime(&midnight).earliest()
    });
    begun.map_or(now_ms, |begun| begun.timestamp_millis().min(now_ms))
}

/// Tells each time something that a tray shows has changed.
#[derive(Debug)]
pub struct Watch {
    gateway: Arc<Gateway>,
    accounts: watch::Receiver<u64>,
    office: watch::Receiver<u64>,
    settings: watch::Receiver<()>,
    rows: broadcast::Receiver<Arc<Vec<LogRow>>>,
    last: Option<Glance>,
    /// Something happened since the last look.
    stale: bool,
    /// What happened may be of another kind than a glance shows: the language, for one.
    anyway: bool,
}

impl Watch {
    #[must_use]
    pub fn new(gateway: &Arc<Gateway>) -> Self {
        Self {
            accounts: gateway.accounts.subscribe(),
            office: gateway.office.subscribe(),
            settings: gateway.settings_changes.subscribe(),
            rows: gateway.logs.subscribe(),
            gateway: Arc::clone(gateway),
            last: None,
            stale: true,
            anyway: true,
        }
    }

    /// How it is: at once at first, then when it is something else or the settings changed. Never ends; nothing is lost
    /// when it is dropped halfway.
    pub async fn next(&mut self) -> Glance {
        loop {
            if !self.stale {
                self.anyway |= tokio::select! {
                    _ = self.accounts.changed() => false,
                    _ = self.office.changed() => false,
                    _ = self.settings.changed() => true,
                    () = row(&mut self.rows) => false,
                    () = tokio::time::sleep(TICK) => false,
                };
                self.stale = true;
            }
            if self.last.is_some() {
                tokio::time::sleep(GATHER).await;
            }
            self.accounts.mark_unchanged();
            self.office.mark_unchanged();
            self.rows = self.rows.resubscribe();
            let glance = Glance::of(&self.gateway).await;
            self.stale = false;
            // A log that cannot be read just now costs this look, not the tray.
            let Ok(glance) = glance else { continue };
            if std::mem::take(&mut self.anyway) || self.last.as_ref() != Some(&glance) {
                self.last = Some(glance.clone());
                return glance;
            }
        }
    }
}

async fn row(rows: &mut broadcast::Receiver<Arc<Vec<LogRow>>>) {
    if matches!(rows.recv().await, Err(RecvError::Closed)) {
        std::future::pending().await
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn line(id: &str, provider: &str, active: bool, state: StateView) -> Line {
        let (name, region) = (id.to_owned(), "us-east-1".to_owned());
        Line { id: id.to_owned(), name, provider: provider.to_owned(), region, active, state, left: None }
    }

    #[test]
    fn what_only_the_person_can_settle_comes_first() {
        let ready = [line("a", "bedrock", true, StateView::Ready)];
        let expired = [
            line("a", "bedrock", true, StateView::NeedsSignIn),
            line("b", "bedrock", false, StateView::Ready),
        ];
        assert_eq!(mood(&ready, false, true, false), Mood::Running);
        assert_eq!(mood(&ready, false, true, true), Mood::Paused);
        assert_eq!(mood(&ready, false, false, false), Mood::Stopped);
        assert_eq!(mood(&ready, true, false, false), Mood::Attention);
        assert_eq!(mood(&expired, false, true, false), Mood::Attention);
        // Who paused knows; what is wrong besides can wait.
        assert_eq!(mood(&expired, false, true, true), Mood::Paused);
        assert_eq!(mood(&[], false, true, false), Mood::Attention);
    }

    #[test]
    fn a_day_begins_where_the_person_is() {
        let now = 1_790_000_000_000;
        let begun = day_start(now);
        assert!(begun <= now && now - begun <= 25 * 3_600_000, "{begun}");
        let local = Local.timestamp_millis_opt(begun).unwrap();
        assert_eq!(local.time(), NaiveTime::MIN);
    }
}
