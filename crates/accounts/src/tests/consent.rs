//! Consent to the note of a vendor that does not document its interface.

use serde_json::json;

use super::fake::{World, account};
use crate::{Consent, ConsentBy, Error, NewAccount};

fn wild(name: &str, policy_accepted: bool) -> NewAccount {
    NewAccount { provider: "wild".into(), policy_accepted, ..account(name) }
}

#[tokio::test]
async fn it_is_asked_for_once_and_remembered() {
    let world = World::new().await;
    let refused = world.accounts.add(wild("a", false)).await.unwrap_err();
    assert!(
        matches!(
            &refused,
            Error::PolicyConsentRequired { provider: "wild", note: "It may stop the account." }
        ),
        "{refused:?}"
    );
    assert_eq!((refused.code(), refused.status()), ("policy_consent_required", 409));
    let useless = NewAccount { credential: json!({}), ..wild("a", true) };
    world.accounts.add(useless).await.unwrap_err();
    assert_eq!(world.accounts.consent("wild"), None, "what was refused leaves nothing");

    let accepted = NewAccount { policy_accepted_by: ConsentBy::CommandLine, ..wild("a", true) };
    world.accounts.add(accepted).await.unwrap();
    let given = Consent { time_ms: 1_700_000_000_000, by: ConsentBy::CommandLine };
    assert_eq!(world.accounts.consent("wild"), Some(given));
    assert_eq!(world.accounts.consent("real"), None, "to one vendor and to no other");
    let world = world.restart().await;
    world.clock.pass(10);
    world.accounts.add(wild("b", false)).await.unwrap();
    world.accounts.add(wild("c", true)).await.unwrap();
    assert_eq!(world.accounts.consent("wild"), Some(given), "the first one stays");
}

#[tokio::test]
async fn nobody_is_asked_for_what_is_documented() {
    let world = World::new().await;
    world.accounts.add(NewAccount { policy_accepted: true, ..account("a") }).await.unwrap();
    assert_eq!(world.accounts.consent("real"), None);
}
