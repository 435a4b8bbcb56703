//! What tells one conversation from others, from what its client says of it: a session's id, or how it began.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use accounts::Conversation;
use llm::Request;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// So much of a first message tells it from others, in bytes.
const ENOUGH: usize = 16 * 1024;

/// A request's place in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) conversation: Conversation,
    /// Something was answered before. Two conversations may begin with the same words, but the second of them has nothing
    /// to go back to yet.
    pub(crate) later: bool,
}

/// The conversation of a request; one a model, for a prompt cache belongs to a model. `None` where nothing tells.
pub(crate) fn turn(asked: &Request) -> Option<Turn> {
    let mut hasher = DefaultHasher::new();
    asked.model.hash(&mut hasher);
    if let Some(id) = named(asked) {
        id.hash(&mut hasher);
        return Some(Turn { conversation: Conversation(hasher.finish()), later: true });
    }
    let lines = ["messages", "input"].into_iter().find_map(|name| asked.raw.get(name))?;
    let mut beginning = Beginning { hasher, first: false, later: false };
    // It stops where it knows enough, which looks like an error from outside.
    let _ = serde_json::Deserializer::from_slice(lines).deserialize_seq(&mut beginning);
    let conversation = Conversation(beginning.hasher.finish());
    beginning.first.then_some(Turn { conversation, later: beginning.later })
}

/// An id that the client itself gives to its conversation.
fn named(asked: &Request) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Metadata {
        user_id: Option<String>,
    }
    if let Some(session) = &asked.hints.session {
        return Some(session.into());
    }
    // A user has many conversations; some clients name theirs in this field too.
    let metadata: Option<Metadata> = asked.raw.read("metadata").ok().flatten();
    let user = metadata.and_then(|metadata| metadata.user_id).filter(|user| user.contains("session"));
    user.map(Cow::from).or_else(|| asked.raw.read::<String>("prompt_cache_key").ok().flatten().map(Cow::from))
}

/// Reads up to the first answer.
struct Beginning {
    hasher: DefaultHasher,
    /// A message of the person was seen.
    first: bool,
    later: bool,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Option<Text<'a>>,
}

/// What is said, without marks and pictures: marks move from one request to the next.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text<'a> {
    Plain(#[serde(borrow)] Cow<'a, str>),
    Blocks(#[serde(borrow)] Vec<Block<'a>>),
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

impl<'de> Visitor<'de> for &mut Beginning {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<(), A::Error> {
        while let Some(line) = lines.next_element::<Line<'de>>()? {
            match &*line.role {
                "user" if !self.first => {
                    self.first = true;
                    self.begin(&line);
                }
                "assistant" => {
                    self.later = true;
                    return Err(A::Error::custom("enough"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Beginning {
    fn begin(&mut self, line: &Line<'_>) {
        let texts: Vec<&str> = match &line.content {
            None => Vec::new(),
            Some(Text::Plain(text)) => vec![text],
            Some(Text::Blocks(blocks)) => blocks.iter().filter_map(|block| block.text.as_deref()).collect(),
        };
        let mut left = ENOUGH;
        for text in texts {
            let part = &text.as_bytes()[..text.len().min(left)];
            left -= part.len();
            part.hash(&mut self.hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;
    use crate::dialect::MESSAGES;
    use wire::ServerCodec;

    fn asked(headers: &[(&'static str, &str)], members: &Value) -> Option<Turn> {
        let mut body = json!({"model": "m", "max_tokens": 5});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| drop(map.insert(*name, value.parse().unwrap())));
        turn(&MESSAGES.read_request(&map, Bytes::from(body.to_string())).unwrap())
    }

    fn user(text: &str) -> Value {
        json!({"role": "user", "content": text})
    }

    #[test]
    fn a_conversation_is_known_by_how_it_began_once_it_was_answered() {
        let first = asked(&[], &json!({"messages": [user("hello")]})).unwrap();
        let marked = json!([{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]);
        let marked = json!({"role": "user", "content": marked});
        let answer = json!({"role": "assistant", "content": "hi"});
        let later = asked(&[], &json!({"messages": [marked, answer, user("more")]})).unwrap();
        assert_eq!((first.conversation, first.later, later.later), (later.conversation, false, true));
        for other in
            [json!({"messages": [user("hullo")]}), json!({"messages": [user("hello")], "model": "n"})]
        {
            assert_ne!(asked(&[], &other).unwrap().conversation, first.conversation);
        }
    }

    #[test]
    fn an_id_of_the_client_wins_over_its_words() {
        let words = |text: &str| json!({"messages": [user(text)]});
        let session = |id: &'static str, text: &str| asked(&[("x-claude-code-session-id", id)], &words(text));
        assert_eq!(session("1", "a"), session("1", "b"));
        assert_ne!(session("1", "a"), session("2", "a"));
        assert!(session("1", "a").unwrap().later);
        let of_user = |id: &str, text: &str| {
            asked(&[], &json!({"messages": [user(text)], "metadata": {"user_id": id}}))
        };
        assert_eq!(of_user("u_session_1", "a"), of_user("u_session_1", "b"));
        assert_ne!(of_user("alice", "a"), of_user("alice", "b"), "a person has many conversations");
    }
}
