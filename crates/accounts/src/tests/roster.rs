//! Accounts: adding, changing, choosing, ordering.

use std::time::Duration;

use llm::Category;
use serde_json::json;

use super::fake::{World, account};
use crate::{Error, Failover, NewAccount, Outcome, Patch, StateView};

#[tokio::test]
async fn accounts_outlive_a_restart_and_never_show_a_secret() {
    let world = World::new().await;
    let id = world.add("Work").await;
    let view = world.accounts.get(&id).unwrap();
    let world = world.restart().await;
    let after = world.accounts.list();
    assert_eq!(serde_json::to_value(&after[0]).unwrap(), serde_json::to_value(&view).unwrap());
    let shown = format!("{} {after:?} {:?}", serde_json::to_string(&after).unwrap(), world.accounts);
    assert!(!shown.contains("first-secret"), "{shown}");
    assert!(!format!("{:?}", account("x")).contains("first-secret"));
}

#[tokio::test]
async fn a_view_has_this_shape() {
    let world = World::new().await;
    let new = NewAccount {
        endpoint_url: Some("http://127.0.0.1:9/".into()),
        options: json!({"z": 1, "a": 2}),
        ..account(" Work ")
    };
    let view = world.accounts.add(new).await.unwrap();
    let expected = json!({
        "id": view.id, "name": "Work", "provider": "real", "policy": "documented_api", "region": "here",
        "endpoint_url": "http://127.0.0.1:9", "options": {"z": 1, "a": 2},
        "credential": {"kind": "key", "label": "fi"}, "tags": [], "note": "", "position": 0, "enabled": true, "ephemeral": false,
        "active": true, "state": {"kind": "ready"}, "last_error": null, "session_ends_ms": null, "sign_in_ends_ms": null,
        "created_ms": 1_700_000_000_000_i64, "updated_ms": 1_700_000_000_000_i64,
    });
    assert_eq!(serde_json::to_value(&view).unwrap().to_string(), expected.to_string());
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_not_stored() {
    let world = World::new().await;
    let id = world.add("Ärger").await;
    world.add("other").await;
    let changed = |change: fn(&mut NewAccount)| {
        let mut new = account("new");
        change(&mut new);
        new
    };
    let cases = [
        (changed(|new| new.name = "äRGER".into()), "account_name_taken"),
        (changed(|new| new.name = "  ".into()), "invalid_account"),
        (changed(|new| new.name = "a\u{202e}b".into()), "invalid_account"),
        (changed(|new| new.name = "x".repeat(65)), "invalid_account"),
        (changed(|new| new.provider = "nobody".into()), "provider_unknown"),
        (changed(|new| new.provider = "wild".into()), "policy_consent_required"),
        (changed(|new| new.region = "nowhere".into()), "invalid_account"),
        (changed(|new| new.credential = json!({})), "invalid_account"),
        (changed(|new| new.options = json!([])), "invalid_account"),
        (changed(|new| new.endpoint_url = Some("http://example.com".into())), "invalid_account"),
        (changed(|new| new.endpoint_url = Some("http://127.0.0.1.nip.io".into())), "invalid_account"),
        (changed(|new| new.endpoint_url = Some("https://user@example.com".into())), "invalid_account"),
        (changed(|new| new.endpoint_url = Some("file:///etc/passwd".into())), "invalid_account"),
    ];
    for (new, code) in cases {
        let error = world.accounts.add(new.clone()).await.unwrap_err();
        assert_eq!(error.code(), code, "{new:?}");
    }
    let patch = Patch { name: Some("OTHER".into()), ..Patch::default() };
    assert!(matches!(world.accounts.update(&id, patch).await, Err(Error::NameTaken)));
    let patch = Patch { name: Some("ärger".into()), ..Patch::default() };
    assert_eq!(world.accounts.update(&id, patch).await.unwrap().name, "ärger");
    assert!(matches!(world.accounts.update("gone", Patch::default()).await, Err(Error::NotFound)));
    assert_eq!(world.core.accounts().await.unwrap().len(), 2);

    let accepted = NewAccount { provider: "wild".into(), policy_accepted: true, ..account("wild") };
    world.accounts.add(accepted).await.unwrap();
    for url in ["https://example.com/x", "http://localhost:1", "http://[::1]:2"] {
        let new = NewAccount { endpoint_url: Some(url.into()), ..account(url) };
        assert_eq!(world.accounts.add(new).await.unwrap().endpoint_url.as_deref(), Some(url));
    }
}

#[tokio::test]
async fn the_active_account_comes_first_and_is_remembered() {
    let world = World::new().await;
    world.sandbox();
    assert_eq!(world.plan(), ["Sandbox"], "without another account the Sandbox answers");
    let (_, b) = (world.add("a").await, world.add("b").await);
    world.add("c").await;
    assert_eq!(world.plan(), ["a", "b", "c"], "the Sandbox never stands in for a real account");
    let held = world.accounts.plan(&[], || None);
    assert!(world.accounts.activate(&b).await.unwrap().active);
    assert_eq!(world.plan(), ["b", "a", "c"]);
    assert_eq!(held.entries[0].account.name, "a", "a request under way keeps what it has");
    let world = world.restart().await;
    assert_eq!(world.accounts.active(), Some(b.clone()));
    world.sandbox();
    world.accounts.activate("sandbox").await.unwrap();
    assert_eq!(world.plan(), ["Sandbox"], "nor a real account for the Sandbox");
    let world = world.restart().await;
    world.sandbox();
    assert_eq!(world.accounts.active().as_deref(), Some("sandbox"));
    world.accounts.activate(&b).await.unwrap();
    world.accounts.remove(&b).await.unwrap();
    assert_eq!(world.plan(), ["a", "c"]);
    assert!(matches!(world.accounts.remove(&b).await, Err(Error::NotFound)));
    assert!(matches!(world.accounts.remove("sandbox").await, Err(Error::Ephemeral)));
    assert!(matches!(world.accounts.activate("gone").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn some_accounts_may_be_asked_and_no_others() {
    let world = World::new().await;
    world.sandbox();
    let (a, b, c) = (world.add("a").await, world.add("b").await, world.add("c").await);
    let plan = |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        let plan = world.accounts.plan(&ids, || None);
        let names: Vec<_> = plan.entries.iter().map(|entry| entry.account.name.clone()).collect();
        (names, plan.refusal().map(|error| error.category))
    };
    assert_eq!(plan(&[&c, &b]).0, ["c", "b"], "whichever is active");
    assert_eq!(plan(&[&c, &a]).0, ["a", "c"], "the active one first");
    assert_eq!(plan(&["sandbox"]).0, ["Sandbox"]);
    assert_eq!(plan(&["gone"]), (vec![], Some(Category::NoCredentials)), "and not all of them");
    world.accounts.set_failover(Failover { enabled: false, ..Failover::default() }).await.unwrap();
    assert_eq!(plan(&[&c, &b]).0, ["c"]);
}

#[tokio::test]
async fn order_and_failover_are_settings() {
    let world = World::new().await;
    let (a, b, c) = (world.add("a").await, world.add("b").await, world.add("c").await);
    world.accounts.set_order(vec![c.clone(), b.clone()]).await.unwrap();
    assert_eq!(world.plan(), ["c", "b", "a"]);
    world.accounts.activate(&a).await.unwrap();
    let failover = Failover { order: vec![b, "gone".into(), a], ..Failover::default() };
    world.accounts.set_failover(failover.clone()).await.unwrap();
    let world = world.restart().await;
    assert_eq!(world.plan(), ["a", "b"]);
    assert_eq!(world.accounts.failover(), failover);
    world.accounts.set_failover(Failover { enabled: false, ..failover }).await.unwrap();
    assert_eq!(world.plan(), ["a"]);
    let names: Vec<_> = world.accounts.list().into_iter().map(|view| view.name).collect();
    assert_eq!(names, ["c", "b", "a"]);
}

#[tokio::test]
async fn who_rests_is_passed_over_and_when_all_rest_the_soonest_is_told() {
    let world = World::new().await;
    let (a, b) = (world.add("a").await, world.add("b").await);
    let throttle = |id: &str, wait: u64| {
        let error =
            llm::Error::new(Category::RateLimited, "slow").with_retry_after(Duration::from_secs(wait));
        world.accounts.note(&world.accounts.entry(id).unwrap(), Outcome::Failure(&error));
    };
    let mut changes = world.accounts.subscribe();
    changes.mark_unchanged();
    throttle(&a, 90);
    assert!(changes.has_changed().unwrap());
    assert_eq!(world.plan(), ["b"]);
    throttle(&b, 20);
    let refusal = world.accounts.plan(&[], || None).refusal().unwrap();
    assert_eq!(
        (refusal.category, refusal.retry_after),
        (Category::AllCooling, Some(Duration::from_secs(20)))
    );
    let until_ms = 1_700_000_000_000 + 90_000;
    assert_eq!(world.accounts.get(&a).unwrap().state, StateView::Cooling { until_ms });
    world.clock.pass(21);
    assert_eq!(world.plan(), ["b"]);
    world.accounts.activate(&a).await.unwrap();
    assert_eq!(world.plan(), ["a", "b"], "the person's choice ends a rest");
}

#[tokio::test]
async fn a_used_up_quota_is_another_accounts_business_only_by_setting() {
    let world = World::new().await;
    let (a, _) = (world.add("a").await, world.add("b").await);
    let error = llm::Error::new(Category::Quota, "monthly limit").with_code(llm::Error::SPENT);
    world.accounts.note(&world.accounts.entry(&a).unwrap(), Outcome::Failure(&error));
    let refusal = world.accounts.plan(&[], || None).refusal().unwrap();
    assert_eq!((refusal.category, refusal.code), (Category::Quota, Some(llm::Error::SPENT)));
    let world = world.restart().await;
    assert!(matches!(world.accounts.get(&a).unwrap().state, StateView::Exhausted { .. }));
    assert!(world.plan().is_empty());
    world.accounts.set_failover(Failover { on_quota: true, ..Failover::default() }).await.unwrap();
    assert_eq!(world.plan(), ["b"]);
}

#[tokio::test]
async fn a_suspended_account_is_asked_again_when_it_is_switched_on() {
    let world = World::new().await;
    let a = world.add("a").await;
    let error = llm::Error::new(Category::Suspended, "talk to us");
    world.accounts.note(&world.accounts.entry(&a).unwrap(), Outcome::Failure(&error));
    world.clock.pass(1_000_000);
    let refusal = world.accounts.plan(&[], || None).refusal().unwrap();
    assert_eq!(refusal.category, Category::Suspended);
    assert!(refusal.message.ends_with("(a: talk to us)"), "{}", refusal.message);
    let world = world.restart().await;
    assert_eq!(world.accounts.get(&a).unwrap().state, StateView::Suspended);
    let switch = |enabled| Patch { enabled: Some(enabled), ..Patch::default() };
    assert_eq!(world.accounts.update(&a, switch(false)).await.unwrap().state, StateView::Disabled);
    assert!(world.plan().is_empty());
    assert_eq!(world.accounts.update(&a, switch(true)).await.unwrap().state, StateView::Ready);
    assert_eq!(world.plan(), ["a"]);
}

#[tokio::test]
async fn choosing_an_account_switches_it_on() {
    let world = World::new().await;
    let (_, b) = (world.add("a").await, world.add("b").await);
    let off = Patch { enabled: Some(false), ..Patch::default() };
    world.accounts.update(&b, off).await.unwrap();
    assert_eq!(world.plan(), ["a"]);
    assert_eq!(world.accounts.activate(&b).await.unwrap().state, StateView::Ready);
    assert_eq!(world.plan(), ["b", "a"]);
    assert_eq!(world.restart().await.plan(), ["b", "a"]);
}

#[tokio::test]
async fn a_change_whose_caller_left_is_still_made() {
    let world = World::new().await;
    let mut adding = Box::pin(world.accounts.add(account("a")));
    std::future::poll_fn(|context| {
        assert!(adding.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(adding);
    world.accounts.subscribe().wait_for(|_| world.accounts.list().len() == 1).await.unwrap();
    assert_eq!(world.core.accounts().await.unwrap().len(), 1);
}
