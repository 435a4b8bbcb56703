//! Compares an answer with the text that was sent, as it arrives.
//!
//! Parsing a hundred events costs more than sending them, and the load shares the machine with what it measures. So
//! the events of the first right answer are remembered: one that is byte for byte the same at the same place says
//! the same. Everything else is parsed, and so is all of every sixteenth answer.

use std::cell::RefCell;
use std::time::Instant;

use bench::{stamp, text};

use crate::Dialect;
use crate::event::Said;
use crate::tally::Failure;

const THOROUGH_EVERY: u64 = 16;
/// Bytes of a bad answer that are kept to show it.
const SAMPLE: usize = 300;

/// What a right answer is.
pub(crate) struct Expected {
    dialect: Dialect,
    stream: bool,
    stamped: bool,
    text: String,
    learned: RefCell<Vec<Learned>>,
}

/// An event of a right answer and what it said.
struct Learned {
    lasting: Box<[u8]>,
    /// Where in the text it stands, and how much text it has.
    at: usize,
    len: usize,
    marks: Marks,
}

#[derive(Clone, Copy, Default)]
struct Marks {
    start: bool,
    stop: bool,
    end: bool,
}

/// When the text came.
#[derive(Default)]
pub(crate) struct Arrival {
    pub(crate) first_text: Option<Instant>,
    /// Nanoseconds each stamped piece was under way.
    pub(crate) lags: Vec<u64>,
}

/// One answer under examination.
pub(crate) struct Check<'a> {
    expected: &'a Expected,
    thorough: bool,
    status: u16,
    streams: bool,
    /// An event that has begun, or the answer in one piece.
    pending: Vec<u8>,
    events: usize,
    text_len: usize,
    marks: Marks,
    learning: Option<Vec<Learned>>,
    arrival: Arrival,
    sample: Vec<u8>,
}

impl Expected {
    pub(crate) fn new(dialect: Dialect, stream: bool, stamped: bool, pieces: usize, bytes: usize) -> Self {
        let bytes = if stamped { bytes.max(stamp::LEN) } else { bytes };
        let stream = stream || dialect.only_streams();
        Expected { dialect, stream, stamped, text: text::whole(pieces, bytes), learned: RefCell::default() }
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(expected: &'a Expected, number: u64) -> Self {
        let learn = !expected.stamped && expected.learned.borrow().is_empty();
        Check {
            expected,
            thorough: number.is_multiple_of(THOROUGH_EVERY),
            status: 0,
            streams: false,
            pending: Vec::new(),
            events: 0,
            text_len: 0,
            marks: Marks::default(),
            learning: learn.then(Vec::new),
            arrival: Arrival::default(),
            sample: Vec::new(),
        }
    }

    pub(crate) fn head(&mut self, status: u16, streams: bool) {
        self.status = status;
        self.streams = streams && status == 200 && self.expected.stream;
    }

    /// Takes a piece of the body that arrived at `now`.
    pub(crate) fn data(&mut self, data: &[u8], now: Instant) -> Result<(), Failure> {
        if !self.streams {
            self.pending.extend_from_slice(data);
            return Ok(());
        }
        if self.pending.is_empty() {
            let used = self.events(data, now)?;
            self.pending.extend_from_slice(&data[used..]);
        } else {
            let mut pending = std::mem::take(&mut self.pending);
            pending.extend_from_slice(data);
            let used = self.events(&pending, now)?;
            pending.drain(..used);
            self.pending = pending;
        }
        Ok(())
    }

    /// Judges the answer once all of it is there.
    pub(crate) fn verdict(&mut self) -> Result<Arrival, Failure> {
        if self.status != 200 {
            return Err(format!("status {}", self.status).into());
        }
        if self.expected.stream {
            if !self.streams {
                return Err("no stream".into());
            }
            if !self.pending.is_empty() {
                return Err("cut within an event".into());
            }
        } else {
            let body = std::mem::take(&mut self.pending);
            self.one(&body, None)?;
        }
        let Marks { start, stop, end } = self.marks;
        for (seen, missing) in [(start, "no start"), (stop, "no stop reason"), (end, "no end mark")] {
            if !seen {
                return Err(missing.into());
            }
        }
        if self.text_len != self.expected.text.len() {
            return Err("text too short".into());
        }
        if let Some(learning) = self.learning.take() {
            *self.expected.learned.borrow_mut() = learning;
        }
        Ok(std::mem::take(&mut self.arrival))
    }

    /// The beginning of what was wrong.
    pub(crate) fn sample(&self) -> &[u8] {
        let shown = if self.sample.is_empty() { &self.pending } else { &self.sample };
        &shown[..shown.len().min(SAMPLE)]
    }

    /// Reads the whole events in `bytes`; how many bytes they take.
    fn events(&mut self, bytes: &[u8], now: Instant) -> Result<usize, Failure> {
        let mut used = 0;
        while let Some((event, len)) = self.expected.dialect.split(&bytes[used..]) {
            if !matches!(event, b"\n" | b"\r\n") && !event.starts_with(b"event:") {
                self.one(event, Some(now))?;
            }
            used += len;
        }
        Ok(used)
    }

    /// Takes one event, or the answer in one piece if it has no time of its own.
    fn one(&mut self, event: &[u8], arrived: Option<Instant>) -> Result<(), Failure> {
        if self.marks.end {
            return Err("more after the end".into());
        }
        let lasting = self.expected.dialect.lasting(event);
        let index = self.events;
        self.events += 1;
        let (len, marks) = match self.expected.learned.borrow().get(index) {
            Some(known) if !self.thorough && known.at == self.text_len && *known.lasting == *lasting => {
                (known.len, known.marks)
            }
            _ => match self.understand(event, arrived.is_some()) {
                Ok(said) => said,
                Err(failure) => {
                    self.sample = event.to_vec();
                    return Err(failure);
                }
            },
        };
        if let Some(learning) = &mut self.learning {
            learning.push(Learned { lasting: lasting.into(), at: self.text_len, len, marks });
        }
        if len > 0 && self.arrival.first_text.is_none() {
            self.arrival.first_text = arrived;
        }
        self.text_len += len;
        self.marks.start |= marks.start;
        self.marks.stop |= marks.stop;
        self.marks.end |= marks.end;
        Ok(())
    }

    fn understand(&mut self, event: &[u8], streamed: bool) -> Result<(usize, Marks), Failure> {
        let dialect = self.expected.dialect;
        let said = if streamed { dialect.event(event)?.unwrap_or_default() } else { dialect.whole(event)? };
        let Said { start, text, stop, end } = said;
        if self.expected.stamped {
            let now = stamp::now();
            self.arrival.lags.extend(stamp::read(&text).map(|sent| now.saturating_sub(sent)));
        } else if !self.expected.text.get(self.text_len..).is_some_and(|rest| rest.starts_with(&text)) {
            return Err("wrong text".into());
        }
        Ok((text.len(), Marks { start, stop, end }))
    }
}

#[cfg(test)]
mod tests;
