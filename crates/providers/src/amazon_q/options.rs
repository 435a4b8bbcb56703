//! The options of a Kiro account.

use llm::Error;
use serde_json::Value;

use super::hosts::Order;
use super::operation::Binding;
use crate::http::{PROXY, proxy_complaint};
use crate::options::{self, AccountOption, Takes};

/// More tools than this are refused by the service, without words: people report failures from 120 on.
const MOST_TOOLS: usize = 119;

/// Bytes of a body that are sure to be taken: some 615,000 were reported as the wall.
const MOST_BODY: usize = 600_000;
/// Less leaves no room for a client's own instructions and tools.
const LEAST_BODY: u64 = 10_000;

const OPTIONS: [(&str, Takes); 8] = [
    ("aliases", Takes::Names),
    ("binding", Takes::OneOf(&["aws_json", "rest"])),
    ("context_guard", Takes::SwitchOr(guard_complaint)),
    ("hosts", Takes::OneOf(&["kiro_first", "legacy_first"])),
    ("most_tools", Takes::UpTo(10_000)),
    (PROXY, Takes::Own(proxy_complaint)),
    ("share_content", Takes::Switch),
    ("web_search", Takes::Switch),
];

fn guard_complaint(value: &Value) -> Option<&'static str> {
    let sound = value.is_boolean() || value.as_u64().is_some_and(|bytes| bytes >= LEAST_BODY);
    (!sound).then_some("must be true, false or a whole number of bytes from 10000")
}

/// Those for a window to offer.
pub(super) fn offered() -> Vec<AccountOption> {
    options::offered(&OPTIONS)
}

/// Checks the options of an account.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming the option.
pub(super) fn check(given: &Value) -> Result<(), Error> {
    options::check(given, "a Kiro", &OPTIONS)
}

/// The options as they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) binding: Binding,
    pub(super) order: Order,
    pub(super) most_tools: usize,
    /// Longer requests are made shorter.
    pub(super) most_body: Option<usize>,
    /// The vendor may use what is said to improve the service.
    pub(super) share_content: bool,
    /// The service searches the web for clients that ask for it.
    pub(super) web_search: bool,
}

impl Options {
    /// Reads the options of an account; what is not set has its default.
    pub(super) fn of(given: &Value) -> Self {
        let word = |name: &str| given.get(name).and_then(Value::as_str);
        let on = |name: &str| given.get(name).and_then(Value::as_bool).unwrap_or(false);
        Self {
            binding: if word("binding") == Some("rest") { Binding::Rest } else { Binding::AwsJson },
            order: if word("hosts") == Some("legacy_first") { Order::LegacyFirst } else { Order::KiroFirst },
            most_tools: given
                .get("most_tools")
                .and_then(Value::as_u64)
                .and_then(|most| usize::try_from(most).ok())
                .unwrap_or(MOST_TOOLS),
            most_body: match given.get("context_guard") {
                Some(Value::Bool(true)) => Some(MOST_BODY),
                bytes => bytes.and_then(Value::as_u64).and_then(|bytes| usize::try_from(bytes).ok()),
            },
            share_content: on("share_content"),
            web_search: on("web_search"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        for good in [
            json!(null),
            json!({"aliases": {"fast": "claude-haiku-4.5", "*": "auto"}, "binding": "rest", "most_tools": 300}),
            json!({"hosts": "legacy_first", "share_content": true, "binding": null}),
            json!({"context_guard": 1_200_000}),
            json!({"context_guard": false, "web_search": true}),
        ] {
            assert!(check(&good).is_ok(), "{good}");
        }
        for (bad, param) in [
            (json!({"prefer_global": true}), "options.prefer_global"),
            (json!({"binding": "soap"}), "options.binding"),
            (json!({"hosts": ["https://evil.example"]}), "options.hosts"),
            (json!({"most_tools": 0}), "options.most_tools"),
            (json!({"most_tools": "119"}), "options.most_tools"),
            (json!({"share_content": "no"}), "options.share_content"),
            (json!({"web_search": "on"}), "options.web_search"),
            (json!({"context_guard": 9999}), "options.context_guard"),
            (json!({"context_guard": "600000"}), "options.context_guard"),
        ] {
            assert_eq!(check(&bad).expect_err("refused").param.as_deref(), Some(param), "{bad}");
        }
    }

    #[test]
    fn nothing_is_shared_and_new_hosts_come_first_unless_set() {
        let plain = Options::of(&json!(null));
        assert_eq!(
            plain,
            Options {
                binding: Binding::AwsJson,
                order: Order::KiroFirst,
                most_tools: 119,
                most_body: None,
                share_content: false,
                web_search: false,
            }
        );
        let set = json!({
            "binding": "rest", "hosts": "legacy_first", "most_tools": 7, "share_content": true, "web_search": true,
            "context_guard": true,
        });
        assert_eq!(
            Options::of(&set),
            Options {
                binding: Binding::Rest,
                order: Order::LegacyFirst,
                most_tools: 7,
                most_body: Some(600_000),
                share_content: true,
                web_search: true,
            }
        );
    }
}
