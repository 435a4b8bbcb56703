use proptest::prelude::*;

use super::*;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failed(category: Category) -> Error {
    Error::new(category, "x")
}

fn throttled(wait: Option<u64>) -> Error {
    Error { retry_after: wait.map(secs), ..failed(Category::RateLimited) }
}

fn rest_of(health: &Health, now: Instant) -> Option<Duration> {
    match health.admission(now) {
        Admission::Yes => None,
        Admission::Not { until, .. } => Some(until - now),
    }
}

#[test]
fn a_throttled_account_rests_as_long_as_it_was_told_or_doubling() {
    for (asked, expected) in [(Some(2), 2), (None, 5), (Some(9999), 9999)] {
        let (mut health, now) = (Health::default(), Instant::now());
        health.note(now, Outcome::Failure(&throttled(asked)));
        assert_eq!(rest_of(&health, now), Some(secs(expected)));
        assert_eq!(rest_of(&health, now + secs(expected)), None);
    }
    let (mut health, mut now) = (Health::default(), Instant::now());
    for expected in [5, 10, 20, 40, 80, 160, 300, 300] {
        health.note(now, Outcome::Failure(&throttled(None)));
        // The others that were under way at the time say the same and change nothing.
        health.note(now + secs(1), Outcome::Failure(&throttled(None)));
        assert_eq!(rest_of(&health, now), Some(secs(expected)));
        now += secs(expected);
        assert_eq!(rest_of(&health, now), None);
    }
    health.note(now, Outcome::Success);
    health.note(now, Outcome::Failure(&throttled(None)));
    assert_eq!(rest_of(&health, now), Some(secs(5)));
}

#[test]
fn after_a_throttling_one_goes_first_until_it_is_answered() {
    for (outcome, next) in [(Outcome::Answered, true), (Outcome::Success, true), (Outcome::Abandoned, false)]
    {
        let (mut health, now) = (Health::default(), Instant::now());
        health.note(now, Outcome::Failure(&throttled(Some(2))));
        // An answer that began before says nothing about it.
        health.note(now, Outcome::Answered);
        assert_eq!(rest_of(&health, now), Some(secs(2)));
        let now = now + secs(2);
        assert!(health.start(now) && !health.start(now), "one goes first");
        assert_eq!(rest_of(&health, now), Some(secs(1)));
        health.note(now, outcome);
        assert_eq!(health.admission(now), Admission::Yes);
        assert_eq!((health.start(now), health.start(now)), (true, next), "{outcome:?}");
    }
    let (mut health, now) = (Health::default(), Instant::now());
    health.note(now, Outcome::Failure(&throttled(None)));
    assert!(health.start(now + secs(5)));
    health.note(now + secs(5), Outcome::Failure(&failed(Category::Upstream)));
    assert!(health.start(now + secs(5)), "one that fared badly otherwise makes room");
    health.note(now + secs(5), Outcome::Failure(&throttled(None)));
    assert_eq!(rest_of(&health, now + secs(5)), Some(secs(10)));
    // Being answered at all does not undo failures.
    let (mut health, now) = (Health::default(), Instant::now());
    for _ in 0..4 {
        health.note(now, Outcome::Answered);
        health.note(now, Outcome::Failure(&failed(Category::Upstream)));
    }
    health.note(now, Outcome::Answered);
    health.note(now, Outcome::Failure(&failed(Category::Upstream)));
    assert_eq!(rest_of(&health, now), Some(secs(30)));
}

#[test]
fn five_failures_in_a_row_close_it_and_one_looks() {
    let (mut health, mut now) = (Health::default(), Instant::now());
    for _ in 0..4 {
        health.note(now, Outcome::Failure(&failed(Category::Upstream)));
    }
    health.note(now, Outcome::Success);
    for _ in 0..4 {
        health.note(now, Outcome::Failure(&failed(Category::Timeout)));
        assert_eq!(health.admission(now), Admission::Yes);
    }
    for expected in [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300] {
        health.note(now, Outcome::Failure(&failed(Category::Overloaded)));
        assert_eq!(rest_of(&health, now), Some(secs(expected)));
        now += secs(expected);
        assert_eq!(health.admission(now), Admission::Yes);
        assert!(health.start(now));
        assert!(!health.start(now), "one probe at a time");
        assert_eq!(rest_of(&health, now), Some(secs(1)));
    }
    health.note(now, Outcome::Abandoned);
    assert!(health.start(now), "a probe that came to no end makes room");
    assert!(!health.start(now + PROBE - secs(1)));
    assert!(health.start(now + PROBE), "so does one that never told");
    health.note(now, Outcome::Success);
    assert!(health.is_clean());
}

#[test]
fn what_the_person_must_settle_stays_until_then() {
    let now = Instant::now();
    let mut health = Health::default();
    health.note(now, Outcome::Failure(&failed(Category::Suspended)));
    let late = now + secs(10_000_000);
    for outcome in [Outcome::Success, Outcome::Abandoned, Outcome::Failure(&throttled(Some(1)))] {
        health.note(late, outcome);
        assert!(matches!(health.admission(late), Admission::Not { reason: Reason::Suspended, .. }));
    }
    health.woke();
    assert!(matches!(health.admission(late), Admission::Not { reason: Reason::Suspended, .. }));
}

