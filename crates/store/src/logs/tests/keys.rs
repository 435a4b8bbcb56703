use super::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn spending(key: &str, time_ms: i64, tokens: u64, usd: f64) -> LogRow {
    LogRow {
        key_id: Some(key.into()),
        input_tokens: Some(tokens),
        output_tokens: Some(2 * tokens),
        cache_write_tokens: Some(1),
        cache_read_tokens: Some(1_000_000),
        cost_usd: Some(usd),
        ..row(time_ms)
    }
}

#[test]
fn what_a_key_spent_is_known_after_its_rows_are_gone() {
    let (day, month) = (40 * DAY, 31 * DAY);
    let rows = vec![
        spending("a", month - 1, 1000, 1000.0),
        spending("a", month, 100, 0.5),
        spending("a", day - 1, 10, 0.25),
        spending("a", day, 1, 0.125),
        spending("a", day + HOUR + 7, 2, 0.0625),
        spending("b", day + 3 * HOUR, 5, 2.0),
        row(day + 4 * HOUR),
    ];
    let (_folder, logs) = filled(rows);
    let a = KeySpent { key_id: "a".into(), day_tokens: 11, month_usd: 0.9375, last_ms: day + HOUR + 7 };
    let b = KeySpent { key_id: "b".into(), day_tokens: 16, month_usd: 2.0, last_ms: day + 3 * HOUR };
    let spent = || wait(logs.spent_by_key(day, month)).unwrap();
    assert_eq!(spent(), [a.clone(), b]);
    // A pass leaves half of the rows.
    for _ in 0..4 {
        wait(logs.cleanup(Retention { days: Some(1), megabytes: None }, day + 60 * DAY)).unwrap();
    }
    let left = spent();
    assert_eq!((left[0].day_tokens, left[0].month_usd), (a.day_tokens, a.month_usd));
    assert_eq!(left[0].last_ms, day + HOUR, "its hour, when the row is gone");
}

#[test]
fn usage_by_key_counts_those_without_one_in_the_totals_alone() {
    let (_folder, logs) = filled(vec![spending("a", HOUR, 1, 1.0), spending("b", HOUR, 2, 2.0), row(HOUR)]);
    let span = Span { since_ms: 0, until_ms: DAY, offset_ms: 0 };
    let usage = wait(logs.usage(span, UsageKind::Key, Step::Day)).unwrap();
    let groups: Vec<_> = usage.buckets[0].groups.iter().map(|group| group.key.as_str()).collect();
    assert_eq!((groups.as_slice(), usage.totals.requests, usage.totals.cost_usd), (&["a", "b"][..], 3, 3.0));
    let empty = Span { since_ms: 9 * DAY, until_ms: 10 * DAY, offset_ms: 0 };
    assert_eq!(wait(logs.usage(empty, UsageKind::Key, Step::Day)).unwrap().totals, Totals::default());
}
