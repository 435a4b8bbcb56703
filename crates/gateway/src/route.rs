//! Where a request may go: accounts in order, each with the model the asked name means there.

use std::sync::Arc;

use accounts::Entry;
use llm::{Category, Error};
use providers::Target;

use crate::state::Gateway;

/// The stops of one request, best first; never empty.
pub(crate) struct Plan {
    pub(crate) stops: Vec<Stop>,
    /// Go on also past a used-up quota or a suspension.
    pub(crate) on_quota: bool,
}

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
pub(crate) fn plan(gateway: &Gateway, model: &str) -> Result<Plan, Error> {
    let settings = gateway.settings.load();
    let aliases = settings.model_aliases.iter();
    let meant = aliases.clone().find(|(alias, _)| *alias == model);
    // Names of models are not case-sensitive anywhere else either.
    let meant = meant.or_else(|| aliases.clone().find(|(alias, _)| alias.eq_ignore_ascii_case(model)));
    let model = meant.map_or(model, |(_, meant)| meant.as_str());
    let plan = gateway.accounts.plan();
    if let Some(refusal) = plan.refusal() {
        return Err(refusal);
    }
    let mut unknown = None;
    let mut stops = Vec::with_capacity(plan.entries.len());
    for entry in plan.entries {
        match entry.provider.resolve(&entry.account, model) {
            Ok(target) => stops.push(Stop { entry, target }),
            Err(error) => {
                unknown.get_or_insert(error);
            }
        }
    }
    if stops.is_empty() {
        return Err(unknown
            .unwrap_or_else(|| Error::new(Category::ModelNotFound, format!("No account serves {model}."))));
    }
    Ok(Plan { stops, on_quota: plan.on_quota })
}

#[cfg(test)]
mod tests {
    use accounts::NewAccount;
    use serde_json::json;

    use super::*;
    use crate::Settings;
    use crate::house::House;

    #[tokio::test]
    async fn an_alias_is_found_however_it_is_written() {
        let house = House::new().await;
        let new = json!({
            "name": "a", "provider": "invented", "region": "us-east-1",
            "credential": {"kind": "api_key", "api_key": "sk-1234"},
        });
        let new: NewAccount = serde_json::from_value(new).unwrap();
        house.gateway.accounts.add(new).await.unwrap();
        let aliases = [("Fast", "small"), ("fast", "broken")];
        let model_aliases = aliases.map(|(alias, model)| (alias.to_owned(), model.to_owned())).into();
        house.gateway.apply(Settings { model_aliases, ..Settings::default() });
        for (asked, meant) in [("Fast", "small"), ("fast", "broken"), ("FAST", "small"), ("small", "small")] {
            let plan = plan(&house.gateway, asked).unwrap();
            assert_eq!(plan.stops[0].target.model.name, meant, "{asked}");
        }
        let unknown = plan(&house.gateway, "slow").err().map(|error| error.category);
        assert_eq!(unknown, Some(Category::ModelNotFound));
    }
}
