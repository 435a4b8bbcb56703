//! What was acknowledged survives a kill that asks nobody.

#![expect(clippy::unwrap_used, reason = "a test may panic; clippy knows that only inside test functions")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use llm::Sealed;
use store::{AccountRow, Condition, Core, Filter, LogRow, Logs, Pending, StateRow};

const FOLDER: &str = "STORE_KILL_TEST_FOLDER";
const ROUNDS: usize = 8;

fn wait<T>(pending: Pending<T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pending).unwrap()
}

fn sealed(text: &str) -> Sealed {
    Sealed::parse(&format!("v1|00|AAAA|{text}")).unwrap()
}

fn account(id: String) -> AccountRow {
    AccountRow {
        name: id.clone(),
        id,
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: None,
        options: serde_json::json!({}),
        credential: sealed("first"),
        credential_generation: 1,
        credential_kind: "access_key".into(),
        credential_label: "A".into(),
        position: 0,
        enabled: true,
        state: StateRow::default(),
        tags: vec!["team".into()],
        note: "n".into(),
        created_ms: 0,
        updated_ms: 0,
    }
}

/// Writes until it is killed, and says what is safe.
fn write_for_ever(folder: &Path) {
    let core = Core::open(folder).unwrap();
    assert!(matches!(core.condition(), Condition::Fresh | Condition::Good), "{:?}", core.condition());
    let logs = Logs::open(folder, 0).unwrap();
    let sink = logs.sink();
    let mut recorded: Vec<(Instant, i64)> = Vec::new();
    let first = wait(core.accounts()).len();
    for number in first.. {
        let id = format!("account-{number}");
        wait(core.add_account(account(id.clone())));
        println!("account {id}");
        assert!(wait(core.rotate_credential(&id, 1, sealed("rotated"))));
        println!("rotated {id}");
        let time_ms = number as i64;
        sink.record(LogRow { time_ms, ..LogRow::default() });
        recorded.push((Instant::now(), time_ms));
        // The promise is 250 ms; the rest is for a busy machine.
        while let Some((_, time_ms)) =
            recorded.first().filter(|(at, _)| at.elapsed() > Duration::from_millis(750))
        {
            println!("row {time_ms}");
            recorded.remove(0);
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_for_ever(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut accounts, mut rotated, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_acknowledged_is_lost_by_a_kill", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Now early, now late, now while a backup is written.
        let mut left: usize = [1, 40, 3, 400, 90, 2, 700, 20][round % 8];
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The last round goes on until rows are old enough to be safe.
        while left > 0 || (round + 1 == ROUNDS && rows.len() < 20) {
            let line = lines.next().expect("the child writes until it is killed").unwrap();
            let Some((kind, value)) = line.split_once(' ') else { continue };
            match kind {
                "account" => accounts.push(value.to_owned()),
                "rotated" => rotated.push(value.to_owned()),
                "row" => rows.push(value.parse::<i64>().unwrap()),
                _ => continue,
            }
            left = left.saturating_sub(1);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let core = Core::open(folder.path()).unwrap();
    assert_eq!(core.condition(), &Condition::Good);
    let stored = wait(core.accounts());
    for id in &accounts {
        assert!(stored.iter().any(|row| row.id == *id), "{id} is lost");
    }
    for id in &rotated {
        let row = stored.iter().find(|row| row.id == *id).unwrap();
        assert_eq!(row.credential, sealed("rotated"), "{id}");
    }
    let logs = Logs::open(folder.path(), 0).unwrap();
    for time_ms in rows {
        let filter = Filter { since_ms: Some(time_ms), until_ms: Some(time_ms + 1), ..Filter::default() };
        assert_eq!(wait(logs.page(filter, None, 10)).rows.len(), 1, "row {time_ms}");
    }
    assert!(accounts.len() > 100);
}
