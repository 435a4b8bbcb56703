use std::fs;

use proptest::prelude::*;

use super::*;

mod cleaning;
mod keys;

fn wait<T>(pending: Pending<T>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pending)
}

fn row(time_ms: i64) -> LogRow {
    LogRow { time_ms, status: 200, client: "curl".into(), model_asked: "m".into(), ..LogRow::default() }
}

fn full_row() -> LogRow {
    LogRow {
        id: 0,
        time_ms: 1_700_000_000_123,
        request_id: "req_1".into(),
        client: "claude-code".into(),
        user_agent: "claude-cli/2".into(),
        dialect: "anthropic_messages".into(),
        method: "POST".into(),
        path: "/v1/messages".into(),
        model_asked: "claude-sonnet-4-5".into(),
        model_served: Some("us.anthropic.claude".into()),
        account_id: Some("a".into()),
        account_name: Some("Work".into()),
        provider: Some("bedrock".into()),
        upstream_wire: Some("anthropic_messages".into()),
        stream: true,
        attempts: 2,
        status: 529,
        error_category: Some("overloaded".into()),
        error_message: Some("Busy now".into()),
        upstream_status: Some(503),
        upstream_code: Some("ServiceUnavailableException".into()),
        upstream_request_id: Some("u-1".into()),
        first_byte_ms: Some(12.5),
        total_ms: 99.25,
        input_tokens: Some(u64::from(u32::MAX) * 2),
        output_tokens: Some(0),
        cache_read_tokens: None,
        cache_write_tokens: Some(7),
        usage_estimated: true,
        cost_usd: Some(0.125),
        credits: Some(0.0425),
        adjustments: vec!["max_tokens:64000".into()],
        dropped_opaque: 3,
        incomplete: true,
        stop_reason: Some("end_turn".into()),
        failover_from: Some(serde_json::json!([{"z": 1, "a": 2}])),
        key_id: Some("k".into()),
        key_name: Some("Key".into()),
    }
}

fn filled(rows: Vec<LogRow>) -> (tempfile::TempDir, Logs) {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path(), 0).unwrap();
    let sink = logs.sink();
    rows.into_iter().for_each(|row| sink.record(row));
    wait(logs.flush()).unwrap();
    (folder, logs)
}

fn ids(logs: &Logs, filter: Filter) -> Vec<i64> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = wait(logs.page(filter.clone(), before, 7)).unwrap();
        found.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => before = Some(next),
            None => return found,
        }
    }
}

#[test]
fn a_row_comes_back_as_it_went_in() {
    let (_folder, logs) = filled(vec![row(5), full_row()]);
    assert_eq!(wait(logs.row(2)).unwrap(), Some(LogRow { id: 2, ..full_row() }));
    assert_eq!(wait(logs.row(1)).unwrap(), Some(LogRow { id: 1, ..row(5) }));
    assert_eq!(wait(logs.row(3)).unwrap(), None);
}

#[test]
fn rows_and_ids_go_on_after_a_restart() {
    let (folder, logs) = filled(vec![row(1), row(2)]);
    logs.sink().record(row(3));
    drop(logs);
    let logs = Logs::open(folder.path(), 0).unwrap();
    logs.sink().record(row(4));
    wait(logs.flush()).unwrap();
    assert_eq!(ids(&logs, Filter::default()), [4, 3, 2, 1]);
}

#[test]
fn rows_are_written_without_being_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path(), 0).unwrap();
    let started = Instant::now();
    logs.sink().record(row(1));
    // Reading again and again is the only way to see a commit from outside.
    while wait(logs.page(Filter::default(), None, 1)).unwrap().rows.is_empty() {
        assert!(started.elapsed().as_secs() < 10);
    }
    assert!(started.elapsed().as_millis() >= 200, "rows of a quarter second share a commit");
}

