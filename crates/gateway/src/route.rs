//! Where a request may go: accounts in order, each with the model the asked name means there.

use std::sync::Arc;

use accounts::{Entry, Plan};
use llm::{Category, Error};
use providers::Target;

use crate::state::Gateway;

/// An account that may serve a request, and with which model.
pub(crate) struct Stop {
    pub(crate) entry: Arc<Entry>,
    pub(crate) target: Target,
}

/// Resolves `model` for every account that is ready, in the person's order.
///
/// # Errors
/// [`Category::AllCooling`] with the soonest time when all accounts rest, [`Category::ModelNotFound`] when none
/// knows the model, [`Category::NoCredentials`] when there is no account at all.
pub(crate) fn plan(gateway: &Gateway, model: &str) -> Result<Vec<Stop>, Error> {
    let settings = gateway.settings.load();
    let model = settings.alias(model);
    let Plan { ready, soonest } = gateway.accounts.plan();
    let mut unknown = None;
    let mut stops = Vec::with_capacity(ready.len());
    for entry in ready {
        match entry.provider.resolve(&entry.account, model) {
            Ok(target) => stops.push(Stop { entry, target }),
            Err(error) => {
                unknown.get_or_insert(error);
            }
        }
    }
    if !stops.is_empty() {
        return Ok(stops);
    }
    match (unknown, soonest) {
        (Some(error), _) => Err(error),
        (None, Some(wait)) => Err(Error::new(
            Category::AllCooling,
            format!("Every account rests after errors; the first is ready in {} s.", wait.as_secs().max(1)),
        )
        .with_retry_after(wait)),
        (None, None) => Err(Error::new(
            Category::NoCredentials,
            "No account can answer: add one, or sign in again, in Switchboard.",
        )),
    }
}
