//! Answers that are not 200, and what may be done about them.
//!
//! The service writes an error in two manners: with `__type` in the body (AWS JSON 1.0), or with the name in
//! `x-amzn-errortype` (REST). A `reason` says it more precisely, but is often null, and then only the text tells. A
//! gateway on the way may answer HTML, or nothing.

use std::time::Duration;

use llm::{Error, Upstream};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{number, text};
use crate::ErrorHead;
pub use verdict::ENTER_AGAIN;
use verdict::{NO_PROFILES, Verdict, WANTS_PROFILE};

mod reason;
mod verdict;

#[cfg(test)]
mod tests;

/// The longest upstream text we keep, in bytes.
const LONGEST: usize = 2048;

/// A refused request.
#[derive(Clone, Debug)]
pub struct Refused {
    /// `upstream.code` is the exception's name, and `/` and the reason where one was given:
    /// `ThrottlingException/DAILY_REQUEST_COUNT`.
    pub error: Error,
    /// What may help, once.
    pub repair: Option<Repair>,
}

/// A change after which the same request may be sent once more, before anything of an answer was handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Without the thoughts of earlier turns: a signature was refused.
    DropReasoning,
    /// Without `additionalModelRequestFields`.
    DropFields,
    /// With [`SchemaDepth::Bare`](super::SchemaDepth::Bare). Told for `Improperly formed request.` without a reason
    /// too, which has many causes: only a request with tools whose schemas were not bare yet gains by it.
    BareSchemas,
    /// As it is: the refusal is sometimes a whim.
    Again,
    /// Under a new conversation id: the old one is full, or unknown.
    NewConversation,
    /// To the service's next address: this one does not know the call, or wants another kind of caller.
    OtherHost,
}

/// What a body may hold, whatever the manner. Members of a wrong kind count as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(rename = "__type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(rename = "Message", borrow)]
    capital_message: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    /// Sent with `CREDIT_CONSUMPTION_RATE_EXCEEDED`.
    #[serde(rename = "retryAfterMilliseconds", borrow)]
    retry_after: Option<&'a RawValue>,
}

/// Reads a refusal. `Upstream::clock_offset` is the caller's to fill, who has a clock.
#[must_use]
pub fn read_error(head: &ErrorHead<'_>, body: &[u8]) -> Refused {
    let parsed: Body<'_> = serde_json::from_slice(body).unwrap_or_default();
    let kind = match head.error_type.filter(|kind| !kind.is_empty()) {
        Some(kind) => kind.to_owned(),
        None => text(parsed.kind),
    };
    let mut refused = parsed.refused(head.status, bare_name(&kind), None);
    let error = &mut refused.error;
    if let Some(upstream) = &mut error.upstream {
        upstream.request_id = head.request_id.map(str::to_owned);
        if upstream.message.is_empty() {
            let page = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]);
            cut(page.trim()).clone_into(&mut upstream.message);
        }
    }
    let told = head.retry_after.and_then(|wait| wait.trim().parse().ok());
    let told = told.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    error.retry_after = error.retry_after.max(told);
    refused
}

impl Body<'_> {
    /// What the body means beside a status and the exception's bare name. `aside` is a message from elsewhere.
    fn refused(&self, status: u16, name: &str, aside: Option<&str>) -> Refused {
        let words =
            [self.message, self.capital_message].map(text).into_iter().find(|words| !words.is_empty());
        let words = words.or_else(|| aside.map(str::to_owned)).unwrap_or_default();
        let reason = text(self.reason);
        let Verdict { category, code, message, repair } = verdict::find(status, name, &reason, &words);
        let mut error = Error::new(category, message.into_text(status, &words)).with_upstream(Upstream {
            status,
            code: if reason.is_empty() { name.to_owned() } else { format!("{name}/{reason}") },
            message: cut(&words).to_owned(),
            ..Upstream::default()
        });
        error.code = code;
        let wait = number(self.retry_after).map(|milliseconds| milliseconds / 1000.0);
        error.retry_after = wait.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Refused { error, repair }
    }
}

/// Whether the service said that this kind of sign-in has no profiles at all. Any other refusal to list them may be about
/// the region, the address or the hour.
#[must_use]
pub fn has_no_profiles(error: &Error) -> bool {
    says(error, NO_PROFILES)
}

/// Whether a request was refused because it came without a profile.
#[must_use]
pub fn wants_profile(error: &Error) -> bool {
    says(error, WANTS_PROFILE)
}

fn says(error: &Error, words: &str) -> bool {
    error.upstream.as_ref().is_some_and(|upstream| upstream.message.to_ascii_lowercase().contains(words))
}

/// The service's name for an error, without the namespace before `#` and the address after `:`.
fn bare_name(kind: &str) -> &str {
    let name = kind.rsplit_once('#').map_or(kind, |(_, name)| name);
    name.split(':').next().unwrap_or_default().trim()
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// An exception of a stream, which has a name and no status. `aside` is a message outside of the payload.
pub(super) fn in_stream(name: &str, payload: &[u8], aside: Option<&str>) -> Error {
    let name = bare_name(name);
    let parsed: Body<'_> = serde_json::from_slice(payload).unwrap_or_default();
    parsed.refused(verdict::status_of(name), name, aside).error
}