#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path(), 0).unwrap();
    let sink = logs.sink();
    logs.close();
    sink.record(row(1));
    assert_eq!(sink.dropped(), 1);
    assert!(matches!(wait(logs.flush()), Err(Error::Closed)));
    assert!(matches!(wait(logs.cleanup(Retention::default(), 0)), Err(Error::Closed)));

    let queue = Queue::default();
    (0..8200).for_each(|_| queue.record(row(1)));
    assert_eq!(queue.dropped(), 8);
}

#[test]
fn long_texts_of_clients_are_cut_at_a_character() {
    let long = LogRow { user_agent: "é".repeat(1000), model_asked: "ü".repeat(500), ..row(1) };
    let (_folder, logs) = filled(vec![long]);
    let stored = wait(logs.row(1)).unwrap().unwrap();
    assert_eq!((stored.user_agent.len(), stored.model_asked.len()), (512, 256));
}

#[test]
fn totals_sum_up_by_hour_account_model_and_client() {
    const HOUR: i64 = 3_600_000;
    let paid = LogRow {
        input_tokens: Some(10),
        output_tokens: Some(5),
        cost_usd: Some(0.5),
        credits: Some(0.25),
        total_ms: 2.0,
        account_id: Some("a".into()),
        model_served: Some("m1".into()),
        ..row(HOUR + 1)
    };
    let failed = LogRow { error_category: Some("quota".into()), client: "sdk".into(), ..row(2 * HOUR) };
    let (_folder, logs) = filled(vec![paid.clone(), paid, failed, row(9 * HOUR)]);
    let stats = wait(logs.stats(HOUR + 5, 3 * HOUR)).unwrap();
    let two = Totals {
        requests: 2,
        input_tokens: 20,
        output_tokens: 10,
        cost_usd: 1.0,
        credits: 0.5,
        total_ms: 4.0,
        ..Totals::default()
    };
    let one = Totals { requests: 1, errors: 1, ..Totals::default() };
    assert_eq!(stats.totals, Totals { requests: 3, errors: 1, ..two });
    let group = |key: &str, totals| GroupTotals { key: key.into(), totals };
    assert_eq!(stats.by_account, [group("a", two), group("", one)]);
    assert_eq!(stats.by_model, [group("m1", two), group("", one)]);
    assert_eq!(stats.by_client, [group("curl", two), group("sdk", one)]);
    let hour = |hour_ms, totals| HourTotals { hour_ms, totals };
    assert_eq!(stats.hours, [hour(HOUR, two), hour(2 * HOUR, one)]);
}

#[test]
fn a_damaged_file_is_moved_aside_at_the_start() {
    let (folder, logs) = filled((0..200).map(row).collect());
    drop(logs);
    let file = folder.path().join("logs.db");
    for (at, range) in [(1, 0..100), (2, 5000..20_000)] {
        let mut bytes = fs::read(&file).unwrap();
        bytes.resize(40_000, 0);
        bytes[range].fill(0xA5);
        fs::write(&file, bytes).unwrap();
        let logs = Logs::open(folder.path(), 0).unwrap();
        assert!(ids(&logs, Filter::default()).is_empty());
        assert!(folder.path().join(format!("logs.db.damaged-{at}")).exists());
        logs.sink().record(row(1));
        wait(logs.flush()).unwrap();
        assert_eq!(ids(&logs, Filter::default()).len(), 1);
    }
}

#[test]
fn a_file_without_its_tables_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("logs.db")).unwrap();
    connection.execute_batch("CREATE TABLE other (x); PRAGMA user_version = 1;").unwrap();
    drop(connection);
    let logs = Logs::open(folder.path(), 0).unwrap();
    logs.sink().record(row(1));
    wait(logs.flush()).unwrap();
    assert_eq!(ids(&logs, Filter::default()), [1]);
}

