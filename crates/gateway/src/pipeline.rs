//! One request, straight through. The calls of [`handle`], in this order, are all that happens to it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use llm::{Category, Error, Request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use wire::{ChunkWriter, ServerCodec};

use crate::dispatch::{self, Sought, Started};
use crate::kept::{self, Keep};
use crate::last_call::{LastCall, last_call};
use crate::limits::Permit;
use crate::live::LiveAnswer;
use crate::record::Recorder;
use crate::reply::ReplyBody;
use crate::state::Gateway;
use crate::{admission, body, route};

/// How long the headers of a stream may wait for an account that answers. Until then a failure can still become
/// an honest HTTP status; afterwards the client needs a sign of life.
const HOLD: Duration = Duration::from_secs(12);

/// The real model id of an answer.
const MODEL: HeaderName = HeaderName::from_static("x-proxy-model");
/// The name of the account that answered.
const ACCOUNT: HeaderName = HeaderName::from_static("x-proxy-account");
/// Its id, which says nothing of it: what a request may name to be answered by it again.
const LABEL: HeaderName = HeaderName::from_static("x-switchboard-account");
/// Requests sent upstream for this answer.
const ATTEMPTS: HeaderName = HeaderName::from_static("x-switchboard-attempts");
/// The accounts that should have answered and did not, each with why: `account:category`, separated by `; `.
const FAILOVER: HeaderName = HeaderName::from_static("x-proxy-failover");
/// What was changed in the request on its way, separated by `; `.
const ADJUSTED: HeaderName = HeaderName::from_static("x-proxy-adjusted");
/// How many pieces of the conversation were cut or left out, so that it fits upstream.
const SHORTENED: HeaderName = HeaderName::from_static("x-switchboard-shortened");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// What a name may not hold in a header, and what not in a list in one.
const ALONE: &AsciiSet = &CONTROLS.add(b'%');
const LISTED: &AsciiSet = &ALONE.add(b';').add(b':');

/// Serves one request of a dialect.
pub(crate) async fn handle<B>(
    gateway: &Arc<Gateway>,
    codec: &'static dyn ServerCodec,
    peer: IpAddr,
    head: Parts,
    incoming: B,
) -> Response<ReplyBody>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut recorder = Recorder::begin(gateway, codec.wire(), &head);
    match take(gateway, codec, peer, &head, incoming, &mut recorder).await {
        Ok(Taken { asked, course, permit, keep }) => {
            let stamp = recorder.stamp();
            let search = Box::pin(dispatch::seek(Arc::clone(gateway), Arc::clone(&asked), course, recorder));
            if asked.stream {
                let writer = codec.writer(&asked, stamp);
                let writer = match keep {
                    Some(keep) => keep.over(writer),
                    None => writer,
                };
                stream(codec, writer, permit, search, last_call(gateway)).await
            } else {
                let (recorder, started) = search.await;
                whole(codec, &asked, recorder, started, keep)
            }
        }
        Err(error) => rescue(codec, recorder, &error),
    }
}

/// A request that may be answered.
struct Taken {
    asked: Arc<Request>,
    course: route::Course,
    permit: Permit,
    /// Keeps the answer, where that is wanted.
    keep: Option<Keep>,
}

/// Steps 1 to 4: who asks, what, may they now, where may it go.
async fn take<B>(
    gateway: &Arc<Gateway>,
    codec: &dyn ServerCodec,
    peer: IpAddr,
    head: &Parts,
    incoming: B,
    recorder: &mut Recorder,
) -> Result<Taken, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let key = admission::check(gateway, &head.headers)?;
    let key = recorder.shown(key);
    admission::open(gateway)?;
    let pinned = admission::pinned(gateway, &head.headers, key.as_deref(), peer)?;
    if let Err(error) = admission::afford(gateway, key.as_deref()) {
        recorder.is_spent = error.category == Category::Quota;
        return Err(error);
    }
    recorder.keep_wire(gateway, head, admission::is_household(key.as_deref(), peer));
    let body = body::read(&head.headers, incoming).await?;
    if let Some(tape) = recorder.tape() {
        tape.body(&body);
    }
    let mut asked = codec.read_request(&head.headers, body)?;
    asked.hints.hide_thinking = !gateway.settings.load().reasoning_content;
    asked.hints.tier = key.as_ref().and_then(|key| key.rules.tier).map(Into::into);
    recorder.asked(&asked);
    let permit = gateway.limits.enter()?;
    let keep = kept::recall(gateway, &mut asked, key.as_deref(), recorder.stamp()).await?;
    let wanted = route::Wanted::new(gateway, &asked.model, recorder.client(), pinned, key)?;
    let course =
        route::Course::new(gateway, &asked, wanted).map_err(|refused| recorder.refused_by(refused))?;
    if let Some(tape) = recorder.tape() {
        tape.routed();
    }
    Ok(Taken { asked: Arc::new(asked), course, permit, keep })
}

