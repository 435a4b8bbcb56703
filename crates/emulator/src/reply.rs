//! An answer before faults have been at it.

use bytes::Bytes;

/// The pieces of a body, made one at a time so that a long answer is never whole in memory.
pub(crate) type Frames = Box<dyn Iterator<Item = Bytes> + Send>;

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Whole(Bytes),
    Frames(Frames),
}

impl Reply {
    pub(crate) fn whole(status: u16, json: Bytes) -> Self {
        Self { status, headers: vec![("content-type", "application/json".into())], body: Body::Whole(json) }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::whole(200, Bytes::from(value.to_string()))
    }

    pub(crate) fn event_stream(frames: Frames) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/vnd.amazon.eventstream".into())],
            body: Body::Frames(frames),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
