//! Sign-ins that have ended. Their vendor takes a client that goes on asking with one for an attack, and the answer is
//! known: it is given here, until the person has entered another credential.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use llm::Error;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::stored::{self, Credential, Way};
use crate::Account;
use crate::amazon_q::AmazonQ;

/// Refusals kept; the oldest goes first. A person has a few accounts.
const KEPT: usize = 32;

/// A refusal counts for so long; somebody may have mended at the vendor what was wrong.
const COUNTS: Duration = Duration::from_secs(60 * 60);

/// What tells one sign-in from another without being a secret.
type Mark = [u8; 32];

/// The refusals of the last hour. Reading takes no lock.
#[derive(Default)]
pub(in crate::amazon_q) struct Ended(ArcSwap<Vec<Arc<Refusal>>>);

struct Refusal {
    mark: Mark,
    at: SystemTime,
    error: Error,
}

impl Ended {
    /// The refusal that a sign-in got a short while ago.
    pub(super) fn find(&self, mark: &Mark, now: SystemTime) -> Option<Error> {
        let refusals = self.0.load();
        let refusal = refusals.iter().find(|refusal| refusal.mark == *mark)?;
        // A clock that went back makes it old, too.
        let counts = now.duration_since(refusal.at).is_ok_and(|since| since < COUNTS);
        counts.then(|| refusal.error.clone())
    }

    fn forget(&self, mark: &Mark) {
        if self.0.load().iter().any(|refusal| refusal.mark == *mark) {
            self.0.rcu(|all| all.iter().filter(|refusal| refusal.mark != *mark).cloned().collect::<Vec<_>>());
        }
    }

    pub(super) fn keep(&self, mark: Mark, at: SystemTime, error: &Error) {
        let new = Arc::new(Refusal { mark, at, error: error.clone() });
        self.0.rcu(|all| {
            let others = all.iter().filter(|refusal| refusal.mark != mark);
            std::iter::once(&new).chain(others).take(KEPT).cloned().collect::<Vec<_>>()
        });
    }
}

impl AmazonQ {
    /// The person enters a credential: it is worth another question, whatever was answered before.
    pub(in crate::amazon_q) fn entered(&self, account: &Account, credential: &Value) {
        if let Ok(Credential { way, .. }) = stored::read(credential) {
            self.ended.forget(&mark(account, &way));
        }
    }
}

/// The mark of everything that a token endpoint is asked with, and of where it is.
pub(super) fn mark(account: &Account, way: &Way) -> Mark {
    let mut hash = Sha256::new();
    let parts: [&str; 4] = match way {
        Way::Oidc { refresh_token, client_id, client_secret, region } => {
            [refresh_token.expose(), client_id, client_secret.expose(), region]
        }
        Way::Social { refresh_token } => [refresh_token.expose(), "", "", ""],
        Way::External { refresh_token, token_endpoint, client_id, scopes, .. } => [
            refresh_token.expose(),
            token_endpoint.as_str(),
            client_id.as_deref().unwrap_or_default(),
            scopes.as_deref().unwrap_or_default(),
        ],
        Way::ApiKey(key) => [key.expose(), "", "", ""],
        Way::Shared(_) => [""; 4],
    };
    for part in parts.into_iter().chain(account.endpoint_url.as_deref()) {
        // With its length, so that no two different sign-ins read the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use llm::{Category, Secret};

    use super::*;
    use crate::amazon_q::fixture::{account, now};

    fn social(token: &str) -> Mark {
        mark(&account(""), &Way::Social { refresh_token: Secret::new(token) })
    }

    #[test]
    fn a_refusal_counts_for_an_hour_and_few_are_kept() {
        let ended = Ended::default();
        let error = Error::new(Category::NoCredentials, "over");
        ended.keep(social("one"), now(), &error);
        let said = |token, later| ended.find(&social(token), now() + Duration::from_secs(later));
        assert_eq!(said("one", 3599).map(|error| error.message), Some("over".to_owned()));
        assert!(said("one", 3600).is_none());
        assert!(said("two", 0).is_none());
        assert!(ended.find(&social("one"), now() - Duration::from_secs(1)).is_none());
        for number in 0..KEPT {
            ended.keep(social(&number.to_string()), now(), &error);
        }
        assert!(said("one", 0).is_none());
        assert_eq!(ended.0.load().len(), KEPT);
    }

    #[test]
    fn a_mark_is_of_the_client_and_the_place_too() {
        let oidc = |client_id: &str, region: &str, endpoint: &str| {
            let way = Way::Oidc {
                refresh_token: Secret::new("aor"),
                client_id: client_id.to_owned(),
                client_secret: Secret::new("hush"),
                region: region.to_owned(),
            };
            mark(&account(endpoint), &way)
        };
        let one = oidc("client", "us-east-1", "");
        assert_eq!(one, oidc("client", "us-east-1", ""));
        assert_ne!(one, oidc("other", "us-east-1", ""));
        assert_ne!(one, oidc("client", "eu-west-1", ""));
        assert_ne!(one, oidc("client", "us-east-1", "http://127.0.0.1:9"));
    }
}
