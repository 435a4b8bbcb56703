//! Files that came to harm while nobody looked: the log may start anew, accounts may not.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};

use emulator::{AccessKey, Emulator};

use super::{Machine, account};

type Harm = fn(&mut File) -> io::Result<()>;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_is_replaced_and_nothing_else_is() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let file = machine.data().join("logs.db");
    let damaged = |machine: &Machine| {
        let names = std::fs::read_dir(machine.data()).expect("data").flatten().map(|entry| entry.file_name());
        names
            .filter(|name| name.to_string_lossy().strip_prefix("logs.db.damaged-").is_some_and(is_number))
            .count()
    };
    {
        let serving = machine.serve().await;
        serving.caller.use_account(&account("main", &emulator, &AccessKey::sandbox())).await;
        assert_eq!(serving.caller.served_by("before").await, "main");
        serving.terminate().await;
    }
    let harms: [(&str, Harm); 4] = [
        ("another file's beginning", |file| file.write_all(&[b'x'; 200])),
        ("a torn page", |file| {
            file.seek(SeekFrom::Start(4096))?;
            file.write_all(&[0xff; 4096])
        }),
        ("half of it", |file| {
            let length = file.metadata()?.len();
            file.set_len(length / 2 + 100)
        }),
        ("no SQLite at all", |file| {
            file.set_len(0)?;
            file.write_all(&b"not a database ".repeat(1000))
        }),
    ];
    for (number, (what, harm)) in harms.into_iter().enumerate() {
        let mut opened = OpenOptions::new().write(true).open(&file).expect("logs.db");
        harm(&mut opened).expect("harmed");
        drop(opened);
        let serving = machine.serve().await;
        assert_eq!(serving.caller.served_by(what).await, "main", "{what}");
        let rows = serving.caller.all_rows(1).await;
        assert_eq!(rows.len(), 1, "{what}: the log starts empty: {rows:?}");
        assert_eq!(rows[0]["status"], 200, "{what}: {rows:?}");
        let ended = serving.terminate().await;
        assert!(ended.stderr.contains("logs.db is damaged"), "{what}: {}", ended.stderr);
        // What is kept may be looked at; there are not more and more of them.
        assert_eq!(damaged(&machine), (number + 1).min(2), "{what}");
    }
}

/// Not the name of a file that belongs to another: `-wal`, `-shm`.
fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}
