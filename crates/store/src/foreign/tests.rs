use std::fs;
use std::path::PathBuf;

use super::*;

/// A database as another program makes it.
fn database(folder: &Path, journal: &str) -> (PathBuf, Connection) {
    let file = folder.join("a?b #1%.sqlite3");
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "journal_mode", journal).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB);
             INSERT INTO auth_kv VALUES ('token', '{\"a\":1}'), ('null', NULL), ('long', printf('%.*c', 70000, 'x'));
             INSERT INTO state VALUES ('profile', CAST('{\"arn\":2}' AS BLOB)), ('bytes', x'ff00');
             CREATE VIEW evil AS SELECT 'token' AS key, 'v' AS value;",
        )
        .unwrap();
    (file, connection)
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn texts_are_read_and_nothing_changes() {
    for journal in ["delete", "wal"] {
        for open in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (file, connection) = database(folder.path(), journal);
            let connection = Some(connection).filter(|_| open);
            let before = files(folder.path());
            let read = |table, keys: &[&str]| foreign_texts(&file, table, keys).unwrap();
            assert_eq!(
                read("auth_kv", &["absent", "token", "null", "long"]),
                [None, Some("{\"a\":1}".to_owned()), None, None],
                "{journal} {open}"
            );
            assert_eq!(read("state", &["profile", "bytes"]), [Some("{\"arn\":2}".to_owned()), None]);
            assert_eq!(read("nowhere", &["token"]), [None]);
            assert_eq!(read("evil", &["token"]), [None], "a view is not what the program made");
            let names =
                |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            let after = files(folder.path());
            assert_eq!(names(&after), names(&before), "{journal} {open}");
            if !open {
                assert_eq!(after, before, "{journal}");
            }
            drop(connection);
        }
    }
}

#[test]
fn what_the_program_has_just_written_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (file, connection) = database(folder.path(), "wal");
    connection.execute("UPDATE auth_kv SET value = 'new' WHERE key = 'token'", []).unwrap();
    assert_eq!(foreign_texts(&file, "auth_kv", &["token"]).unwrap(), [Some("new".to_owned())]);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.sqlite3");
    assert!(foreign_texts(&file, "auth_kv", &["token"]).is_err(), "none is made");
    assert!(!file.exists());
    fs::write(&file, "").unwrap();
    assert_eq!(foreign_texts(&file, "auth_kv", &["token"]).unwrap(), [None]);
    fs::write(&file, vec![7; 4096]).unwrap();
    assert!(foreign_texts(&file, "auth_kv", &["token"]).is_err());
}
