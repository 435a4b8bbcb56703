//! What can go wrong, and the three spellings of it.

use std::time::Duration;

use bytes::Bytes;

use crate::route::Service;
use crate::{Refusal, amazon_q};

/// One way to fail. Spelled in a prompt as `[[fault:NAME ARGS]]`, in a model id as `test.NAME-ARG`
/// (`us.test.throttle-2`), or pushed to [`crate::Script`].
///
/// | spelling | effect |
/// |---|---|
/// | `throttle 2`, any name or exception name that [`Refusal::named`] knows | refuses so many times, then answers; without a number always |
/// | `status 503 [n]` | the same with the usual error of that status |
/// | `delay 300` | milliseconds before the first byte |
/// | none: pushed alone | so long nobody looks at the request, which then is judged as usual |
/// | `pace 50` | milliseconds before each frame |
/// | `stall-after 3` | frames, then silence |
/// | `end-after 3` | frames, then a clean end without the terminal event |
/// | `cut-after 700` | bytes, then the connection breaks |
/// | `clip-after 700` | bytes, then a clean end within a frame |
/// | `exception-after 3 throttlingException` | frames, then that exception |
/// | `garbage [3]` | damages that frame's checksum |
/// | `split 7` | hands the body out in pieces of so many bytes |
/// | `skew [600]` | a clock that is so many seconds ahead judges the signature |
/// | `html [n]` | 502 with an HTML body, as a gateway before the service would |
/// | `q_throttled [n]`, any case that [`Refusal::named`] knows after `q_` | Amazon Q and Kiro refuse, others answer |
/// | `q_throttled_midstream`, `q_internal_midstream`, `q_truncated_tool_call`, `q_max_tokens`, `q_empty_stream`, `q_context_exceeded` | they stream that instead of an answer |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Refuse(Refusal),
    Html,
    Hold(Duration),
    Delay(Duration),
    Pace(Duration),
    StallAfter(usize),
    EndAfter(usize),
    CutAfter(usize),
    ClipAfter(usize),
    /// These frames instead of the answer's own.
    Replay(Vec<Bytes>),
    ExceptionAfter {
        frames: usize,
        exception: String,
        message: String,
    },
    Garbage(usize),
    Split(usize),
    Skew(i64),
}

/// A fault as spelled, with how often it strikes before one request gets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    pub(crate) fault: Fault,
    pub(crate) times: u32,
    /// The service that it is for; `None` for all.
    service: Option<Service>,
}

impl Spelled {
    const fn always(fault: Fault) -> Self {
        Self::times(fault, u32::MAX)
    }

    const fn times(fault: Fault, times: u32) -> Self {
        Self { fault, times, service: None }
    }

    pub(crate) fn is_for(&self, service: Service) -> bool {
        self.service.is_none_or(|own| own == service)
    }
}

impl Fault {
    /// Whether it strikes while the answer is sent; the others strike before.
    pub(crate) const fn is_in_body(&self) -> bool {
        !matches!(
            self,
            Self::Refuse(_) | Self::Html | Self::Hold(_) | Self::Delay(_) | Self::Skew(_) | Self::Replay(_)
        )
    }

    /// The fault that a prompt would spell so, without the brackets: `q_suspended`, `cut-after 700`.
    #[must_use]
    pub fn spelled(words: &str) -> Option<Self> {
        parse(words).map(|spelled| spelled.fault)
    }

    /// Streams what `lines` hold instead of the answer: one `{"headers": {...}, "payload": {...}}` a line, a frame
    /// each.
    ///
    /// # Errors
    /// A line is no JSON.
    pub fn replay(lines: &str) -> Result<Self, serde_json::Error> {
        amazon_q::frames(lines).map(Self::Replay)
    }

    /// A stream exception with words of its own.
    #[must_use]
    pub fn exception_after(frames: usize, exception: &str) -> Self {
        // Streams name exceptions in camelCase, HTTP answers in PascalCase.
        let message =
            Refusal::named(exception).map_or_else(|| "The stream failed.".into(), |usual| usual.message);
        Self::ExceptionAfter { frames, exception: exception.into(), message }
    }
}

/// Reads `NAME ARGS`. Unknown names are no fault: a prompt may hold anything.
pub(crate) fn parse(words: &str) -> Option<Spelled> {
    let mut words = words.split_whitespace();
    let name = words.next()?;
    let first = words.next();
    let number = first.and_then(|word| word.parse::<u32>().ok());
    let size = |default: u32| usize::try_from(number.unwrap_or(default)).unwrap_or(usize::MAX);
    let millis = || Duration::from_millis(u64::from(number.unwrap_or(100)));
    let always = |fault| Some(Spelled::always(fault));
    if let Some(case) = name.strip_prefix("q_") {
        let fault = match amazon_q::canned(case) {
            Some(frames) => Fault::Replay(frames),
            None => Fault::Refuse(amazon_q::refusal(case)?),
        };
        return Some(Spelled {
            service: Some(Service::AmazonQ),
            ..Spelled::times(fault, number.unwrap_or(u32::MAX))
        });
    }
    match name {
        "delay" => always(Fault::Delay(millis())),
        "pace" => always(Fault::Pace(millis())),
        "stall-after" => always(Fault::StallAfter(size(3))),
        "end-after" => always(Fault::EndAfter(size(3))),
        "cut-after" => always(Fault::CutAfter(size(700))),
        "clip-after" => always(Fault::ClipAfter(size(700))),
        "garbage" => always(Fault::Garbage(size(3))),
        "split" => always(Fault::Split(size(7).max(1))),
        "skew" => always(Fault::Skew(first.and_then(|word| word.parse().ok()).unwrap_or(600))),
        "exception-after" => {
            always(Fault::exception_after(size(3), words.next().unwrap_or("modelStreamErrorException")))
        }
        "status" => {
            let refusal = Refusal::of_status(u16::try_from(number?).ok()?);
            let times = words.next().and_then(|word| word.parse().ok()).unwrap_or(u32::MAX);
            Some(Spelled::times(Fault::Refuse(refusal), times))
        }
        "html" => Some(Spelled::times(Fault::Html, number.unwrap_or(u32::MAX))),
        _ => Refusal::named(name)
            .map(|refusal| Spelled::times(Fault::Refuse(refusal), number.unwrap_or(u32::MAX))),
    }
}

/// The faults spelled in a prompt.
pub(crate) fn in_text(text: &str) -> impl Iterator<Item = Spelled> + '_ {
    text.match_indices("[[fault:").filter_map(|(at, opening)| {
        let rest = &text[at + opening.len()..];
        parse(&rest[..rest.find("]]")?])
    })
}

/// The fault in a magic model id, `test.cut-after-700` with or without a geographic prefix. `test.echo` has none.
pub(crate) fn in_model(id: &str) -> Option<Spelled> {
    let words = &id[id.find("test.")? + "test.".len()..];
    // The number is the last dash-separated part; names themselves have dashes.
    match words.rsplit_once('-') {
        Some((name, number)) if number.parse::<u32>().is_ok() => parse(&format!("{name} {number}")),
        _ => parse(words),
    }
}

#[cfg(test)]
mod tests;
