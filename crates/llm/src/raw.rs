//! A request body split into its top-level members, each still the client's own text.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Category, Error, MAX_DEPTH, Payload, Wire, check_depth};

/// The top level of a JSON object: names in order, values as slices of the body they came in. Replacing a member
/// touches nothing else, so what we do not know survives byte for byte and prompt caches, which key on bytes, keep
/// hitting.
#[derive(Clone, Debug)]
pub struct RawBody {
    pub wire: Wire,
    members: Vec<Member>,
}

/// One name and the JSON text of its value.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: Box<str>,
    pub json: Bytes,
}

impl RawBody {
    /// Splits `body`. Where a name comes twice the last one counts, as everywhere in JSON.
    ///
    /// # Errors
    /// [`Category::InvalidRequest`] when `body` is not one JSON object or nests deeper than [`MAX_DEPTH`].
    pub fn parse(wire: Wire, body: &Bytes) -> Result<Self, Error> {
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if !check_depth(text, MAX_DEPTH) {
            return Err(Error::new(
                Category::InvalidRequest,
                format!("The request body nests deeper than {MAX_DEPTH} levels."),
            ));
        }
        let split: Split<'_> = serde_json::from_slice(text).map_err(|error| {
            Error::new(Category::InvalidRequest, format!("The request body is not valid JSON: {error}"))
        })?;
        let mut members: Vec<Member> = Vec::with_capacity(split.0.len() + 4);
        for (name, value) in split.0 {
            let json = body.slice_ref(value.get().as_bytes());
            match members.iter_mut().find(|member| *member.name == *name) {
                Some(member) => member.json = json,
                None => members.push(Member { name: name.into(), json }),
            }
        }
        Ok(Self { wire, members })
    }

    /// An object without members.
    #[must_use]
    pub const fn empty(wire: Wire) -> Self {
        Self { wire, members: Vec::new() }
    }

    /// Bytes of all values together.
    #[must_use]
    pub fn size(&self) -> usize {
        self.members.iter().map(|member| member.json.len()).sum()
    }

    /// The JSON text of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.members.iter().find(|member| *member.name == *name).map(|member| &member.json)
    }

    /// A member read into a type; `Ok(None)` when it is absent or null.
    ///
    /// # Errors
    /// [`Category::InvalidRequest`], naming the member, when the value has another shape.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(json) if json.as_ref() == b"null" => Ok(None),
            Some(json) => serde_json::from_slice(json).map(Some).map_err(|error| {
                Error::new(Category::InvalidRequest, format!("{name}: {error}")).with_param(name)
            }),
        }
    }

    /// Puts a value in the place of the old one, or at the end.
    pub fn set(&mut self, name: &str, json: impl Into<Bytes>) {
        let json = json.into();
        match self.members.iter_mut().find(|member| *member.name == *name) {
            Some(member) => member.json = json,
            None => self.members.push(Member { name: name.into(), json }),
        }
    }

    /// Takes a member out and returns its text.
    pub fn remove(&mut self, name: &str) -> Option<Bytes> {
        let at = self.members.iter().position(|member| *member.name == *name)?;
        Some(self.members.remove(at).json)
    }

    /// Keeps the members for which `keep` says yes.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.members.retain(|member| keep(&member.name));
    }

    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The object as a body: small glue pieces between the clients' own slices, large values never copied.
    #[must_use]
    pub fn to_payload(&self) -> Payload {
        // Values below this size are cheaper to copy into the glue than to send as a piece of their own.
        const OWN_PIECE: usize = 4096;
        let mut payload = Payload::new();
        let mut glue = Vec::with_capacity(256);
        glue.push(b'{');
        for (at, member) in self.members.iter().enumerate() {
            if at > 0 {
                glue.push(b',');
            }
            // Writing a string into a Vec cannot fail.
            let _ = serde_json::to_writer(&mut glue, &*member.name);
            glue.push(b':');
            if member.json.len() < OWN_PIECE {
                glue.extend_from_slice(&member.json);
            } else {
                payload.push(std::mem::take(&mut glue));
                payload.push(member.json.clone());
            }
        }
        glue.push(b'}');
        payload.push(glue);
        payload
    }
}

/// Borrows names and values from the text, in order.
struct Split<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Split<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Split<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Split(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A member name, borrowed when it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> RawBody {
        RawBody::parse(Wire::AnthropicMessages, &Bytes::copy_from_slice(text.as_bytes())).expect("valid")
    }

    #[test]
    fn what_is_not_touched_keeps_its_bytes() {
        let mut raw = body(r#" { "model": "a", "x_new" : {"b" : 1.50, "a":[ ]}, "stream":true }"#);
        raw.remove("model");
        raw.set("stream", &b"false"[..]);
        raw.set("added", &b"[1]"[..]);
        assert_eq!(
            raw.to_payload().to_bytes(),
            &br#"{"x_new":{"b" : 1.50, "a":[ ]},"stream":false,"added":[1]}"#[..]
        );
    }

    #[test]
    fn large_values_are_slices_of_the_body() {
        let text = format!(r#"{{"messages":["{}"]}}"#, "x".repeat(10_000));
        let source = Bytes::from(text);
        let raw = RawBody::parse(Wire::AnthropicMessages, &source).expect("valid");
        let payload = raw.to_payload();
        let range = source.as_ptr_range();
        assert!(payload.pieces().iter().any(|piece| piece.len() > 9_000 && range.contains(&piece.as_ptr())));
    }

    #[test]
    fn refuses_what_is_not_an_object() {
        for text in [
            "",
            "[]",
            "3",
            "{\"a\":}",
            "{\"a\":1} x",
            &format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200)),
        ] {
            let error =
                RawBody::parse(Wire::OpenAiChat, &Bytes::copy_from_slice(text.as_bytes())).expect_err(text);
            assert_eq!(error.category, Category::InvalidRequest);
        }
    }

    #[test]
    fn the_last_of_two_equal_names_counts() {
        assert_eq!(body(r#"{"a":1,"a":2}"#).get("a").map(|b| b.as_ref()), Some(&b"2"[..]));
    }
}
