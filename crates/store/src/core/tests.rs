use std::fs;
use std::path::Path;

use llm::Secret;

use super::*;
use crate::connection;

mod restoring;

/// What looks like a ciphertext.
fn sealed(text: &str) -> Sealed {
    Sealed::parse(&format!("v1|00|AAAA|{text}")).unwrap()
}

fn wait<T>(pending: Pending<T>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pending)
}

fn account(name: &str) -> AccountRow {
    AccountRow {
        id: format!("id-{name}"),
        name: name.into(),
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: None,
        options: serde_json::json!({"z": 1, "a": [true]}),
        credential: sealed("credential"),
        credential_generation: 1,
        credential_kind: "access_key".into(),
        credential_label: "AKIA…".into(),
        position: 0,
        enabled: true,
        state: StateRow::default(),
        tags: vec!["team".into()],
        note: "n".into(),
        created_ms: 5,
        updated_ms: 6,
    }
}

fn names(core: &Core) -> Vec<String> {
    wait(core.accounts()).unwrap().into_iter().map(|row| row.name).collect()
}

/// A folder with one account whose backup was made.
fn kept() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    wait(core.add_account(account("kept"))).unwrap();
    core.close();
    folder
}

fn asides(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".damaged-"))
        .count()
}

#[test]
fn what_is_stored_comes_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::Fresh);
    let stored = wait(core.add_account(account("a"))).unwrap();
    let key = LocalKeyRow {
        id: "k".into(),
        name: "n".into(),
        hash: [7; 32],
        key: sealed("sk"),
        hint: "…sk".into(),
        rules: serde_json::json!({"models": ["claude-*"]}),
        created_ms: 1,
    };
    wait(core.add_local_key(key.clone())).unwrap();
    let value = serde_json::json!({"on": true, "list": ["b", "a"]});
    wait(core.put_settings(vec![("s".into(), Some(value.clone())), ("t".into(), Some(1.into()))])).unwrap();
    wait(core.put_settings(vec![("t".into(), None)])).unwrap();
    drop(core);

    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::Good);
    assert_eq!(wait(core.accounts()).unwrap(), [stored]);
    assert_eq!(wait(core.local_keys()).unwrap(), std::slice::from_ref(&key));
    let taken = LocalKeyRow { id: "k2".into(), name: key.name.to_uppercase(), hash: [8; 32], ..key.clone() };
    assert!(matches!(wait(core.add_local_key(taken)), Err(Error::Conflict)));
    let changed = LocalKeyRow { hash: [9; 32], created_ms: 99, rules: serde_json::json!({}), ..key.clone() };
    assert!(wait(core.update_local_key(changed.clone())).unwrap());
    assert_eq!(wait(core.local_keys()).unwrap(), [LocalKeyRow { created_ms: key.created_ms, ..changed }]);
    assert!(!wait(core.update_local_key(LocalKeyRow { id: "nobody".into(), ..key })).unwrap());
    assert_eq!(wait(core.settings()).unwrap(), BTreeMap::from([("s".into(), value)]));
    assert!(wait(core.remove_account("id-a", 7)).unwrap());
    assert!(!wait(core.remove_account("id-a", 7)).unwrap());
}

#[test]
fn names_are_unique_without_case_and_order_can_change() {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    for name in ["a", "b", "c"] {
        wait(core.add_account(account(name))).unwrap();
    }
    assert!(matches!(
        wait(core.add_account(AccountRow { id: "x".into(), ..account("A") })),
        Err(Error::Conflict)
    ));
    assert!(matches!(
        wait(core.update_account(AccountRow { id: "id-b".into(), ..account("C") })),
        Err(Error::Conflict)
    ));
    wait(core.order_accounts(vec!["id-c".into(), "nobody".into()])).unwrap();
    assert_eq!(names(&core), ["c", "a", "b"]);
}

#[test]
fn a_rotation_never_overwrites_a_newer_credential() {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    let row = wait(core.add_account(account("a"))).unwrap();
    assert!(wait(core.rotate_credential(&row.id, 1, sealed("rotated"))).unwrap());
    // A change of the name carries the credential its caller knew: the rotated one stays.
    wait(core.update_account(AccountRow { name: "b".into(), ..row.clone() })).unwrap();
    assert_eq!(wait(core.accounts()).unwrap()[0].credential, sealed("rotated"));
    let newer = AccountRow { credential: sealed("newer"), credential_generation: 2, ..row.clone() };
    wait(core.update_account(newer)).unwrap();
    assert!(!wait(core.rotate_credential(&row.id, 1, sealed("late"))).unwrap());
    assert_eq!(wait(core.accounts()).unwrap()[0].credential, sealed("newer"));
}

