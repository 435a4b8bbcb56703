//! The payloads of events. One struct serves all of them: their members do not contradict each other, and what is
//! absent, null or of a wrong kind counts as not said.

use llm::{Category, Error};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Payload<'a> {
    // messageMetadataEvent
    #[serde(borrow)]
    pub(super) utterance_id: Option<&'a RawValue>,
    // assistantResponseEvent; `reasoningEvent` writes its thoughts here or in `text`
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    /// The model that answers, which is news where `auto` was asked for.
    #[serde(borrow)]
    pub(super) model_id: Option<&'a RawValue>,
    // reasoningContentEvent
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) redacted_content: Option<&'a RawValue>,
    // toolUseEvent
    #[serde(borrow)]
    pub(super) tool_use_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stop: Option<&'a RawValue>,
    // contextUsageEvent
    #[serde(borrow)]
    pub(super) context_usage_percentage: Option<&'a RawValue>,
    // metadataEvent
    #[serde(borrow)]
    pub(super) token_usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<&'a RawValue>,
    // meteringEvent
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) unit: Option<&'a RawValue>,
    // the events that are failures
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) recommended_model: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    /// Reads the payload of an event that is part of the answer.
    ///
    /// # Errors
    /// [`Category::Upstream`] for what is no JSON object: leaving it out would falsify the answer.
    pub(super) fn read(json: &'a [u8]) -> Result<Self, Error> {
        if json.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(json).map_err(|error| {
            Error::new(Category::Upstream, format!("The provider sent an event we cannot read: {error}"))
        })
    }

    /// Reads the payload of an event that only tells about the answer.
    pub(super) fn glance(json: &'a [u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }
}