/// A streamed answer: held back until an account answers, or until the client needs a sign of life.
async fn stream(
    codec: &'static dyn ServerCodec,
    writer: Box<dyn ChunkWriter>,
    permit: Permit,
    mut search: BoxFuture<'static, Sought>,
    last_call: LastCall,
) -> Response<ReplyBody> {
    let found = tokio::select! {
        biased;
        found = &mut search => Some(found),
        () = tokio::time::sleep(HOLD) => None,
    };
    match found {
        Some((mut recorder, Ok(started))) => {
            recorder.sent(StatusCode::OK);
            let mut response = Response::new(ReplyBody::empty());
            event_stream(response.headers_mut());
            about(&recorder, response.headers_mut());
            let live = LiveAnswer::started(started, writer, recorder, permit, last_call);
            *response.body_mut() = ReplyBody::live(live);
            response
        }
        Some((recorder, Err(error))) => rescue(codec, recorder, &error),
        None => {
            let mut response = Response::new(ReplyBody::empty());
            event_stream(response.headers_mut());
            let live = LiveAnswer::seeking(search, writer, permit, last_call);
            *response.body_mut() = ReplyBody::live(live);
            response
        }
    }
}

/// An answer in one piece.
fn whole(
    codec: &dyn ServerCodec,
    asked: &Request,
    mut recorder: Box<Recorder>,
    started: Result<Started, Error>,
    keep: Option<Keep>,
) -> Response<ReplyBody> {
    let body = match started {
        Ok(Started::Whole(answer)) => {
            recorder.tap_whole(answer.usage, answer.stop.as_ref());
            codec.write_whole(asked, &answer, recorder.stamp())
        }
        Ok(Started::Answer(answer)) => {
            recorder.tap_whole(answer.usage, answer.stop.as_ref());
            codec.write_answer(asked, &answer, recorder.stamp())
        }
        Ok(Started::Stream { .. } | Started::Vectors(_)) => {
            let error =
                Error::new(Category::Internal, "Something else was left where a whole answer was asked.");
            return rescue(codec, recorder, &error);
        }
        Err(error) => return rescue(codec, recorder, &error),
    };
    if let Some(keep) = keep {
        keep.whole(&body);
    }
    done(recorder, body)
}

/// The response that carries a whole answer, which ends the request.
pub(crate) fn done(mut recorder: Box<Recorder>, body: Bytes) -> Response<ReplyBody> {
    recorder.sent(StatusCode::OK);
    recorder.complete();
    let mut response = Response::new(ReplyBody::piece(body));
    json(response.headers_mut());
    about(&recorder, response.headers_mut());
    response
}

/// The one place where an error becomes a response, in the client's own dialect.
pub(crate) fn rescue(
    codec: &dyn ServerCodec,
    mut recorder: Box<Recorder>,
    error: &Error,
) -> Response<ReplyBody> {
    recorder.failed(error);
    let reply = codec.write_error(error, recorder.request_id());
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    recorder.sent(status);
    let mut response = Response::new(ReplyBody::piece(reply.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    json(headers);
    about(&recorder, headers);
    if let Some(wait) = retry_after(error) {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64));
    }
    if recorder.is_final() {
        // The official SDKs would try twice more on top of what we tried already, or for what no trying changes.
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// What a client should wait. Some clients do not retry a 429 at all unless it says how long.
fn retry_after(error: &Error) -> Option<Duration> {
    error.retry_after.or(match error.category {
        // Also where no short wait helps: asked again, the account answers the same at once, and the client shows it.
        Category::RateLimited | Category::AllCooling | Category::Quota => Some(Duration::from_secs(5)),
        Category::Overloaded => Some(Duration::from_secs(2)),
        _ => None,
    })
}

fn json(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

fn event_stream(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

/// Which request it was, who answered, with what, and what was changed on the way.
fn about(recorder: &Recorder, headers: &mut HeaderMap) {
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(REQUEST_ID, recorder.request_id());
    put(X_REQUEST_ID, recorder.request_id());
    if let Some(label) = recorder.label() {
        put(LABEL, label);
    }
    if let Some((account, model)) = recorder.served() {
        put(ACCOUNT, &ascii(account, ALONE));
        put(MODEL, model);
    }
    let past = recorder.past();
    if !past.is_empty() {
        let past: Vec<_> =
            past.iter().map(|(account, category)| format!("{}:{category}", ascii(account, LISTED))).collect();
        put(FAILOVER, &past.join("; "));
    }
    if !recorder.adjustments().is_empty() {
        put(ADJUSTED, &recorder.adjustments().join("; "));
    }
    let mut adjustments = recorder.adjustments().iter();
    if let Some(count) = adjustments.find_map(|token| token.strip_prefix("shortened:")) {
        put(SHORTENED, count);
    }
    headers.insert(ATTEMPTS, HeaderValue::from(recorder.attempts()));
}

/// A person's name for something as a header may carry it: percent-encoded where it is not ASCII, or is in `set`.
fn ascii<'a>(name: &'a str, set: &'static AsciiSet) -> Cow<'a, str> {
    utf8_percent_encode(name, set).into()
}

#[cfg(test)]
mod tests;
