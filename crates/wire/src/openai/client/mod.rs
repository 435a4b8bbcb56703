//! OpenAI's languages as we speak them to an upstream that has them itself.
//!
//! A request of the same wire keeps its client's words: [`pass`] changes what must change, takes out what the upstream is
//! known to refuse, and says so. Where a request does not fit, it says why, and the request goes another way.

mod answer;
mod chat;
mod chat_reader;
mod counters;
mod events;
mod failure;
mod family;
mod items;
mod messages;
mod ours;
mod responses;
mod responses_reader;
mod tags;
mod toolbox;
mod tools;

pub use answer::read_answer;
pub use chat_reader::ChatReader;
pub use family::speaks;
pub use items::without_thoughts;
pub use responses_reader::ResponsesReader;

use bytes::Bytes;
use llm::{Effort, Error, Model, RawBody, Request, Whole, Wire};

/// What besides the client's words shapes a request.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Its id is what the upstream wants.
    pub model: &'a Model,
    /// An effort from the name that was asked for; beats the body.
    pub effort: Option<Effort>,
    /// There is no other way: what does not go together is made to fit.
    pub insist: bool,
}

/// Whether a request can go on in its own words.
#[derive(Debug)]
pub enum Passage {
    Open {
        body: RawBody,
        adjustments: Vec<String>,
    },
    /// With the reason, in a word.
    Closed(&'static str),
}

/// What a reader must put right in an upstream's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Thoughts stand in the text between tags, and calls are numbered anew in every answer.
    pub tagged: bool,
}

impl Manner {
    /// The habits of a model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        Self { tagged: family::Family::of(model) == family::Family::Oss }
    }
}

/// The request in the words of its own wire, as the model takes them.
///
/// # Errors
/// A 400 for what no way can answer.
pub fn pass(asked: &Request, terms: &Terms<'_>) -> Result<Passage, Error> {
    match asked.wire {
        Wire::OpenAiChat => chat::pass(asked, terms),
        Wire::OpenAiResponses => responses::pass(asked, terms),
        _ => Ok(Passage::Closed("wire")),
    }
}

/// Reads what every request needs of an answer in one piece, and keeps its words.
///
/// # Errors
/// [`llm::Category::Upstream`] when `json` is no answer; the upstream's own error when it is one.
pub fn read_whole(wire: Wire, json: Bytes) -> Result<Whole, Error> {
    match wire {
        Wire::OpenAiResponses => responses_reader::read_whole(json),
        _ => answer::read_whole(json),
    }
}
