//! An answer's bytes and its reader as one: chunk after chunk until the answer is over.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use llm::{Chunk, Error};
use wire::FrameReader;

use crate::provider::ByteStream;

/// Chunks as they are made somewhere between the upstream and us. Dropping it closes what is open upstream.
pub type ChunkStream = Pin<Box<dyn Stream<Item = Result<Chunk, Error>> + Send>>;

/// Reads frames. The upstream is let go as soon as the answer is complete, and after an error nothing follows.
pub struct Frames(Option<(ByteStream, Box<dyn FrameReader>)>);

impl Frames {
    #[must_use]
    pub fn new(bytes: ByteStream, reader: Box<dyn FrameReader>) -> Self {
        Self(Some((bytes, reader)))
    }

    /// The next chunk, `None` at the end. An error is the last that comes.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, Error>>> {
        let Some((bytes, reader)) = &mut self.0 else { return Poll::Ready(None) };
        let last = loop {
            match reader.next() {
                Ok(Some(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                Ok(None) if reader.is_done() => break reader.finish(),
                Ok(None) => {}
                Err(error) => break Err(error),
            }
            match ready!(bytes.as_mut().poll_next(cx)) {
                Some(Ok(data)) => reader.push(data),
                Some(Err(error)) => break Err(error),
                None => break reader.finish(),
            }
        };
        self.0 = None;
        Poll::Ready(last.transpose())
    }
}

impl Stream for Frames {
    type Item = Result<Chunk, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx)
    }
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a model said is the person's: it never reaches a log through Debug.
        f.write_str("Frames")
    }
}
