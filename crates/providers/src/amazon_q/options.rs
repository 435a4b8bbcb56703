//! The options of a Kiro account.

use llm::Error;
use serde_json::Value;

use super::hosts::Order;
use super::operation::Binding;
use crate::http::{PROXY, proxy_complaint};
use crate::options::{self, Takes};

/// More tools than this are refused by the service, without words: people report failures from 120 on.
const MOST_TOOLS: usize = 119;

const OPTIONS: [(&str, Takes); 7] = [
    ("aliases", Takes::Names),
    ("binding", Takes::OneOf(&["aws_json", "rest"])),
    ("hosts", Takes::OneOf(&["kiro_first", "legacy_first"])),
    ("most_tools", Takes::UpTo(10_000)),
    (PROXY, Takes::Own(proxy_complaint)),
    ("share_content", Takes::Switch),
    ("web_search", Takes::Switch),
];

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
                share_content: false,
                web_search: false,
            }
        );
        let set = json!({
            "binding": "rest", "hosts": "legacy_first", "most_tools": 7, "share_content": true, "web_search": true,
        });
        assert_eq!(
            Options::of(&set),
            Options {
                binding: Binding::Rest,
                order: Order::LegacyFirst,
                most_tools: 7,
                share_content: true,
                web_search: true,
            }
        );
    }
}
