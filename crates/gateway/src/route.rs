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
