//! The ladder against keychains that do as they are told.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use llm::{Sealed, Secret};
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::{
    Climbed, DataKey, Error, Keychain, Keyring, Patient, Place, Slot, SlotKind, Stored, Tools, Trouble,
};
use crate::{Wish, climb, pause};

/// How a keychain answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Good,
    /// Says that there is nothing, and refuses to keep anything: a Secret Service without a default collection.
    Hollow,
    Locked,
    Gone,
    /// Holds something else under our name.
    Foreign,
    Garbage,
}

#[derive(Debug)]
struct Fake {
    mood: Mutex<Mood>,
    items: Mutex<HashMap<String, Vec<u8>>>,
    writes: Mutex<usize>,
}

impl Fake {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self { mood: Mutex::new(mood), items: Mutex::default(), writes: Mutex::default() })
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn writes(&self) -> usize {
        *self.writes.lock().unwrap()
    }
}

impl Keychain for Fake {
    fn read(&self, kid: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        match *self.mood.lock().unwrap() {
            Mood::Good => {
                self.items.lock().unwrap().get(kid).cloned().map(Zeroizing::new).ok_or(Trouble::Missing)
            }
            Mood::Hollow => Err(Trouble::Missing),
            Mood::Locked => Err(Trouble::Refused),
            Mood::Gone => Err(Trouble::Unavailable),
            Mood::Foreign => Ok(Zeroizing::new(vec![7; 32])),
            Mood::Garbage => Ok(Zeroizing::new(b"no key".to_vec())),
        }
    }

    fn write(&self, kid: &str, secret: &[u8]) -> Result<(), Trouble> {
        *self.writes.lock().unwrap() += 1;
        match *self.mood.lock().unwrap() {
            // A keychain that keeps something else than it was given says yes to everything.
            Mood::Good | Mood::Foreign | Mood::Garbage => {
                self.items.lock().unwrap().insert(kid.to_owned(), secret.to_vec());
                Ok(())
            }
            Mood::Hollow | Mood::Locked => Err(Trouble::Refused),
            Mood::Gone => Err(Trouble::Unavailable),
        }
    }
}

fn tools(keychain: &Arc<Fake>, folder: &Path) -> Tools {
    let keychain: Arc<dyn Keychain> = keychain.clone();
    Tools { keychain: Some(keychain), master_key_file: None, key_folder: folder.join("keys") }
}

/// What the database would have after the first climb.
fn kept(climbed: Climbed) -> (Stored, DataKey) {
    let Climbed::Made { key, slot, canary, .. } = climbed else { panic!("{climbed:?}") };
    let kid = Some(key.kid().to_owned());
    (Stored { kid, canary, slots: vec![slot], has_sealed: true }, key)
}

fn troubles(climbed: Climbed) -> Vec<(SlotKind, Trouble)> {
    let Climbed::Locked(troubles) = climbed else { panic!("{climbed:?}") };
    troubles
}

#[test]
fn a_secret_opens_in_its_own_place_alone() {
    let key = DataKey::generate().unwrap();
    let secret = Secret::new("{\"kind\":\"ключ\"}");
    let sealed = key.seal(Place::account("a"), &secret).unwrap();
    assert!(!sealed.as_str().contains("kind"));
    assert_eq!(sealed.kid(), key.kid());
    assert_eq!(key.open(Place::account("a"), &sealed), Ok(secret.clone()));
    assert_ne!(key.seal(Place::account("a"), &secret).unwrap(), sealed, "a nonce is used once");
    for elsewhere in [Place::account("b"), Place::rotation("a"), Place::new("accounts", "a", "label")] {
        assert_eq!(key.open(elsewhere, &sealed), Err(Error::Unreadable));
    }
    assert_eq!(DataKey::generate().unwrap().open(Place::account("a"), &sealed), Err(Error::Unreadable));
    // Rows cannot pretend to be columns.
    let odd = key.seal(Place::new("t", "a|credential", "c"), &secret).unwrap();
    assert_eq!(key.open(Place::new("t", "a%7Ccredential", "c"), &odd), Err(Error::Unreadable));
    for at in [20, sealed.as_str().len() - 3] {
        let mut bent = sealed.as_str().as_bytes().to_vec();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = Sealed::parse(std::str::from_utf8(&bent).unwrap()).unwrap();
        assert!(key.open(Place::account("a"), &bent).is_err());
    }
    assert_eq!(key.open(Place::account("a"), &Sealed::default()), Err(Error::Unreadable));
    assert!(!format!("{key:?}").contains(&hex::encode(*key.bytes)));
}

