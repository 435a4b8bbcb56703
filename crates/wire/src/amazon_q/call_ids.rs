//! Ids of tool calls as the service takes them: safe characters, each once in a conversation.

use std::borrow::Cow;
use std::collections::HashSet;

use sha2::{Digest, Sha256};

/// Gives out ids in the order of the calls. The same conversation gets the same ids again, however long it grows: the
/// service caches a prefix, and nothing is remembered between requests.
#[derive(Default)]
pub(super) struct CallIds<'a> {
    given: HashSet<Cow<'a, str>>,
}

impl<'a> CallIds<'a> {
    /// The id of the next call, and whether another call had the client's id already.
    pub(super) fn next(&mut self, id: &'a str) -> (Cow<'a, str>, bool) {
        let mut wire = if legal(id) { Cow::Borrowed(id) } else { hashed(id).into() };
        let mut copy = 1_u32;
        while self.given.contains(&wire) {
            copy += 1;
            wire = hashed(&format!("{id}#{copy}")).into();
        }
        self.given.insert(wire.clone());
        (wire, copy > 1)
    }
}

/// The service's own pattern allows `.` and `:` too; some of its parts do not.
fn legal(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

fn hashed(id: &str) -> String {
    format!("tooluse_{}", &hex::encode(Sha256::digest(id))[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ids_stay_and_others_become_their_hash() {
        let long = "x".repeat(65);
        for id in ["tooluse_aA1-_", "a", &"x".repeat(64)] {
            assert_eq!(CallIds::default().next(id), (id.into(), false));
        }
        for id in ["functions.Bash:0", "", "é", &long] {
            let (wire, double) = CallIds::default().next(id);
            assert!(legal(&wire) && wire.starts_with("tooluse_") && !double, "{wire}");
            assert_eq!(CallIds::default().next(id).0, wire, "the same the next time");
        }
    }

    #[test]
    fn no_id_is_given_twice() {
        let mut ids = CallIds::default();
        let given: Vec<_> = ["a", "a", "b", "a"].into_iter().map(|id| ids.next(id)).collect();
        assert_eq!(given.iter().map(|(_, double)| *double).collect::<Vec<_>>(), [false, true, false, true]);
        let unique: HashSet<_> = given.iter().map(|(wire, _)| wire).collect();
        assert_eq!(unique.len(), 4);
        // A client may send what we made up ourselves.
        let made_up = given[1].0.clone().into_owned();
        let mut ids = CallIds::default();
        let first = ids.next(&made_up).0;
        ids.next("a");
        assert_ne!(ids.next("a").0, first);
    }
}
