//! An answer on its way from an upstream, chunk by chunk.

use std::future::poll_fn;
use std::task::{Context, Poll};

use llm::{Chunk, Error};
use providers::{ChunkStream, Frames};

/// Where chunks come from. An enum and not a box: nearly every answer is frames, and is polled a few times an event.
pub(crate) enum Upstream {
    Frames(Frames),
    Chunks(ChunkStream),
}

impl Upstream {
    /// The next chunk, `None` at the end. An error is the last that comes.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, Error>>> {
        match self {
            Self::Frames(frames) => frames.poll_chunk(cx),
            Self::Chunks(chunks) => chunks.as_mut().poll_next(cx),
        }
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Chunk, Error>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }
}

impl From<Frames> for Upstream {
    fn from(frames: Frames) -> Self {
        Self::Frames(frames)
    }
}

impl From<ChunkStream> for Upstream {
    fn from(chunks: ChunkStream) -> Self {
        Self::Chunks(chunks)
    }
}
