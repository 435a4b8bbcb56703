use super::*;
use crate::{Backup, BackupKind, Restored, bring, restore};

const NOW: i64 = 1_767_323_045_000;
const KEEP: &[&str] = &["kept.setting"];

fn slot() -> SlotRow {
    SlotRow { kind: "one".into(), wrapped: sealed("wrapped"), parameters: String::new(), created_ms: 7 }
}

fn credential(core: &Core, name: &str) -> Sealed {
    let rows = wait(core.accounts()).unwrap();
    rows.into_iter().find(|row| row.name == name).unwrap().credential
}

/// With a key, a setting, and accounts `a` and `b`; and a backup of that.
fn furnished(folder: &Path) -> (Core, Backup) {
    let core = Core::open(folder).unwrap();
    assert!(wait(core.begin_secret_key("k1", sealed("canary"), slot())).unwrap());
    wait(core.add_account(account("a"))).unwrap();
    wait(core.add_account(account("b"))).unwrap();
    wait(core.put_settings(vec![("s".into(), Some(1.into())), ("kept.setting".into(), Some(1.into()))]))
        .unwrap();
    let backup = wait(core.back_up(NOW)).unwrap();
    (core, backup)
}

/// What happens after the backup: a rotation, another credential, a new account, other settings.
fn goes_on(core: &Core) {
    assert!(wait(core.rotate_credential("id-a", 1, sealed("rotated"))).unwrap());
    let newer = AccountRow { credential: sealed("newer"), credential_generation: 2, ..account("b") };
    assert!(wait(core.update_account(newer)).unwrap());
    wait(core.keep_rotation("env", "origin", sealed("environment"))).unwrap();
    wait(core.add_account(account("c"))).unwrap();
    wait(core.put_settings(vec![("s".into(), Some(2.into())), ("kept.setting".into(), Some(2.into()))]))
        .unwrap();
}

fn is_restored(core: &Core) {
    assert_eq!(names(core), ["a", "b"]);
    assert_eq!(credential(core, "a"), sealed("rotated"), "the one in the backup is void");
    assert_eq!(credential(core, "b"), sealed("credential"), "what a person entered is what was backed up");
    assert_eq!(wait(core.rotation("env", "origin")).unwrap(), Some(sealed("environment")));
    let settings = wait(core.settings()).unwrap();
    assert_eq!((&settings["s"], &settings["kept.setting"]), (&1.into(), &2.into()));
}

#[test]
fn a_backup_takes_the_place_of_data_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (core, backup) = furnished(folder.path());
    assert_eq!((backup.kind, backup.made_ms), (BackupKind::Person, NOW));
    goes_on(&core);
    let Restored { aside, carried } = wait(core.restore(&backup.name, KEEP)).unwrap();
    assert_eq!(carried, 1);
    is_restored(&core);
    wait(core.add_account(account("d"))).unwrap();
    let aside = aside.unwrap();
    assert_eq!(aside, folder.path().join("core.db.replaced-1"));
    drop(core);
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::Good);
    assert_eq!(names(&core), ["a", "b", "d"]);
    // Still in the mode that readers and the writer share.
    let raw = rusqlite::Connection::open(folder.path().join("core.db")).unwrap();
    let mode: String = raw.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    let vacuum: i64 = raw.pragma_query_value(None, "auto_vacuum", |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), vacuum), ("wal", 2));
    // What was there can be had back in the same way.
    let brought = bring(folder.path(), &aside, NOW).unwrap();
    assert_ne!(brought.name, backup.name, "two within a millisecond are two");
    wait(core.restore(&brought.name, &[])).unwrap();
    assert_eq!(names(&core), ["a", "b", "c"]);
    assert_eq!(credential(&core, "b"), sealed("newer"));
    // Damage after a restore brings back what was restored, and not what was before.
    drop(core);
    fs::write(folder.path().join("core.db"), vec![1; 9000]).unwrap();
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["a", "b", "c"]);
}

