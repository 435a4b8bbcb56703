//! Other regions of the same account, for what the first one cannot answer now. Only those that the person named: where
//! data is processed, and what is paid for it, is theirs to say.

use std::sync::Arc;

use llm::{Category, Error};
use serde_json::Value;

use super::Bedrock;
use super::endpoint::check_region;
use crate::{Account, Call, Reply, Session, Target};

/// The account's option: an array of regions, in the order to try.
pub(super) const FALLBACK: &str = "fallback_regions";

/// More are no help to somebody who waits.
const MOST: usize = 5;

impl Bedrock {
    /// Answers, in the account's region or the next one of its list that can.
    ///
    /// # Errors
    /// What the account's own region said: the others are its stand-ins.
    pub(super) async fn answer(&self, session: &Session, call: Call<'_>) -> Result<Reply, Error> {
        let error = match self.answer_in_kind(session, call).await {
            Err(error) if may_go_on(&error) => error,
            done => return done,
        };
        for region in regions(&session.account.options) {
            let account = Account { region: region.to_owned(), ..Account::clone(&session.account) };
            // Its profiles have other prefixes there, and it may not be there at all.
            let Ok(Target { model, .. }) = crate::Provider::resolve(self, &account, &call.target.model.name)
            else {
                continue;
            };
            let target = Target { model, ..call.target.clone() };
            let there = Session { account: Arc::new(account), ..session.clone() };
            tracing::info!(region, model = %target.model.id, "asking another region");
            if let Ok(mut reply) = self.answer_in_kind(&there, Call { target: &target, ..call }).await {
                reply.adjustments.push(format!("region:{region}"));
                return Ok(reply);
            }
        }
        Err(error)
    }
}

/// Whether another region may do better: this one has no room, does not have the model, or is not there.
const fn may_go_on(error: &Error) -> bool {
    matches!(
        error.category,
        Category::RateLimited | Category::Overloaded | Category::ModelNotFound | Category::Unreachable
    )
}

fn regions(options: &Value) -> impl Iterator<Item = &str> {
    options.get(FALLBACK).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// What is wrong with such a list, if anything.
pub(super) fn complaint(value: &Value) -> Option<&'static str> {
    let is_region = |region: &Value| region.as_str().is_some_and(|region| check_region(region).is_ok());
    let good = value.as_array().is_some_and(|list| list.len() <= MOST && list.iter().all(is_region));
    (!good).then_some("must be a list of up to five regions like us-west-2")
}
