//! What an account's options add to every request: a guardrail, a trace of it, a latency.
//!
//! InvokeModel takes them as headers, Converse in its body.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

const GUARDRAIL: HeaderName = HeaderName::from_static("x-amzn-bedrock-guardrailidentifier");
const GUARDRAIL_VERSION: HeaderName = HeaderName::from_static("x-amzn-bedrock-guardrailversion");
const TRACE: HeaderName = HeaderName::from_static("x-amzn-bedrock-trace");
const LATENCY: HeaderName = HeaderName::from_static("x-amzn-bedrock-performanceconfig-latency");

/// The options `guardrail` (`{"identifier", "version", "trace"}`) and `latency` (`optimized`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Extras<'a> {
    /// Id or ARN, and a number or `DRAFT`.
    guardrail: Option<(&'a str, &'a str)>,
    /// `enabled` or `enabled_full`.
    trace: Option<&'a str>,
    latency: Option<&'a str>,
}

impl<'a> Extras<'a> {
    pub(super) fn of(options: &'a Value) -> Self {
        let guardrail = options.get("guardrail");
        let word = |name: &str| guardrail?.get(name)?.as_str();
        Self {
            guardrail: word("identifier").map(|id| (id, word("version").unwrap_or("DRAFT"))),
            trace: word("trace"),
            latency: options.get("latency").and_then(Value::as_str),
        }
    }

    /// Whether there is anything to add.
    pub(super) const fn any(&self) -> bool {
        self.guardrail.is_some() || self.latency.is_some()
    }

    /// For InvokeModel. A value that is no header is left out; AWS could not have given it.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        if let Some((id, version)) = self.guardrail {
            put(GUARDRAIL, id);
            put(GUARDRAIL_VERSION, version);
            if let Some(trace) = self.trace {
                put(TRACE, &trace.to_ascii_uppercase());
            }
        }
        if let Some(latency) = self.latency {
            put(LATENCY, latency);
        }
    }

    /// For Converse.
    pub(super) fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = Vec::new();
        if let Some((id, version)) = self.guardrail {
            let mut config = json!({"guardrailIdentifier": id, "guardrailVersion": version});
            if let Some(trace) = self.trace {
                config["trace"] = trace.to_ascii_lowercase().into();
            }
            members.push(("guardrailConfig", config));
        }
        if let Some(latency) = self.latency {
            members.push(("performanceConfig", json!({"latency": latency})));
        }
        members
    }
}
