//! Names that were resolved before. A conversation asks for the same model with every turn, and a search goes
//! through everything the account can use.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;
use time::Date;

use super::geo::Residency;
use super::list::List;
use crate::{Account, Target};

/// Names kept; people use a handful.
const KEPT: usize = 32;

/// The last few names and what they mean.
#[derive(Debug, Default)]
pub(super) struct Memo(ArcSwap<Vec<Arc<Known>>>);

/// All that decides what a name means, but for the account and the name.
#[derive(Debug)]
pub(super) struct Circumstances {
    pub list: Option<Arc<List>>,
    pub residency: Residency,
    pub today: Date,
}

#[derive(Debug)]
struct Known {
    account: String,
    region: String,
    options: Value,
    circumstances: Circumstances,
    asked: String,
    target: Target,
}

impl Circumstances {
    fn same(&self, other: &Self) -> bool {
        let same_list = match (&self.list, &other.list) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        };
        same_list && self.residency == other.residency && self.today == other.today
    }
}

impl Memo {
    /// What `asked` means to `account`, when that was found out under the same circumstances.
    pub(super) fn recall(&self, account: &Account, now: &Circumstances, asked: &str) -> Option<Target> {
        let all = self.0.load();
        let known = all.iter().find(|known| {
            known.asked == asked
                && known.account == account.id
                && known.region == account.region
                && known.circumstances.same(now)
                && known.options == account.options
        })?;
        Some(known.target.clone())
    }

    /// Keeps what `asked` means, for the oldest one's place.
    pub(super) fn keep(&self, account: &Account, now: Circumstances, asked: &str, target: &Target) {
        let known = Arc::new(Known {
            account: account.id.clone(),
            region: account.region.clone(),
            options: account.options.clone(),
            circumstances: now,
            asked: asked.to_owned(),
            target: target.clone(),
        });
        self.0.rcu(|all| {
            let older = all.iter().filter(|one| one.asked != known.asked || one.account != known.account);
            std::iter::once(&known).chain(older).take(KEPT).cloned().collect::<Vec<_>>()
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bedrock::{Catalog, fixture};

    fn some_target() -> Target {
        let model = Catalog::built_in().iter().next().unwrap().served(None);
        Target { model, effort: None, long_context: false }
    }

    #[test]
    fn nothing_is_recalled_under_other_circumstances() {
        let memo = Memo::default();
        let account = Account::clone(&fixture::session("http://127.0.0.1:1").account);
        let now = |residency| Circumstances { list: None, residency, today: Date::MIN };
        let here = Residency::default();
        let target = some_target();
        memo.keep(&account, now(here), "sonnet", &target);
        let known = memo.recall(&account, &now(here), "sonnet").unwrap();
        assert_eq!(known.model.id, target.model.id);

        assert!(memo.recall(&account, &now(here), "opus").is_none());
        let global = Residency { prefer_global: true, ..here };
        assert!(memo.recall(&account, &now(global), "sonnet").is_none());
        let tomorrow = Circumstances { today: Date::MIN.next_day().unwrap(), ..now(here) };
        assert!(memo.recall(&account, &tomorrow, "sonnet").is_none());
        for other in [
            Account { id: "b".into(), ..account.clone() },
            Account { region: "eu-west-1".into(), ..account.clone() },
            Account { options: json!({"aliases": {"sonnet": "haiku"}}), ..account.clone() },
        ] {
            assert!(memo.recall(&other, &now(here), "sonnet").is_none(), "{other:?}");
        }
    }

    #[test]
    fn old_names_make_room() {
        let memo = Memo::default();
        let account = Account::clone(&fixture::session("http://127.0.0.1:1").account);
        let now = || Circumstances { list: None, residency: Residency::default(), today: Date::MIN };
        let target = some_target();
        for number in 0..=KEPT {
            memo.keep(&account, now(), &format!("model-{number}"), &target);
        }
        assert!(memo.recall(&account, &now(), "model-0").is_none());
        assert!(memo.recall(&account, &now(), "model-1").is_some());
        assert_eq!(memo.0.load().len(), KEPT);
    }
}
