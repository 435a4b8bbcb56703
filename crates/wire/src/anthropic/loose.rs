//! Content parsed in one pass over its text, before its kinds are told apart.
//!
//! Only the usual form is taken, `type` first; all else is left to the reader that looks at each level on its own and
//! can say what is wrong.

use std::fmt;

use bytes::Bytes;
use llm::Block;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::content::{Fields, KINDS, known, opaque_value};

/// The `content` of a message or of a tool's result.
pub(super) enum Loose<'a> {
    Text(String),
    Blocks(Vec<Piece<'a>>),
}

pub(super) enum Piece<'a> {
    Known { kind: &'a str, fields: Box<Fields<'a, Loose<'a>>> },
    Opaque(Value),
}

impl Loose<'_> {
    /// The blocks; `None` when one of them lacks a member or takes another look. `body` is the buffer that was parsed.
    pub(super) fn blocks(self, body: &Bytes) -> Option<Vec<Block>> {
        match self {
            Loose::Text(text) if text.is_empty() => Some(Vec::new()),
            Loose::Text(text) => Some(vec![Block::text(text)]),
            Loose::Blocks(pieces) => pieces.into_iter().map(|piece| piece.block(body)).collect(),
        }
    }
}

impl Piece<'_> {
    fn block(self, body: &Bytes) -> Option<Block> {
        match self {
            Piece::Known { kind, fields } => {
                // The fault is of no use: whoever gets `None` looks for it again, and for its place.
                let nested = |content: Loose<'_>| {
                    content.blocks(body).ok_or_else(|| super::content::Fault::new("", ""))
                };
                known(kind, *fields, body, nested).ok()?
            }
            Piece::Opaque(value) => Some(opaque_value(value)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Content;
        impl<'de> Visitor<'de> for Content {
            type Value = Loose<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Loose::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut pieces = Vec::new();
                while let Some(piece) = items.next_element()? {
                    pieces.push(piece);
                }
                Ok(Loose::Blocks(pieces))
            }
        }
        deserializer.deserialize_any(Content)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Piece<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Piece<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a block that begins with its type")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                if map.next_key()? != Some("type") {
                    return Err(A::Error::custom("the type does not come first"));
                }
                let kind: &str = map.next_value()?;
                if KINDS.contains(&kind) {
                    let fields = Box::new(Fields::deserialize(MapAccessDeserializer::new(map))?);
                    return Ok(Piece::Known { kind, fields });
                }
                let mut members = Map::new();
                members.insert("type".to_owned(), kind.into());
                while let Some((name, value)) = map.next_entry()? {
                    members.insert(name, value);
                }
                Ok(Piece::Opaque(Value::Object(members)))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::anthropic::content;

    /// What both readers make of a text; the one pass may pass.
    fn both(text: &str) -> (Option<Vec<Block>>, Option<Vec<Block>>) {
        let body = Bytes::copy_from_slice(text.as_bytes());
        let loose: Option<Loose<'_>> = serde_json::from_slice(&body).ok();
        let careful = serde_json::from_slice(&body).ok().and_then(|json| content::read(json, &body).ok());
        (loose.and_then(|loose| loose.blocks(&body)), careful)
    }

    #[test]
    fn one_pass_is_enough_for_what_clients_send() {
        for text in [
            r#""""#,
            r#""a\nb""#,
            r#"[{"type":"text","text":"a\"b","cache_control":{"type":"ephemeral","ttl":"1h"}}]"#,
            r#"[{"type":"tool_use","id":"t1","name":"read","input":{"path":"a\\b", "n": 1.50}}]"#,
            r#"[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"x"}],"is_error":true}]"#,
            r#"[{"type":"tool_result","tool_use_id":"t1","content":"x"},{"type":"tool_result","tool_use_id":"t2"}]"#,
            r#"[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"x"}]"#,
            r#"[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]"#,
            r#"[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"},"title":"t"}]"#,
            r#"[{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"x"},"cache_control":null}]"#,
            r#"[{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"n"}]}]"#,
            r#"[ { "type" : "text" , "text" : "x" , "new" : [ { } ] } ]"#,
            r#"[{"type":"text","type":"image","text":"x"},{"type":"new","a":1,"type":"text","a":2}]"#,
        ] {
            let (loose, careful) = both(text);
            assert!(loose.is_some(), "{text}");
            assert_eq!(loose, careful, "{text}");
        }
    }

    #[test]
    fn what_is_unusual_is_left_alone() {
        for text in [
            r#"[{"text":"x","type":"text"}]"#,
            r#"[{"type":"te\u0078t","text":"x"}]"#,
            r#"[{"type":"text"}]"#,
            r#"[{"type":"image","source":{"type":"file","file_id":"f"}}]"#,
            r#"[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text"}]}]"#,
            r#"["x"]"#,
            "null",
            "5",
        ] {
            assert_eq!(both(text).0, None, "{text}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z\"\\\\\n好]{0,6}".prop_map(Value::from),
            Just(json!({"type": "ephemeral"})),
            Just(json!({"type": "base64", "media_type": "image/png", "data": "iVBO"})),
            Just(json!([{"type": "text", "text": "x"}])),
            Just(json!([{"text": "x", "type": "text"}, {"type": "new"}])),
        ]
    }

    fn block() -> impl Strategy<Value = Value> {
        let kind = prop::sample::select(&[
            "text",
            "image",
            "document",
            "tool_use",
            "tool_result",
            "thinking",
            "new",
        ]);
        let names = &[
            "text",
            "source",
            "title",
            "id",
            "name",
            "input",
            "tool_use_id",
            "content",
            "is_error",
            "thinking",
            "signature",
            "data",
            "cache_control",
            "type",
            "new",
        ];
        let members = prop::collection::vec((prop::sample::select(names), value()), 0..7);
        (kind, members).prop_map(|(kind, members)| {
            let mut block = json!({"type": kind});
            members.into_iter().for_each(|(name, value)| block[name] = value);
            block
        })
    }

    proptest! {
        /// Where the one pass gives an answer it is the careful reader's answer.
        #[test]
        fn both_readers_agree(blocks in prop::collection::vec(block(), 0..4)) {
            let (loose, careful) = both(&Value::from(blocks).to_string());
            if loose.is_some() {
                prop_assert_eq!(loose, careful);
            }
        }
    }
}
