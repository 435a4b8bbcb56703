//! A [`Payload`] as a request body: its pieces go to the socket as they are, side by side in one write.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use llm::Payload;

/// Below this size one copy is cheaper than several pieces.
const JOIN: usize = 8 * 1024;

pub(super) fn body(payload: Payload) -> reqwest::Body {
    if payload.pieces().len() == 1 || payload.len() <= JOIN {
        payload.to_bytes().into()
    } else {
        reqwest::Body::wrap(Pieces { left: payload.len() as u64, pieces: payload.into_pieces().into_iter() })
    }
}

/// The pieces still to be sent.
pub(super) struct Pieces {
    left: u64,
    pieces: std::vec::IntoIter<Bytes>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.next();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        // An exact size makes the client send Content-Length, which AWS demands.
        SizeHint::with_exact(self.left)
    }
}
