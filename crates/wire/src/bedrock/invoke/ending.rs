//! The end of an answer: counters are in three places, and only together they are complete.

use bytes::{Bytes, BytesMut};
use llm::{RawBody, Wire};
use serde::Deserialize;
use serde_json::value::RawValue;

const METRICS: &str = "amazon-bedrock-invocationMetrics";

/// The counters that clients need in `message_delta`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::bedrock) struct Counters {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

/// The same in Bedrock's words. Both leave cached tokens out of the input.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metrics {
    input_token_count: Option<u64>,
    output_token_count: Option<u64>,
    cache_read_input_token_count: Option<u64>,
    cache_write_input_token_count: Option<u64>,
}

impl From<Metrics> for Counters {
    fn from(metrics: Metrics) -> Self {
        Self {
            input_tokens: metrics.input_token_count,
            cache_creation_input_tokens: metrics.cache_write_input_token_count,
            cache_read_input_tokens: metrics.cache_read_input_token_count,
            output_tokens: metrics.output_token_count,
        }
    }
}

#[derive(Deserialize)]
struct Start {
    message: Counted,
}

#[derive(Deserialize)]
struct Counted {
    usage: Option<Counters>,
}

#[derive(Deserialize)]
struct Stop<'a> {
    usage: Option<Counters>,
    #[serde(borrow, rename = "amazon-bedrock-invocationMetrics")]
    metrics: Option<&'a RawValue>,
}

impl Counters {
    /// Those of a `message_start`.
    pub(in crate::bedrock) fn of_start(json: &[u8]) -> Self {
        serde_json::from_slice::<Start>(json).ok().and_then(|start| start.message.usage).unwrap_or_default()
    }

    /// These, and where they are silent the others.
    pub(in crate::bedrock) fn or(&self, other: &Self) -> Self {
        Self {
            input_tokens: self.input_tokens.or(other.input_tokens),
            cache_creation_input_tokens: self
                .cache_creation_input_tokens
                .or(other.cache_creation_input_tokens),
            cache_read_input_tokens: self.cache_read_input_tokens.or(other.cache_read_input_tokens),
            output_tokens: self.output_tokens.or(other.output_tokens),
        }
    }