#[test]
fn a_backup_takes_the_place_of_data_nobody_has_open() {
    let folder = tempfile::tempdir().unwrap();
    let (core, backup) = furnished(folder.path());
    goes_on(&core);
    drop(core);
    let file = folder.path().join("core.db");
    let bytes = fs::read(&file).unwrap();
    let source = folder.path().join("backups").join(&backup.name);
    let done = restore(folder.path(), &source, KEEP).unwrap();
    assert_eq!(done.carried, 1);
    assert_eq!(fs::read(done.aside.unwrap()).unwrap(), bytes, "moved aside as it was");
    is_restored(&Core::open(folder.path()).unwrap());
    // Also in the place of what nobody can read, and where there is nothing.
    fs::write(&file, b"no database".repeat(100)).unwrap();
    let done = restore(folder.path(), &source, KEEP).unwrap();
    assert_eq!(done, Restored { aside: Some(folder.path().join("core.db.replaced-2")), carried: 0 });
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["a", "b"]);
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(restore(elsewhere.path(), &source, KEEP).unwrap().aside, None);
    let core = Core::open(elsewhere.path()).unwrap();
    assert_eq!((core.condition(), names(&core)), (&Condition::Good, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn a_backup_of_another_key_keeps_its_own_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (core, backup) = furnished(folder.path());
    wait(core.start_over()).unwrap();
    assert!(wait(core.begin_secret_key("k2", sealed("canary"), slot())).unwrap());
    wait(core.add_account(AccountRow { credential: sealed("other"), ..account("a") })).unwrap();
    assert_eq!(wait(core.restore(&backup.name, &[])).unwrap().carried, 0);
    assert_eq!(credential(&core, "a"), sealed("credential"));
    assert_eq!(wait(core.secret_key()).unwrap().kid.as_deref(), Some("k1"));
}

#[test]
fn a_backup_of_an_older_format_is_brought_to_ours() {
    const FIRST: Shape = Shape { synchronous: "FULL", secure_delete: true, steps: &[file::SHAPE.steps[0]] };
    let older = tempfile::tempdir().unwrap();
    Core::open_shaped(older.path(), FIRST).unwrap().close();
    let raw = rusqlite::Connection::open(older.path().join("core.db")).unwrap();
    raw.execute(
        "INSERT INTO accounts VALUES ('id-old', 'old', 'bedrock', 'us-east-1', NULL, '{}', 'v1|00|AAAA|old', 1,
             'access_key', 'AKIA…', 0, 1, 'ready', NULL, NULL, NULL, NULL, 1, 1)",
        [],
    )
    .unwrap();
    drop(raw);
    let folder = tempfile::tempdir().unwrap();
    let (core, _) = furnished(folder.path());
    let brought = bring(folder.path(), &older.path().join("core.db"), NOW + 1).unwrap();
    wait(core.restore(&brought.name, &[])).unwrap();
    assert_eq!(names(&core), ["old"]);
    assert_eq!(wait(core.rotation("env", "origin")).unwrap(), None, "a table of a later format");
    drop(core);
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["old"]);
}

