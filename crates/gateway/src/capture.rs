//! The wire of a request, kept for who asked to see it.
//!
//! Nothing is kept unless the person turned it on, or the window asked for this one request; a request that is not
//! kept carries no tape. A tape takes hold of the bytes that pass and copies none; they are made readable when somebody
//! looks, and secrets are taken out then.

mod developed;
mod redact;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::{Sent, Witness};
use store::Document;

pub use developed::Capture;

use crate::Gateway;

/// Asks to keep the wire of this one request.
pub(crate) const ASKED: HeaderName = HeaderName::from_static("x-switchboard-capture");

/// Requests kept in memory.
const KEPT: usize = 32;

/// Of each body of a request that the window asked to see, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Pieces of an answer that are kept.
const PIECES: usize = 20_000;

/// The last requests whose wire was asked for.
#[derive(Debug, Default)]
pub struct Captures(Mutex<VecDeque<(String, Arc<Tape>)>>);

/// Records one request.
#[derive(Debug)]
pub(crate) struct Tape {
    began: Instant,
    received_ms: i64,
    /// Of each body and of each answer, in bytes.
    limit: usize,
    /// Of all captures on disk, in MiB; `None` when it stays in memory.
    pub(crate) keep_mb: Option<u32>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    client: Side,
    method: String,
    path: String,
    /// Account and model that are asked next.
    turn: (String, String),
    attempts: Vec<Attempt>,
    marks: Marks,
}

/// A head and a body.
#[derive(Debug, Default)]
struct Side {
    headers: HeaderMap,
    body: Vec<Bytes>,
    body_bytes: usize,
}

/// When the request came to where, in milliseconds after it came in.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    read: Option<f64>,
    routed: Option<f64>,
    sent: Option<f64>,
    first_byte: Option<f64>,
    first_content: Option<f64>,
    ended: Option<f64>,
}

#[derive(Debug, Default)]
struct Attempt {
    account: String,
    model: String,
    url: String,
    method: String,
    sent: Side,
    status: Option<u16>,
    headers: HeaderMap,
    started: f64,
    first_byte: Option<f64>,
    ended: Option<f64>,
    pieces: Vec<(f64, Bytes)>,
    kept: usize,
    truncated: bool,
    error: Option<String>,
}

/// A tape for a request that may have one: the person keeps all, or all of this key by its `rule`; or the request asks
/// for it and `may_ask`. `None` is what nearly every request gets.
pub(crate) fn tape(
    gateway: &Gateway,
    head: &Parts,
    rule: Option<bool>,
    may_ask: bool,
    began: Instant,
    id: &str,
) -> Option<Arc<Tape>> {
    let capture = gateway.settings.load().capture;
    let asked = head.headers.get(&ASKED).is_some_and(|value| value == HeaderValue::from_static("1"));
    let shown = asked && may_ask;
    let kept = rule.unwrap_or(capture.enabled);
    if !kept && !shown {
        return None;
    }
    let told = usize::try_from(capture.max_kb).unwrap_or(usize::MAX).saturating_mul(1024);
    let tape = Arc::new(Tape {
        began,
        received_ms: gateway.now_ms(),
        limit: if shown { told.max(LARGEST) } else { told },
        keep_mb: kept.then_some(capture.keep_mb),
        state: Mutex::new(State {
            client: Side { headers: head.headers.clone(), ..Side::default() },
            method: head.method.to_string(),
            path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            ..State::default()
        }),
    });
    if shown {
        gateway.office.captures.add(id, &tape);
    }
    Some(tape)
}

/// Hands a tape to the log, which develops it on a thread of its own.
pub(crate) fn document(tape: Arc<Tape>, request_id: String, time_ms: i64, keep_mb: u32) -> Document {
    let id = request_id.clone();
    let develop = Box::new(move || {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut packer, &tape.developed(&id));
        packer.finish().unwrap_or_default()
    });
    Document { request_id, time_ms, keep_mb, develop }
}

