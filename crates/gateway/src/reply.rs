//! The body of every response: one piece, a live answer, or what the admin router made.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};

use crate::live::LiveAnswer;

/// A response body. An enum and not a box: an answer is polled a few times per event burst.
pub struct ReplyBody(Kind);

enum Kind {
    Piece(Option<Bytes>),
    Live(Box<LiveAnswer>),
    Routed(axum::body::Body),
}

impl ReplyBody {
    /// A body in one piece.
    pub fn piece(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Piece(Some(bytes.into())))
    }

    /// No body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Piece(None))
    }

    pub(crate) fn live(answer: LiveAnswer) -> Self {
        Self(Kind::Live(Box::new(answer)))
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::piece(bytes)
    }
}

impl From<axum::body::Body> for ReplyBody {
    fn from(body: axum::body::Body) -> Self {
        Self(Kind::Routed(body))
    }
}

impl http_body::Body for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.get_mut().0 {
            Kind::Piece(piece) => Poll::Ready(
                piece.take().filter(|piece| !piece.is_empty()).map(|piece| Ok(Frame::data(piece))),
            ),
            Kind::Live(answer) => {
                answer.poll_bytes(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Kind::Routed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Piece(piece) => piece.as_ref().is_none_or(Bytes::is_empty),
            Kind::Live(answer) => answer.ended(),
            Kind::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Piece(piece) => SizeHint::with_exact(piece.as_ref().map_or(0, |piece| piece.len() as u64)),
            Kind::Live(_) => SizeHint::default(),
            Kind::Routed(body) => body.size_hint(),
        }
    }
}

impl std::fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplyBody")
    }
}

/// A small JSON answer.
pub(crate) fn plain(status: StatusCode, body: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::piece(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}
