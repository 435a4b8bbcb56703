//! The shape of an input item, whatever its kind.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::text::Text;

/// One item; `kind` says which of the others count, and what they must look like.
#[derive(Debug, Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) call_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) namespace: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) output: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) operation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) encrypted_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) tools: Option<&'a RawValue>,
}

impl Item<'_> {
    /// The kind; the API lets messages go without.
    pub(super) fn kind(&self) -> &str {
        match &self.kind {
            Some(kind) => kind.as_str(),
            None if self.role.is_some() => "message",
            None => "",
        }
    }

    /// The id of the call that it makes or answers. The first clients with a shell answered by the item's own.
    pub(super) fn call(&self) -> Option<&str> {
        self.call_id.as_ref().or(self.id.as_ref()).map(Text::as_str)
    }
}
