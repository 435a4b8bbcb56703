//! The arguments of a tool's call as upstreams want them: an object in any case, never null and never text.

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Arguments<'a> {
    Raw(&'a RawValue),
    Empty {},
}

impl<'a> Arguments<'a> {
    /// The object in `input`; an empty one where that is something else.
    pub(crate) fn read(input: &'a str) -> Self {
        match serde_json::from_str::<&RawValue>(input) {
            Ok(raw) if raw.get().starts_with('{') => Self::Raw(raw),
            _ => Self::Empty {},
        }
    }
}
