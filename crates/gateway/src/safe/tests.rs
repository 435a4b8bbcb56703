//! The safe over a real store, with keychains that do as they are told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use llm::{Category, Secret};
use secrets::{Keychain, Place, SlotKind, Tools, Trouble, Wish};
use serde_json::json;
use store::LocalKeyRow;
use zeroize::Zeroizing;

use super::{Door, Refused, Safe};
use crate::house::House;
use crate::{Gateway, fingerprint};

/// A keychain that has what it was given, while it is there.
#[derive(Debug, Default)]
struct Locker {
    items: Mutex<HashMap<String, Vec<u8>>>,
    away: Mutex<Option<Trouble>>,
}

impl Locker {
    fn says(&self, trouble: Option<Trouble>) {
        *self.away.lock().unwrap() = trouble;
    }
}

impl Keychain for Locker {
    fn read(&self, kid: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        self.away.lock().unwrap().map_or(Ok(()), Err)?;
        self.items.lock().unwrap().get(kid).cloned().map(Zeroizing::new).ok_or(Trouble::Missing)
    }

    fn write(&self, kid: &str, secret: &[u8]) -> Result<(), Trouble> {
        self.away.lock().unwrap().map_or(Ok(()), Err)?;
        self.items.lock().unwrap().insert(kid.to_owned(), secret.to_vec());
        Ok(())
    }
}

/// A gateway whose safe is still shut, and its keychain.
async fn shut() -> (House, Arc<Gateway>, Arc<Locker>) {
    let keychain = Arc::new(Locker::default());
    let house = House::with_keychain(keychain.clone()).await;
    let gateway = Arc::clone(&house.gateway);
    (house, gateway, keychain)
}

fn account() -> accounts::NewAccount {
    serde_json::from_value(json!({
        "name": "a", "provider": "invented", "region": "us-east-1",
        "credential": {"kind": "api_key", "api_key": "very-secret-1234"},
    }))
    .unwrap()
}

fn locked(gateway: &Gateway) -> Vec<(SlotKind, &'static str)> {
    let Door::Locked { slots, .. } = gateway.safe.door() else { panic!("{:?}", gateway.safe.door()) };
    slots.into_iter().map(|shut| (shut.slot, shut.trouble)).collect()
}

#[tokio::test]
async fn clients_wait_until_it_is_open_and_are_told_why() {
    let (_house, gateway, keychain) = shut().await;
    let refusal = crate::admission::open(&gateway).unwrap_err();
    assert_eq!((refusal.category, refusal.code), (Category::Unavailable, Some("secrets_locked")));
    assert!(gateway.open_safe().await);
    assert_eq!(gateway.safe.door(), Door::Open { by: SlotKind::Keychain });
    crate::admission::open(&gateway).unwrap();

    keychain.says(Some(Trouble::Refused));
    assert!(!gateway.reopen_safe().await);
    assert_eq!(locked(&gateway), [(SlotKind::Keychain, "refused")]);
    let refusal = crate::admission::open(&gateway).unwrap_err();
    assert!(refusal.message.contains("keychain: refused") && refusal.retry_after.is_some(), "{refusal:?}");
    keychain.says(None);
    assert!(gateway.open_safe().await);
    crate::admission::open(&gateway).unwrap();
}

