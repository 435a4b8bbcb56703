use std::sync::Arc;

use llm::Secret;
use serde_json::json;

use super::fixture::{account, provider};
use super::*;

#[test]
fn the_person_is_told_what_the_vendor_thinks() {
    let described = provider().describe();
    assert_eq!((described.id, described.name), ("amazon_q", "Kiro / Amazon Q Developer"));
    assert_eq!(described.policy, Policy::UndocumentedWire);
    let note = described.policy_note.unwrap();
    for words in ["does not permit", "suspended", "your own", "2027-04-30"] {
        assert!(note.contains(words), "{words}");
    }
    assert!(!note.contains("  "), "no gaps from line breaks");
    let kinds: Vec<_> = described.credentials.iter().map(|kind| kind.kind).collect();
    assert_eq!(kinds, ["oidc_refresh_token", "kiro_social", "external_idp", "kiro_api_key"]);
}

#[test]
fn options_and_credential_are_both_checked() {
    let provider = provider();
    let key = json!({"kind": "kiro_api_key", "api_key": "ksk_1"});
    assert!(provider.check(&account(""), &key).is_ok());
    let misspelt = Account { options: json!({"binding": "soap"}), ..account("") };
    assert_eq!(provider.check(&misspelt, &key).unwrap_err().param.as_deref(), Some("options.binding"));
    assert!(provider.check(&account(""), &json!({"kind": "kiro_api_key"})).is_err());
}

#[tokio::test]
async fn another_providers_session_is_refused() {
    let session = Session {
        account: Arc::new(account("http://127.0.0.1:1")),
        identity: Identity::Bearer(Secret::new("x")),
        expires: None,
        clock_offset: 0,
    };
    assert_eq!(provider().models(&session).await.unwrap_err().category, Category::Internal);
}
