//! The check at work: between the listener and the routes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONNECTION, CONTENT_TYPE, ORIGIN,
    RETRY_AFTER, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use llm::Error;
use wire::ServerCodec;

use super::{Head, Passed, Policy, check};
use crate::Gateway;
use crate::admin::Refusal;
use crate::listener::Connection;
use crate::proxy::speaks_a_dialect;
use crate::record::Recorder;
use crate::visitors;

/// Finds the codec in whose words a request is refused. Not asked for paths of the admin API.
pub type Dialect = fn(&str, &HeaderMap) -> &'static dyn ServerCodec;

/// Headers of ours that a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "request-id, x-request-id, retry-after, x-should-retry, x-proxy-model, x-proxy-account, \
     x-proxy-failover, x-proxy-adjusted, x-switchboard-account, x-switchboard-attempts, \
     x-switchboard-shortened",
);
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What the answer to an admitted request must carry.
#[derive(Clone, Debug)]
pub struct Pass {
    cors: Option<HeaderValue>,
    close: bool,
}

impl Pass {
    /// Adds what the boundary owes to an answer.
    pub fn finish(self, headers: &mut HeaderMap) {
        if let Some(origin) = self.cors {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Admits a request, or answers in its stead: a refusal in the dialect of the path, or the reply to a preflight.
fn admit<B>(
    gateway: &Gateway,
    dialect: Dialect,
    connection: &Connection,
    request: Request<B>,
) -> Result<(Pass, Request<B>), Box<Response<Bytes>>> {
    let head = Head {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        port: connection.local.port(),
        flaw: connection.flaw(),
    };
    let settings = gateway.settings.load();
    let client = visitors::client(connection.peer.ip(), head.headers, &settings);
    let welcome = gateway.office.visitors.admit(client, &settings, gateway.now_ms(), gateway.clock.instant());
    // Who is not let in keeps no connection, of which there are not many.
    let close = connection.is_last() || welcome.is_err();
    // Our own pages, asked for only when a page asks.
    let own = head.headers.contains_key(ORIGIN).then(|| gateway.office.origins());
    let own = own.as_deref().map_or(&[][..], Vec::as_slice);
    let mut answer = match welcome.and_then(|()| check(head, Policy { own, ..Policy::from(&**settings) })) {
        Ok(Passed::Serve { cors }) => return Ok((Pass { cors, close }, request)),
        Ok(Passed::Preflight(headers)) => {
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::NO_CONTENT;
            *answer.headers_mut() = headers;
            answer
        }
        Err(error) => {
            tracing::info!(
                method = %head.method, path = head.uri.path(), peer = %connection.peer, %client,
                reason = %error, "a request was refused at the boundary"
            );
            refuse(gateway, dialect, &request.into_parts().0, &error)
        }
    };
    Pass { cors: None, close }.finish(answer.headers_mut());
    Err(Box::new(answer))
}

/// Wraps a handler in the check. The settings are looked at anew for each request.
pub fn guarded<H, F, B>(
    gateway: Arc<Gateway>,
    dialect: Dialect,
    handler: H,
) -> impl Fn(&Arc<Connection>, Request<Incoming>) -> Guarded<F> + Clone + Send + Sync + 'static
where
    H: Fn(&Arc<Connection>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: From<Bytes>,
{
    move |connection, request| match admit(&gateway, dialect, connection, request) {
        Ok((pass, request)) => Guarded::admitted(handler(connection, request), pass),
        Err(answer) => Guarded::answered(answer),
    }
}

fn refuse(gateway: &Gateway, dialect: Dialect, head: &Parts, error: &Error) -> Response<Bytes> {
    let path = head.uri.path();
    if path.starts_with("/api/") || path == "/metrics" {
        return Refusal::from(error).written();
    }
    let codec = dialect(path, &head.headers);
    let id = format!("req_{}", uuid::Uuid::new_v4().simple());
    let reply = codec.write_error(error, &id);
    let mut answer = Response::new(reply.body);
    *answer.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_REQUEST);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = error.retry_after {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    let second = u32::try_from(gateway.now_ms() / 1000).unwrap_or_default();
    if speaks_a_dialect(path) && gateway.limits.may_note(second) {
        Recorder::refused(gateway, codec.wire(), head, &id, error, answer.status());
    }
    answer
}

pin_project_lite::pin_project! {
    /// The future of [`guarded`].
    #[derive(Debug)]
    #[project = GuardedProjection]
    pub enum Guarded<F> {
        Admitted {
            #[pin]
            answer: F,
            pass: Option<Pass>,
        },
        Answered {
            answer: Option<Box<Response<Bytes>>>,
        },
    }
}

impl<F> Guarded<F> {
    const fn admitted(answer: F, pass: Pass) -> Self {
        Self::Admitted { answer, pass: Some(pass) }
    }

    const fn answered(answer: Box<Response<Bytes>>) -> Self {
        Self::Answered { answer: Some(answer) }
    }
}

impl<F, B> Future for Guarded<F>
where
    F: Future<Output = Response<B>>,
    B: From<Bytes>,
{
    type Output = Response<B>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<B>> {
        match self.project() {
            GuardedProjection::Admitted { answer, pass } => {
                let mut answer = ready!(answer.poll(cx));
                if let Some(pass) = pass.take() {
                    pass.finish(answer.headers_mut());
                }
                Poll::Ready(answer)
            }
            // Like every future it must not be polled again after it was ready; then it waits for ever.
            GuardedProjection::Answered { answer } => match answer.take() {
                Some(answer) => Poll::Ready(answer.map(B::from)),
                None => Poll::Pending,
            },
        }
    }
}
