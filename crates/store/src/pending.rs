//! The answer of a database thread, on its way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::Error;

/// Resolves once the database thread has done the work; for a write that is after the commit. Dropping it does
/// not take the work back.
#[derive(Debug)]
#[must_use = "the work is done either way, but its error is only seen here"]
pub struct Pending<T>(oneshot::Receiver<Result<T, Error>>);

pub(crate) type Promise<T> = oneshot::Sender<Result<T, Error>>;

impl<T> Pending<T> {
    pub(crate) fn new() -> (Promise<T>, Self) {
        let (promise, answer) = oneshot::channel();
        (promise, Self(answer))
    }

    pub(crate) fn failed(error: Error) -> Self {
        let (promise, pending) = Self::new();
        // The receiver is in our hand, so this cannot fail.
        let _ = promise.send(Err(error));
        pending
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(Error::Closed)))
    }
}
