//! Which sign-in is whose. What was learned with one credential (models, hosts, refusals) is not true of the next one
//! that the same account is given, while a token that is merely renewed changes nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::Account;

/// One sign-in of this process. Numbers are not used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignIn(u64);

/// What every refresh changes.
const PASSING: [&str; 2] = ["access_token", "expires_at"];

/// The sign-in of each account, by account id. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    current: ArcSwap<HashMap<Box<str>, Known>>,
    given: AtomicU64,
}

/// A sign-in, and what its stored credential looks like now, without being it.
#[derive(Clone, Copy, Debug)]
struct Known {
    sign_in: SignIn,
    credential: [u8; 32],
}

impl SignIns {
    /// The sign-in that the account was last opened with.
    pub(super) fn of(&self, account: &Account) -> SignIn {
        self.current.load().get(account.id.as_str()).map_or_else(SignIn::default, |known| known.sign_in)
    }

    /// The sign-in of a stored credential, and the one that it takes the place of.
    pub(super) fn opened(&self, account: &Account, fields: &Map<String, Value>) -> (SignIn, Option<SignIn>) {
        let credential = digest(fields);
        let before = self.current.load().get(account.id.as_str()).copied();
        match before {
            Some(known) if known.credential == credential => (known.sign_in, None),
            _ => {
                let sign_in = SignIn(self.given.fetch_add(1, Ordering::Relaxed) + 1);
                self.put(account, Known { sign_in, credential });
                (sign_in, before.map(|known| known.sign_in))
            }
        }
    }

    /// A sign-in's credential is about to be stored with new members.
    pub(super) fn renewed(&self, account: &Account, sign_in: SignIn, fields: &Map<String, Value>) {
        // Another credential may have been opened meanwhile.
        if self.of(account) == sign_in {
            self.put(account, Known { sign_in, credential: digest(fields) });
        }
    }

    fn put(&self, account: &Account, known: Known) {
        self.current.rcu(|all| {
            let mut next = HashMap::clone(all);
            next.insert(account.id.as_str().into(), known);
            next
        });
    }
}

fn digest(fields: &Map<String, Value>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (name, value) in fields.iter().filter(|(name, _)| !PASSING.contains(&name.as_str())) {
        for part in [name.as_str(), &value.to_string()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::amazon_q::fixture::account;

    fn fields(token: &str, access: &str) -> Map<String, Value> {
        let Value::Object(fields) = json!({"refresh_token": token, "access_token": access}) else { panic!() };
        fields
    }

    #[test]
    fn a_renewed_token_is_the_same_sign_in_and_another_credential_is_not() {
        let (sign_ins, a) = (SignIns::default(), account(""));
        let b = Account { id: "b".into(), ..a.clone() };
        let (first, before) = sign_ins.opened(&a, &fields("one", "x"));
        assert_eq!((before, sign_ins.of(&a)), (None, first));
        assert_eq!(sign_ins.opened(&a, &fields("one", "y")), (first, None));
        sign_ins.renewed(&a, first, &fields("two", "z"));
        assert_eq!(sign_ins.opened(&a, &fields("two", "z")), (first, None));
        let (second, before) = sign_ins.opened(&a, &fields("other", "z"));
        assert_ne!(second, first);
        assert_eq!(before, Some(first));
        // A refresh of the first that ends late.
        sign_ins.renewed(&a, first, &fields("three", "z"));
        assert_eq!(sign_ins.of(&a), second);
        let (of_b, _) = sign_ins.opened(&b, &fields("other", "z"));
        assert_ne!(of_b, second, "accounts share nothing");
    }
}
