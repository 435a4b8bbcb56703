//! The options of a Bedrock account.

use llm::Error;
use serde_json::Value;

use super::count::MANTLE_COUNT;
use super::elsewhere::{self, FALLBACK};
use super::endpoint::{self, MANTLE_ENDPOINT};
use super::{route, surface};
use crate::http::{PROXY, proxy_complaint};
use crate::options::{self, AccountOption, Takes};

const OPTIONS: [(&str, Takes); 15] = [
    ("aliases", Takes::Names),
    ("auto_cache", Takes::OneOf(&["5m", "1h", "off"])),
    (route::OPTION, Takes::OneOf(&route::WORDS)),
    (FALLBACK, Takes::List(elsewhere::complaint)),
    ("flex_fallback", Takes::OneOf(&["default"])),
    ("forbid_global", Takes::Switch),
    ("guardrail", Takes::Own(guardrail)),
    ("instance_metadata", Takes::Switch),
    ("latency", Takes::OneOf(&["optimized"])),
    (MANTLE_COUNT, Takes::Switch),
    (MANTLE_ENDPOINT, Takes::Own(endpoint::complaint)),
    (surface::ROUTE, Takes::OneOf(surface::ROUTES)),
    ("pass_unknown_betas", Takes::Switch),
    ("prefer_global", Takes::Switch),
    (PROXY, Takes::Own(proxy_complaint)),
];

/// Those for a window to offer.
pub(super) fn offered() -> Vec<AccountOption> {
    options::offered(&OPTIONS)
}

/// Checks the options of an account.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming the option.
pub(super) fn check(given: &Value) -> Result<(), Error> {
    options::check(given, "a Bedrock", &OPTIONS)
}

fn guardrail(given: &Value) -> Option<&'static str> {
    let known = |name: &String| ["identifier", "version", "trace"].contains(&name.as_str());
    let good = given.as_object().is_some_and(|given| {
        given.contains_key("identifier") && given.keys().all(known) && given.values().all(Value::is_string)
    });
    (!good).then_some("must have an identifier and may have version and trace, all texts")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        for good in [
            json!(null),
            json!({}),
            json!({"aliases": {"fast": "claude-haiku-4-5", "*": "claude-sonnet-4-5"}, "auto_cache": "1h"}),
            json!({"guardrail": {"identifier": "g1", "version": "2", "trace": "enabled"}, "latency": "optimized"}),
            json!({"prefer_global": true, "forbid_global": null, "claude_route": "converse"}),
            json!({"claude_route": "mantle", "mantle_count": true}),
            json!({"mantle_endpoint": "https://vpce-1.bedrock-mantle.us-east-1.vpce.amazonaws.com"}),
        ] {
            assert!(check(&good).is_ok(), "{good}");
        }
        for (bad, param) in [
            (json!({"alias": {}}), "options.alias"),
            (json!({"aliases": {"fast": 1}}), "options.aliases"),
            (json!({"auto_cache": "5 minutes"}), "options.auto_cache"),
            (json!({"claude_route": "anthropic"}), "options.claude_route"),
            (json!({"prefer_global": "yes"}), "options.prefer_global"),
            (json!({"guardrail": {"id": "g1"}}), "options.guardrail"),
            (json!({"mantle_endpoint": "http://10.0.0.1"}), "options.mantle_endpoint"),
            (json!({"guardrail": {"identifier": "g1", "version": 2}}), "options.guardrail"),
        ] {
            assert_eq!(check(&bad).expect_err("refused").param.as_deref(), Some(param), "{bad}");
        }
    }
}
