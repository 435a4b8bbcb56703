//! One request to Bedrock: addressed, signed, sent, and its answer told apart from an error.

use std::time::SystemTime;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use llm::{Category, Error, Payload};
use url::Url;
use wire::bedrock::read_error;

use super::endpoint::{self, Service};
use super::{Bedrock, sign};
use crate::Session;
use crate::http::{Incoming, Outgoing};
use crate::told::{Refusal, is_answer};

/// The most that InvokeModel takes, in bytes.
pub(super) const LONGEST_REQUEST: usize = 25_000_000;

/// The most we take of an answer in one piece: the largest answers carry a few hundred kilobytes of text.
pub(super) const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// The one version of Anthropic's API that Bedrock's routes for it are known to take.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const BEDROCK_ACCEPT: HeaderName = HeaderName::from_static("x-amzn-bedrock-accept");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
pub(super) const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const SERVICE_TIER: HeaderName = HeaderName::from_static("x-amzn-bedrock-service-tier");

/// The operations on a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Invoke,
    InvokeStream,
    Converse,
    ConverseStream,
    CountTokens,
    /// Anthropic's own API.
    Messages,
    MessagesStream,
    CountMessages,
}

impl Operation {
    /// Where it is asked of a model. Anthropic's own API has the model in the body.
    pub(super) fn url(self, base: &str, model: &str) -> Result<Url, Error> {
        let verb = match self {
            Self::Invoke => "invoke",
            Self::InvokeStream => "invoke-with-response-stream",
            Self::Converse => "converse",
            Self::ConverseStream => "converse-stream",
            Self::CountTokens => "count-tokens",
            Self::Messages | Self::MessagesStream => {
                return endpoint::parse(&format!("{base}/anthropic/v1/messages"));
            }
            Self::CountMessages => {
                return endpoint::parse(&format!("{base}/anthropic/v1/messages/count_tokens"));
            }
        };
        endpoint::model_url(base, model, verb)
    }

    /// InvokeModel's stream names the type of what is inside its frames in a header of its own.
    fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, JSON);
        match self {
            Self::InvokeStream => headers.insert(BEDROCK_ACCEPT, JSON),
            Self::MessagesStream => headers.insert(ACCEPT, EVENTS),
            _ => headers.insert(ACCEPT, JSON),
        };
        if matches!(self, Self::Messages | Self::MessagesStream | Self::CountMessages) {
            headers.insert(ANTHROPIC_VERSION, VERSION);
        }
        headers
    }
}

/// Headers of a request to a model. `tier` is InvokeModel's way to ask for a service tier.
pub(super) fn headers(operation: Operation, tier: Option<&'static str>) -> HeaderMap {
    let mut headers = operation.headers();
    if let Some(tier) = tier {
        headers.insert(SERVICE_TIER, HeaderValue::from_static(tier));
    }
    headers
}

impl Bedrock {
    /// Sends a request to a model of `service` and returns its answer, whose status was good.
    ///
    /// # Errors
    /// What the upstream said, classified; [`Category::TooLarge`] without asking when the body is longer than
    /// Bedrock takes.
    pub(super) async fn post(
        &self,
        session: &Session,
        service: Service,
        url: Url,
        headers: HeaderMap,
        payload: Payload,
    ) -> Result<Incoming, Error> {
        if payload.len() > LONGEST_REQUEST {
            return Err(Error::new(
                Category::TooLarge,
                format!("The request is {} bytes long; Bedrock takes {LONGEST_REQUEST}.", payload.len()),
            ));
        }
        self.exchange(session, service, Outgoing { method: Method::POST, url, headers, payload }).await
    }

    /// Reads from the control plane.
    pub(super) async fn get(&self, session: &Session, url: Url) -> Result<Incoming, Error> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(ACCEPT, JSON);
        let outgoing = Outgoing { method: Method::GET, url, headers, payload: Payload::new() };
        self.exchange(session, Service::Control, outgoing).await
    }

    async fn exchange(
        &self,
        session: &Session,
        service: Service,
        mut outgoing: Outgoing,
    ) -> Result<Incoming, Error> {
        sign::authorize(&mut outgoing, session, service, (self.clock)())?;
        let incoming = self.http.of(&session.account).send(outgoing).await?;
        if is_answer(&incoming) {
            return Ok(incoming);
        }
        Err(refusal(incoming, (self.clock)()).await)
    }
}

/// Reads an answer that is an error.
async fn refusal(incoming: Incoming, now: SystemTime) -> Error {
    let refusal = Refusal::read(incoming).await;
    let mut error = read_error(&refusal.head(), &refusal.body);
    if let Some(upstream) = &mut error.upstream {
        upstream.clock_offset = refusal.clock_offset(now);
    }
    error
}