    fn named(&self) -> [(&'static str, Option<u64>); 4] {
        [
            ("input_tokens", self.input_tokens),
            ("cache_creation_input_tokens", self.cache_creation_input_tokens),
            ("cache_read_input_tokens", self.cache_read_input_tokens),
            ("output_tokens", self.output_tokens),
        ]
    }
}

/// A `message_stop` without Bedrock's metrics and otherwise byte for byte, and the counters it carried.
pub(in crate::bedrock) fn without_metrics(json: Bytes) -> (Bytes, Counters) {
    let Ok(stop) = serde_json::from_slice::<Stop<'_>>(&json) else { return (json, Counters::default()) };
    let own = stop.usage.unwrap_or_default();
    let Some(raw) = stop.metrics else { return (json, own) };
    let metrics: Metrics = serde_json::from_str(raw.get()).unwrap_or_default();
    let counted = own.or(&metrics.into());
    let start = raw.get().as_ptr().addr() - json.as_ptr().addr();
    let cut = cut_member(&json, start, start + raw.get().len());
    (cut.unwrap_or(json), counted)
}

/// `json` without the member whose value lies at `start..end`. `None` when its name is not written plainly.
fn cut_member(json: &[u8], start: usize, end: usize) -> Option<Bytes> {
    let before = json.get(..start)?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    let before = before.strip_suffix(b"\"")?.strip_suffix(METRICS.as_bytes())?.strip_suffix(b"\"")?;
    let mut after = json.get(end..)?;
    let head = match before.trim_ascii_end().strip_suffix(b",") {
        Some(head) => head,
        None => {
            // The first member: the comma is behind it, if there is another.
            after = after.trim_ascii_start().strip_prefix(b",").unwrap_or(after);
            before
        }
    };
    let mut out = BytesMut::with_capacity(head.len() + after.len());
    out.extend_from_slice(head);
    out.extend_from_slice(after);
    Some(out.freeze())
}

/// A `message_delta` with the counters it lacks; byte for byte the same when it lacks none.
pub(in crate::bedrock) fn filled(json: Bytes, known: &Counters) -> Bytes {
    let Ok(mut event) = RawBody::parse(Wire::AnthropicMessages, &json) else { return json };
    let told = match event.get("usage").filter(|usage| usage.as_ref() != b"null") {
        None => RawBody::empty(Wire::AnthropicMessages),
        Some(usage) => match RawBody::parse(Wire::AnthropicMessages, usage) {
            Ok(usage) => usage,
            Err(_) => return json,
        },
    };
    let has = |name: &str| told.get(name).is_some_and(|value| value.as_ref() != b"null");
    let missing: Vec<_> = known
        .named()
        .into_iter()
        .filter_map(|(name, count)| Some((name, count.filter(|_| !has(name))?)))
        .collect();
    if missing.is_empty() {
        return json;
    }
    let mut usage = RawBody::empty(Wire::AnthropicMessages);
    for (name, count) in &missing {
        usage.set(name, count.to_string());
    }
    for member in told.members() {
        if !missing.iter().any(|(name, _)| **name == *member.name) {
            usage.set(&member.name, member.json.clone());
        }
    }
    event.set("usage", usage.to_payload().to_bytes());
    event.to_payload().to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(values: [Option<u64>; 4]) -> Counters {
        let [input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens] = values;
        Counters { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens }
    }

    #[test]
    fn only_the_metrics_go() {
        let metrics =
            r#""amazon-bedrock-invocationMetrics" : {"inputTokenCount":1,"outputTokenCount":2,"x":[{}]}"#;
        for (json, left) in [
            (r#"{"type":"message_stop",M}"#, r#"{"type":"message_stop"}"#),
            (r#"{ M , "type" : "message_stop" }"#, r#"{  "type" : "message_stop" }"#),
            (r#"{"a":[1, 2] , M,"type":"message_stop"}"#, r#"{"a":[1, 2] ,"type":"message_stop"}"#),
            ("{M}", "{}"),
        ] {
            let (stop, counted) = without_metrics(json.replace('M', metrics).into());
            assert_eq!(stop, left);
            assert_eq!(counted, counters([Some(1), None, None, Some(2)]));
        }
        let plain = r#"{"type":"message_stop", "usage":{"output_tokens":5}}"#;
        assert_eq!(without_metrics(plain.into()), (plain.into(), counters([None, None, None, Some(5)])));
    }

    #[test]
    fn the_stops_own_usage_beats_the_metrics() {
        let json = r#"{"usage":{"input_tokens":7},"amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"cacheReadInputTokenCount":3}}"#;
        assert_eq!(without_metrics(json.into()).1, counters([Some(7), None, Some(3), None]));
    }

    #[test]
    fn a_complete_delta_keeps_its_bytes() {
        let json = r#"{ "type":"message_delta","usage":{"output_tokens":5, "input_tokens":1,"cache_read_input_tokens":0,"cache_creation_input_tokens":0} }"#;
        let known = counters([Some(9); 4]);
        assert_eq!(filled(json.into(), &known), json);
        let partial = r#"{ "type":"message_delta","usage":{"output_tokens":5} }"#;
        assert_eq!(filled(partial.into(), &Counters::default()), partial);
    }

    #[test]
    fn what_is_missing_is_filled_in() {
        let known = counters([Some(1), None, Some(0), Some(4)]);
        for (json, full) in [
            (
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5,"x":[ 1]},"y": 2}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1,"cache_read_input_tokens":0,"output_tokens":5,"x":[ 1]},"y":2}"#,
            ),
            (
                r#"{"type":"message_delta","usage":{"input_tokens":null,"output_tokens":5,"cache_read_input_tokens":2}}"#,
                r#"{"type":"message_delta","usage":{"input_tokens":1,"output_tokens":5,"cache_read_input_tokens":2}}"#,
            ),
            (
                r#"{"type":"message_delta"}"#,
                r#"{"type":"message_delta","usage":{"input_tokens":1,"cache_read_input_tokens":0,"output_tokens":4}}"#,
            ),
        ] {
            assert_eq!(filled(json.into(), &known), full);
        }
        assert_eq!(filled("nonsense".into(), &known), "nonsense");
    }
}
