//! The ways to Claude on Bedrock, and which of them a request can go.
//!
//! InvokeModel serves every Claude under every kind of id. Bedrock also has Anthropic's own API, at two hosts, which
//! loses least but does not serve every model, knows neither ARNs nor what AWS adds to a request, and refuses a schema
//! for the answer. What it cannot take goes to InvokeModel without being asked there; what turns out not to be served
//! goes there too, and is remembered until the process ends.

use std::borrow::Cow;
use std::collections::HashSet;

use arc_swap::ArcSwap;
use llm::{Category, Error, Model, RawBody, StructuredOutput, Tier, Wire};
use serde_json::Value;
use wire::anthropic::server;

use super::endpoint::Service;
use super::extras::Extras;
use super::{Bedrock, Catalog, geo};
use crate::{Account, Call};

/// The account's option.
pub(super) const OPTION: &str = "claude_route";

/// Its values.
pub(super) const WORDS: [&str; 4] = ["invoke", "messages", "mantle", "converse"];

/// Models remembered as not served; clients choose the names that are asked for.
const MOST: usize = 256;

/// A way to Claude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// InvokeModel.
    Invoke,
    /// `/anthropic/v1/messages` of the runtime, under profile ids.
    Messages,
    /// The same path of the second inference service, under foundation ids.
    Mantle,
    /// Converse, which loses most.
    Converse,
}

impl Route {
    /// The way that the person chose for an account.
    pub(super) fn wished(options: &Value) -> Self {
        match options.get(OPTION).and_then(Value::as_str) {
            Some("messages") => Self::Messages,
            Some("mantle") => Self::Mantle,
            Some("converse") => Self::Converse,
            _ => Self::Invoke,
        }
    }

    /// Anthropic's own API: the model in the body, betas in a header, the version in another.
    pub(super) const fn is_native(self) -> bool {
        matches!(self, Self::Messages | Self::Mantle)
    }

    pub(super) const fn service(self) -> Service {
        match self {
            Self::Mantle => Service::Mantle,
            Self::Invoke | Self::Messages | Self::Converse => Service::Runtime,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Invoke => WORDS[0],
            Self::Messages => WORDS[1],
            Self::Mantle => WORDS[2],
            Self::Converse => WORDS[3],
        }
    }

    /// The id of a model in the words of this route.
    pub(super) fn id(self, model: &Model) -> &str {
        match self {
            Self::Mantle => bare_id(model),
            Self::Invoke | Self::Messages | Self::Converse => &model.id,
        }
    }

    /// Under what to remember what a model refused here. The routes of Anthropic's API take more and less than
    /// InvokeModel.
    pub(super) fn key(self, model: &str) -> Cow<'_, str> {
        if self.is_native() { format!("{} {model}", self.word()).into() } else { model.into() }
    }

    /// The token in the list of adjustments, where a request did not go the way that the person chose.
    pub(super) fn instead(self) -> String {
        format!("{OPTION}:{}", self.word())
    }

    /// Whether `error` says that the model is not on this route, so that InvokeModel may do better.
    pub(super) fn is_unserved(self, error: &Error) -> bool {
        if !self.is_native() {
            return false;
        }
        match error.category {
            Category::ModelNotFound | Category::NeedsProfile | Category::Unsupported => true,
            // The second service is not in every region; nothing was sent.
            Category::Unreachable => self == Self::Mantle,
            Category::InvalidRequest => {
                let words = error.message.to_ascii_lowercase();
                words.contains("does not support the") && words.contains("messages") && words.contains("api")
            }
            _ => false,
        }
    }
}

/// The foundation id of a model, which CountTokens and the second inference service want.
pub(super) fn bare_id(model: &Model) -> &str {
    if model.id.starts_with("arn:") {
        let behind = Catalog::built_in().iter().find(|entry| entry.model.name == model.name);
        return behind.map_or(model.id.as_str(), |entry| entry.model.id.as_str());
    }
    geo::split(&model.id).1
}

/// Models that turned out not to be on a route, by account. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Unserved(ArcSwap<HashSet<Box<str>>>);

impl Unserved {
    fn has(&self, account: &Account, route: Route, model: &str) -> bool {
        let all = self.0.load();
        !all.is_empty() && all.contains(name(account, route, model).as_str())
    }

    pub(super) fn put(&self, account: &Account, route: Route, model: &str) {
        self.0.rcu(|known| {
            let mut next = HashSet::clone(known);
            if next.len() < MOST {
                next.insert(name(account, route, model).into());
            }
            next
        });
    }
}

fn name(account: &Account, route: Route, model: &str) -> String {
    format!("{} {} {} {model}", account.id, account.region, route.word())
}

impl Bedrock {
    /// The way that a request goes: the person's, unless it cannot be gone with this model or this request.
    ///
    /// # Errors
    /// [`Category::InvalidRequest`] when a request of another wire has no meaning.
    pub(super) fn route(&self, account: &Account, call: Call<'_>, model: &Model) -> Result<Route, Error> {
        if model.wire != Wire::AnthropicMessages {
            return Ok(Route::Converse);
        }
        let wished = Route::wished(&account.options);
        if !wished.is_native() {
            return Ok(wished);
        }
        let placed = match wished {
            Route::Mantle => !model.id.starts_with("arn:"),
            _ => geo::split(&model.id).0.is_some(),
        };
        let served = placed
            && !Extras::of(&account.options).any()
            && !self.unserved.has(account, wished, &model.id)
            && !asks_more(call, model)?;
        Ok(if served { wished } else { Route::Invoke })
    }
}

/// Whether a request asks for what only InvokeModel gives: bought capacity, an answer by a schema.
fn asks_more(call: Call<'_>, model: &Model) -> Result<bool, Error> {
    let formats = model.structured_output != StructuredOutput::No;
    let asked = call.asked;
    let (tier, format) = if asked.wire == Wire::AnthropicMessages {
        (server::tier(&asked.raw), formats && has_format(&asked.raw))
    } else {
        let meaning = asked.meaning()?;
        (meaning.tier, formats && meaning.format.is_some())
    };
    Ok(format || tier.or(asked.hints.tier) == Some(Tier::Reserved))
}

/// A schema for the answer, where Anthropic's clients put it now and where older ones do.
fn has_format(body: &RawBody) -> bool {
    let config =
        body.get("output_config").is_some_and(|json| memchr::memmem::find(json, b"\"format\"").is_some());
    config || body.get("output_format").is_some_and(|json| json.as_ref() != b"null")
}

#[cfg(test)]
mod tests;
