//! The seams between wires: what every server codec and every reader of upstream frames must do.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use llm::{Answer, Chunk, Error, Request, Whole, Wire};

/// A wire as clients speak it to us.
pub trait ServerCodec: Send + Sync + std::fmt::Debug {
    fn wire(&self) -> Wire;

    /// Reads a request: splits the top level, checks the shape of what routing needs (`model`, `stream`, that
    /// there are messages), and leaves the rest unparsed.
    ///
    /// # Errors
    /// A 4xx category with words in the manner of the wire's own API.
    fn read_request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request, Error>;

    /// Makes the writer of one streamed answer.
    fn writer(&self, asked: &Request, stamp: Stamp) -> Box<dyn ChunkWriter>;

    /// Writes an answer in one piece, from its meaning.
    fn write_answer(&self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes;

    /// Writes an answer that the upstream gave in this very wire: its own words, but for the model's name and
    /// what an answer is kept by.
    /// Called only when `whole.wire` is [`Self::wire`].
    fn write_whole(&self, asked: &Request, whole: &Whole, stamp: Stamp) -> Bytes;

    /// Writes an error as the wire's own API would. `request_id` is ours.
    fn write_error(&self, error: &Error, request_id: &str) -> ErrorReply;
}

/// Turns chunks into the bytes of one streamed answer. Everything is appended to `out`; nothing is ever taken
/// back, so a writer decides before it writes.
pub trait ChunkWriter: Send {
    /// Writes a chunk: its frame where the wires are equal, its events otherwise.
    fn write(&mut self, chunk: &Chunk, out: &mut BytesMut);

    /// Writes something harmless that keeps the connection alive.
    fn ping(&mut self, out: &mut BytesMut);

    /// The upstream ended by its own rules: writes the wire's end (`message_stop`, `[DONE]`).
    fn finish(&mut self, out: &mut BytesMut);

    /// The upstream failed after the status line was sent: writes the wire's in-band error and no end marker.
    fn error(&mut self, error: &Error, out: &mut BytesMut);
}

/// Turns an upstream's bytes into chunks. Feed it, then take chunks until there are none; when it [is
/// done](FrameReader::is_done) or the upstream ends, call [`FrameReader::finish`].
pub trait FrameReader: Send {
    /// Takes the next bytes, cut anywhere.
    fn push(&mut self, data: Bytes);

    /// The next chunk, `None` when more bytes are needed.
    ///
    /// # Errors
    /// A damaged frame, or an exception that the upstream put into its stream. After an error the reader is dead.
    fn next(&mut self) -> Result<Option<Chunk>, Error>;

    /// True when the answer is complete though the upstream goes on, asked once there are no more chunks: the
    /// caller drops the upstream and finishes.
    fn is_done(&self) -> bool {
        false
    }

    /// The stream is over. Gives what only the end tells, on a wire without an end of its own.
    ///
    /// # Errors
    /// [`llm::Category::Truncated`] when the wire's own end was not seen or bytes are left over.
    fn finish(&mut self) -> Result<Option<Chunk>, Error>;
}

/// How much of each frame a reader must understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The client speaks the upstream's wire: hand frames on, parse only what carries usage or a stop reason.
    Control,
    /// The client speaks another wire: parse every frame into events.
    Full,
}

/// What a pure writer cannot make itself.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Random, for ids of answers.
    pub id: u128,
    /// Seconds since 1970, for `created`.
    pub created: u64,
}

/// An error in the dialect of the client.
#[derive(Clone, Debug)]
pub struct ErrorReply {
    pub status: u16,
    /// JSON.
    pub body: Bytes,
}
