//! `GET /api/accounts/{id}/quota`: how much of an account's allowance is used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use accounts::Entry;
use axum::Json;
use axum::extract::State;
use llm::Error;
use providers::Quota;
use serde::Serialize;

use super::json::Id;
use super::{Desk, Refusal};
use crate::errand;

/// An answer is good for so long: a window that shows it may ask often, the vendor need not hear of it. A failure counts
/// as an answer, for asking again may cost a refresh of the sign-in each time.
const GOOD: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    /// Null when the vendor sells no allowance, or tells nothing of it.
    quota: Option<Quota>,
}

/// What was told last, by account id.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashMap<String, Last>>);

#[derive(Debug)]
struct Last {
    time: Instant,
    /// The account as it was asked: one with another credential has another allowance.
    entry: Weak<Entry>,
    answer: Result<Option<Quota>, Error>,
}

impl Told {
    fn find(&self, entry: &Arc<Entry>, now: Instant) -> Option<Result<Option<Quota>, Error>> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = told.get(&entry.account.id)?;
        let good = now.saturating_duration_since(last.time) < GOOD
            && last.entry.upgrade().is_some_and(|asked| Arc::ptr_eq(&asked, entry));
        good.then(|| last.answer.clone())
    }

    fn keep(&self, entry: &Arc<Entry>, time: Instant, answer: Result<Option<Quota>, Error>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Accounts that are gone leave nothing behind.
        told.retain(|_, last| last.entry.strong_count() > 0);
        told.insert(entry.account.id.clone(), Last { time, entry: Arc::downgrade(entry), answer });
    }
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Answer>, Refusal> {
    let gateway = &desk.gateway;
    let entry = gateway.accounts.entry(&id).ok_or(accounts::Error::NotFound)?;
    if let Some(answer) = desk.told.find(&entry, gateway.clock.instant()) {
        return Ok(Json(Answer { quota: answer? }));
    }
    let answer = errand::run(gateway, &entry, |session| {
        let provider = Arc::clone(&entry.provider);
        async move { provider.quota(&session).await }
    })
    .await;
    desk.told.keep(&entry, gateway.clock.instant(), answer.clone());
    let quota = answer?;
    // Nobody may be listening.
    let _ = desk.quotas.send(Arc::new((id, quota.clone())));
    Ok(Json(Answer { quota }))
}
