use super::{Event, Journal, Recorded, Verdict};

fn row() -> Recorded {
    Recorded {
        method: http::Method::POST,
        path: "/x".into(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        operation: None,
        subject: String::new(),
        key: None,
        verdict: Verdict::Answered,
        why: None,
    }
}

#[test]
fn a_follower_hears_of_requests_and_their_ends_without_a_record() {
    let journal = Journal::new(false);
    assert!(!journal.recording());
    let mut events = journal.follow();
    assert!(journal.recording());
    let left = journal.visit(0);
    let mut served = journal.visit(1);
    journal.judged(1, None, Some(row()));
    served.complete();
    drop(served);
    drop(left);
    assert!(matches!(events.try_recv(), Ok(Event::Judged { number: 1, request }) if request.path == "/x"));
    assert!(matches!(events.try_recv(), Ok(Event::Over { number: 1, complete: true })));
    assert!(matches!(events.try_recv(), Ok(Event::Over { number: 0, complete: false })));
    assert!(events.try_recv().is_err());
    assert!(journal.requests().is_empty());
}

#[test]
fn nobody_follows_and_nothing_breaks() {
    let journal = Journal::new(true);
    drop(journal.follow());
    journal.judged(0, None, Some(row()));
    assert_eq!(journal.requests().len(), 1);
    let mut second = journal.follow();
    journal.judged(1, None, Some(row()));
    assert!(second.try_recv().is_err());
}
