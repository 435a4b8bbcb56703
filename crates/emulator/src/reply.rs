//! An answer before faults have been at it.

use bytes::Bytes;

use crate::Fault;
use crate::play::exception_frame;

/// The pieces of a body, made one at a time so that a long answer is never whole in memory.
pub(crate) type Frames = Box<dyn Iterator<Item = Bytes> + Send>;

/// The frame of an exception with that name and these words, in the framing of a stream.
pub(crate) type Exception = fn(&str, &str) -> Bytes;

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    /// Cuts the body at random places that are no frame's, by this seed.
    pub(crate) ragged: Option<u64>,
    pub(crate) exception: Exception,
}

pub(crate) enum Body {
    Whole(Bytes),
    Frames(Frames),
}

impl Reply {
    pub(crate) fn whole(status: u16, json: Bytes) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".into())],
            body: Body::Whole(json),
            ragged: None,
            exception: exception_frame,
        }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::whole(200, Bytes::from(value.to_string()))
    }

    /// Sends a browser elsewhere.
    pub(crate) fn redirect(place: String) -> Self {
        Self { headers: vec![("location", place)], ..Self::whole(302, Bytes::new()) }
    }

    pub(crate) fn event_stream(frames: Frames) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/vnd.amazon.eventstream".into())],
            body: Body::Frames(frames),
            ragged: None,
            exception: exception_frame,
        }
    }

    /// Server-sent events.
    pub(crate) fn sse(frames: Frames, exception: Exception) -> Self {
        let headers = vec![("content-type", "text/event-stream; charset=utf-8".into())];
        Self { status: 200, headers, body: Body::Frames(frames), ragged: None, exception }
    }

    /// Plays the frames of a [`Fault::Replay`] instead of its own.
    pub(crate) fn replaced(mut self, faults: &[Fault]) -> Self {
        let frames = faults
            .iter()
            .find_map(|fault| if let Fault::Replay(frames) = fault { Some(frames) } else { None });
        if let (Some(frames), Body::Frames(_)) = (frames, &self.body) {
            self.body = Body::Frames(Box::new(frames.clone().into_iter()));
        }
        self
    }

    pub(crate) fn with_type(mut self, content_type: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.with_header("content-type", content_type)
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
