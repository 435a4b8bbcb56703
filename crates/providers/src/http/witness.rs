//! Looking on while requests go to an upstream: for people who asked to see the wire.
//!
//! A witness is known to the task that sends, and not to providers: nothing that is sent depends on whether somebody
//! looks on, and a request that nobody looks at pays one look into its task.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use super::Outgoing;

/// Sees every request that is sent on behalf of one client's request, and what is answered. Gets secrets to see; must
/// not show them.
pub trait Witness: Send + Sync {
    /// A request leaves. The number names it in what follows.
    fn sent(&self, request: Sent<'_>) -> usize;

    /// Status and headers are here.
    fn answered(&self, number: usize, status: u16, headers: &HeaderMap);

    /// A piece of the answer's body is here.
    fn read(&self, number: usize, piece: &Bytes);

    /// The answer is over: with `error` when it did not come or broke off.
    fn ended(&self, number: usize, error: Option<&llm::Error>);
}

/// A request as it leaves, signed.
#[derive(Debug)]
pub struct Sent<'a> {
    pub method: &'a Method,
    pub url: &'a Url,
    pub headers: &'a HeaderMap,
    /// The body in order.
    pub body: &'a [Bytes],
}

tokio::task_local! {
    static WITNESS: Arc<dyn Witness>;
}

/// Does `work` in front of a witness. Requests that `work` starts on tasks of their own, such as a refresh of the
/// account's token, are not seen.
pub async fn witnessed<F: Future>(witness: Arc<dyn Witness>, work: F) -> F::Output {
    WITNESS.scope(witness, work).await
}

/// Who looks at what this task sends, for work that goes on when the task's own is done.
pub(crate) fn witness() -> Option<Arc<dyn Witness>> {
    WITNESS.try_with(Arc::clone).ok()
}

/// One exchange that somebody looks at.
pub(super) struct Watched {
    witness: Arc<dyn Witness>,
    number: usize,
    over: bool,
}

impl Watched {
    /// `None` when nobody looks.
    pub(super) fn begin(outgoing: &Outgoing) -> Option<Self> {
        let witness = witness()?;
        let Outgoing { method, url, headers, payload } = outgoing;
        let number = witness.sent(Sent { method, url, headers, body: payload.pieces() });
        Some(Self { witness, number, over: false })
    }

    pub(super) fn answered(&self, status: u16, headers: &HeaderMap) {
        self.witness.answered(self.number, status, headers);
    }

    pub(super) fn read(&self, piece: &Bytes) {
        self.witness.read(self.number, piece);
    }

    pub(super) fn ended(&mut self, error: Option<&llm::Error>) {
        if !std::mem::replace(&mut self.over, true) {
            self.witness.ended(self.number, error);
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Who reads no further has seen enough: the reader was done, or the client left.
        self.ended(None);
    }
}