#[test]
fn a_keyring_without_a_key_neither_reads_nor_writes() {
    let keyring = Keyring::default();
    let (place, secret) = (Place::local_key("local"), Secret::new("sk"));
    assert_eq!(keyring.seal(place, &secret), Err(Error::Locked));
    keyring.put(Some(DataKey::generate().unwrap()));
    let sealed = keyring.seal(place, &secret).unwrap();
    assert_eq!(keyring.open(place, &sealed), Ok(secret));
    keyring.put(None);
    assert_eq!(keyring.open(place, &sealed), Err(Error::Locked));
}

#[test]
fn the_first_key_goes_where_it_is_safest() {
    let folder = tempfile::tempdir().unwrap();
    let keychain = Fake::new(Mood::Good);
    let (stored, key) = kept(climb(&Stored::default(), &tools(&keychain, folder.path())));
    assert_eq!(stored.slots[0].kind, SlotKind::Keychain);
    let Climbed::Open { key: again, by } = climb(&stored, &tools(&keychain, folder.path())) else { panic!() };
    assert_eq!((again.kid(), by), (key.kid(), SlotKind::Keychain));
    assert!(!folder.path().join("keys").exists());

    for mood in [Mood::Hollow, Mood::Locked, Mood::Gone, Mood::Foreign, Mood::Garbage] {
        let keychain = Fake::new(mood);
        let (stored, _) = kept(climb(&Stored::default(), &tools(&keychain, folder.path())));
        assert_eq!(stored.slots[0].kind, SlotKind::KeyFile, "{mood:?}: it did not give back what it took");
        let opened = climb(&stored, &tools(&keychain, folder.path()));
        assert!(matches!(opened, Climbed::Open { by: SlotKind::KeyFile, .. }), "{mood:?}: {opened:?}");
    }
}

#[test]
fn a_file_that_the_person_names_wins_and_nothing_stands_in_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master");
    let keychain = Fake::new(Mood::Good);
    let tools = Tools { master_key_file: Some(file.clone()), ..tools(&keychain, folder.path()) };
    let first = troubles(climb(&Stored::default(), &tools));
    assert_eq!(first, [(SlotKind::MasterKeyFile, Trouble::Missing)]);
    std::fs::write(&file, "too short").unwrap();
    let first = troubles(climb(&Stored::default(), &tools));
    assert_eq!(first, [(SlotKind::MasterKeyFile, Trouble::Malformed)]);
    assert_eq!(keychain.writes(), 0);
    for text in [
        hex::encode([9; 32]) + "\n",
        "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n".into(),
        "\t".repeat(32),
    ] {
        std::fs::write(&file, text).unwrap();
        let (stored, _) = kept(climb(&Stored::default(), &tools));
        assert!(matches!(climb(&stored, &tools), Climbed::Open { by: SlotKind::MasterKeyFile, .. }));
        let without = Tools { master_key_file: None, ..tools.clone() };
        assert_eq!(troubles(climb(&stored, &without)), [(SlotKind::MasterKeyFile, Trouble::NotUsed)]);
        std::fs::write(&file, hex::encode([8; 32])).unwrap();
        assert_eq!(troubles(climb(&stored, &tools)), [(SlotKind::MasterKeyFile, Trouble::WrongKey)]);
    }
}

#[test]
fn what_a_person_knows_opens_when_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let keychain = Fake::new(Mood::Good);
    let tools = tools(&keychain, folder.path());
    let (mut stored, key) = kept(climb(&Stored::default(), &tools));
    let passphrase = Secret::new("correct horse battery");
    stored.slots.push(tools.make(&key, &Wish::Passphrase(passphrase.clone())).unwrap());
    let (slot, recovery) = Slot::of_recovery_key(&key).unwrap();
    stored.slots.push(slot);
    keychain.is(Mood::Gone);
    let said = troubles(climb(&stored, &tools));
    let expected = [
        (SlotKind::Keychain, Trouble::Unavailable),
        (SlotKind::Passphrase, Trouble::AsksPerson),
        (SlotKind::RecoveryKey, Trouble::AsksPerson),
    ];
    assert_eq!(said, expected);
    let by = |entered: &Secret| stored.open_with(entered).map(|(opened, by)| (opened.kid().to_owned(), by));
    assert_eq!(by(&passphrase), Ok((key.kid().to_owned(), SlotKind::Passphrase)));
    assert_eq!(by(&recovery), Ok((key.kid().to_owned(), SlotKind::RecoveryKey)));
    assert_eq!(by(&Secret::new("correct horse")), Err(Trouble::WrongKey));
    assert_eq!(Stored::default().open_with(&passphrase).unwrap_err(), Trouble::NotUsed);
    // A passphrase slot that would swallow the memory of the machine is not tried.
    let greedy =
        r#"{"memory_kib":4000000000,"passes":1,"lanes":1,"salt":"00000000000000000000000000000000"}"#;
    let slot = Slot { parameters: greedy.into(), ..stored.slots[1].clone() };
    assert_eq!(slot.open_with(&passphrase).unwrap_err(), Trouble::Malformed);
}

