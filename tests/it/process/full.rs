//! A disk that is full while a token is renewed: requests are answered, and the token is stored once there is room.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use emulator::{Config, Emulator};
use serde_json::{Value, json};

use super::Machine;
use crate::harness::in_time;
use crate::kiro::account;

/// Files in memory in the place of a folder.
struct Disk(PathBuf);

impl Disk {
    /// `None` where nobody may mount anything.
    fn at(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&folder).expect("a folder");
        let mounted = ["", "sudo -n "].iter().any(|before| {
            let mount = format!("{before}mount -t tmpfs -o size=6m,mode=0777 tmpfs \"$0\"");
            let mut command = Command::new("sh");
            command.args(["-c", &mount]).arg(&folder).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        });
        if !mounted {
            eprintln!("skipped: nobody here may mount a file system");
        }
        mounted.then_some(Self(folder))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a file");
        for piece in [1 << 16, 4096, 1] {
            while filler.write_all(&vec![7; piece]).is_ok() {}
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = "umount -l \"$0\" || sudo -n umount -l \"$0\"";
        let _ = Command::new("sh").args(["-c", unmount]).arg(&self.0).stderr(Stdio::null()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_renewed_on_a_full_disk_is_not_lost() {
    let emulator = Emulator::start(Config { record: true, ..Config::default() }).expect("emulator");
    let kind = "social";
    let machine = Machine::new();
    let Some(disk) = Disk::at(machine.data()) else { return };
    // The room that is kept for such a moment cannot be taken, and the attempt leaves no room behind in the middle of this.
    std::fs::create_dir(machine.data().join("ballast.partial")).expect("a folder");
    let serving = machine.serve().await;
    serving.caller.use_account(&account(&emulator, kind)).await;
    assert_eq!(serving.caller.served_by("before").await, kind);

    // The log of changes is emptied and somebody reads on: every later write needs new room, whatever was made before.
    let reader = rusqlite::Connection::open(machine.data().join("core.db")).expect("core.db");
    let emptied = || reader.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    while emptied().expect("a checkpoint") != 0 {}
    reader.execute_batch("BEGIN; SELECT count(*) FROM accounts").expect("reading");
    let changed = serving.caller.send("PUT", "/api/settings", &json!({"retention_days": 29})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    disk.fill();
    let first = emulator.kiro().refresh_token(kind);
    emulator.kiro().expire(kind);
    for number in 0..20 {
        assert_eq!(serving.caller.served_by(&format!("full {number}")).await, kind, "requests are answered");
    }
    assert_ne!(emulator.kiro().refresh_token(kind), first, "the first one is void");
    // The rows of the log are written a moment later, and they find no room either.
    let told = async { while serving.caller.get("/api/status").await.json()["disk_full"] != true {} };
    in_time(told).await;
    let check = disk_check(&serving).await;
    assert_eq!((&check["title_code"], &check["params"]["count"]), (&json!("check_disk_unsaved"), &json!(1)));

    drop(reader);
    std::fs::remove_file(disk.filler()).expect("removed");
    let stored = async { while disk_check(&serving).await != Value::Null {} };
    in_time(stored).await;
    // Every row is there: they waited.
    assert_eq!(serving.caller.all_rows(21).await.len(), 21);
    serving.kill().await;

    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("after").await, kind, "with the token that was stored");
    emulator.kiro().expire(kind);
    assert_eq!(serving.caller.served_by("refreshed").await, kind);
    drop(serving);
    drop(disk);
}

async fn disk_check(serving: &super::Serving) -> Value {
    let report = serving.caller.get("/api/diagnostics").await.json();
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == "disk").cloned().unwrap_or_default()
}