#[test]
fn a_rotation_is_found_by_what_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(wait(core.rotation("env", "one")).unwrap(), None);
    wait(core.keep_rotation("env", "one", sealed("first"))).unwrap();
    wait(core.keep_rotation("other", "one", sealed("others"))).unwrap();
    wait(core.keep_rotation("env", "one", sealed("second"))).unwrap();
    drop(core);
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(wait(core.rotation("env", "one")).unwrap(), Some(sealed("second")));
    assert_eq!(wait(core.rotation("env", "two")).unwrap(), None);
    wait(core.keep_rotation("env", "two", sealed("third"))).unwrap();
    assert_eq!(wait(core.rotation("env", "one")).unwrap(), None, "a credential a person replaced is over");
    assert_eq!(wait(core.rotation("other", "one")).unwrap(), Some(sealed("others")));
}

#[test]
fn a_file_of_the_first_format_goes_on_with_its_accounts() {
    const FIRST: Shape = Shape { synchronous: "FULL", secure_delete: true, steps: &[file::SHAPE.steps[0]] };
    let folder = tempfile::tempdir().unwrap();
    drop(Core::open_shaped(folder.path(), FIRST).unwrap());
    // As the first version wrote it.
    let file = rusqlite::Connection::open(folder.path().join("core.db")).unwrap();
    let row = "INSERT INTO accounts VALUES ('id', 'kept', 'bedrock', 'us-east-1', NULL, '{}', 'v1|00|AAAA|first', 1,
         'access_key', 'A', 0, 1, '', NULL, NULL, NULL, NULL, 5, 6)";
    file.execute(row, []).unwrap();
    drop(file);
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::Good);
    assert_eq!(names(&core), ["kept"]);
    wait(core.keep_rotation("env", "one", sealed("first"))).unwrap();
    assert!(folder.path().join("backups/format-1.db").exists());
}

#[test]
fn a_damaged_file_is_kept_and_the_backup_serves() {
    for damage in [0, 1, 2] {
        let folder = kept();
        let file = folder.path().join("core.db");
        let mut bytes = fs::read(&file).unwrap();
        let range = match damage {
            0 => 0..bytes.len(),
            1 => 4096..bytes.len(),
            _ => 100..3000,
        };
        bytes[range].fill(0xA5);
        fs::write(&file, &bytes).unwrap();
        let core = Core::open(folder.path()).unwrap();
        let Condition::Restored { aside: Some(aside), backup: Some(_) } = core.condition() else {
            panic!("{damage}: {:?}", core.condition())
        };
        assert_eq!(fs::read(aside).unwrap(), bytes);
        assert_eq!(names(&core), ["kept"]);
        wait(core.add_account(account("new"))).unwrap();
        drop(core);
        let core = Core::open(folder.path()).unwrap();
        assert_eq!(core.condition(), &Condition::Good);
        assert_eq!(names(&core), ["kept", "new"]);
    }
}

#[test]
fn a_damaged_backup_is_passed_over() {
    let folder = kept();
    let core = Core::open(folder.path()).unwrap();
    wait(core.add_account(account("second"))).unwrap();
    drop(core);
    let mut backups: Vec<_> =
        fs::read_dir(folder.path().join("backups")).unwrap().map(|e| e.unwrap().path()).collect();
    backups.sort();
    assert_eq!(backups.len(), 2);
    fs::write(&backups[1], b"not a database, though it is long enough to be looked at").unwrap();
    fs::write(folder.path().join("core.db"), vec![1; 9000]).unwrap();
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["kept"]);
}

#[test]
fn a_lost_file_comes_back_from_the_backup() {
    let folder = kept();
    fs::remove_file(folder.path().join("core.db")).unwrap();
    let core = Core::open(folder.path()).unwrap();
    assert!(matches!(core.condition(), Condition::Restored { aside: None, backup: Some(_) }));
    assert_eq!(names(&core), ["kept"]);
}

#[test]
fn damage_without_a_backup_starts_empty_and_keeps_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("core.db"), vec![1; 9000]).unwrap();
    let core = Core::open(folder.path()).unwrap();
    assert!(matches!(core.condition(), Condition::Restored { aside: Some(_), backup: None }));
    assert_eq!(asides(folder.path()), 1);
    wait(core.add_account(account("a"))).unwrap();
}

