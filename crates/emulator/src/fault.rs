//! What can go wrong, and the three spellings of it.

use std::time::Duration;

use crate::Refusal;

/// One way to fail. Spelled in a prompt as `[[fault:NAME ARGS]]`, in a model id as `test.NAME-ARG`
/// (`us.test.throttle-2`), or pushed to [`crate::Script`].
///
/// | spelling | effect |
/// |---|---|
/// | `throttle 2`, any name or exception name that [`Refusal::named`] knows | refuses so many times, then answers; without a number always |
/// | `status 503 [n]` | the same with the usual error of that status |
/// | `delay 300` | milliseconds before the first byte |
/// | `pace 50` | milliseconds before each frame |
/// | `stall-after 3` | frames, then silence |
/// | `end-after 3` | frames, then a clean end without the terminal event |
/// | `cut-after 700` | bytes, then the connection breaks |
/// | `exception-after 3 throttlingException` | frames, then that exception |
/// | `garbage [3]` | damages that frame's checksum |
/// | `split 7` | hands the body out in pieces of so many bytes |
/// | `skew [600]` | a clock that is so many seconds ahead judges the signature |
/// | `html [n]` | 502 with an HTML body, as a gateway before the service would |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Refuse(Refusal),
    Html,
    Delay(Duration),
    Pace(Duration),
    StallAfter(usize),
    EndAfter(usize),
    CutAfter(usize),
    ExceptionAfter { frames: usize, exception: String, message: String },
    Garbage(usize),
    Split(usize),
    Skew(i64),
}

/// A fault as spelled, with how often it strikes before one request gets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    pub(crate) fault: Fault,
    pub(crate) times: u32,
}

impl Fault {
    /// Whether it strikes while the answer is sent; the others strike before.
    pub(crate) const fn is_in_body(&self) -> bool {
        !matches!(self, Self::Refuse(_) | Self::Html | Self::Delay(_) | Self::Skew(_))
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
    let always = |fault| Some(Spelled { fault, times: u32::MAX });
    match name {
        "delay" => always(Fault::Delay(millis())),
        "pace" => always(Fault::Pace(millis())),
        "stall-after" => always(Fault::StallAfter(size(3))),
        "end-after" => always(Fault::EndAfter(size(3))),
        "cut-after" => always(Fault::CutAfter(size(700))),
        "garbage" => always(Fault::Garbage(size(3))),
        "split" => always(Fault::Split(size(7).max(1))),
        "skew" => always(Fault::Skew(first.and_then(|word| word.parse().ok()).unwrap_or(600))),
        "exception-after" => {
            always(Fault::exception_after(size(3), words.next().unwrap_or("modelStreamErrorException")))
        }
        "status" => {
            let refusal = Refusal::of_status(u16::try_from(number?).ok()?);
            let times = words.next().and_then(|word| word.parse().ok()).unwrap_or(u32::MAX);
            Some(Spelled { fault: Fault::Refuse(refusal), times })
        }
        "html" => Some(Spelled { fault: Fault::Html, times: number.unwrap_or(u32::MAX) }),
        _ => Refusal::named(name)
            .map(|refusal| Spelled { fault: Fault::Refuse(refusal), times: number.unwrap_or(u32::MAX) }),
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
