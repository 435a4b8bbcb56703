//! How the admin API says no.

use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use llm::{Category, Error};
use serde::Serialize;
use serde_json::{Map, Value};

/// An error of the admin API: `{"code", "message", "params"}`. Codes are stable, the window translates them;
/// messages are for the log and for people with curl.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    code: &'static str,
    message: String,
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>"))]
    params: Map<String, Value>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), params: Map::new(), retry_after_s: None }
    }

    /// 400 for a request that does not fit its schema.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A value that the translated sentence needs.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// How long to wait before the next try.
    #[must_use]
    pub(crate) fn after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after_s = Some(wait.as_secs_f64().ceil() as u64);
        self
    }

    /// The whole response.
    pub(crate) fn written(&self) -> Response<Bytes> {
        // Strings and numbers always serialise.
        let mut answer = Response::new(serde_json::to_vec(self).unwrap_or_default().into());
        *answer.status_mut() = self.status;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after_s {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        self.written().map(axum::body::Body::from)
    }
}

impl From<&Error> for Refusal {
    /// The code is the category's name.
    fn from(error: &Error) -> Self {
        let status = match error.category {
            Category::InvalidRequest | Category::ContextLength | Category::Unsupported => {
                StatusCode::BAD_REQUEST
            }
            Category::LocalKey => StatusCode::UNAUTHORIZED,
            Category::Forbidden => StatusCode::FORBIDDEN,
            Category::UnknownRoute | Category::ModelNotFound => StatusCode::NOT_FOUND,
            Category::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Category::SlowRequest | Category::Cancelled => StatusCode::REQUEST_TIMEOUT,
            Category::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Category::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            // Ours; an upstream's says so.
            Category::RateLimited if error.upstream.is_none() => StatusCode::TOO_MANY_REQUESTS,
            Category::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Category::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            // Everything an upstream did: the admin API itself works.
            _ => StatusCode::BAD_GATEWAY,
        };
        let mut refusal = Self::new(status, error.category.name(), error.message.clone());
        refusal.retry_after_s = error.retry_after.map(|wait| wait.as_secs().max(1));
        match &error.param {
            Some(param) => refusal.with("field", param.as_str()),
            None => refusal,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<accounts::Error> for Refusal {
    fn from(error: accounts::Error) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = Self::new(status, error.code(), error.to_string());
        match &error {
            accounts::Error::UnknownProvider(provider) => refusal.with("provider", provider.as_str()),
            accounts::Error::PolicyConsentRequired { provider, note } => {
                refusal.with("provider", *provider).with("note", *note)
            }
            accounts::Error::Invalid { field, .. } => refusal.with("field", *field),
            accounts::Error::Refused(error) => match &error.param {
                Some(param) => refusal.with("field", param.as_str()),
                None => refusal,
            },
            _ => refusal,
        }
    }
}

impl From<secrets::Error> for Refusal {
    fn from(error: secrets::Error) -> Self {
        accounts::Error::Secrets(error).into()
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        accounts::Error::Store(error).into()
    }
}
