//! Accounts of the environment: told of once, and the token that took the place of theirs outlives a restart.

use llm::Category;
use providers::Account;
use serde_json::{Value, json};

use super::fake::{Answer, World};
use crate::{Consent, ConsentBy};

const ROTATED: &str = r#"{"key":"old","refresh_token":"second","access_token":"at"}"#;

fn env_account(provider: &str) -> Account {
    Account {
        id: "env-one".into(),
        name: "Environment".into(),
        provider: provider.into(),
        region: "here".into(),
        endpoint_url: None,
        options: json!({}),
    }
}

async fn join(world: &World, credential: &Value) {
    world.accounts.add_from_environment(env_account("real"), credential).await.unwrap();
}

/// The credential that the account goes with.
fn held(world: &World) -> Value {
    let entry = world.accounts.entry("env-one").unwrap();
    serde_json::from_str(entry.vault.credential().unwrap().expose()).unwrap()
}

#[tokio::test]
async fn its_note_is_told_once() {
    let world = World::new().await;
    let credential = json!({"key": "k"});
    let told = world.accounts.add_from_environment(env_account("wild"), &credential).await.unwrap();
    assert_eq!(told, Some("It may stop the account."));
    let given = Consent { time_ms: 1_700_000_000_000, by: ConsentBy::Environment };
    assert_eq!(world.accounts.consent("wild"), Some(given));
    let world = world.restart().await;
    assert_eq!(world.accounts.get("env-one").map(|view| view.id), None, "it came with the environment");
    let told = world.accounts.add_from_environment(env_account("wild"), &credential).await.unwrap();
    assert_eq!(told, None);
    assert!(world.accounts.get("env-one").unwrap().ephemeral);

    let world = World::new().await;
    let broken = world.accounts.add_from_environment(env_account("wild"), &json!({})).await;
    assert_eq!(broken.unwrap_err().code(), "invalid_account");
    let elsewhere = Account { endpoint_url: Some("http://example.com".into()), ..env_account("wild") };
    let broken = world.accounts.add_from_environment(elsewhere, &credential).await;
    assert_eq!(broken.unwrap_err().code(), "invalid_account");
    assert_eq!(world.accounts.consent("wild"), None);
}

#[tokio::test]
async fn a_rotated_token_outlives_a_restart_until_the_environment_has_another() {
    let given = json!({"key": "old", "refresh_token": "first"});
    let world = World::new().await;
    join(&world, &given).await;
    world.provider.will([Answer::Session(100, Some(ROTATED))]);
    let entry = world.accounts.entry("env-one").unwrap();
    world.accounts.session(&entry).await.unwrap();
    assert!(world.core.accounts().await.unwrap().is_empty(), "the account itself is not stored");

    let world = world.restart().await;
    join(&world, &json!({"key": "new", "refresh_token": "first", "more": 1})).await;
    let expected = json!({"key": "new", "refresh_token": "second", "access_token": "at", "more": 1});
    assert_eq!(held(&world), expected, "the token is the rotated one, the rest is the environment's");

    let third = r#"{"key":"new","refresh_token":"third"}"#;
    world.provider.will([Answer::Session(100, Some(third))]);
    let entry = world.accounts.entry("env-one").unwrap();
    world.accounts.session(&entry).await.unwrap();
    let world = world.restart().await;
    join(&world, &given).await;
    assert_eq!(
        held(&world)["refresh_token"],
        "third",
        "it is known by the environment's, however often it changed"
    );

    let other = json!({"key": "old", "refresh_token": "other"});
    join(&world, &other).await;
    assert_eq!(held(&world), other);
}

#[tokio::test]
async fn a_token_that_was_not_rotated_is_not_stored() {
    let world = World::new().await;
    let given = json!({"key": "old", "refresh_token": "first"});
    join(&world, &given).await;
    world.provider.will([Answer::Fail(Category::Upstream), Answer::Session(100, None)]);
    let entry = world.accounts.entry("env-one").unwrap();
    world.accounts.session(&entry).await.unwrap_err();
    world.clock.pass(5);
    world.accounts.session(&entry).await.unwrap();
    let world = world.restart().await;
    join(&world, &given).await;
    assert_eq!(held(&world), given);
}
