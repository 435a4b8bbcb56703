//! A disk that is full, a real one: what must not be lost finds room, the log drops and counts, and all goes on afterwards.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use llm::Sealed;
use store::{AccountRow, Core, LogRow, Logs, StateRow};
use tempfile::TempDir;

/// A file system in memory. Mounting takes root; who is not gets none, and the test ends there.
struct Disk {
    folder: TempDir,
}

impl Disk {
    fn new(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let option = format!("size={mebibytes}m,mode=0777");
        let mount = |program: &[&str]| {
            let mut command = Command::new(program[0]);
            command.args(&program[1..]).args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(folder.path());
            command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        let mounted = mount(&["mount"]) || mount(&["sudo", "-n", "mount"]);
        if !mounted {
            eprintln!("skipped: nobody here may mount a file system");
        }
        mounted.then_some(Self { folder })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a file");
        for piece in [1 << 20, 4096, 1] {
            while filler.write_all(&vec![7; piece]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).expect("removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for program in [&["umount", "-l"][..], &["sudo", "-n", "umount", "-l"]] {
            let mut command = Command::new(program[0]);
            command.args(&program[1..]).arg(self.folder.path()).stderr(Stdio::null());
            if command.status().is_ok_and(|status| status.success()) {
                return;
            }
        }
    }
}

fn sealed(text: &str) -> Sealed {
    Sealed::parse(&format!("v1|00|AAAA|{text}")).expect("sealed")
}

fn account() -> AccountRow {
    AccountRow {
        id: "a".into(),
        name: "a".into(),
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: None,
        options: serde_json::json!({}),
        credential: sealed("first"),
        credential_generation: 1,
        credential_kind: "access_key".into(),
        credential_label: "AKIA…".into(),
        tags: Vec::new(),
        note: String::new(),
        position: 0,
        enabled: true,
        state: StateRow::default(),
        created_ms: 5,
        updated_ms: 6,
    }
}

/// More than fits into what the file has free already.
fn large() -> Vec<(String, Option<serde_json::Value>)> {
    vec![("large".into(), Some("x".repeat(1 << 20).into()))]
}

fn is_kept(data: &Path) -> bool {
    fs::metadata(data.join("ballast")).is_ok_and(|there| there.len() == 8 << 20)
}

#[tokio::test]
async fn a_rotated_credential_finds_room_on_a_full_disk() {
    let Some(disk) = Disk::new(40) else { return };
    let core = Core::open(&disk.data()).unwrap();
    core.add_account(account()).await.unwrap();
    core.keep_room();
    assert!(is_kept(&disk.data()));
    let full = core.fullness().unwrap();
    disk.fill();
    assert!(core.put_settings(large()).await.unwrap_err().is_full());
    assert!(*full.borrow() && is_kept(&disk.data()), "settings are not worth it");
    let rotated = sealed(&"r".repeat(1 << 20));
    assert!(core.rotate_credential("a", 1, rotated.clone()).await.unwrap());
    assert!(!is_kept(&disk.data()), "it was used");
    drop(core);
    // Full again: what is stored can be opened all the same, or says that there is no room.
    disk.free();
    let core = Core::open(&disk.data()).unwrap();
    assert_eq!(core.accounts().await.unwrap()[0].credential, rotated);
    core.keep_room();
    assert!(is_kept(&disk.data()), "there is room again");
    // Who looks is told so, although nothing else was written.
    let told = core.fullness().unwrap();
    disk.fill();
    assert!(core.put_settings(large()).await.unwrap_err().is_full());
    core.keep_room();
    assert!(*told.borrow() && is_kept(&disk.data()), "it is as full as before");
    disk.free();
    core.keep_room();
    assert!(!*told.borrow());

    // Without room to use it says so, changes nothing, and works as soon as there is some.
    fs::remove_file(disk.data().join("ballast")).unwrap();
    disk.fill();
    let full = core.fullness().unwrap();
    let newest = sealed(&"n".repeat(2 << 20));
    assert!(core.rotate_credential("a", 1, newest.clone()).await.unwrap_err().is_full());
    assert!(*full.borrow());
    assert_eq!(core.accounts().await.unwrap()[0].credential, rotated);
    disk.free();
    assert!(core.rotate_credential("a", 1, newest.clone()).await.unwrap());
    assert!(!*full.borrow());
    assert_eq!(core.accounts().await.unwrap()[0].credential, newest);
}

#[tokio::test]
async fn no_room_is_kept_where_there_is_hardly_any() {
    let Some(disk) = Disk::new(12) else { return };
    let core = Core::open(&disk.data()).unwrap();
    core.keep_room();
    assert!(!is_kept(&disk.data()));
    core.put_settings(large()).await.unwrap();
}

#[tokio::test]
async fn rows_of_a_full_disk_wait_and_then_are_counted() {
    const ROWS: u64 = 12_000;
    let Some(disk) = Disk::new(24) else { return };
    let logs = Logs::open(&disk.data(), 0).unwrap();
    let mut full = logs.fullness();
    disk.fill();
    for number in 0..ROWS {
        let row =
            LogRow { request_id: format!("r{number}"), user_agent: "x".repeat(200), ..LogRow::default() };
        logs.sink().record(row);
    }
    full.wait_for(|full| *full).await.unwrap();
    let dropped = logs.sink().dropped();
    assert!((1..ROWS - 8000).contains(&dropped), "{dropped}");
    disk.free();
    logs.flush().await.unwrap();
    assert!(!*full.borrow_and_update());
    let stats = logs.stats(0, 3_600_000).await.unwrap();
    assert_eq!(stats.totals.requests + dropped, ROWS);
    assert_eq!(stats.dropped_rows, dropped);
}
