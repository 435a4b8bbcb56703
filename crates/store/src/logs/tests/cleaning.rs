use super::*;

const DAY: i64 = 24 * 3_600_000;

fn count(logs: &Logs) -> usize {
    let mut count = 0;
    let mut before = None;
    loop {
        let page = wait(logs.page(Filter::default(), before, 1000)).unwrap();
        count += page.rows.len();
        match page.next {
            Some(next) => before = Some(next),
            None => return count,
        }
    }
}

/// 3000 rows, one a minute, from the first day on, folded into the file.
fn three_thousand() -> (tempfile::TempDir, Logs) {
    let rows = (0..3000).map(|minute| LogRow { user_agent: "x".repeat(400), ..row(minute * 60_000) });
    let (folder, logs) = filled(rows.collect());
    drop(logs);
    let logs = Logs::open(folder.path(), 0).unwrap();
    (folder, logs)
}

#[test]
fn rows_older_than_the_days_go_and_no_others() {
    let (folder, logs) = three_thousand();
    let now = 2 * DAY;
    let cleaned = wait(logs.cleanup(Retention { days: Some(1), megabytes: None }, now)).unwrap();
    // The first reading of a clock that stands at 1970 looks like a jump.
    assert_eq!(cleaned, Cleaned { clock_jumped: true, ..Cleaned::default() });
    let before = fs::metadata(folder.path().join("logs.db")).unwrap().len();
    let cleaned = wait(logs.cleanup(Retention { days: Some(1), megabytes: None }, now)).unwrap();
    assert_eq!((cleaned.deleted, cleaned.clock_jumped), (1440, false));
    assert_eq!(count(&logs), 1560);
    let oldest = ids(&logs, Filter { until_ms: Some(DAY + 1), ..Filter::default() });
    assert_eq!(oldest, [1441]);
    drop(logs);
    assert!(fs::metadata(folder.path().join("logs.db")).unwrap().len() < before * 6 / 10);
}

#[test]
fn a_pass_deletes_half_at_most() {
    let (_folder, logs) = three_thousand();
    wait(logs.cleanup(Retention::default(), 900 * DAY)).unwrap();
    let all = Retention { days: Some(0), megabytes: Some(0) };
    assert_eq!(wait(logs.cleanup(all, 900 * DAY)).unwrap().deleted, 1500);
    assert_eq!(wait(logs.cleanup(all, 900 * DAY)).unwrap().deleted, 750);
    assert_eq!(count(&logs), 750);
}

#[test]
fn the_oldest_rows_go_until_the_file_is_small_enough() {
    let (_folder, logs) = three_thousand();
    let cleaned = wait(logs.cleanup(Retention { days: None, megabytes: Some(1) }, 0)).unwrap();
    assert!((1000..=1500).contains(&cleaned.deleted), "{cleaned:?}");
    assert!(cleaned.bytes <= 1 << 20, "{cleaned:?}");
    let left = ids(&logs, Filter { since_ms: Some(2990 * 60_000), ..Filter::default() });
    assert_eq!(left.first(), Some(&3000));
    let again = wait(logs.cleanup(Retention { days: None, megabytes: Some(1) }, 0)).unwrap();
    assert_eq!(again.deleted, 0);
}

#[test]
fn ids_are_not_given_again_when_all_rows_are_gone() {
    let (folder, logs) = filled(vec![row(1), row(2)]);
    wait(logs.cleanup(Retention::default(), DAY)).unwrap();
    let all = Retention { days: Some(0), megabytes: None };
    assert_eq!(wait(logs.cleanup(all, DAY)).unwrap().deleted, 1);
    // Half of one row is none.
    assert_eq!(wait(logs.cleanup(all, DAY)).unwrap().deleted, 0);
    drop(logs);
    let file = folder.path().join("logs.db");
    rusqlite::Connection::open(&file).unwrap().execute("DELETE FROM requests", []).unwrap();
    let logs = Logs::open(folder.path(), 0).unwrap();
    logs.sink().record(row(3));
    wait(logs.flush()).unwrap();
    assert_eq!(ids(&logs, Filter::default()), [3]);
}