#[test]
fn only_the_newest_backups_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        let core = Core::open(folder.path()).unwrap();
        wait(core.add_account(account(name))).unwrap();
    }
    let mut found: Vec<_> = fs::read_dir(folder.path().join("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    found.sort();
    assert_eq!(found, ["core-00000003.db", "core-00000004.db", "core-00000005.db"]);
}

type Step = &'static [&'static str];

/// Migrations there are.
const KNOWN: usize = file::SHAPE.steps.len();

/// All migrations, and one that is still to be written.
const fn with_step(next: Step) -> [Step; KNOWN + 1] {
    let mut steps = [next; KNOWN + 1];
    let mut at = 0;
    while at < KNOWN {
        steps[at] = file::SHAPE.steps[at];
        at += 1;
    }
    steps
}

#[test]
fn a_migration_is_preceded_by_a_backup_and_a_newer_file_is_only_read() {
    const STEPS: [Step; KNOWN + 1] = with_step(&["ALTER TABLE accounts ADD COLUMN extra TEXT;"]);
    const NEXT: Shape = Shape { synchronous: "FULL", secure_delete: true, steps: &STEPS };
    let folder = kept();
    let core = Core::open_shaped(folder.path(), NEXT).unwrap();
    assert_eq!(core.condition(), &Condition::Good);
    assert_eq!(names(&core), ["kept"]);
    drop(core);
    let before = folder.path().join(format!("backups/format-{KNOWN}.db"));
    let before = connection::reader(&before).unwrap();
    let version: i64 = before.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, KNOWN as i64);

    let bytes = fs::read(folder.path().join("core.db")).unwrap();
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::ReadOnly { found: KNOWN as i64 + 1, known: KNOWN as i64 });
    assert_eq!(names(&core), ["kept"]);
    assert!(matches!(wait(core.remove_account("id-kept", 7)), Err(Error::ReadOnly { .. })));
    drop(core);
    assert_eq!(fs::read(folder.path().join("core.db")).unwrap(), bytes);
}

#[test]
fn a_failed_migration_leaves_the_old_format() {
    const STEPS: [Step; KNOWN + 1] = with_step(&["CREATE TABLE half (x TEXT) STRICT;", "nonsense;"]);
    const BROKEN: Shape = Shape { synchronous: "FULL", secure_delete: true, steps: &STEPS };
    let folder = kept();
    assert!(Core::open_shaped(folder.path(), BROKEN).is_err());
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::Good);
    assert_eq!(names(&core), ["kept"]);
}