#[test]
fn quota_and_sign_in_are_looked_after_now_and_then() {
    let now = Instant::now();
    let mut health = Health::default();
    health.note(now, Outcome::Failure(&failed(Category::Quota)));
    // A later throttling does not shorten it.
    health.note(now, Outcome::Failure(&throttled(Some(1))));
    assert_eq!(rest_of(&health, now), Some(QUOTA_CHECK));
    assert_eq!(health.resting(now + QUOTA_CHECK).map(|(reason, _)| reason), Some(Reason::Exhausted));

    let (mut health, mut now) = (Health::default(), now);
    for expected in [30, 60, 120, 240, 300, 300] {
        health.note(now, Outcome::Failure(&failed(Category::NoCredentials)));
        health.note(now, Outcome::Failure(&failed(Category::Expired)));
        assert_eq!(rest_of(&health, now), Some(secs(expected)));
        now += secs(expected);
        assert!(health.start(now) && !health.start(now));
    }
    health.note(now, Outcome::Success);
    assert!(health.is_clean());
}

#[test]
fn waking_ends_rests_but_not_verdicts() {
    let now = Instant::now();
    for (category, ends) in
        [(Category::RateLimited, true), (Category::Quota, false), (Category::NoCredentials, false)]
    {
        let mut health = Health::default();
        health.note(now, Outcome::Failure(&failed(category)));
        health.woke();
        assert_eq!(health.admission(now) == Admission::Yes, ends, "{category:?}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Start,
    Success,
    Answered,
    Abandoned,
    Fail(Category, Option<u64>),
    Woke,
}

fn step() -> impl Strategy<Value = Step> {
    use Category::{
        Cancelled, Expired, InvalidRequest, NoCredentials, Overloaded, PermissionDenied, Quota, RateLimited,
        Signature, Suspended, Timeout, Truncated, Unreachable, Upstream,
    };
    let category = prop::sample::select(vec![
        InvalidRequest,
        Cancelled,
        NoCredentials,
        Expired,
        Signature,
        PermissionDenied,
        Quota,
        RateLimited,
        RateLimited,
        Overloaded,
        Overloaded,
        Upstream,
        Timeout,
        Truncated,
        Unreachable,
        Suspended,
    ]);
    prop_oneof![
        3 => (0..700_u64).prop_map(Step::Pass),
        3 => Just(Step::Start),
        2 => Just(Step::Success),
        1 => Just(Step::Answered),
        1 => Just(Step::Abandoned),
        8 => (category, prop::option::of(0..1000_u64)).prop_map(|(category, wait)| Step::Fail(category, wait)),
        1 => Just(Step::Woke),
    ]
}

proptest! {
    #[test]
    fn the_rules_hold_whatever_happens(steps in prop::collection::vec(step(), 0..120)) {
        let mut now = Instant::now();
        let mut health = Health::default();
        let mut suspended = false;
        for step in steps {
            let before = health.clone();
            let asked = match &step {
                Step::Fail(_, wait) => wait.map(secs),
                _ => None,
            };
            match &step {
                Step::Pass(seconds) => now += secs(*seconds),
                Step::Start => {
                    let admitted = before.admission(now) == Admission::Yes;
                    let first = health.start(now);
                    prop_assert!(!admitted || first, "who is admitted may start");
                    let probing = before.block.is_some_and(|block| block.until <= now)
                        && !matches!(before.resting(now), Some((Reason::Suspended, _)));
                    if probing && first {
                        prop_assert!(!health.clone().start(now), "only one looks");
                    }
                }
                Step::Success => health.note(now, Outcome::Success),
                Step::Answered => health.note(now, Outcome::Answered),
                Step::Abandoned => health.note(now, Outcome::Abandoned),
                Step::Fail(category, wait) => {
                    let error = Error { retry_after: wait.map(secs), ..failed(*category) };
                    health.note(now, Outcome::Failure(&error));
                    suspended |= *category == Category::Suspended;
                    match category.cooling() {
                        Cooling::Nothing => prop_assert_eq!(
                            health.block.map(|block| (block.reason, block.until)),
                            before.block.map(|block| (block.reason, block.until)),
                            "a failure of the request is not the account's"
                        ),
                        Cooling::Rest if *wait != Some(0) => {
                            prop_assert!(health.admission(now) != Admission::Yes, "a throttled account rests");
                        }
                        Cooling::Exhausted | Cooling::NeedsSignIn | Cooling::Disabled if *wait != Some(0) => {
                            prop_assert!(health.admission(now) != Admission::Yes);
                        }
                        _ => {}
                    }
                }
                Step::Woke => health.woke(),
            }
            if suspended {
                let stays = matches!(health.admission(now), Admission::Not { reason: Reason::Suspended, .. });
                prop_assert!(stays, "only the person lifts a suspension");
            } else if let Some(rest) = rest_of(&health, now) {
                let most = LONGEST.max(QUOTA_CHECK).max(secs(1000)).max(asked.unwrap_or_default());
                prop_assert!(rest <= most, "no rest is endless: {rest:?}");
                // Whatever happened, it is asked again when the rest is over, and one success clears it all.
                let later = now + rest.max(PROBE);
                let mut after = health.clone();
                prop_assert!(after.admission(later) == Admission::Yes && after.start(later));
                after.note(later, Outcome::Success);
                prop_assert!(after.is_clean());
            }
        }
    }
}
