//! Removals taken back.

use super::fake::World;
use crate::{Error, Patch};

const DAY: u64 = 24 * 60 * 60;

#[tokio::test]
async fn a_removal_is_taken_back_with_the_credential() {
    let world = World::new().await;
    let id = world.add("Work").await;
    world.add("Other").await;
    let before = world.accounts.get(&id).unwrap();
    world.accounts.remove(&id).await.unwrap();
    assert!(world.accounts.get(&id).is_none());
    let world = world.restart().await;
    let removed = world.accounts.removed().await.unwrap();
    assert_eq!((removed.len(), removed[0].name.as_str()), (1, "Work"));
    assert!(!format!("{removed:?}").contains("secret"));
    let after = world.accounts.restore(&id).await.unwrap();
    assert_eq!((after.position, &after.credential, &after.region), (1, &before.credential, &before.region));
    let entry = world.accounts.entry(&id).unwrap();
    assert!(world.accounts.session(&entry).await.is_ok());
    assert!(world.accounts.removed().await.unwrap().is_empty());
    assert!(matches!(world.accounts.restore(&id).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_name_that_was_taken_meanwhile_gets_a_number() {
    let world = World::new().await;
    let id = world.add("Work").await;
    world.accounts.remove(&id).await.unwrap();
    let other = world.add("work").await;
    assert_eq!(world.accounts.restore(&id).await.unwrap().name, "Work (2)");
    world.accounts.remove(&other).await.unwrap();
    let rename = Patch { name: Some("work".into()), ..Patch::default() };
    world.accounts.update(&id, rename).await.unwrap();
    assert_eq!(world.accounts.restore(&other).await.unwrap().name, "work (2)");
}

#[tokio::test]
async fn after_thirty_days_it_is_forgotten() {
    let world = World::new().await;
    let (early, late) = (world.add("early").await, world.add("late").await);
    world.accounts.remove(&early).await.unwrap();
    world.clock.pass(DAY);
    world.accounts.remove(&late).await.unwrap();
    world.clock.pass(29 * DAY);
    assert_eq!(world.accounts.removed().await.unwrap().len(), 1);
    world.accounts.forget_old().await.unwrap();
    assert!(matches!(world.accounts.restore(&early).await, Err(Error::NotFound)));
    world.accounts.forget(&late).await.unwrap();
    assert!(matches!(world.accounts.forget(&late).await, Err(Error::NotFound)));
    assert!(world.accounts.removed().await.unwrap().is_empty());
}
