//! A request on its way to the upstream's form: members come and go, and every change is noted.

use bytes::{Bytes, BytesMut};
use llm::{Effort, Error, Model, RawBody, Request, Thinking, Tier};

use super::Terms;
use super::family::Family;
use crate::effort::nearest;
use crate::openai::line::push_json;
use crate::openai::notes::Notes;
use crate::openai::{parameters, reasoning};

/// A body that is being changed.
pub(super) struct Ours {
    pub(super) body: RawBody,
    pub(super) notes: Notes,
    pub(super) family: Family,
}

/// JSON of a text.
pub(super) fn quoted(text: &str) -> Bytes {
    let mut json = BytesMut::with_capacity(text.len() + 2);
    push_json(&mut json, text);
    json.freeze()
}

impl Ours {
    pub(super) fn new(asked: &Request, terms: &Terms<'_>) -> Self {
        let mut body = asked.raw.clone();
        body.set("model", quoted(&terms.model.id));
        Self { body, notes: Notes::default(), family: Family::of(terms.model) }
    }

    /// Whether a member says anything.
    pub(super) fn has(&self, name: &str) -> bool {
        self.body.get(name).is_some_and(|json| json.as_ref() != b"null")
    }

    /// Takes out what the upstream refuses.
    pub(super) fn drop(&mut self, name: &str) {
        if self.body.remove(name).is_some_and(|json| json.as_ref() != b"null") {
            self.notes.add_dropped(name);
        }
    }

    /// The service tier, in Bedrock's word; what everybody gets is not asked for.
    pub(super) fn tier(&mut self, asked: &Request) -> Result<(), Error> {
        let tier = parameters::tier(&asked.raw, &mut self.notes)?.or(asked.hints.tier);
        let word: Option<&'static [u8]> = match tier {
            None | Some(Tier::Default) => None,
            Some(Tier::Flex) => Some(b"\"flex\""),
            Some(Tier::Priority) => Some(b"\"priority\""),
            Some(Tier::Reserved) => Some(b"\"reserved\""),
        };
        match word {
            Some(word) => self.body.set("service_tier", word),
            None => drop(self.body.remove("service_tier")),
        }
        Ok(())
    }

    /// The output limit under the name `into`, within what the model takes. `names` are those that a client may use.
    pub(super) fn limit(&mut self, model: &Model, names: &[&str], into: &str) -> Result<(), Error> {
        let Some(asked) = parameters::max_tokens(&self.body, names)? else {
            names.iter().for_each(|name| drop(self.body.remove(name)));
            return Ok(());
        };
        let most = if model.max_output == 0 { u32::MAX } else { model.max_output };
        let limit = asked.min(most).max(if self.family.is_hosted() { 16 } else { 1 });
        if limit != asked {
            self.notes.add(format!("max_tokens:{limit}"));
        } else if self.has(into) {
            names.iter().filter(|name| **name != into).for_each(|name| drop(self.body.remove(name)));
            return Ok(());
        } else {
            self.notes.add(format!("max_tokens:{into}"));
        }
        names.iter().for_each(|name| drop(self.body.remove(name)));
        self.body.set(into, limit.to_string());
        Ok(())
    }

    /// Takes out how to sample, where a model that reasons refuses it.
    pub(super) fn sampling(&mut self, model: &Model, reasons: bool) {
        if !model.sampling && reasons {
            self.drop("temperature");
            self.drop("top_p");
        }
        if reasons && self.family.is_hosted() {
            ["presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"]
                .iter()
                .for_each(|name| self.drop(name));
        }
    }

    /// Drops what clients of other servers add to these dialects and no upstream of this kind knows.
    pub(super) fn plain(&mut self) {
        drop(self.body.remove("anthropic_beta"));
        self.drop("top_k");
    }
}

/// How hard the client wants the model to think, in the model's own word; `None` when it did not say.
pub(super) fn effort(raw: &RawBody, terms: &Terms<'_>) -> Result<Option<Effort>, Error> {
    let read = reasoning::read(raw)?;
    let wanted = terms.effort.or(match read.thinking {
        Some(Thinking::Off) => Some(Effort::None),
        Some(Thinking::Budget(tokens)) => Some(read.effort.unwrap_or(Effort::from_budget(tokens))),
        Some(Thinking::Adaptive) => Some(read.effort.unwrap_or(Effort::Medium)),
        None => read.effort,
    });
    Ok(wanted.map(|effort| nearest(effort, &terms.model.efforts)))
}
