//! `GET /api/events`: what happens, as it happens. The window follows this one stream and asks nothing again and again.
//!
//! Every stream waits on the sources themselves: no task stands between them, and a source nobody listens to does
//! nothing. A listener that cannot keep up is told so and asks anew; nothing collects for it without bound.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use accounts::{AccountView, SignInView};
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use providers::Quota;
use serde::Serialize;
use store::LogRow;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use super::status::{self, Status};
use super::{Desk, Refusal, Visitor, settings};
use crate::Settings;
use crate::quotas::Told;

/// Windows and browser tabs that follow at once.
pub(super) const STREAMS: usize = 32;

/// A sign of life, and the moment at which a stream whose session is over ends.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Changes of accounts within this come as one: an account that fails under load changes with every request.
const GATHER: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) enum Event {
    /// The stream is open.
    Hello {
        version: &'static str,
        now_ms: i64,
    },
    /// A request ended and its row is stored.
    Request {
        row: Box<LogRow>,
    },
    /// The accounts are these now.
    Accounts {
        accounts: Vec<AccountView>,
    },
    /// The sign-ins under way are these now.
    SignIns {
        sign_ins: Vec<SignInView>,
    },
    /// Paused, resumed, moved, or in trouble with the port.
    Status(Box<Status>),
    Settings(Box<Settings>),
    /// An account told of its allowance.
    Quota {
        account_id: String,
        quota: Option<Quota>,
    },
    /// Too much happened for this listener: ask for everything anew.
    Missed {
        batches: u64,
    },
}

/// One listener.
struct Feed {
    desk: Arc<Desk>,
    visitor: Visitor,
    hello: bool,
    rows: broadcast::Receiver<Arc<Vec<LogRow>>>,
    quotas: broadcast::Receiver<Told>,
    accounts: watch::Receiver<u64>,
    sign_ins: watch::Receiver<u64>,
    settings: watch::Receiver<()>,
    status: watch::Receiver<u64>,
    /// Sessions that ended before their time; this one may be among them.
    ended: watch::Receiver<u64>,
    _permit: OwnedSemaphorePermit,
}

pub(super) async fn stream(
    State(desk): State<Arc<Desk>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let permit = Arc::clone(&desk.streams).try_acquire_owned().map_err(|_| {
        let message = format!("{STREAMS} windows follow already");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", message)
    })?;
    let gateway = &desk.gateway;
    let feed = Feed {
        visitor,
        hello: false,
        rows: gateway.logs.subscribe(),
        quotas: gateway.quotas.subscribe(),
        accounts: gateway.accounts.subscribe(),
        sign_ins: gateway.accounts.subscribe_to_sign_ins(),
        settings: gateway.settings_changes.subscribe(),
        status: gateway.office.subscribe(),
        ended: gateway.office.sessions.ended(),
        _permit: permit,
        desk,
    };
    let events = stream::unfold(feed, |mut feed| async move {
        let text = feed.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), feed))
    });
    let mut answer = Response::new(Body::from_stream(events));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    Ok(answer)
}

impl Feed {
    /// The next words of the stream; `None` when it is over.
    async fn next(&mut self) -> Option<String> {
        let gateway = Arc::clone(&self.desk.gateway);
        if !std::mem::replace(&mut self.hello, true) {
            let hello = Event::Hello { version: gateway.version, now_ms: gateway.now_ms() };
            return Some(format!("retry: 1000\n{}", hello.written()));
        }
        loop {
            // Whoever was shut out hears nothing more.
            if !self.is_welcome() {
                return None;
            }
            return tokio::select! {
                biased;
                () = gateway.office.quit.cancelled() => None,
                _ = self.ended.changed() => continue,
                told = self.quotas.recv() => match told {
                    Ok(told) => {
                        let (account_id, quota) = (*told).clone();
                        Some(Event::Quota { account_id, quota }.written())
                    }
                    Err(error) => missed(&error),
                },
                changed = self.accounts.changed() => {
                    changed.ok()?;
                    tokio::time::sleep(GATHER).await;
                    self.accounts.mark_unchanged();
                    Some(Event::Accounts { accounts: gateway.accounts.list() }.written())
                }
                changed = self.sign_ins.changed() => {
                    changed.ok()?;
                    Some(Event::SignIns { sign_ins: gateway.accounts.sign_ins() }.written())
                }
                changed = self.settings.changed() => {
                    changed.ok()?;
                    Some(Event::Settings(Box::new(settings::current(&gateway))).written())
                }
                changed = self.status.changed() => {
                    changed.ok()?;
                    // A log that cannot be read just now costs the totals, not the stream.
                    let status = status::of(&gateway, None).await.ok();
                    Some(status.map_or_else(|| Event::Missed { batches: 1 }.written(), |status| Event::Status(Box::new(status)).written()))
                }
                // Last, for there may be no end of them.
                rows = self.rows.recv() => match rows {
                    Ok(rows) => Some(rows.iter().map(|row| Event::Request { row: Box::new(row.clone()) }.written()).collect()),
                    Err(error) => missed(&error),
                },
                () = tokio::time::sleep(KEEPALIVE) => self.is_welcome().then(|| ": still here\n\n".to_owned()),
            };
        }
    }

    fn is_welcome(&self) -> bool {
        let Visitor(Some(known)) = &self.visitor else { return true };
        let gateway = &self.desk.gateway;
        gateway.office.sessions.touch(&known.id, gateway.now_ms())
    }
}

fn missed(error: &RecvError) -> Option<String> {
    match error {
        RecvError::Lagged(batches) => Some(Event::Missed { batches: *batches }.written()),
        RecvError::Closed => None,
    }
}

impl Event {
    /// As the stream carries it. JSON has no line breaks of its own, so one data line is enough.
    fn written(&self) -> String {
        // Plain data always serialises.
        let value = serde_json::to_value(self).unwrap_or_default();
        let name = value["event"].as_str().unwrap_or_default();
        format!("event: {name}\ndata: {}\n\n", value["data"])
    }
}
