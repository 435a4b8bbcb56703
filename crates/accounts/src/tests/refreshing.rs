//! Sessions: fresh, one refresh at a time, kept through trouble.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use llm::{Category, Error, Upstream};
use providers::{Identity, Session, Why};
use serde_json::json;

use super::fake::{Answer, World};
use crate::{Entry, Outcome, Patch, StateView};

async fn world() -> (World, Arc<Entry>) {
    let world = World::new().await;
    let id = world.add("a").await;
    let entry = world.accounts.entry(&id).unwrap();
    (world, entry)
}

fn secret(session: &Session) -> &str {
    match &session.identity {
        Identity::Bearer(secret) => secret.expose(),
        Identity::SigV4(_) | Identity::Kiro(_) => panic!("the fake gives bearer sessions"),
    }
}

/// Polls each once, so that all of them wait.
async fn start<F: Future>(futures: &mut [std::pin::Pin<Box<F>>]) {
    std::future::poll_fn(|context| {
        for future in futures.iter_mut() {
            assert!(future.as_mut().poll(context).is_pending());
        }
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn fifty_share_one_refresh_and_the_first_may_leave() {
    let (world, entry) = world().await;
    world.provider.will([Answer::Session(100, None), Answer::Session(100, None)]);
    world.accounts.session(&entry).await.unwrap();
    world.clock.pass(100);
    world.provider.hold();
    let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(world.accounts.session(&entry))).collect();
    start(&mut waiting).await;
    world.provider.begun(2).await;
    drop(waiting.remove(0));
    world.provider.release();
    let sessions = join_all(waiting).await;
    assert_eq!(sessions.len(), 49);
    let first = sessions[0].as_ref().unwrap();
    assert!(sessions.iter().all(|session| Arc::ptr_eq(session.as_ref().unwrap(), first)));
    assert_eq!(world.provider.openings(), 2);
}

#[tokio::test]
async fn a_refresh_goes_on_when_all_have_left() {
    let (world, entry) = world().await;
    world.provider.hold();
    let mut waiting = vec![Box::pin(world.accounts.session(&entry))];
    start(&mut waiting).await;
    world.provider.begun(1).await;
    drop(waiting);
    world.provider.release();
    world.accounts.session(&entry).await.unwrap();
    assert_eq!(world.provider.openings(), 1);
}

#[tokio::test]
async fn a_fresh_session_costs_no_opening() {
    let (world, entry) = world().await;
    world.provider.will([Answer::Session(1000, None)]);
    let first = world.accounts.session(&entry).await.unwrap();
    world.clock.pass(900);
    assert!(Arc::ptr_eq(&first, &world.accounts.session(&entry).await.unwrap()));
    // The last moments are not used: a request must arrive in time.
    world.clock.pass(80);
    assert!(!Arc::ptr_eq(&first, &world.accounts.session(&entry).await.unwrap()));
    assert_eq!(
        *world.provider.opened.lock().unwrap(),
        [("a".into(), Why::First), ("a".into(), Why::Expiring)]
    );
}

#[tokio::test]
async fn a_rejected_session_is_refreshed_once() {
    let (world, entry) = world().await;
    let used = world.accounts.session(&entry).await.unwrap();
    let (one, two) =
        tokio::join!(world.accounts.rejected(&entry, &used), world.accounts.rejected(&entry, &used));
    let late = world.accounts.rejected(&entry, &used).await.unwrap();
    assert!(Arc::ptr_eq(&one.unwrap(), &late) && Arc::ptr_eq(&two.unwrap(), &late));
    assert!(!Arc::ptr_eq(&used, &late));
    assert_eq!(world.provider.opened.lock().unwrap()[1..], [("a".into(), Why::Rejected)]);
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_costs_nothing_while_the_session_lives() {
    let (world, entry) = world().await;
    world.provider.will([
        Answer::Session(1000, None),
        Answer::Fail(Category::Upstream),
        Answer::Fail(Category::Unreachable),
        Answer::Fail(Category::Upstream),
        Answer::Forever,
    ]);
    let first = world.accounts.session(&entry).await.unwrap();
    world.clock.pass(860);
    for openings in [2, 2, 3] {
        world.accounts.inner.refresh_due().await;
        if openings == 3 {
            world.clock.pass(1);
            world.accounts.inner.refresh_due().await;
        }
        landed(&entry).await;
        assert_eq!(world.provider.openings(), openings, "it waits before it asks again");
        assert!(Arc::ptr_eq(&first, &world.accounts.session(&entry).await.unwrap()));
        assert_eq!(world.accounts.list()[0].state, StateView::Ready);
    }
    world.clock.pass(200);
    let error = world.accounts.session(&entry).await.unwrap_err();
    assert_eq!(error.category, Category::Upstream);
    // Within the pause nobody bothers the endpoint again.
    let error = world.accounts.session(&entry).await.unwrap_err();
    assert_eq!((error.category, error.retry_after.is_some()), (Category::Upstream, true));
    assert_eq!(world.provider.openings(), 4);
    assert_eq!(world.accounts.list()[0].state, StateView::Ready, "never needs sign-in");
    world.clock.pass(10);
    world.accounts.session(&entry).await.unwrap();
}

async fn landed(entry: &Entry) {
    let flight = entry.vault.flight.lock().unwrap().clone();
    if let Some(mut flight) = flight {
        let _ = flight.wait_for(Option::is_some).await;
    }
}

#[tokio::test]
async fn listeners_hear_when_a_session_ends_at_another_time() {
    let (world, entry) = world().await;
    world.provider.will([Answer::Session(1000, None), Answer::Session(1000, None)]);
    let ends_ms = || world.accounts.list()[0].session_ends_ms;
    let mut changes = world.accounts.subscribe();
    assert_eq!(ends_ms(), None);
    changes.mark_unchanged();
    world.accounts.session(&entry).await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(ends_ms(), Some(1_700_000_000_000 + 1_000_000));
    world.clock.pass(860);
    changes.mark_unchanged();
    world.accounts.inner.refresh_due().await;
    landed(&entry).await;
    assert!(changes.has_changed().unwrap());
    assert_eq!(ends_ms(), Some(1_700_000_000_000 + 1_860_000));
}

#[tokio::test]
async fn a_refused_refresh_needs_sign_in_until_the_person_acts() {
    let (world, entry) = world().await;
    let used = world.accounts.session(&entry).await.unwrap();
    world.provider.will([Answer::Fail(Category::NoCredentials)]);
    let error = world.accounts.rejected(&entry, &used).await.unwrap_err();
    assert_eq!(error.category, Category::NoCredentials);
    let view = &world.accounts.list()[0];
    assert_eq!(view.state, StateView::NeedsSignIn);
    assert_eq!(view.last_error.as_ref().unwrap().category, "no_credentials");
    let plan = world.accounts.plan(&[], || None);
    assert_eq!(plan.refusal().unwrap().category, Category::NoCredentials);

    let world = world.restart().await;
    assert_eq!(world.accounts.list()[0].state, StateView::NeedsSignIn, "a restart does not sign in");
    assert_eq!(world.plan(), ["a"], "but what happened meanwhile is found out by the next request");
    let id = world.accounts.list()[0].id.clone();
    let patch = Patch { credential: Some(json!({"key": "second"})), ..Patch::default() };
    let view = world.accounts.update(&id, patch).await.unwrap();
    assert_eq!(view.state, StateView::Ready);
    assert_eq!(view.credential.label, "se");
    let session = world.accounts.session(&world.accounts.entry(&id).unwrap()).await.unwrap();
    assert_eq!(secret(&session), r#"{"key":"second"}"#);
    let world = world.restart().await;
    assert_eq!(world.accounts.list()[0].state, StateView::Ready);
}

#[tokio::test]
async fn a_sign_in_that_ended_is_tried_by_requests_alone() {
    let (world, entry) = world().await;
    world.provider.will([
        Answer::Session(1000, None),
        Answer::Fail(Category::NoCredentials),
        Answer::Fail(Category::NoCredentials),
        Answer::Forever,
    ]);
    world.accounts.session(&entry).await.unwrap();
    for _ in 0..100 {
        world.clock.pass(860);
        world.accounts.woke();
        world.accounts.inner.refresh_due().await;
        landed(&entry).await;
    }
    assert_eq!(world.provider.openings(), 2, "the night costs one refusal");
    world.accounts.session(&entry).await.unwrap_err();
    world.clock.pass(600);
    world.accounts.session(&entry).await.unwrap();
    assert_eq!(world.provider.openings(), 4);
}

#[tokio::test]
async fn a_rotated_credential_is_on_disk_before_its_session_is_used() {
    let (world, entry) = world().await;
    world.provider.will([Answer::Session(100, Some(r#"{"key":"rotated"}"#))]);
    world.accounts.session(&entry).await.unwrap();
    // No waiting in between: the row is there as soon as the session is.
    assert_eq!(world.kept().await.expose(), r#"{"key":"rotated"}"#);
    world.clock.pass(200);
    let session = world.accounts.session(&entry).await.unwrap();
    assert_eq!(secret(&session), r#"{"key":"rotated"}"#);
}

#[tokio::test]
async fn a_session_that_is_not_whole_is_opened_again_with_what_was_stored() {
    let (world, entry) = world().await;
    world.provider.will([Answer::Half(r#"{"key":"rotated"}"#), Answer::Session(100, None)]);
    let session = world.accounts.session(&entry).await.unwrap();
    assert_eq!(secret(&session), r#"{"key":"rotated"}"#);
    assert_eq!(world.kept().await.expose(), r#"{"key":"rotated"}"#);
    let whys: Vec<_> = world.provider.opened.lock().unwrap().iter().map(|(_, why)| *why).collect();
    assert_eq!(whys, [Why::First, Why::Unfinished]);
}

#[tokio::test]
async fn a_session_that_is_never_whole_is_taken_as_it_is() {
    let (world, entry) = world().await;
    world.provider.will([1, 2, 3].map(|_| Answer::Half(r#"{"key":"rotated"}"#)));
    world.accounts.session(&entry).await.unwrap();
    assert_eq!(world.provider.openings(), 2, "not without end");
}

/// The vendor has taken the old one back: a session that is used before the new one is on disk may be the last.
#[tokio::test]
async fn while_the_disk_is_busy_the_new_session_waits() {
    let (world, entry) = world().await;
    let busy = rusqlite::Connection::open(world.folder.path().join("core.db")).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.provider.will([Answer::Session(100, Some(r#"{"key":"rotated"}"#))]);
    let mut waiting = vec![Box::pin(world.accounts.session(&entry))];
    // From the moment the vault has the new one, its flight goes on to the next wait without a pause.
    while entry.vault.credential().unwrap().expose() != r#"{"key":"rotated"}"# {
        start(&mut waiting).await;
        tokio::task::yield_now().await;
    }
    start(&mut waiting).await;
    assert!(entry.vault.current().is_none(), "nobody else gets it either");
    assert_eq!(world.kept().await.expose(), r#"{"key":"first-secret"}"#);
    busy.execute_batch("COMMIT").unwrap();
    join_all(waiting).await.pop().unwrap().unwrap();
    assert_eq!(world.kept().await.expose(), r#"{"key":"rotated"}"#);
}

#[tokio::test]
async fn a_rotation_under_way_survives_a_new_name_but_not_a_new_credential() {
    for (patch, expected) in [
        (Patch { name: Some("b".into()), ..Patch::default() }, r#"{"key":"rotated"}"#),
        (Patch { credential: Some(json!({"key": "given"})), ..Patch::default() }, r#"{"key":"given"}"#),
    ] {
        let (world, entry) = world().await;
        world.provider.will([Answer::Session(1000, Some(r#"{"key":"rotated"}"#)), Answer::Forever]);
        world.provider.hold();
        let mut waiting = vec![Box::pin(world.accounts.session(&entry))];
        start(&mut waiting).await;
        world.provider.begun(1).await;
        let id = entry.account.id.clone();
        world.accounts.update(&id, patch).await.unwrap();
        world.provider.release();
        join_all(waiting).await.pop().unwrap().unwrap();
        assert_eq!(world.kept().await.expose(), expected);
        let changed = world.accounts.entry(&id).unwrap();
        let session = world.accounts.session(&changed).await.unwrap();
        assert_eq!(secret(&session), expected);
        assert_eq!(session.account.name, changed.account.name, "a session carries the account as it is now");
    }
}

#[tokio::test]
async fn a_hundred_expiring_together_refresh_five_at_a_time() {
    let world = World::new().await;
    let mut entries = Vec::new();
    for number in 0..100 {
        let id = world.add(&format!("account {number}")).await;
        entries.push(world.accounts.entry(&id).unwrap());
    }
    world.provider.will((0..100).map(|_| Answer::Session(1000, None)));
    for entry in &entries {
        world.accounts.session(entry).await.unwrap();
    }
    world.provider.most.store(0, Ordering::SeqCst);
    world.clock.pass(860);
    world.provider.hold();
    world.accounts.inner.refresh_due().await;
    world.accounts.inner.refresh_due().await;
    world.provider.begun(105).await;
    for entry in &entries {
        world.accounts.session(entry).await.unwrap();
    }
    world.provider.release();
    for entry in &entries {
        landed(entry).await;
    }
    assert_eq!(world.provider.openings(), 200);
    assert_eq!(world.provider.most.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn the_upstreams_clock_is_taken_over() {
    let (world, entry) = world().await;
    let before = world.accounts.session(&entry).await.unwrap();
    let upstream = Upstream { clock_offset: Some(-420), ..Upstream::default() };
    let error = Error::new(Category::Signature, "skewed").with_upstream(upstream);
    world.accounts.note(&entry, Outcome::Failure(&error));
    let after = world.accounts.session(&entry).await.unwrap();
    assert_eq!((before.clock_offset, after.clock_offset), (0, -420));
    let opened = world.accounts.rejected(&entry, &after).await.unwrap();
    assert_eq!(opened.clock_offset, -420);
    assert_eq!(world.accounts.list()[0].state, StateView::Ready);
}

#[tokio::test]
async fn one_request_looks_whether_a_failing_account_works_again() {
    let (world, entry) = world().await;
    let error = Error::new(Category::Upstream, "500");
    for _ in 0..5 {
        world.accounts.session(&entry).await.unwrap();
        world.accounts.note(&entry, Outcome::Failure(&error));
    }
    assert!(matches!(world.accounts.list()[0].state, StateView::Cooling { .. }));
    assert_eq!(world.accounts.plan(&[], || None).refusal().unwrap().category, Category::AllCooling);
    world.clock.pass(30);
    assert_eq!(world.plan(), ["a"]);
    world.accounts.session_aside(&entry).await.unwrap();
    world.accounts.session(&entry).await.unwrap();
    assert_eq!(world.accounts.session(&entry).await.unwrap_err().category, Category::Overloaded);
    world.accounts.session_aside(&entry).await.unwrap();
    world.accounts.note(&entry, Outcome::Success);
    world.accounts.session(&entry).await.unwrap();
    assert_eq!(world.accounts.list()[0].state, StateView::Ready);
}

#[tokio::test]
async fn stopping_waits_for_a_refresh_under_way() {
    let (world, entry) = world().await;
    world.provider.will([Answer::Session(100, Some(r#"{"key":"rotated"}"#))]);
    world.provider.hold();
    let mut waiting = vec![Box::pin(world.accounts.session(&entry))];
    start(&mut waiting).await;
    world.provider.begun(1).await;
    world.accounts.stop();
    world.tasks.close();
    let mut ended = vec![Box::pin(world.tasks.wait())];
    start(&mut ended).await;
    world.provider.release();
    join_all(ended).await;
    assert_eq!(world.kept().await.expose(), r#"{"key":"rotated"}"#);
}

/// An upstream that told its clock while the session was made is believed; what was learned before is not added to it.
#[tokio::test]
async fn a_measured_clock_is_not_corrected_twice() {
    let vault = crate::vault::Vault::new(llm::Secret::new("{}"), 1);
    let (_, entry) = world().await;
    let session = |clock_offset| Session {
        account: entry.account.clone(),
        identity: Identity::Bearer(llm::Secret::new("t")),
        expires: None,
        clock_offset,
    };
    let now = std::time::SystemTime::UNIX_EPOCH;
    vault.set_clock_offset(7200);
    assert_eq!(vault.publish(session(0), now, 0.8, 0).clock_offset, 7200);
    assert_eq!(vault.publish(session(7100), now, 0.8, 0).clock_offset, 7100);
    assert_eq!(vault.publish(session(0), now, 0.8, 0).clock_offset, 7100);
}
