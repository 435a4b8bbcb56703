//! A tape made readable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use wire::eventstream::Decoder;

use super::{Attempt, Side, Tape, lock, redact};

/// The wire of one request, secrets taken out. Times are milliseconds after it came in, but for the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Capture {
    pub request_id: String,
    pub client: CapturedRequest,
    pub attempts: Vec<CapturedAttempt>,
    pub timing: CaptureTiming,
}

/// What the client sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CapturedRequest {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// Cut at the limit of captures; `None` when it is no text.
    pub body: Option<String>,
    pub body_bytes: usize,
    pub body_truncated: bool,
}

/// One exchange with an upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CapturedAttempt {
    pub account: String,
    pub model: String,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// Cut at the limit of captures; `None` when it is no text.
    pub body: Option<String>,
    pub body_bytes: usize,
    /// `None` when no answer came.
    pub status: Option<u16>,
    pub response_headers: Vec<(String, String)>,
    pub started_ms: f64,
    pub first_byte_ms: Option<f64>,
    pub ended_ms: Option<f64>,
    pub events: Vec<CapturedEvent>,
    pub events_truncated: bool,
    /// Why it did not come, or not to its end.
    pub error: Option<String>,
}

/// One event of an answer; an answer in one piece is one event named `body`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CapturedEvent {
    pub at_ms: f64,
    pub name: String,
    pub data: String,
}

/// When the request came to where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CaptureTiming {
    /// Milliseconds since 1970.
    pub received_ms: i64,
    /// Its body was here.
    pub read_ms: Option<f64>,
    /// It was known who may answer.
    pub routed_ms: Option<f64>,
    /// The first request left for an upstream.
    pub sent_ms: Option<f64>,
    /// The first answer began.
    pub first_byte_ms: Option<f64>,
    /// The first content left for the client.
    pub first_content_ms: Option<f64>,
    pub ended_ms: Option<f64>,
}

impl Tape {
    /// What is on the tape so far.
    pub(crate) fn developed(&self, request_id: &str) -> Capture {
        let state = lock(&self.state);
        let marks = state.marks;
        Capture {
            request_id: request_id.to_owned(),
            client: CapturedRequest {
                method: state.method.clone(),
                path: state.path.clone(),
                headers: redact::headers(&state.client.headers),
                body: state.client.text(),
                body_bytes: state.client.body_bytes,
                body_truncated: !state.client.is_whole(),
            },
            attempts: state.attempts.iter().map(Attempt::developed).collect(),
            timing: CaptureTiming {
                received_ms: self.received_ms,
                read_ms: marks.read,
                routed_ms: marks.routed,
                sent_ms: marks.sent,
                first_byte_ms: marks.first_byte,
                first_content_ms: marks.first_content,
                ended_ms: marks.ended,
            },
        }
    }
}

impl Side {
    fn text(&self) -> Option<String> {
        let mut bytes = self.body.concat();
        if !self.is_whole() {
            // A character may have been cut.
            let good = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
            if bytes.len() - good < 4 {
                bytes.truncate(good);
            }
        }
        redact::body(&bytes)
    }
}

impl Attempt {
    fn developed(&self) -> CapturedAttempt {
        CapturedAttempt {
            account: self.account.clone(),
            model: self.model.clone(),
            method: self.method.clone(),
            url: self.url.clone(),
            headers: redact::headers(&self.sent.headers),
            body: self.sent.text(),
            body_bytes: self.sent.body_bytes,
            status: self.status,
            response_headers: redact::headers(&self.headers),
            started_ms: self.started,
            first_byte_ms: self.first_byte,
            ended_ms: self.ended,
            events: events(&self.headers, &self.pieces),
            events_truncated: self.truncated,
            error: self.error.clone(),
        }
    }
}

fn events(headers: &HeaderMap, pieces: &[(f64, Bytes)]) -> Vec<CapturedEvent> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("eventstream") {
        return frames(pieces);
    }
    let Some((at_ms, _)) = pieces.last() else { return Vec::new() };
    let whole: Vec<u8> = pieces.iter().flat_map(|(_, piece)| piece.iter().copied()).collect();
    let data = redact::body(&whole).unwrap_or_else(|| format!("{} bytes", whole.len()));
    vec![CapturedEvent { at_ms: *at_ms, name: "body".to_owned(), data }]
}

fn frames(pieces: &[(f64, Bytes)]) -> Vec<CapturedEvent> {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    for (at_ms, piece) in pieces {
        decoder.push(piece.clone());
        loop {
            match decoder.next() {
                Ok(Some(message)) => {
                    let name = message.event_type().or_else(|| message.exception_type());
                    let name = name.or_else(|| message.error_code()).unwrap_or("message").to_owned();
                    events.push(CapturedEvent { at_ms: *at_ms, name, data: inside(&message.payload) });
                }
                Ok(None) => break,
                Err(error) => {
                    events.push(CapturedEvent {
                        at_ms: *at_ms,
                        name: "damaged".to_owned(),
                        data: error.to_string(),
                    });
                    return events;
                }
            }
        }
    }
    events
}

/// InvokeModel wraps each event of the model's own wire in base64, which nobody can read.
fn inside(payload: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        bytes: std::borrow::Cow<'a, str>,
    }
    let wrapped = serde_json::from_slice::<Wrapped<'_>>(payload).ok();
    let unwrapped = wrapped.and_then(|wrapped| STANDARD.decode(&*wrapped.bytes).ok());
    let shown = unwrapped.as_deref().unwrap_or(payload);
    String::from_utf8_lossy(shown).into_owned()
}
