//! Accounts whose secrets cannot be read: all of them while the key is away, or one alone.

use serde_json::json;

use super::fake::{World, account};
use crate::refresh::UNREADABLE;
use crate::{NewAccount, Patch, StateView};

#[tokio::test]
async fn nothing_is_lost_while_the_key_is_away() {
    let world = World::new().await;
    let ids = [world.add("a").await, world.add("b").await];
    let gone = world.add("gone").await;
    world.accounts.remove(&gone).await.unwrap();
    let key = secrets::DataKey::clone(&world.keyring.key().unwrap());
    let rows = world.core.accounts().await.unwrap();

    let world = world.restart_with(None).await;
    let list = world.accounts.list();
    assert_eq!(list.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(list.iter().all(|view| view.state == StateView::Ready), "the accounts are not at fault");
    let entry = world.accounts.entry(&ids[0]).unwrap();
    let refused = world.accounts.session(&entry).await.unwrap_err();
    assert_eq!(refused.category, llm::Category::Unavailable);
    assert_eq!(world.provider.openings(), 0);
    let code = world.accounts.add(account("c")).await.unwrap_err().code();
    assert_eq!(code, "secrets_locked");
    let patch = Patch { credential: Some(json!({"key": "other"})), ..Patch::default() };
    assert_eq!(world.accounts.update(&ids[0], patch).await.unwrap_err().code(), "secrets_locked");
    let patch = Patch { name: Some("x".into()), ..Patch::default() };
    assert_eq!(world.accounts.update(&ids[0], patch).await.unwrap_err().code(), "secrets_locked");
    let patch = Patch { enabled: Some(false), ..Patch::default() };
    world.accounts.update(&ids[1], patch).await.unwrap();
    world.accounts.restore(&gone).await.unwrap();
    assert!(world.accounts.list().iter().all(|view| view.last_error.is_none()));
    assert_eq!(world.core.accounts().await.unwrap()[0], rows[0]);
    assert_eq!(world.core.accounts().await.unwrap()[1].credential, rows[1].credential);

    world.keyring.put(Some(key));
    world.accounts.reload().await.unwrap();
    for id in [&ids[0], &ids[1], &gone] {
        let entry = world.accounts.entry(id).unwrap();
        let session = world.accounts.session(&entry).await.unwrap();
        let providers::Identity::Bearer(credential) = &session.identity else { panic!() };
        assert_eq!(credential.expose(), r#"{"key":"first-secret"}"#);
    }
    assert!(!world.accounts.get(&ids[1]).unwrap().enabled);
}

#[tokio::test]
async fn one_credential_that_does_not_decrypt_sets_that_account_alone_aside() {
    let world = World::new().await;
    let (bad, good) = (world.add("bad").await, world.add("good").await);
    let rows = world.core.accounts().await.unwrap();
    // The ciphertext of another row: whole, and in the wrong place.
    let file = world.folder.path().join("core.db");
    let raw = rusqlite::Connection::open(file).unwrap();
    raw.execute("UPDATE accounts SET credential = ?1 WHERE id = ?2", (rows[1].credential.as_str(), &bad))
        .unwrap();
    let world = world.restart().await;
    let view = world.accounts.get(&bad).unwrap();
    assert_eq!(
        (view.state, view.last_error.and_then(|last| last.code)),
        (StateView::NeedsSignIn, Some(UNREADABLE))
    );
    assert_eq!(world.plan(), ["good"]);
    let patch = Patch { name: Some("x".into()), ..Patch::default() };
    assert_eq!(world.accounts.update(&bad, patch).await.unwrap_err().code(), UNREADABLE);
    // Trying it changes nothing of what is stored.
    let entry = world.accounts.entry(&bad).unwrap();
    world.accounts.revive(&entry);
    let error = world.accounts.session(&entry).await.unwrap_err();
    assert_eq!((error.category, error.code), (llm::Category::NoCredentials, Some(UNREADABLE)));
    assert_eq!(world.core.accounts().await.unwrap()[0].credential, rows[1].credential);
    assert!(world.accounts.session(&world.accounts.entry(&good).unwrap()).await.is_ok());

    let patch = Patch { credential: Some(json!({"key": "anew"})), ..Patch::default() };
    world.accounts.update(&bad, patch).await.unwrap();
    assert!(world.accounts.session(&world.accounts.entry(&bad).unwrap()).await.is_ok());
    let world = world.restart().await;
    assert_eq!(world.kept().await.expose(), r#"{"key":"anew"}"#);
    assert_eq!(world.plan(), ["bad", "good"]);
}

#[tokio::test]
async fn what_is_stored_is_encrypted() {
    let world = World::new().await;
    let new = NewAccount { credential: json!({"key": "plain-words-of-a-secret"}), ..account("a") };
    world.accounts.add(new).await.unwrap();
    let row = world.core.accounts().await.unwrap().swap_remove(0);
    assert!(row.credential.as_str().starts_with("v1|") && !row.credential.as_str().contains("plain"));
    assert_eq!(row.credential.kid(), world.keyring.key().unwrap().kid());
    assert_eq!(world.kept().await.expose(), r#"{"key":"plain-words-of-a-secret"}"#);
}