#[test]
fn what_is_no_good_backup_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (core, backup) = furnished(folder.path());
    let backups = folder.path().join("backups");
    let good = backups.join(&backup.name);
    let put = |name: &str, change: &dyn Fn(&rusqlite::Connection)| {
        fs::copy(&good, backups.join(name)).unwrap();
        change(&rusqlite::Connection::open(backups.join(name)).unwrap());
    };
    put("manual-20260101-000000-001.db", &|file| file.execute_batch("PRAGMA user_version = 99").unwrap());
    put("manual-20260101-000000-002.db", &|file| {
        file.execute_batch("CREATE TRIGGER t AFTER UPDATE ON accounts BEGIN DELETE FROM accounts; END;")
            .unwrap();
    });
    put("manual-20260101-000000-003.db", &|file| file.execute_batch("DROP TABLE local_keys").unwrap());
    let mut bytes = fs::read(&good).unwrap();
    bytes[4096..].fill(0xA5);
    fs::write(backups.join("manual-20260101-000000-004.db"), bytes).unwrap();
    let (logs, log) = {
        let logs = crate::Logs::open(folder.path(), NOW).unwrap();
        let made = wait(logs.back_up(NOW)).unwrap();
        (logs, made.name)
    };
    assert!(log.starts_with("logs-"), "{log}");
    fs::copy(backups.join(&log), backups.join("manual-20260101-000000-005.db")).unwrap();
    drop(logs);
    let outcome = |name: &str| wait(core.restore(name, &[])).unwrap_err();
    assert!(matches!(outcome("manual-20260101-000000-001.db"), Error::TooNew { found: 99, .. }));
    assert!(matches!(outcome("manual-20260101-000000-002.db"), Error::NotOurs));
    assert!(matches!(outcome("manual-20260101-000000-003.db"), Error::NotOurs));
    assert!(outcome("manual-20260101-000000-004.db").is_damage());
    assert!(matches!(outcome("manual-20260101-000000-005.db"), Error::NotOurs));
    assert!(matches!(outcome(&log), Error::NotOurs));
    for name in ["manual-20260101-000000-009.db", "../core.db", "core.db", ""] {
        assert!(matches!(outcome(name), Error::NoBackup), "{name}");
        assert!(matches!(core.remove_backup(name), Err(Error::NoBackup)), "{name}");
    }
    let bad = backups.join("manual-20260101-000000-001.db");
    assert!(matches!(bring(folder.path(), &bad, NOW), Err(Error::TooNew { .. })));
    let missing = folder.path().join("nothing.db");
    assert!(matches!(bring(folder.path(), &missing, NOW), Err(Error::Files { .. })));
    assert!(!missing.exists());
    assert_eq!(names(&core), ["a", "b"]);
    drop(core);
    assert!(matches!(restore(folder.path(), &bad, &[]), Err(Error::TooNew { .. })));
    assert!(!folder.path().join("core.db.replaced-1").exists());
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["a", "b"]);
}

#[test]
fn the_newest_scheduled_backups_stay_and_those_of_the_person_all() {
    let folder = tempfile::tempdir().unwrap();
    let (core, first) = furnished(folder.path());
    for day in 1..=5 {
        let made = wait(core.back_up_scheduled(3, NOW + day * 86_400_000)).unwrap();
        assert_eq!(made.kind, BackupKind::Schedule);
    }
    let second = wait(core.back_up(NOW + 1)).unwrap();
    let listed = |core: &Core, kind| -> Vec<i64> {
        core.backups().into_iter().filter(|backup| backup.kind == kind).map(|backup| backup.made_ms).collect()
    };
    assert_eq!(listed(&core, BackupKind::Schedule), [5, 4, 3].map(|day| NOW + day * 86_400_000));
    assert_eq!(listed(&core, BackupKind::Person), [NOW + 1, NOW]);
    core.remove_backup(&second.name).unwrap();
    assert_eq!(listed(&core, BackupKind::Person), [NOW]);
    // What a crash left behind is gone after the next start.
    let partial = folder.path().join("backups/manual-20260101-000000-000.db.partial");
    fs::write(&partial, b"half").unwrap();
    drop(core);
    let core = Core::open(folder.path()).unwrap();
    wait(core.put_settings(vec![])).unwrap();
    assert!(!partial.exists());
    // Where nothing else is left, they bring the data back too.
    drop(core);
    let backups = folder.path().join("backups");
    for entry in fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.file_name().unwrap().to_string_lossy().as_ref() != first.name {
            fs::remove_file(entry).unwrap();
        }
    }
    fs::write(folder.path().join("core.db"), vec![1; 9000]).unwrap();
    assert_eq!(names(&Core::open(folder.path()).unwrap()), ["a", "b"]);
}
