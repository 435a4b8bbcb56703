//! Strings borrowed from the request where they have no escapes, so that a picture of some megabytes is not copied on its
//! way.

use std::borrow::Cow;

/// A borrowed string. (`Option<Cow<str>>` alone would be read as owned.)
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}
