//! An answer on its way in.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use llm::{Category, Error};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::failure;
use super::witness::Watched;
use crate::ByteStream;

/// An answer whose status and headers are here and whose body is still to come.
pub(crate) struct Incoming {
    response: reqwest::Response,
    patience: Duration,
    watched: Option<Watched>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("response", &self.response).finish_non_exhaustive()
    }
}

impl Incoming {
    pub(super) const fn new(
        response: reqwest::Response,
        patience: Duration,
        watched: Option<Watched>,
    ) -> Self {
        Self { response, patience, watched }
    }

    #[must_use]
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    #[must_use]
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header's value as text; `None` when absent or not text.
    #[must_use]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The body as it arrives. Dropping it closes the connection.
    #[must_use]
    pub(crate) fn into_stream(self) -> ByteStream {
        Box::pin(self.pieces())
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Category::Upstream`] when it is longer than `limit` bytes, and those of the stream.
    pub(crate) async fn read(self, limit: usize) -> Result<Bytes, Error> {
        let expected = self.response.content_length().unwrap_or(0);
        let too_long =
            || Error::new(Category::Upstream, format!("The upstream's answer is longer than {limit} bytes."));
        if expected > limit as u64 {
            return Err(too_long());
        }
        let mut pieces = std::pin::pin!(self.pieces());
        let Some(first) = pieces.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        let Some(second) = pieces.next().await.transpose()? else {
            return if first.len() > limit { Err(too_long()) } else { Ok(first) };
        };
        let mut all = BytesMut::with_capacity((expected as usize).max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(piece) = pieces.next().await.transpose()? {
            if all.len() + piece.len() > limit {
                return Err(too_long());
            }
            all.extend_from_slice(&piece);
        }
        if all.len() > limit { Err(too_long()) } else { Ok(all.freeze()) }
    }

    fn pieces(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        Pieces {
            inner: self.response.bytes_stream(),
            patience: self.patience,
            watched: self.watched,
            silent_since: None,
            alarm: None,
        }
    }
}

pin_project! {
    /// The body's pieces, with a limit on the silence between them. The clock is read when the upstream falls silent,
    /// and the alarm is set then and moved only when it rings too early: a busy stream touches neither.
    struct Pieces<S> {
        #[pin]
        inner: S,
        patience: Duration,
        watched: Option<Watched>,
        // When the silence began that lasts.
        silent_since: Option<Instant>,
        alarm: Option<Pin<Box<Sleep>>>,
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>>> Stream for Pieces<S> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if let Poll::Ready(piece) = this.inner.poll_next(cx) {
            *this.silent_since = None;
            let piece = piece.map(|piece| piece.map_err(failure::within_answer));
            if let Some(watched) = this.watched {
                match &piece {
                    Some(Ok(data)) => watched.read(data),
                    Some(Err(error)) => watched.ended(Some(error)),
                    None => watched.ended(None),
                }
            }
            return Poll::Ready(piece);
        }
        let deadline = *this.silent_since.get_or_insert_with(Instant::now) + *this.patience;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= deadline {
                break;
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Ready(Some(Err(Error::new(
            Category::Timeout,
            format!("The upstream was silent for {} s in the middle of its answer.", this.patience.as_secs()),
        ))))
    }
}