/// A file as the first format left it, with a row and its totals.
fn first_format(folder: &std::path::Path) {
    let path = folder.join("logs.db");
    files::private_file(&path).unwrap();
    let shape = connection::Shape { steps: &file::SHAPE.steps[..1], ..file::SHAPE };
    let mut connection = connection::writer(&path, shape, true).unwrap();
    connection::migrate(&mut connection, shape).unwrap();
    connection
        .execute_batch(
            "INSERT INTO requests (id, time_ms, status, failed, stream, total_ms, dialect, client, model_asked,
                 request_id, user_agent, method, path, attempts, usage_estimated, dropped_opaque, incomplete)
             VALUES (7, 5, 200, 0, 0, 1.5, '', 'curl', 'm', '', '', '', '', 1, 0, 0, 0);
             INSERT INTO hours VALUES (0, 0, '', 1, 0, 0, 0, 0, 0, 0.5, 1.5, 7, 7);",
        )
        .unwrap();
}

#[test]
fn a_file_of_the_first_format_goes_on_with_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    first_format(folder.path());
    let logs = Logs::open(folder.path(), 0).unwrap();
    logs.sink().record(LogRow { credits: Some(0.25), ..row(6) });
    wait(logs.flush()).unwrap();
    assert_eq!(wait(logs.row(7)).unwrap(), Some(LogRow { id: 7, total_ms: 1.5, attempts: 1, ..row(5) }));
    assert_eq!(wait(logs.row(8)).unwrap().unwrap().credits, Some(0.25));
    let totals = wait(logs.stats(0, 10)).unwrap().totals;
    assert_eq!((totals.requests, totals.cost_usd, totals.credits), (2, 0.5, 0.25));
    assert!(!folder.path().join("logs.db.damaged-1").exists());
}

#[test]
fn damage_found_while_running_is_moved_aside_too() {
    let (folder, logs) = filled((0..2000).map(row).collect());
    drop(logs);
    let file = folder.path().join("logs.db");
    let logs = Logs::open(folder.path(), 0).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096..].fill(0xA5);
    fs::write(&file, bytes).unwrap();
    assert!(wait(logs.page(Filter::default(), None, 10)).is_err());
    logs.sink().record(row(9));
    wait(logs.flush()).unwrap();
    let page = wait(logs.page(Filter::default(), None, 10)).unwrap();
    assert_eq!(page.rows.iter().map(|row| (row.id, row.time_ms)).collect::<Vec<_>>(), [(2001, 9)]);
    assert!(folder.path().join("logs.db.damaged-1").exists());
}

#[test]
fn a_newer_file_is_left_alone() {
    let (folder, logs) = filled(vec![row(1)]);
    drop(logs);
    let file = folder.path().join("logs.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    let bytes = fs::read(&file).unwrap();
    let logs = Logs::open(folder.path(), 0).unwrap();
    logs.sink().record(row(2));
    assert_eq!(logs.sink().dropped(), 1);
    assert_eq!(ids(&logs, Filter::default()), [1]);
    drop(logs);
    assert_eq!(fs::read(file).unwrap(), bytes);
}

fn some_row() -> impl Strategy<Value = LogRow> {
    let name = |names: &'static [&'static str]| prop::sample::select(names).prop_map(str::to_owned);
    (
        (0..5_i64).prop_map(|hour| hour * 3_600_000 + 17),
        prop::sample::select(vec![200_u16, 200, 400, 429, 500]),
        prop::option::of(name(&["quota", "Overloaded", "upstream"])),
        prop::option::of(name(&["a", "b"])),
        name(&["curl", "sdk"]),
        name(&["claude-x", "Claude-y", "nova", "%"]),
        prop::option::of(name(&["us.claude", "nova"])),
        prop::option::of(name(&["Quota gone", "no", "x"])),
        (prop::collection::vec(name(&["a", "b"]), 0..3), prop::sample::select(vec![1.0, 50.0])),
    )
        .prop_map(
            |(time_ms, status, category, account, client, asked, served, message, (past, total_ms))| LogRow {
                time_ms,
                status,
                error_category: category,
                account_name: account.clone(),
                account_id: account,
                client,
                model_asked: asked,
                model_served: served,
                error_message: message,
                failover_from: (!past.is_empty())
                    .then(|| past.iter().map(|account| serde_json::json!({"account": account})).collect()),
                total_ms,
                ..LogRow::default()
            },
        )
}

