//! The id of a conversation: the same for all turns of one client session, which helps the service's own cache.

use llm::{Block, Content, Hints, Meaning, Message, Role, Source};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Of a picture or a document this many bytes tell enough.
const ENOUGH: usize = 4096;

/// A UUID made of the account and of what stays the same in a session: the client's own id of it, else how the
/// conversation began. Never the client's id itself, which is not the vendor's business.
pub(super) fn id(account: &str, hints: &Hints, meaning: &Meaning) -> Uuid {
    let mut hash = Sha256::new();
    part(&mut hash, account.as_bytes());
    match hints.session.as_deref().or_else(|| meaning.user.as_deref().and_then(session)) {
        Some(session) => part(&mut hash, session.as_bytes()),
        None => {
            let user = meaning.user.as_deref().unwrap_or_default();
            part(&mut hash, user.as_bytes());
            blocks(&mut hash, &meaning.system);
            if let Some(first) = first(meaning) {
                blocks(&mut hash, &first.content);
            }
        }
    }
    uuid(hash)
}

/// The id that takes the place of one under which the service takes no more.
pub(super) fn after(id: Uuid) -> Uuid {
    uuid(Sha256::new().chain_update(id.as_bytes()))
}

fn uuid(hash: Sha256) -> Uuid {
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid()
}

/// The session in the id that Claude Code gives its user: `user_…_account_…_session_…`, or JSON with a `session_id`.
fn session(user: &str) -> Option<&str> {
    if let Some((_, session)) = user.rsplit_once("_session_") {
        return Some(session).filter(|session| !session.is_empty());
    }
    let (_, rest) = user.split_once("\"session_id\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(session, _)| session).filter(|session| !session.is_empty())
}

fn first(meaning: &Meaning) -> Option<&Message> {
    meaning.messages.iter().find(|message| message.role == Role::User)
}

fn blocks(hash: &mut Sha256, blocks: &[Block]) {
    for block in blocks {
        match &block.content {
            Content::Text { text } => part(hash, text.as_bytes()),
            Content::Image { source } | Content::Document { source, .. } => match source {
                Source::Base64 { data, .. } => part(hash, &data[..data.len().min(ENOUGH)]),
                Source::Text { text } => part(hash, text.as_bytes()),
                Source::Url { url } => part(hash, url.as_bytes()),
            },
            _ => {}
        }
    }
}

/// With its length, so that no two different beginnings read the same.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(user: Option<&str>, turns: &[&str]) -> Meaning {
        let message = |(at, text): (usize, &&str)| Message {
            role: if at % 2 == 0 { Role::User } else { Role::Assistant },
            content: vec![Block::text(*text)],
        };
        Meaning {
            system: vec![Block::text("Be brief.")],
            messages: turns.iter().enumerate().map(message).collect(),
            user: user.map(str::to_owned),
            ..Meaning::default()
        }
    }

    fn hints(session: Option<&str>) -> Hints {
        Hints { session: session.map(str::to_owned), ..Hints::default() }
    }

    #[test]
    fn turns_of_one_session_have_one_id() {
        let none = hints(None);
        let begun = id("a", &none, &talk(None, &["hi"]));
        assert_eq!(begun, id("a", &none, &talk(None, &["hi", "hello", "and now?"])));
        assert_ne!(begun, id("a", &none, &talk(None, &["ho"])));
        assert_ne!(begun, id("b", &none, &talk(None, &["hi"])), "accounts share nothing");
        assert_eq!(begun.get_version_num(), 4);

        let told = id("a", &hints(Some("s1")), &talk(None, &["hi"]));
        assert_eq!(told, id("a", &hints(Some("s1")), &talk(Some("u"), &["something else"])));
        assert_ne!(told, id("a", &hints(Some("s2")), &talk(None, &["hi"])));
    }

    #[test]
    fn the_session_is_found_in_the_user_id() {
        let none = hints(None);
        let user = "user_0123_account_aa-bb_session_cc-dd";
        assert_eq!(session(user), Some("cc-dd"));
        assert_eq!(session(r#"{"device_id":"d","session_id": "cc-dd"}"#), Some("cc-dd"));
        assert_eq!(session("someone"), None);
        let one = id("a", &none, &talk(Some(user), &["hi"]));
        assert_eq!(one, id("a", &none, &talk(Some(user), &["another thread"])));
        assert_eq!(one, id("a", &hints(Some("cc-dd")), &talk(None, &["hi"])));
    }
}
