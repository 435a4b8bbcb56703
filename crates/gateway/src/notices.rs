//! What the person is told while they look elsewhere. Each kind can be switched off; of one account nothing is told more
//! often than every ten minutes.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use accounts::{AccountView, Entry, StateView};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use providers::Quota;
use store::LogRow;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::shell::Notice;
use crate::{Gateway, Quotas};

/// Between two notices of one account, and between two questions for its allowance.
const PAUSE_MS: i64 = 10 * 60 * 1000;

/// Percent of an allowance that are worth a word each.
const QUOTA_LEVELS: [u8; 2] = [80, 95];

/// Before a sign-in ends: time enough to finish what is under way, and soon enough not to be forgotten.
const SOON_MS: i64 = 10 * 60 * 1000;

/// Longest sleep until the next sign-in ends: the machine may sleep longer, or its clock be set.
const TICK: Duration = Duration::from_secs(60);

/// Tells the shell what happens, until `quit`. Ends at once where there is nobody to tell.
pub async fn keep_informed(gateway: Arc<Gateway>, quit: CancellationToken) {
    if !gateway.office.shell.capabilities().notify {
        return;
    }
    let mut accounts = gateway.accounts.subscribe();
    let mut rows = gateway.logs.subscribe();
    let mut office = gateway.office.subscribe();
    let mut quotas = gateway.quotas.subscribe();
    let mut asking = FuturesUnordered::new();
    let mut teller = Teller { states: states(&gateway), ..Teller::default() };
    teller.port(&gateway);
    loop {
        let tick = teller.ending(&gateway);
        tokio::select! {
            () = quit.cancelled() => return,
            () = tokio::time::sleep(tick) => {}
            changed = accounts.changed() => {
                if changed.is_err() {
                    return;
                }
                teller.accounts(&gateway);
            }
            changed = office.changed() => {
                if changed.is_err() {
                    return;
                }
                teller.port(&gateway);
            }
            told = quotas.recv() => match told {
                Ok(told) => {
                    if let (id, Some(quota)) = &*told {
                        teller.quota(&gateway, id, quota);
                    }
                }
                // It is asked again.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            // The answer comes by `quotas`, like everybody else's; what could not be told is asked again later.
            Some(_) = asking.next() => {}
            committed = rows.recv() => match committed {
                Ok(rows) => {
                    for row in rows.iter() {
                        teller.row(&gateway, row);
                        if let Some(entry) = teller.due(&gateway, row) {
                            let gateway = Arc::clone(&gateway);
                            asking.push(async move { Quotas::ask(&gateway, &entry).await });
                        }
                    }
                }
                // What was missed is old by now.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// What was told, and when.
#[derive(Default)]
struct Teller {
    states: HashMap<String, StateView>,
    /// By account id.
    told_ms: HashMap<String, i64>,
    /// The ends of sign-ins that were told of, by account id.
    ends_ms: HashMap<String, i64>,
    /// By account id: the level of its allowance that was told.
    levels: HashMap<String, u8>,
    /// By account id: when it was asked for its allowance.
    asked_ms: HashMap<String, i64>,
    port: Option<u16>,
}

fn states(gateway: &Gateway) -> HashMap<String, StateView> {
    gateway.accounts.list().into_iter().map(|account| (account.id, account.state)).collect()
}

impl Teller {
    fn accounts(&mut self, gateway: &Gateway) {
        let wanted = gateway.settings.load().notifications;
        for account in gateway.accounts.list() {
            let AccountView { id, name, state, .. } = &account;
            if self.states.get(id) == Some(state) {
                continue;
            }
            let params = vec![("account", name.clone())];
            let notice = match state {
                StateView::NeedsSignIn if wanted.sign_in => Some(Notice {
                    code: "notice_sign_in",
                    message: format!("{name} must be signed in to again."),
                    params,
                }),
                StateView::Suspended if wanted.suspended => Some(Notice {
                    code: "notice_suspended",
                    message: format!("{name} is suspended by its vendor."),
                    params,
                }),
                StateView::Exhausted { .. } if wanted.quota => Some(Notice {
                    code: "notice_exhausted",
                    message: format!("{name} has used up its allowance."),
                    params,
                }),
                _ => None,
            };
            if let Some(notice) = notice {
                self.tell(gateway, id, &notice);
            }
        }
        self.states = states(gateway);
    }

    /// Tells of sign-ins that end soon, each once. Answers when to look again.
    fn ending(&mut self, gateway: &Gateway) -> Duration {
        let now_ms = gateway.now_ms();
        let mut next_ms = i64::MAX;
        for account in gateway.accounts.list() {
            let Some(end) = account.sign_in_ends_ms.filter(|end| *end > now_ms && account.enabled) else {
                continue;
            };
            let from = end - SOON_MS;
            if from > now_ms {
                next_ms = next_ms.min(from - now_ms);
                continue;
            }
            let told = self.ends_ms.insert(account.id.clone(), end) == Some(end);
            if told || !gateway.settings.load().notifications.sign_in {
                continue;
            }
            let minutes = (end - now_ms + 59_999) / 60_000;
            let notice = Notice {
                code: "notice_sign_in_ends",
                message: format!("The sign-in of {} ends in {minutes} min.", account.name),
                params: vec![("account", account.name), ("minutes", minutes.to_string())],
            };
            self.tell(gateway, &account.id, &notice);
        }
        Duration::from_millis(u64::try_from(next_ms).unwrap_or(u64::MAX)).min(TICK)
    }

    /// An account told of its allowance.
    fn quota(&mut self, gateway: &Gateway, id: &str, quota: &Quota) {
        let percent = if quota.limit > 0.0 { quota.used / quota.limit * 100.0 } else { 0.0 };
        let level = QUOTA_LEVELS.into_iter().rev().find(|level| percent >= f64::from(*level)).unwrap_or(0);
        let before = self.levels.get(id).copied().unwrap_or(0);
        // Less than before: a new month has begun.
        if level < before || !gateway.settings.load().notifications.quota {
            self.levels.insert(id.to_owned(), level);
            return;
        }
        let list = gateway.accounts.list();
        let Some(account) = list.iter().find(|account| account.id == id).filter(|_| level > before) else {
            return;
        };
        let notice = Notice {
            code: "notice_quota",
            message: format!("{} has used more than {level}% of its {}.", account.name, quota.unit),
            params: vec![("account", account.name.clone()), ("percent", level.to_string())],
        };
        if self.tell(gateway, id, &notice) {
            self.levels.insert(id.to_owned(), level);
        }
    }

    /// The account of a request that went well, when it is time to ask how much of its allowance is left.
    fn due(&mut self, gateway: &Gateway, row: &LogRow) -> Option<Arc<Entry>> {
        let id = row.account_id.as_ref().filter(|_| row.error_category.is_none())?;
        let entry = gateway.accounts.entry(id)?;
        let now_ms = gateway.now_ms();
        let asked = self.asked_ms.get(id);
        if asked.is_some_and(|asked| (0..PAUSE_MS).contains(&(now_ms - asked))) {
            return None;
        }
        self.asked_ms.insert(id.clone(), now_ms);
        Some(entry)
    }

    fn row(&mut self, gateway: &Gateway, row: &LogRow) {
        let (Some(past), None) = (&row.failover_from, &row.error_category) else { return };
        if !gateway.settings.load().notifications.failover {
            return;
        }
        let to = row.account_name.clone().unwrap_or_default();
        // An account that was only asked once more has taken nobody's place.
        let mut past = past.as_array().into_iter().flatten();
        let Some(first) = past.find(|other| other["account"] != to.as_str() && other["skipped"].is_null())
        else {
            return;
        };
        let word = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
        let (from, reason) = (word("account"), word("category"));
        let notice = Notice {
            code: "notice_failover",
            message: format!("{to} answered in the place of {from}: {reason}."),
            params: vec![("from", from.clone()), ("to", to), ("reason", reason)],
        };
        self.tell(gateway, &from, &notice);
    }

    fn port(&mut self, gateway: &Gateway) {
        let problem = gateway.office.port_problem();
        let port = problem.as_ref().map(|problem| problem.port);
        if std::mem::replace(&mut self.port, port) == port || !gateway.settings.load().notifications.port {
            return;
        }
        let Some(problem) = problem else { return };
        let owner = problem.owner.unwrap_or_default();
        let notice = Notice {
            code: "notice_port_taken",
            message: format!("Port {} is taken; editors cannot reach Switchboard.", problem.port),
            params: vec![("port", problem.port.to_string()), ("owner", owner)],
        };
        gateway.office.shell.notify(&notice);
    }

    /// False when something was told of the same within ten minutes.
    fn tell(&mut self, gateway: &Gateway, of: &str, notice: &Notice) -> bool {
        let now_ms = gateway.now_ms();
        self.told_ms.retain(|_, told| (0..PAUSE_MS).contains(&(now_ms - *told)));
        if self.told_ms.contains_key(of) {
            return false;
        }
        self.told_ms.insert(of.to_owned(), now_ms);
        gateway.office.shell.notify(notice);
        true
    }
}
