//! Asks the active account, in the background, which models it has.
//!
//! A provider finds models by what it knows, and a built-in list cannot know which regions, profiles and brand-new
//! models an account was given. So the account is asked before its first request needs the answer, and nothing
//! waits for it: until then, and where it will not tell, the built-in list serves.

use std::sync::Arc;
use std::time::Duration;

use accounts::{Entry, StateView};
use llm::Error;
use tokio_util::sync::CancellationToken;

use crate::{Gateway, errand};

/// Providers keep a list for an hour.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// The network may not be there yet when the machine has just started.
const AFTER_FAILURE: Duration = Duration::from_secs(5 * 60);

/// Lists the models of the active account: now, whenever another one becomes active or this one is changed, and
/// every hour. Runs until `quit`.
pub async fn keep_models_listed(gateway: Arc<Gateway>, quit: CancellationToken) {
    let mut changes = gateway.accounts.subscribe();
    let mut listed: Option<Arc<Entry>> = None;
    let mut pause = AGAIN;
    loop {
        changes.mark_unchanged();
        let active = gateway.accounts.active().and_then(|id| gateway.accounts.entry(&id));
        let due = |entry: &Arc<Entry>| !is_same(listed.as_ref(), entry) && !waits_for_person(&gateway, entry);
        if let Some(entry) = active.filter(due) {
            let answer = tokio::select! {
                () = quit.cancelled() => return,
                answer = list(&gateway, &entry) => answer,
            };
            pause = AGAIN;
            if let Err(error) = answer {
                pause = AFTER_FAILURE;
                tracing::info!(
                    account = %entry.account.name, category = error.category.name(),
                    "the account's models could not be listed; the built-in list serves"
                );
            }
            listed = Some(entry);
        }
        tokio::select! {
            () = quit.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => listed = None,
        }
    }
}

fn is_same(listed: Option<&Arc<Entry>>, entry: &Arc<Entry>) -> bool {
    listed.is_some_and(|listed| Arc::ptr_eq(listed, entry))
}

/// A sign-in that has ended is not tried all the while; the account is listed once it works again.
fn waits_for_person(gateway: &Gateway, entry: &Entry) -> bool {
    let view = gateway.accounts.get(&entry.account.id);
    view.is_some_and(|view| matches!(view.state, StateView::NeedsSignIn | StateView::Suspended))
}

async fn list(gateway: &Gateway, entry: &Arc<Entry>) -> Result<(), Error> {
    errand::run(gateway, entry, |session| async move { entry.provider.models(&session).await.map(drop) })
        .await
}

#[cfg(test)]
mod tests {
    use accounts::{NewAccount, Outcome};
    use llm::Category;
    use serde_json::json;

    use super::*;
    use crate::house::House;

    async fn add(gateway: &Gateway, name: &str, region: &str) -> String {
        let new = json!({
            "name": name, "provider": "invented", "region": region,
            "credential": {"kind": "api_key", "api_key": "sk-1234"},
        });
        let new: NewAccount = serde_json::from_value(new).unwrap();
        gateway.accounts.add(new).await.unwrap().id
    }

    #[tokio::test]
    async fn the_active_account_is_listed_and_the_next_one_when_it_becomes_active() {
        let mut house = House::new().await;
        let first = add(&house.gateway, "first", "us-east-1").await;
        // This one may not list, which stops nothing.
        let second = add(&house.gateway, "second", "eu-west-1").await;
        house.gateway.accounts.activate(&first).await.unwrap();
        let quit = CancellationToken::new();
        let keeping = keep_models_listed(Arc::clone(&house.gateway), quit.clone());
        let gateway = Arc::clone(&house.gateway);
        let watching = async {
            house.listed.wait_for(|listed| *listed == [first.clone()]).await.unwrap();
            gateway.accounts.activate(&second).await.unwrap();
            house.listed.wait_for(|listed| *listed == [first.clone(), second.clone()]).await.unwrap();
            let third = add(&gateway, "third", "us-east-1").await;
            gateway.accounts.activate(&third).await.unwrap();
            house.listed.wait_for(|listed| listed.last() == Some(&third)).await.unwrap();
            assert_eq!(house.listed.borrow().len(), 3, "each was asked once");
            quit.cancel();
        };
        tokio::join!(keeping, watching);
    }

    #[tokio::test]
    async fn an_account_whose_sign_in_ended_is_listed_when_it_works_again() {
        let mut house = House::new().await;
        let gateway = Arc::clone(&house.gateway);
        let first = add(&gateway, "first", "us-east-1").await;
        let second = add(&gateway, "second", "us-east-1").await;
        let ended = gateway.accounts.entry(&first).unwrap();
        let error = Error::new(Category::NoCredentials, "The sign-in has ended.");
        gateway.accounts.note(&ended, Outcome::Failure(&error));
        let quit = CancellationToken::new();
        let keeping = keep_models_listed(Arc::clone(&house.gateway), quit.clone());
        // By the time the other one is chosen the loop has seen the first.
        let watching = async {
            gateway.accounts.activate(&second).await.unwrap();
            house.listed.wait_for(|listed| listed.last() == Some(&second)).await.unwrap();
            assert_eq!(house.listed.borrow().len(), 1);
            gateway.accounts.activate(&first).await.unwrap();
            house.listed.wait_for(|listed| *listed == [second.clone(), first.clone()]).await.unwrap();
            quit.cancel();
        };
        tokio::join!(keeping, watching);
    }
}
