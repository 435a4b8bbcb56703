//! A response body: one piece, or a stream of frames with pauses.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bench::reply::{Interface, Reply};
use bench::stamp;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::knobs::Knobs;

pub(crate) enum Answer {
    Whole(Option<Bytes>),
    Stream(Box<Stream>),
}

pub(crate) struct Stream {
    reply: Rc<Reply>,
    interface: Interface,
    knobs: Knobs,
    at: usize,
    pause: Option<Pin<Box<Sleep>>>,
    due: Instant,
}

impl Answer {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Answer::Whole(Some(bytes))
    }

    pub(crate) fn stream(reply: Rc<Reply>, interface: Interface, knobs: Knobs) -> Self {
        Answer::Stream(Box::new(Stream { reply, interface, knobs, at: 0, pause: None, due: Instant::now() }))
    }
}

impl Stream {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let Some(frame) = self.reply.frames.get(self.at) else { return Poll::Ready(None) };
        let is_piece = self.reply.pieces.contains(&self.at);
        self.at += 1;
        if is_piece && self.knobs.gap_us > 0 && self.reply.pieces.contains(&self.at) {
            // Kept to the plan: a late frame does not delay all that follow.
            self.due += Duration::from_micros(self.knobs.gap_us);
            self.pause = Some(Box::pin(sleep_until(self.due)));
        }
        Poll::Ready(Some(if is_piece && self.knobs.stamped {
            self.interface.piece(&stamp::write(stamp::now(), self.knobs.bytes))
        } else {
            frame.clone()
        }))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut *self {
            Answer::Whole(bytes) => bytes.take(),
            Answer::Stream(stream) => ready!(stream.poll_next(cx)),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Answer::Whole(bytes) => bytes.is_none(),
            Answer::Stream(stream) => stream.at == stream.reply.frames.len(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Answer::Stream(_) => SizeHint::default(),
        }
    }
}