#[test]
fn pragmas_hold() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("core.db");
    files::private_file(&file).unwrap();
    let mut writer = connection::writer(&file, file::SHAPE, true).unwrap();
    connection::migrate(&mut writer, file::SHAPE).unwrap();
    let ask = |name: &str| writer.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((ask("auto_vacuum"), ask("synchronous"), ask("foreign_keys")), (2, 2, 1));
    let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_any_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/data");
    fs::create_dir_all(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(data.join("core.db"), b"").unwrap();
    fs::set_permissions(data.join("core.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let core = Core::open(&data).unwrap();
    wait(core.add_account(account("a"))).unwrap();
    let modes = |folder: &Path| -> Vec<(String, u32)> {
        let mut found: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|e| {
                (e.file_name().into_string().unwrap(), e.metadata().unwrap().permissions().mode() & 0o777)
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for (name, mode) in modes(&data).into_iter().filter(|(name, _)| name != "backups") {
        assert_eq!(mode, 0o600, "{name}");
    }
    assert_eq!(modes(&data).len(), 3, "{:?}", modes(&data));
    drop(core);
    assert_eq!(modes(&data.join("backups")), [("core-00000001.db".to_owned(), 0o600)]);
}

#[test]
fn plain_secrets_of_an_older_version_leave_no_copy() {
    let word = "PLAINTEXTPLAINTEXT";
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    for name in ["a", "b", "gone"] {
        wait(core.add_account(account(name))).unwrap();
    }
    wait(core.remove_account("id-gone", 1)).unwrap();
    for (id, hash, key) in [("k", 7, sealed("key")), ("shown once", 8, Sealed::default())] {
        let row = LocalKeyRow {
            id: id.into(),
            name: id.into(),
            hash: [hash; 32],
            key,
            hint: "…".into(),
            rules: serde_json::json!({}),
            created_ms: 1,
        };
        wait(core.add_local_key(row)).unwrap();
    }
    wait(core.keep_rotation("env", "one", sealed("rotation"))).unwrap();
    assert!(wait(core.plain_secrets()).unwrap().is_empty());
    drop(core);
    // As that version left them: long enough to need pages of their own.
    let file = folder.path().join("core.db");
    let raw = rusqlite::Connection::open(&file).unwrap();
    let long = word.repeat(1000);
    raw.execute("UPDATE accounts SET credential = ?1 || id WHERE id <> 'id-b'", [&long]).unwrap();
    raw.execute("UPDATE removed_accounts SET credential = ?1", [&long]).unwrap();
    raw.execute("UPDATE rotations SET credential = ?1", [&long]).unwrap();
    raw.execute("UPDATE local_keys SET key = ?1 WHERE id = 'k'", [word]).unwrap();
    drop(raw);

    let core = Core::open(folder.path()).unwrap();
    // A change makes a backup of it as it is.
    wait(core.put_settings(vec![("s".into(), Some(1.into()))])).unwrap();
    drop(core);
    let core = Core::open(folder.path()).unwrap();
    let known = wait(core.secret_key()).unwrap();
    assert!(known.has_plain && known.has_sealed && known.kid.is_none());
    let plain = wait(core.plain_secrets()).unwrap();
    let places: Vec<_> = plain.iter().map(|row| (row.table, row.row.as_str())).collect();
    let expected =
        [("accounts", "id-a"), ("removed_accounts", "id-gone"), ("rotations", "env"), ("local_keys", "k")];
    assert_eq!(places, expected);
    assert_eq!(wait(core.accounts()).unwrap()[0].credential, Sealed::default(), "not told as a ciphertext");
    let holds = |folder: &Path| {
        let inside =
            |path: &Path| fs::read(path).unwrap().windows(word.len()).any(|part| part == word.as_bytes());
        let files = [folder.to_owned(), folder.join("backups")];
        let files = files.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.filter(|path| inside(path)).collect::<Vec<_>>()
    };
    assert!(holds(folder.path()).len() >= 2, "file and backup: {:?}", holds(folder.path()));
    wait(core.seal(plain.into_iter().map(|row| (row, sealed("done"))).collect())).unwrap();
    assert_eq!(holds(folder.path()), [] as [std::path::PathBuf; 0], "while it is open");
    assert!(wait(core.plain_secrets()).unwrap().is_empty());
    let credentials: Vec<_> = wait(core.accounts()).unwrap().into_iter().map(|row| row.credential).collect();
    assert_eq!(credentials, [sealed("done"), sealed("credential")]);
    drop(core);
    assert_eq!(holds(folder.path()), [] as [std::path::PathBuf; 0]);
    // The backup that took their place is a good one.
    fs::write(&file, vec![1; 9000]).unwrap();
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["a", "b"]);
}

#[test]
fn a_secret_that_changed_meanwhile_is_not_sealed_over() {
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    wait(core.add_account(account("a"))).unwrap();
    let stale = PlainRow { table: "accounts", row: "id-a".into(), secret: Secret::new("older") };
    wait(core.seal(vec![(stale, sealed("stale"))])).unwrap();
    assert_eq!(wait(core.accounts()).unwrap()[0].credential, sealed("credential"));
}

#[test]
fn there_is_one_key_and_its_last_slot_stays() {
    let slot = |kind: &str| SlotRow {
        kind: kind.into(),
        wrapped: sealed(kind),
        parameters: String::new(),
        created_ms: 7,
    };
    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(wait(core.secret_key()).unwrap(), SecretKeyRow::default());
    assert!(!wait(core.put_slot("k1", slot("other"))).unwrap(), "there is no key yet");
    assert!(wait(core.begin_secret_key("k1", sealed("canary"), slot("one"))).unwrap());
    assert!(!wait(core.begin_secret_key("k2", sealed("other"), slot("two"))).unwrap());
    assert!(!wait(core.put_slot("k2", slot("two"))).unwrap());
    assert!(!wait(core.remove_slot("one")).unwrap(), "the last one");
    assert!(wait(core.put_slot("k1", slot("two"))).unwrap());
    assert!(wait(core.remove_slot("one")).unwrap());
    assert!(!wait(core.remove_slot("two")).unwrap());
    drop(core);
    let core = Core::open(folder.path()).unwrap();
    let known = wait(core.secret_key()).unwrap();
    assert_eq!((known.kid.as_deref(), known.canary), (Some("k1"), sealed("canary")));
    assert_eq!(known.slots, [slot("two")]);

    let folder = tempfile::tempdir().unwrap();
    let core = Core::open(folder.path()).unwrap();
    wait(core.add_account(account("a"))).unwrap();
    assert!(
        !wait(core.begin_secret_key("k1", sealed("canary"), slot("one"))).unwrap(),
        "it would bury the account"
    );
}
