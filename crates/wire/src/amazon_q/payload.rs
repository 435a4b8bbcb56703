//! The payloads of events. One struct serves all of them: their members do not contradict each other, and what is
//! absent, null or of a wrong kind counts as not said.

use llm::{Category, Error};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::text;

/// What nearly every event is: words, and nothing unforeseen.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Words<'a> {
    pub(super) content: String,
    /// The model that answers, which is news where `auto` was asked for.
    #[serde(borrow)]
    pub(super) model_id: Option<&'a RawValue>,
}

impl<'a> Words<'a> {
    /// Reads the payload of an assistantResponseEvent, strictly and in one go where it is as it should be.
    ///
    /// # Errors
    /// As [`Payload::read`].
    pub(super) fn read(json: &'a [u8]) -> Result<Self, Error> {
        // Looked through once, and not string by string.
        let strict = std::str::from_utf8(json).ok().and_then(|json| serde_json::from_str(json).ok());
        match strict {
            Some(words) => Ok(words),
            None => {
                let Payload { content, model_id, .. } = Payload::read(json)?;
                Ok(Self { content: text(content), model_id })
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Payload<'a> {
    // messageMetadataEvent
    #[serde(borrow)]
    pub(super) utterance_id: Option<&'a RawValue>,
    // assistantResponseEvent; `reasoningEvent` writes its thoughts here or in `text`
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_the_same_either_way() {
        for json in [
            r#"{"content":"a\n\"b\" 好","modelId":"m"}"#,
            r#"{"modelId":null,"new":[{}],"content":"x"}"#,
            r#"{"content":5,"modelId":{"a":1}}"#,
            r#"{"content":null}"#,
            "{}",
            "",
        ] {
            let (words, payload) =
                (Words::read(json.as_bytes()).unwrap(), Payload::read(json.as_bytes()).unwrap());
            assert_eq!(words.content, text(payload.content), "{json}");
            assert_eq!(text(words.model_id), text(payload.model_id), "{json}");
        }
        for json in ["{", "5", "{\"content\":\"x\"}}"] {
            assert!(Words::read(json.as_bytes()).is_err(), "{json}");
        }
        let broken = [&b"{\"content\":\"a\xff\"}"[..], b"{\"content\":\"a\xff"];
        assert_eq!(
            broken.map(|json| Words::read(json).is_ok()),
            broken.map(|json| Payload::read(json).is_ok())
        );
    }
}