fn some_filter() -> impl Strategy<Value = Filter> {
    let text = |texts: &'static [&'static str]| {
        prop::option::weighted(0.3, prop::sample::select(texts).prop_map(str::to_owned))
    };
    (
        prop::option::weighted(0.3, 0..6_i64),
        prop::option::weighted(0.3, 0..6_i64),
        text(&["a", "zz"]),
        text(&["sdk"]),
        text(&["nova", "CLAUDE-Y"]),
        prop::option::weighted(0.2, prop::sample::select(vec![200_u16, 429])),
        prop::option::weighted(
            0.3,
            prop::sample::select(vec![StatusClass::Success, StatusClass::Client, StatusClass::Server]),
        ),
        (any::<bool>(), any::<bool>(), prop::option::weighted(0.2, Just(20.0))),
        text(&["cl", "CLAUDE-X", "nova", "us.", "over", "quota g", "q", "%", "none"]),
    )
        .prop_map(
            |(
                since,
                until,
                account_id,
                client,
                model,
                status,
                status_class,
                (errors, failed_over, slow),
                text,
            )| {
                Filter {
                    since_ms: since.map(|hour| hour * 3_600_000 + 10),
                    until_ms: until.map(|hour| hour * 3_600_000 + 20),
                    account_id,
                    client,
                    model,
                    status,
                    status_class,
                    errors,
                    failed_over,
                    slower_than_ms: slow,
                    text,
                    dialect: None,
                }
            },
        )
}

fn went_on(row: &LogRow) -> bool {
    let past = row.failover_from.as_ref().and_then(serde_json::Value::as_array);
    past.into_iter().flatten().any(|other| other["account"].as_str() != row.account_name.as_deref())
}

/// The same by looking at every row.
fn fits(filter: &Filter, row: &LogRow) -> bool {
    let same = |wanted: &Option<String>, found: Option<&String>| wanted.is_none() || wanted.as_ref() == found;
    let model = filter.model.as_ref().is_none_or(|wanted| {
        row.model_asked.eq_ignore_ascii_case(wanted)
            || row.model_served.as_ref().is_some_and(|served| served.eq_ignore_ascii_case(wanted))
    });
    let failed = row.error_category.is_some() || row.status >= 400;
    let text = filter.text.as_ref().is_none_or(|text| {
        let starts = |found: Option<&String>| {
            found.is_some_and(|f| f.to_lowercase().starts_with(&text.to_lowercase()))
        };
        starts(Some(&row.model_asked))
            || starts(row.model_served.as_ref())
            || failed && (starts(row.error_category.as_ref()) || starts(row.error_message.as_ref()))
    });
    filter.since_ms.is_none_or(|since| row.time_ms >= since)
        && filter.until_ms.is_none_or(|until| row.time_ms < until)
        && same(&filter.account_id, row.account_id.as_ref())
        && same(&filter.client, Some(&row.client))
        && filter.status.is_none_or(|status| row.status == status)
        && filter.status_class.is_none_or(|class| i64::from(row.status / 100) == class as i64 + 2)
        && (!filter.errors || failed)
        && (!filter.failed_over || went_on(row))
        && filter.slower_than_ms.is_none_or(|least| row.total_ms >= least)
        && model
        && text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_filter_finds_what_looking_at_every_row_finds(
        rows in prop::collection::vec(some_row(), 0..60),
        filters in prop::collection::vec(some_filter(), 8),
    ) {
        let (_folder, logs) = filled(rows.clone());
        for filter in filters {
            let wanted: Vec<i64> = (1..=rows.len() as i64)
                .rev()
                .filter(|id| fits(&filter, &rows[*id as usize - 1]))
                .collect();
            prop_assert_eq!(ids(&logs, filter.clone()), wanted, "{:?}", filter);
        }
    }
}
