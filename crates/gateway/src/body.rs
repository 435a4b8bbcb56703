//! Reading a request's body: bounded in size and in time, copied at most once.

mod inflate;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::BodyExt;
use llm::{Category, Error};
use tokio::time::{Instant, sleep_until};

use inflate::Coding;

/// Largest body in bytes, before and after inflation.
pub(crate) const LIMIT: usize = 32 * 1024 * 1024;

/// Reserved at once on a client's word that so much will come. Larger bodies grow into their size.
const TRUST: usize = 4 * 1024 * 1024;

/// How slow a body may arrive.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Nothing is asked for so long.
    start: Duration,
    /// Then, in every such span...
    span: Duration,
    /// ...at least so many bytes.
    least: usize,
}

/// 1 KiB a second after the first 30 seconds.
const PACE: Pace = Pace { start: Duration::from_secs(30), span: Duration::from_secs(10), least: 10 * 1024 };

/// Collects a body and undoes its `Content-Encoding`.
///
/// # Errors
/// [`Category::TooLarge`] as soon as it is known, from `Content-Length` before a byte is read;
/// [`Category::SlowRequest`]; [`Category::UnsupportedMedia`] for encodings other than gzip and zstd;
/// [`Category::InvalidRequest`] when the body does not inflate; [`Category::Cancelled`] when the client left.
pub(crate) async fn read<B>(headers: &HeaderMap, body: B) -> Result<Bytes, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    read_within(headers, body, LIMIT, PACE).await
}

/// As [`read`], with a smaller limit.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_at_most<B>(limit: usize, headers: &HeaderMap, body: B) -> Result<Bytes, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    read_within(headers, body, limit.min(LIMIT), PACE).await
}

async fn read_within<B>(headers: &HeaderMap, body: B, limit: usize, pace: Pace) -> Result<Bytes, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let coding = Coding::of(headers)?;
    let told = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if told.is_some_and(|told| told > limit as u64) {
        return Err(too_large(limit));
    }
    let expected = told.and_then(|told| usize::try_from(told).ok());
    let sent = collect(body, expected, limit, pace).await?;
    match coding {
        None => Ok(sent),
        Some(coding) => {
            // A megabyte of zstd can inflate for a tenth of a second: not on a thread that other requests wait for.
            let inflated = tokio::task::spawn_blocking(move || coding.inflate(&sent, limit)).await;
            inflated.unwrap_or_else(|_| Err(Error::new(Category::Internal, "The body could not be inflated")))
        }
    }
}

async fn collect<B>(mut body: B, expected: Option<usize>, limit: usize, pace: Pace) -> Result<Bytes, Error>
where
    B: Body + Send + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut collected: Vec<u8> = Vec::new();
    let mut span_end = Instant::now() + pace.start;
    let mut timer = pin!(sleep_until(span_end));
    // Bytes there were at the beginning of the span; no span is measured before the first has begun.
    let mut mark = None;
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = timer.as_mut() => {
                if mark.is_some_and(|mark| collected.len() - mark < pace.least) {
                    return Err(Error::new(Category::SlowRequest, "The request body arrived too slowly"));
                }
                mark = Some(collected.len());
                span_end += pace.span;
                timer.as_mut().reset(span_end);
                continue;
            }
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| {
            Error::new(Category::Cancelled, format!("The request body did not arrive: {}", error.into()))
        })?;
        let Ok(mut data) = frame.into_data() else { continue };
        let size = data.remaining();
        if size > limit - collected.len() {
            return Err(too_large(limit));
        }
        if collected.is_empty() {
            if expected == Some(size) {
                // All of it in the first piece: no copy.
                return Ok(data.copy_to_bytes(size));
            }
            collected.reserve_exact(expected.unwrap_or(0).min(TRUST));
        }
        make_room(&mut collected, size, expected.unwrap_or(limit));
        while data.has_remaining() {
            let piece = data.chunk();
            collected.extend_from_slice(piece);
            data.advance(piece.len());
        }
    }
    Ok(collected.into())
}

/// Makes room for `size` more bytes. The memory doubles, but not beyond `most`, all that can come.
fn make_room(collected: &mut Vec<u8>, size: usize, most: usize) {
    let needed = collected.len() + size;
    if needed > collected.capacity() {
        let room = (collected.capacity() * 2).min(most).max(needed);
        collected.reserve_exact(room - collected.len());
    }
}

fn too_large(limit: usize) -> Error {
    Error::new(Category::TooLarge, format!("The request body is larger than {} MiB", limit / (1024 * 1024)))
}
