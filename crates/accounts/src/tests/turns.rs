//! Who waits for whom, and what a night's sleep changes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use llm::{Category, Error};
use serde_json::json;

use super::fake::{Answer, World, account};
use crate::{NewAccount, Outcome, StateView};

#[tokio::test]
async fn a_hundred_first_sessions_ask_five_at_a_time() {
    let world = World::new().await;
    let mut entries = Vec::new();
    for number in 0..100 {
        let id = world.add(&format!("account {number}")).await;
        entries.push(world.accounts.entry(&id).unwrap());
    }
    world.provider.hold();
    let asking = join_all(entries.iter().map(|entry| world.accounts.session(entry)));
    let (sessions, ()) = tokio::join!(asking, async {
        world.provider.begun(5).await;
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.provider.openings(), 5);
        world.provider.release();
    });
    assert!(sessions.into_iter().all(|session| session.is_ok()));
    assert_eq!(world.provider.openings(), 100);
    assert_eq!(world.provider.most.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn what_needs_nobody_waits_for_nobody() {
    let world = World::new().await;
    world.provider.hold();
    let mut stuck = Vec::new();
    for number in 0..6 {
        let id = world.add(&format!("account {number}")).await;
        stuck.push(world.accounts.entry(&id).unwrap());
    }
    let ready = NewAccount { credential: json!({"key": "ready"}), ..account("ready") };
    let ready = world.accounts.add(ready).await.unwrap().id;
    let ready = world.accounts.entry(&ready).unwrap();
    let stuck = join_all(stuck.iter().map(|entry| world.accounts.session(entry)));
    let begun = async {
        world.provider.begun(5).await;
        let ready = world.accounts.session(&ready);
        let (ready, ()) = tokio::join!(ready, async {
            world.provider.begun(6).await;
            assert_eq!(world.provider.opened.lock().unwrap()[5].0, "ready");
            world.provider.release();
        });
        ready.unwrap();
    };
    let (stuck, ()) = tokio::join!(stuck, begun);
    assert!(stuck.into_iter().all(|session| session.is_ok()));
}

/// Nobody calls: the clocks tell.
#[tokio::test]
async fn a_machine_that_slept_begins_anew() {
    let world = World::new().await;
    let id = world.add("a").await;
    let entry = world.accounts.entry(&id).unwrap();
    world.provider.will([Answer::Session(1000, None)]);
    world.accounts.session(&entry).await.unwrap();
    for _ in 0..5 {
        world.accounts.note(&entry, Outcome::Failure(&Error::new(Category::Upstream, "500")));
    }
    assert!(matches!(world.accounts.list()[0].state, StateView::Cooling { .. }));
    world.clock.sleep(8 * 3600);
    world.accounts.inner.nudge.notify_one();
    let woken = async {
        while world.provider.woken.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // The session ended in the night: a fresh one is made before anybody asks.
        world.provider.begun(2).await;
    };
    tokio::time::timeout(Duration::from_secs(30), woken).await.unwrap();
    assert_eq!(world.accounts.list()[0].state, StateView::Ready);
    assert_eq!(world.provider.woken.load(Ordering::SeqCst), 1);
}