#[test]
fn secrets_without_a_known_key_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let keychain = Fake::new(Mood::Good);
    let stored = Stored { has_sealed: true, ..Stored::default() };
    assert_eq!(troubles(climb(&stored, &tools(&keychain, folder.path()))), []);
    assert_eq!(keychain.writes(), 0);
}

#[cfg(unix)]
#[test]
fn a_key_file_is_its_owners_alone_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let keychain = Fake::new(Mood::Gone);
    let tools = tools(&keychain, folder.path());
    let (stored, key) = kept(climb(&Stored::default(), &tools));
    let file = crate::key_file::path(&tools.key_folder, key.kid());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&tools.key_folder)), (0o600, 0o700));
    let before = std::fs::read(&file).unwrap();
    tools.make(&key, &Wish::KeyFile).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    tools.discard(SlotKind::KeyFile, key.kid()).unwrap();
    assert!(!file.exists());
    assert_eq!(troubles(climb(&stored, &tools)), [(SlotKind::KeyFile, Trouble::Missing)]);
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let mood = prop_oneof![
        Just(Mood::Good),
        Just(Mood::Hollow),
        Just(Mood::Locked),
        Just(Mood::Gone),
        Just(Mood::Foreign),
        Just(Mood::Garbage),
    ];
    prop::collection::vec(mood, 1..12)
}

proptest! {
    /// Whatever a keychain says, in whatever order: while there is a key nothing is made and nothing removed, the door
    /// opens whenever the keychain has the key, and what was encrypted before opens after.
    #[test]
    fn nothing_is_ever_lost(moods in moods()) {
        let folder = tempfile::tempdir().unwrap();
        let keychain = Fake::new(Mood::Good);
        let tools = tools(&keychain, folder.path());
        let (stored, key) = kept(climb(&Stored::default(), &tools));
        let secret = Secret::new("token");
        let sealed = key.seal(Place::account("a"), &secret).unwrap();
        drop(key);
        let items = keychain.items.lock().unwrap().clone();
        let writes = keychain.writes();
        for mood in moods.into_iter().chain([Mood::Good]) {
            keychain.is(mood);
            let climbed = climb(&stored, &tools);
            match climbed {
                Climbed::Open { key, .. } => {
                    prop_assert_eq!(mood, Mood::Good);
                    prop_assert_eq!(key.open(Place::account("a"), &sealed), Ok(secret.clone()));
                }
                Climbed::Locked(_) => prop_assert_ne!(mood, Mood::Good),
                Climbed::Made { .. } => prop_assert!(false, "a second key"),
            }
            prop_assert_eq!(&*keychain.items.lock().unwrap(), &items);
            prop_assert_eq!(keychain.writes(), writes);
            prop_assert!(!tools.key_folder.exists());
        }
    }
}

/// A keychain that answers when it is told to, as one does that shows a prompt.
#[derive(Debug)]
struct Prompting {
    asked: Sender<()>,
    answers: Mutex<Receiver<Vec<u8>>>,
}

impl Keychain for Prompting {
    fn read(&self, _: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        self.asked.send(()).unwrap();
        self.answers.lock().unwrap().recv().map(Zeroizing::new).map_err(|_| Trouble::Unavailable)
    }

    fn write(&self, kid: &str, _: &[u8]) -> Result<(), Trouble> {
        self.read(kid).map(drop)
    }
}

#[test]
fn a_prompt_is_waited_for_and_not_shown_twice() {
    let (asked, prompts) = channel();
    let (answer, answers) = channel();
    let prompting = Arc::new(Prompting { asked, answers: Mutex::new(answers) });
    let patient = Patient::new(prompting, Duration::from_millis(20));
    assert_eq!(patient.read("k"), Err(Trouble::Waits));
    assert_eq!(patient.read("k"), Err(Trouble::Waits));
    assert_eq!(patient.write("k", b"x"), Err(Trouble::Waits), "one prompt at a time");
    assert_eq!(prompts.iter().take(1).count(), 1);
    assert!(prompts.try_recv().is_err(), "asked once");
    answer.send(b"held".to_vec()).unwrap();
    let held = std::iter::repeat_with(|| patient.read("k")).find(|answer| *answer != Err(Trouble::Waits));
    assert_eq!(held, Some(Ok(Zeroizing::new(b"held".to_vec()))));
    drop(answer);
    let gone = std::iter::repeat_with(|| patient.read("k")).find(|answer| *answer != Err(Trouble::Waits));
    assert_eq!(gone, Some(Err(Trouble::Unavailable)));
}

#[test]
fn tries_come_soon_at_first_and_then_every_minute() {
    let seconds: Vec<_> = (1..=8).map(|climbs| pause(climbs).as_secs()).collect();
    assert_eq!(seconds, [1, 2, 5, 10, 30, 60, 60, 60]);
}
