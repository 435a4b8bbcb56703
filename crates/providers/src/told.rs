//! How AWS answers: what its heads tell, and refusals with all that a codec needs to read them.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use wire::ErrorHead;

use crate::http::{Incoming, clock_offset};

/// The most we read of an error.
const LONGEST_ERROR: usize = 256 * 1024;

const REQUEST_ID: &str = "x-amzn-requestid";
/// The same in the words of the vendors whose APIs AWS plays.
const VENDOR_REQUEST_ID: &str = "request-id";
const ERROR_TYPE: &str = "x-amzn-errortype";

/// The upstream's id of the request, for support cases.
pub(crate) fn request_id(incoming: &Incoming) -> Option<String> {
    incoming.header(REQUEST_ID).or_else(|| incoming.header(VENDOR_REQUEST_ID)).map(str::to_owned)
}

/// True for an answer. An operation that a front end does not know is sometimes answered with 200 and an error inside.
pub(crate) fn is_answer(incoming: &Incoming) -> bool {
    incoming.status() == 200 && incoming.header(ERROR_TYPE).is_none()
}

/// An answer that is an error, read.
pub(crate) struct Refusal {
    status: u16,
    headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Refusal {
    pub(crate) async fn read(incoming: Incoming) -> Self {
        let status = incoming.status();
        let headers = incoming.headers().clone();
        // The status tells enough when the body is lost.
        let body = incoming.read(LONGEST_ERROR).await.unwrap_or_default();
        Self { status, headers, body }
    }

    pub(crate) fn head(&self) -> ErrorHead<'_> {
        ErrorHead {
            status: self.status,
            error_type: self.text(ERROR_TYPE),
            request_id: self.text(REQUEST_ID).or_else(|| self.text(VENDOR_REQUEST_ID)),
            retry_after: self.text("retry-after"),
        }
    }

    /// Seconds by which the upstream's clock is ahead of `now`.
    pub(crate) fn clock_offset(&self, now: SystemTime) -> Option<i64> {
        self.text("date").and_then(|date| clock_offset(date, now))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
