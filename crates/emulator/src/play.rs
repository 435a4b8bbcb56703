//! The body that goes out: an answer's pieces, with the scripted faults at their places.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;
use wire::eventstream;

use crate::Fault;
use crate::dice::Dice;
use crate::journal::Visit;
use crate::reply::{Exception, Frames};

enum Step {
    Send(Bytes),
    Wait(Duration),
    /// Gives the connection a chance to write out what it has.
    Flush,
    /// Silence until the client leaves.
    Stall,
    /// The connection dies without the body's end.
    Break,
}

/// An answer being sent. Its drop before the end tells the journal that the client left.
pub(crate) struct Play {
    acts: Acts,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Bytes left, when the answer's length is told ahead.
    left: Option<u64>,
    visit: Visit,
}

impl Play {
    pub(crate) fn whole(bytes: Bytes, faults: Vec<Fault>, visit: Visit) -> Self {
        let plain = faults.is_empty();
        let left = plain.then_some(bytes.len() as u64);
        let mut visit = visit;
        if bytes.is_empty() {
            visit.complete();
        }
        let manner: (_, Exception) = (None, exception_frame);
        Self { acts: Acts::new(Box::new(std::iter::once(bytes)), faults, manner), sleep: None, left, visit }
    }

    pub(crate) fn frames(
        frames: Frames,
        faults: Vec<Fault>,
        manner: (Option<u64>, Exception),
        visit: Visit,
    ) -> Self {
        Self { acts: Acts::new(frames, faults, manner), sleep: None, left: None, visit }
    }
}

impl http_body::Body for Play {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.acts.next() {
                Some(Step::Send(bytes)) => {
                    if let Some(left) = &mut self.left {
                        *left -= (bytes.len() as u64).min(*left);
                        if *left == 0 {
                            self.visit.complete();
                        }
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Wait(time)) => self.sleep = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Stall) => return Poll::Pending,
                Some(Step::Break) => {
                    self.visit.complete();
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
                }
                None => {
                    self.visit.complete();
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }
}

/// The pieces with the faults put in.
struct Acts {
    frames: Frames,
    queue: VecDeque<Step>,
    sent: usize,
    bytes: usize,
    over: bool,
    pace: Option<Duration>,
    stall_after: Option<usize>,
    end_after: Option<usize>,
    cut_after: Option<usize>,
    clip_after: Option<usize>,
    exception: Option<(usize, Bytes)>,
    garbage: Option<usize>,
    split: Option<usize>,
    ragged: Option<Dice>,
}

impl Acts {
    fn new(frames: Frames, faults: Vec<Fault>, (ragged, exceptional): (Option<u64>, Exception)) -> Self {
        let mut acts = Self {
            frames,
            queue: VecDeque::new(),
            sent: 0,
            bytes: 0,
            over: false,
            pace: None,
            stall_after: None,
            end_after: None,
            cut_after: None,
            clip_after: None,
            exception: None,
            garbage: None,
            split: None,
            ragged: ragged.map(Dice::new),
        };
        for fault in faults {
            match fault {
                Fault::Pace(time) => acts.pace = Some(time),
                Fault::StallAfter(frames) => acts.stall_after = Some(frames),
                Fault::EndAfter(frames) => acts.end_after = Some(frames),
                Fault::CutAfter(bytes) => acts.cut_after = Some(bytes),
                Fault::ClipAfter(bytes) => acts.clip_after = Some(bytes),
                Fault::ExceptionAfter { frames, exception, message } => {
                    acts.exception = Some((frames, exceptional(&exception, &message)));
                }
                Fault::Garbage(frame) => acts.garbage = Some(frame),
                Fault::Split(size) => acts.split = Some(size.max(1)),
                // These strike before there is a body.
                Fault::Refuse(_)
                | Fault::Html
                | Fault::Hold(_)
                | Fault::Delay(_)
                | Fault::Skew(_)
                | Fault::Replay(_) => {}
            }
        }
        acts
    }

    fn next(&mut self) -> Option<Step> {
        if let Some(step) = self.queue.pop_front() {
            return Some(step);
        }
        if self.over || self.end_after == Some(self.sent) {
            return None;
        }
        if self.stall_after == Some(self.sent) {
            return Some(Step::Stall);
        }
        let frame = match self.exception.take_if(|(after, _)| *after == self.sent) {
            Some((_, exception)) => {
                self.over = true;
                exception
            }
            None => self.frames.next()?,
        };
        self.sent += 1;
        self.stage(frame);
        self.queue.pop_front()
    }

    fn stage(&mut self, mut frame: Bytes) {
        if let Some(time) = self.pace {
            self.queue.push_back(Step::Wait(time));
        }
        if self.garbage == Some(self.sent) {
            frame = damaged(&frame);
        }
        let end = self.bytes + frame.len();
        let cut = self.cut_after.filter(|cut| *cut <= end);
        // Between two frames a clean end is the end of the answer.
        let clip = self.clip_after.filter(|clip| *clip <= end).map(|clip| clip.min(end - 1));
        if let Some(at) = cut.or(clip) {
            frame.truncate(at - self.bytes);
            self.over = true;
        }
        self.bytes += frame.len();
        match self.split {
            Some(size) => {
                while frame.len() > size {
                    self.queue.push_back(Step::Send(frame.split_to(size)));
                    self.queue.push_back(Step::Flush);
                }
                self.queue.push_back(Step::Send(frame));
                self.queue.push_back(Step::Flush);
            }
            None => {
                // Several frames leave together, and now and then one is torn.
                let torn = self.ragged.as_mut().filter(|_| frame.len() > 1).map(Dice::next);
                if let Some(torn) = torn.filter(|torn| torn.is_multiple_of(3)) {
                    let at = usize::try_from((torn >> 8) % (frame.len() as u64 - 1)).unwrap_or(0) + 1;
                    self.queue.push_back(Step::Send(frame.split_to(at)));
                    self.queue.push_back(Step::Flush);
                }
                self.queue.push_back(Step::Send(frame));
            }
        }
        if cut.is_some() {
            self.queue.push_back(Step::Flush);
            self.queue.push_back(Step::Break);
        }
    }
}

/// An exception as AWS' event streams have it.
pub(crate) fn exception_frame(name: &str, message: &str) -> Bytes {
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    let mut payload = serde_json::json!({ "message": message });
    if name == "modelStreamErrorException" {
        payload["originalStatusCode"] = 500.into();
        payload["originalMessage"] = message.into();
    }
    eventstream::encode(&headers, payload.to_string().as_bytes()).into()
}

/// Flips a bit of the trailing checksum: every length stays right, only the check fails.
fn damaged(frame: &Bytes) -> Bytes {
    let mut bytes = frame.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    bytes.into()
}
