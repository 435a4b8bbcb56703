//! A request of a sign-in and its answer, as values.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use llm::{Category, Error, Payload};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::http::{Http, Outgoing};

/// For one exchange: a person is watching.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer holds a few tokens, or a page of names.
const LONGEST: usize = 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// What a service is asked. `Debug` shows where it goes, not what is in it.
pub struct Question(Outgoing);

/// A service's answer, whatever its status.
#[derive(Clone)]
pub struct Heard {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Question {
    /// A POST of JSON.
    pub(crate) fn json(url: Url, body: &Value) -> Self {
        Self::post(url, JSON, body.to_string())
    }

    /// A POST of a form.
    pub(crate) fn form(url: Url, members: &[(&str, &str)]) -> Self {
        let mut form = Serializer::new(String::new());
        for (name, value) in members {
            form.append_pair(name, value);
        }
        Self::post(url, FORM, form.finish())
    }

    /// A GET, with a header that proves who asks where there is one.
    pub(crate) fn get(url: Url, proof: Option<(HeaderName, HeaderValue)>) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(ACCEPT, JSON);
        if let Some((name, mut value)) = proof {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Self(Outgoing { method: Method::GET, url, headers, payload: Payload::new() })
    }

    fn post(url: Url, content_type: HeaderValue, body: String) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(ACCEPT, JSON);
        Self(Outgoing { method: Method::POST, url, headers, payload: Payload::from(body.into_bytes()) })
    }

    #[cfg(test)]
    pub(crate) fn url(&self) -> &Url {
        &self.0.url
    }

    #[cfg(test)]
    pub(crate) fn body(&self) -> String {
        String::from_utf8(self.0.payload.to_bytes().to_vec()).unwrap()
    }
}

impl Heard {
    /// The members of a good answer.
    ///
    /// # Errors
    /// [`Category::Upstream`]. Its text does not quote the answer, which may hold tokens.
    pub(crate) fn json(&self) -> Result<Value, Error> {
        serde_json::from_slice(&self.body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Error::new(Category::Upstream, "The sign-in service's answer cannot be read."))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Http {
    /// Sends a question of a sign-in.
    ///
    /// # Errors
    /// Those of the way there; an answer of any status is one.
    pub async fn ask(&self, question: Question) -> Result<Heard, Error> {
        let exchange = async {
            let incoming = self.send(question.0).await?;
            let (status, headers) = (incoming.status(), incoming.headers().clone());
            Ok(Heard { status, headers, body: incoming.read(LONGEST).await? })
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| {
            Err(Error::new(
                Category::Timeout,
                format!("The sign-in service did not answer within {} s.", PATIENCE.as_secs()),
            ))
        })
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("method", &self.0.method)
            .field("host", &self.0.url.host_str())
            .field("path", &self.0.url.path())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").field("status", &self.status).finish_non_exhaustive()
    }
}
