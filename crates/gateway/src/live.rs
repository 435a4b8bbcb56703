//! A streamed answer on its way to the client: upstream bytes in, the client's dialect out.
//!
//! The upstream is polled from within this body and from nowhere else. So a client that leaves drops the upstream
//! at once, a client that does not read stops the upstream, and no task or channel stands between the two.

use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use llm::{Chunk, Error, Wire};
use wire::ChunkWriter;

use crate::dispatch::{Sought, Started};
use crate::keepalive::Keepalive;
use crate::last_call::LastCall;
use crate::limits::Permit;
use crate::record::Recorder;
use crate::upstream::Upstream;

/// Written at once when so much has collected, in bytes.
const WRITE_AT: usize = 16 * 1024;

/// Turns of the scheduler given to the upstream's connection before what has collected is written. Frames that
/// have already arrived then leave in one write: a burst of 100 events takes a few writes and not a hundred. A
/// paced stream loses nothing, because these turns take microseconds.
const YIELDS: u8 = 3;

/// Chunks of an answer's opening, which is written without waiting for more: the message, its first block and the
/// first words in it are what a person waits for. The rest of a burst then follows in large writes.
const OPENING: u8 = 4;

/// The body of a streamed answer.
pub(crate) struct LiveAnswer {
    source: Source,
    writer: Box<dyn ChunkWriter>,
    out: BytesMut,
    keepalive: Keepalive,
    last_call: LastCall,
    yields: u8,
    /// Chunks taken, as far as [`OPENING`] needs to know.
    taken: u8,
    /// The opening was handed out. The connection writes when a body has nothing to give, so once it has nothing.
    pause: bool,
    /// `None` while the search for an account owns it.
    recorder: Option<Box<Recorder>>,
    _permit: Permit,
}

/// Where the answer comes from.
enum Source {
    /// No account has answered yet, and the headers could not wait any longer.
    Seeking(BoxFuture<'static, Sought>),
    Live(Upstream),
    Ended,
}

impl LiveAnswer {
    /// An answer that has begun.
    pub(crate) fn started(
        started: Started,
        writer: Box<dyn ChunkWriter>,
        recorder: Box<Recorder>,
        permit: Permit,
        last_call: LastCall,
    ) -> Self {
        let mut live = Self::bare(Source::Ended, writer, Some(recorder), permit, last_call);
        live.begin(started);
        live
    }

    /// An answer that is still being sought: pings until there is one.
    pub(crate) fn seeking(
        search: BoxFuture<'static, Sought>,
        mut writer: Box<dyn ChunkWriter>,
        permit: Permit,
        last_call: LastCall,
    ) -> Self {
        let mut out = BytesMut::new();
        writer.ping(&mut out);
        let mut live = Self::bare(Source::Seeking(search), writer, None, permit, last_call);
        live.out = out;
        live
    }

    fn bare(
        source: Source,
        writer: Box<dyn ChunkWriter>,
        recorder: Option<Box<Recorder>>,
        permit: Permit,
        last_call: LastCall,
    ) -> Self {
        let keepalive = Keepalive::new();
        Self {
            source,
            writer,
            out: BytesMut::new(),
            keepalive,
            last_call,
            yields: 0,
            taken: 0,
            pause: false,
            recorder,
            _permit: permit,
        }
    }

    fn begin(&mut self, started: Started) {
        match started {
            Started::Stream { held, live } => {
                held.iter().for_each(|chunk| self.take(chunk));
                match live {
                    Some(upstream) => self.source = Source::Live(upstream),
                    None => self.complete(),
                }
            }
            // The upstream could not stream this one: the whole answer goes out as the stream it would have been.
            Started::Answer(answer) => {
                let events = llm::replay(&answer);
                self.take(&Chunk { wire: Wire::BedrockConverse, events, frame: None, content: true });
                self.complete();
            }
            Started::Whole(_) | Started::Vectors(_) => {
                let error =
                    Error::new(llm::Category::Internal, "The answer came whole where a stream was asked.");
                self.fail(&error);
            }
        }
    }

    fn take(&mut self, chunk: &Chunk) {
        if let Some(recorder) = &mut self.recorder {
            recorder.tap(chunk);
        }
        self.writer.write(chunk, &mut self.out);
        self.taken = self.taken.saturating_add(1);
    }

    /// The upstream ended as its wire says.
    fn complete(&mut self) {
        self.source = Source::Ended;
        self.writer.finish(&mut self.out);
        if let Some(recorder) = &mut self.recorder {
            recorder.complete();
        }
    }

    /// The upstream failed after the status went out: the error goes in-band and no end marker follows it.
    fn fail(&mut self, error: &Error) {
        self.source = Source::Ended;
        self.writer.error(error, &mut self.out);
        if let Some(recorder) = &mut self.recorder {
            recorder.failed(error);
        }
    }

    fn flush(&mut self) -> Bytes {
        self.yields = 0;
        self.keepalive.active();
        self.out.split().freeze()
    }

    /// Waits, unless something has collected: then it is written once the upstream had its turns.
    fn idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        // A search hears it by itself.
        if matches!(self.source, Source::Live(_))
            && let Poll::Ready(quitting) = self.last_call.as_mut().poll(cx)
        {
            self.fail(&quitting);
            return Poll::Ready(Some(self.flush()));
        }
        if self.out.is_empty() {
            if self.keepalive.poll_due(cx).is_ready() {
                self.writer.ping(&mut self.out);
                return Poll::Ready(Some(self.out.split().freeze()));
            }
            return Poll::Pending;
        }
        if self.yields < YIELDS {
            self.yields += 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(self.flush()))
    }

    /// The next bytes for the client; `None` at the end.
    pub(crate) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if self.out.len() >= WRITE_AT {
                return Poll::Ready(Some(self.flush()));
            }
            match &mut self.source {
                Source::Ended if self.out.is_empty() => return Poll::Ready(None),
                Source::Ended => return Poll::Ready(Some(self.flush())),
                Source::Seeking(search) => match search.as_mut().poll(cx) {
                    Poll::Ready((recorder, Ok(started))) => {
                        self.recorder = Some(recorder);
                        self.begin(started);
                    }
                    Poll::Ready((recorder, Err(error))) => {
                        self.recorder = Some(recorder);
                        self.fail(&error);
                    }
                    Poll::Pending => return self.idle(cx),
                },
                Source::Live(upstream) => match upstream.poll_chunk(cx) {
                    Poll::Ready(Some(Ok(chunk))) => {
                        self.yields = 0;
                        self.take(&chunk);
                        if self.taken == OPENING && !self.out.is_empty() {
                            self.pause = true;
                            return Poll::Ready(Some(self.flush()));
                        }
                    }
                    Poll::Ready(Some(Err(error))) => self.fail(&error),
                    Poll::Ready(None) => self.complete(),
                    Poll::Pending => return self.idle(cx),
                },
            }
        }
    }

    /// True when nothing is left to say.
    pub(crate) fn ended(&self) -> bool {
        matches!(self.source, Source::Ended) && self.out.is_empty()
    }
}

#[cfg(test)]
mod tests;
