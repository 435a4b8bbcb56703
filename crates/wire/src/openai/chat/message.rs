//! The shapes of chat messages. Strings are borrowed from the request where they have no escapes, so that a
//! picture of some megabytes is not copied on its way.

use std::borrow::Cow;
use std::fmt;

use llm::CacheMark;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize as Shape, de};

use crate::openai::attachment::File;
use crate::openai::cache::CacheControl;
use crate::openai::text::Text;

/// One message of any role; members that the role does not have are ignored, as are `name`, `audio` and the
/// `reasoning_content` that some clients send back: without a signature no vendor takes thinking again.
#[derive(Shape)]
pub(super) struct ChatMessage<'a> {
    #[serde(borrow, default)]
    pub(super) role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) content: Option<ChatContent<'a>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Text<'a>>,
    /// The function's name in messages of the legacy role `function`.
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow, default)]
    pub(super) tool_call_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(borrow, default)]
    pub(super) cache_control: Option<CacheControl<'a>>,
}

/// `content`: a string or parts.
pub(super) enum ChatContent<'a> {
    Text(Text<'a>),
    Parts(Vec<Part<'a>>),
}

/// One part of a content array; `kind` says which of the others counts.
#[derive(Shape)]
pub(super) struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) image_url: Option<ImageUrl<'a>>,
    #[serde(borrow, default)]
    pub(super) file: Option<File<'a>>,
    #[serde(borrow, default)]
    pub(super) cache_control: Option<CacheControl<'a>>,
    #[serde(borrow, default)]
    pub(super) prompt_cache_breakpoint: Option<CacheControl<'a>>,
}

/// `{"url": …}`; some clients send the bare string.
pub(super) struct ImageUrl<'a>(pub(super) Text<'a>);

#[derive(Shape)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) function: Option<FunctionCall<'a>>,
    #[serde(borrow, default)]
    pub(super) custom: Option<CustomCall<'a>>,
}

#[derive(Shape)]
pub(super) struct FunctionCall<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<Text<'a>>,
}

#[derive(Shape)]
pub(super) struct CustomCall<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) input: Option<Text<'a>>,
}

impl<'a> Part<'a> {
    pub(super) fn cache(&self) -> Option<CacheMark> {
        self.cache_control.as_ref().or(self.prompt_cache_breakpoint.as_ref()).map(CacheControl::mark)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatContent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrParts;
        impl<'de> Visitor<'de> for StringOrParts {
            type Value = ChatContent<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of content parts")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(ChatContent::Text(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(ChatContent::Text(Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(parts)).map(ChatContent::Parts)
            }
        }
        deserializer.deserialize_any(StringOrParts)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ImageUrl<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Shape)]
        struct Object<'a> {
            #[serde(borrow)]
            url: Text<'a>,
        }
        struct StringOrObject;
        impl<'de> Visitor<'de> for StringOrObject {
            type Value = ImageUrl<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a url")
            }
            fn visit_borrowed_str<E: de::Error>(self, url: &'de str) -> Result<Self::Value, E> {
                Ok(ImageUrl(Text(Cow::Borrowed(url))))
            }
            fn visit_str<E: de::Error>(self, url: &str) -> Result<Self::Value, E> {
                Ok(ImageUrl(Text(Cow::Owned(url.to_owned()))))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let object = Object::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ImageUrl(object.url))
            }
        }
        deserializer.deserialize_any(StringOrObject)
    }
}
