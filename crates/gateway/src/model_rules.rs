//! What the person wants names of models to mean: rules in order, the first that fits is followed.

use serde::{Deserialize, Serialize};

use crate::pattern::fits;

/// As long as names of models get, ARNs among them.
const LONGEST: usize = 256;

/// One rule. Who wants a name to go through a rule unchanged names no model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ModelRule {
    /// The name that a client asks for, with `*` for any letters and `?` for one. Case does not matter.
    pub name: String,
    /// Only for this client, named as in the log; without one for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub client: Option<String>,
    /// The model that is meant; without one the name stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub model: Option<String>,
    /// Id of the only account that may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub account: Option<String>,
}

impl ModelRule {
    /// Whether it speaks of this name from this client.
    #[must_use]
    pub fn fits(&self, name: &str, client: &str) -> bool {
        let for_client = self.client.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(client));
        for_client && fits(&self.name, name)
    }

    /// Whether it says something that can be followed.
    pub(crate) fn is_sound(&self) -> bool {
        let said = [Some(&self.name), self.client.as_ref(), self.model.as_ref(), self.account.as_ref()];
        let plain = |text: &String| {
            !text.trim().is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control)
        };
        (self.model.is_some() || self.account.is_some()) && said.into_iter().flatten().all(plain)
    }
}

/// The rule that is followed, and its place.
#[must_use]
pub(crate) fn followed<'a>(
    rules: &'a [ModelRule],
    name: &str,
    client: &str,
) -> Option<(usize, &'a ModelRule)> {
    rules.iter().enumerate().find(|(_, rule)| rule.fits(name, client))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, client: Option<&str>, model: &str) -> ModelRule {
        ModelRule {
            name: name.to_owned(),
            client: client.map(str::to_owned),
            model: Some(model.to_owned()),
            account: None,
        }
    }

    #[test]
    fn the_first_that_fits_is_followed() {
        let rules = [
            rule("gpt-4o", Some("Cline"), "claude-opus-4-5"),
            rule("gpt-4o-mini", None, "claude-haiku-4-5"),
            rule("gpt-*", None, "claude-sonnet-4-5"),
            rule("gpt-5", None, "never"),
        ];
        let meant = |name, client| followed(&rules, name, client).map(|(place, _)| place);
        assert_eq!(meant("gpt-4o", "cline"), Some(0));
        assert_eq!(meant("gpt-4o", "Zed"), Some(2));
        assert_eq!(meant("GPT-4o-mini", "Zed"), Some(1));
        assert_eq!(meant("gpt-5", "Zed"), Some(2));
        assert_eq!(meant("claude-gpt-5", "Zed"), None);
    }

    #[test]
    fn a_rule_that_says_nothing_is_not_sound() {
        assert!(rule("gpt-*", None, "x").is_sound());
        assert!(ModelRule { model: None, account: Some("a".to_owned()), ..rule("*", None, "") }.is_sound());
        assert!(!ModelRule { model: None, ..rule("*", None, "") }.is_sound());
        for broken in
            [rule("", None, "x"), rule("a", None, " "), rule("a", Some(""), "x"), rule("a\n", None, "x")]
        {
            assert!(!broken.is_sound(), "{broken:?}");
        }
    }
}