#[tokio::test]
async fn what_settles_runs_before_the_door_opens_and_keeps_it_shut_when_it_fails() {
    let (_house, gateway, _) = shut().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let (counted, watched) = (Arc::clone(&runs), Arc::downgrade(&gateway));
    gateway.safe.on_open(Box::new(move || {
        let (counted, watched) = (Arc::clone(&counted), watched.clone());
        Box::pin(async move {
            assert!(!watched.upgrade().unwrap().safe.is_open());
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                Err("the disk is full".to_owned())
            } else {
                Ok(())
            }
        })
    }));
    assert!(!gateway.open_safe().await);
    let Door::Locked { said: Some(said), .. } = gateway.safe.door() else { panic!() };
    assert_eq!(said, "the disk is full");
    assert!(!gateway.safe.keyring().is_open());
    assert!(gateway.open_safe().await);
    assert!(gateway.open_safe().await, "nothing is done twice");
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_key_moves_and_leaves_nothing_that_opens() {
    let (_house, gateway, keychain) = shut().await;
    keychain.says(Some(Trouble::Unavailable));
    assert!(gateway.open_safe().await);
    assert_eq!(gateway.safe.door(), Door::Open { by: SlotKind::KeyFile });
    gateway.accounts.add(account()).await.unwrap();
    let file = || {
        let folder = std::fs::read_dir(&gateway.safe.tools.key_folder).into_iter().flatten();
        folder.flatten().next().map(|entry| entry.path())
    };
    assert!(file().is_some());
    let refused = gateway.protect_safe(Wish::Keychain).await;
    assert!(matches!(refused, Err(Refused::Slot(SlotKind::Keychain, Trouble::Unavailable))), "{refused:?}");
    assert!(file().is_some() && gateway.reopen_safe().await, "all is as before");

    let recovery = gateway.new_recovery_key().await.unwrap();
    keychain.says(None);
    assert_eq!(gateway.protect_safe(Wish::Keychain).await.unwrap(), SlotKind::Keychain);
    assert_eq!(file(), None);
    assert!(gateway.reopen_safe().await);
    assert_eq!(gateway.safe.door(), Door::Open { by: SlotKind::Keychain });

    let short = gateway.protect_safe(Wish::Passphrase(Secret::new("short"))).await;
    assert!(matches!(short, Err(Refused::TooShort)));
    let passphrase = Secret::new("a long passphrase");
    gateway.protect_safe(Wish::Passphrase(passphrase.clone())).await.unwrap();
    assert!(!gateway.reopen_safe().await, "it waits for the person");
    assert_eq!(
        locked(&gateway),
        [(SlotKind::Passphrase, "asks_person"), (SlotKind::RecoveryKey, "asks_person")]
    );
    assert!(matches!(gateway.new_recovery_key().await, Err(Refused::Locked)));
    assert_eq!(gateway.unlock_safe("something else").await, Err(Trouble::WrongKey));
    assert!(!gateway.safe.is_open());
    gateway.unlock_safe("a long passphrase\n").await.unwrap();
    assert_eq!(gateway.safe.door(), Door::Open { by: SlotKind::Passphrase });
    assert!(!gateway.reopen_safe().await);
    gateway.unlock_safe(&recovery.expose().to_lowercase()).await.unwrap();
    assert_eq!(gateway.safe.door(), Door::Open { by: SlotKind::RecoveryKey });
    assert!(gateway.forget_recovery_key().await.unwrap());
    assert!(!gateway.forget_recovery_key().await.unwrap());
    gateway.accounts.reload().await.unwrap();
    assert!(gateway.accounts.list()[0].last_error.is_none(), "the credential still decrypts");
}

#[tokio::test]
async fn what_an_older_version_stored_is_encrypted_before_anything_is_served() {
    let (house, gateway, _) = shut().await;
    gateway.open_safe().await;
    let id = gateway.accounts.add(account()).await.unwrap().id;
    let key = LocalKeyRow {
        id: "local".into(),
        name: "local".into(),
        hash: fingerprint("sk-old"),
        key: gateway.safe.keyring().seal(Place::local_key("other"), &Secret::new("x")).unwrap(),
        hint: String::new(),
        rules: serde_json::json!({}),
        created_ms: 1,
    };
    gateway.core.add_local_key(key).await.unwrap();
    let raw = rusqlite::Connection::open(house.folder().join("core.db")).unwrap();
    let old = r#"{"kind":"api_key","api_key":"from-before-1234"}"#;
    raw.execute("UPDATE accounts SET credential = ?1", [old]).unwrap();
    raw.execute("UPDATE local_keys SET key = 'sk-old'", []).unwrap();
    drop(raw);
    assert!(gateway.reopen_safe().await);
    assert!(gateway.core.plain_secrets().await.unwrap().is_empty());
    let keyring = gateway.safe.keyring();
    let row = gateway.core.accounts().await.unwrap().swap_remove(0);
    assert_eq!(keyring.open(Place::account(&id), &row.credential).unwrap().expose(), old);
    let row = gateway.core.local_keys().await.unwrap().swap_remove(0);
    assert_eq!(keyring.open(Place::local_key("local"), &row.key).unwrap().expose(), "sk-old");
}

#[tokio::test]
async fn the_tries_go_on_until_the_key_is_there() {
    let (_house, gateway, keychain) = shut().await;
    gateway.open_safe().await;
    keychain.says(Some(Trouble::Missing));
    gateway.reopen_safe().await;
    let quit = tokio_util::sync::CancellationToken::new();
    let tasks = tokio_util::task::TaskTracker::new();
    let trying = tasks.spawn(super::keep_opening(Arc::clone(&gateway), quit.clone()));
    let mut changes = gateway.office.subscribe();
    keychain.says(None);
    gateway.safe.nudge();
    changes.wait_for(|_| gateway.safe.is_open()).await.unwrap();
    quit.cancel();
    trying.await.unwrap();
}

#[test]
fn a_safe_says_nothing_of_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let core = Arc::new(store::Core::open(folder.path()).unwrap());
    let tools = Tools { keychain: None, master_key_file: None, key_folder: folder.path().join("keys") };
    let safe = Safe::new(core, Arc::default(), tools);
    assert_eq!(format!("{safe:?}"), "Safe { door: Opening, .. }");
}