/// What [`document`] made.
pub(crate) fn read(document: &[u8]) -> Option<Capture> {
    serde_json::from_reader(GzDecoder::new(document)).ok()
}

impl Captures {
    fn add(&self, id: &str, tape: &Arc<Tape>) {
        let mut kept = lock(&self.0);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((id.to_owned(), Arc::clone(tape)));
    }

    /// The tape of a request, which may still be running.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Tape>> {
        lock(&self.0).iter().find(|(of, _)| of == id).map(|(_, tape)| Arc::clone(tape))
    }
}

impl Tape {
    /// What the client sent.
    pub(crate) fn body(&self, body: &Bytes) {
        let now = self.now();
        let mut state = lock(&self.state);
        state.client.keep(std::slice::from_ref(body), self.limit);
        state.marks.read = Some(now);
    }

    /// It is known who may be asked.
    pub(crate) fn routed(&self) {
        let now = self.now();
        lock(&self.state).marks.routed = Some(now);
    }

    /// An account is next.
    pub(crate) fn turned_to(&self, account: &str, model: &str) {
        lock(&self.state).turn = (account.to_owned(), model.to_owned());
    }

    /// The first content left for the client.
    pub(crate) fn content(&self) {
        let now = self.now();
        lock(&self.state).marks.first_content.get_or_insert(now);
    }

    /// The answer is over.
    pub(crate) fn done(&self) {
        let now = self.now();
        lock(&self.state).marks.ended.get_or_insert(now);
    }

    /// Milliseconds since the request came in.
    fn now(&self) -> f64 {
        // Whole microseconds: more digits are noise, and would not come back from JSON as they were.
        self.began.elapsed().as_micros() as f64 / 1e3
    }
}

impl Side {
    fn keep(&mut self, pieces: &[Bytes], limit: usize) {
        self.body_bytes = pieces.iter().map(Bytes::len).sum();
        let mut left = limit;
        for piece in pieces {
            self.body.push(piece.slice(..piece.len().min(left)));
            left = left.saturating_sub(piece.len());
            if left == 0 {
                break;
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.body.iter().map(Bytes::len).sum::<usize>() == self.body_bytes
    }
}

impl Witness for Tape {
    fn sent(&self, request: Sent<'_>) -> usize {
        let now = self.now();
        let mut state = lock(&self.state);
        state.marks.sent.get_or_insert(now);
        let (account, model) = state.turn.clone();
        let mut sent = Side { headers: request.headers.clone(), ..Side::default() };
        sent.keep(request.body, self.limit);
        let url = redact::url(request.url);
        let method = request.method.to_string();
        state.attempts.push(Attempt {
            account,
            model,
            url,
            method,
            sent,
            started: now,
            ..Attempt::default()
        });
        state.attempts.len() - 1
    }

    fn answered(&self, number: usize, status: u16, headers: &HeaderMap) {
        let now = self.now();
        let mut state = lock(&self.state);
        state.marks.first_byte.get_or_insert(now);
        if let Some(attempt) = state.attempts.get_mut(number) {
            attempt.first_byte = Some(now);
            attempt.status = Some(status);
            attempt.headers = headers.clone();
        }
    }

    fn read(&self, number: usize, piece: &Bytes) {
        let now = self.now();
        let mut state = lock(&self.state);
        let Some(attempt) = state.attempts.get_mut(number) else { return };
        if attempt.truncated || attempt.kept + piece.len() > self.limit || attempt.pieces.len() >= PIECES {
            attempt.truncated = true;
            return;
        }
        attempt.kept += piece.len();
        attempt.pieces.push((now, piece.clone()));
    }

    fn ended(&self, number: usize, error: Option<&llm::Error>) {
        let now = self.now();
        if let Some(attempt) = lock(&self.state).attempts.get_mut(number) {
            attempt.ended = Some(now);
            attempt.error = error.map(|error| error.message.clone());
        }
    }
}

/// Every change is a push or an assignment: a panic leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
