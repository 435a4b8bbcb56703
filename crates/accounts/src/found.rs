//! What other programs of this machine keep, shown to the person and taken into use where they say so.

use std::fmt;

use providers::Found;
use serde::{Deserialize, Serialize};

use crate::{AccountView, Accounts, ConsentBy, Error, NewAccount, NewSignIn, SignInView};

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct FoundView {
    #[serde(flatten)]
    pub found: Found,
    /// It can be used as it is.
    pub usable: bool,
    /// The account that uses it already.
    pub account: Option<String>,
}

/// One thing that the person wants to use.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundWish {
    /// [`Found::id`].
    pub id: String,
    /// A name for the account; without it the one that was proposed, with a number when that is taken.
    #[serde(default)]
    pub name: Option<String>,
    /// One address for all services of the account, as of one that is added by hand.
    #[serde(default)]
    pub endpoint_url: Option<String>,
    /// Sign in to the same place with Switchboard itself, which touches nothing of the other program. What cannot be used
    /// as it is needs that.
    #[serde(default)]
    pub own: bool,
}

/// What came of a wish: an account, a sign-in that the person goes on with, or why not.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Imported {
    pub id: String,
    pub account: Option<AccountView>,
    pub sign_in: Option<SignInView>,
    pub problem: Option<ImportProblem>,
}

/// Why something was not taken into use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ImportProblem {
    /// The code of [`Error`], or `found_gone`, `found_in_use`, `found_unusable`.
    pub code: String,
    pub message: String,
}

/// How the person read the policy note, if they did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    pub accepted: bool,
    pub by: ConsentBy,
}

impl fmt::Debug for FoundWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundWish").field("id", &self.id).field("own", &self.own).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Looks at what other programs of this machine keep.
    pub async fn found(&self) -> Vec<FoundView> {
        let mut all = Vec::new();
        for provider in self.inner.registry.iter() {
            all.extend(provider.found().await);
        }
        let accounts = self.list();
        all.into_iter().map(|found| self.view_of(found, &accounts)).collect()
    }

    fn view_of(&self, found: Found, accounts: &[AccountView]) -> FoundView {
        let credential = found.credential.as_ref().and_then(|credential| {
            let provider = self.inner.registry.get(found.provider)?;
            let nobody = providers::Account {
                id: String::new(),
                name: found.name.clone(),
                provider: found.provider.to_owned(),
                region: String::new(),
                endpoint_url: None,
                options: serde_json::Value::Null,
            };
            provider.check(&nobody, credential).ok()
        });
        let uses = |account: &&AccountView| {
            let same = account.provider == found.provider && Some(&account.credential) == credential.as_ref();
            same || found.brought.as_ref() == Some(&account.id)
        };
        let account = accounts.iter().find(uses).map(|account| account.id.clone());
        FoundView { usable: credential.is_some(), account, found }
    }

    /// Takes into use what the person chose, one after the other: what is wrong with one stops no other.
    ///
    /// # Errors
    /// [`Error::PolicyConsentRequired`] when a provider's note must be read first; nothing was done then.
    pub async fn import_found(
        &self,
        wishes: Vec<FoundWish>,
        policy: Accepted,
    ) -> Result<Vec<Imported>, Error> {
        let all = self.found().await;
        let find = |wish: &FoundWish| all.iter().find(|view| view.found.id == wish.id);
        for view in wishes.iter().filter_map(find) {
            let provider = self.inner.provider(view.found.provider)?;
            let note = self.inner.needs_consent(provider.as_ref());
            if let Some(note) = note.filter(|_| !policy.accepted) {
                return Err(Error::PolicyConsentRequired { provider: provider.id(), note });
            }
        }
        let mut done = Vec::new();
        for wish in wishes {
            let view = find(&wish);
            done.push(self.import_one(wish, view, policy).await);
        }
        Ok(done)
    }

    async fn import_one(&self, wish: FoundWish, view: Option<&FoundView>, policy: Accepted) -> Imported {
        let mut imported = Imported { id: wish.id.clone(), account: None, sign_in: None, problem: None };
        let mut problem = |code: &str, message: String| {
            imported.problem = Some(ImportProblem { code: code.to_owned(), message });
        };
        let Some(FoundView { found, usable, account }) = view else {
            problem("found_gone", "This is not on the machine any more.".to_owned());
            return imported;
        };
        let own = found.sign_in.as_ref().filter(|_| wish.own || !usable);
        if account.is_some() && own.is_none() {
            problem("found_in_use", "An account uses this already.".to_owned());
            return imported;
        }
        let name = wish.name.unwrap_or_else(|| self.free_name(&found.name));
        let outcome = match (own, &found.credential) {
            (Some(own), _) => {
                let begun = self.begin_sign_in(NewSignIn {
                    account: None,
                    provider: found.provider.to_owned(),
                    name,
                    // A directory may stand in another region than the models; it is the best guess there is.
                    region: found.region.clone().filter(|_| found.provider == "bedrock").unwrap_or_default(),
                    endpoint_url: wish.endpoint_url,
                    options: serde_json::Value::Null,
                    login: Some(own.login.clone()),
                    flow: None,
                    fields: own.fields.clone(),
                    policy_accepted: policy.accepted,
                    policy_accepted_by: policy.by,
                });
                begun.map(|sign_in| imported.sign_in = Some(sign_in))
            }
            (None, Some(credential)) if *usable && !wish.own => {
                let added = self.add(NewAccount {
                    name,
                    provider: found.provider.to_owned(),
                    // A profile brings its own, and goes on doing so when it changes.
                    region: String::new(),
                    endpoint_url: wish.endpoint_url,
                    credential: credential.clone(),
                    options: serde_json::Value::Null,
                    tags: Vec::new(),
                    note: String::new(),
                    policy_accepted: policy.accepted,
                    policy_accepted_by: policy.by,
                });
                added.await.map(|account| imported.account = Some(account))
            }
            _ => {
                problem("found_unusable", "Switchboard cannot use this. Add the account by hand.".to_owned());
                return imported;
            }
        };
        if let Err(error) = outcome {
            let problem = ImportProblem { code: error.code().to_owned(), message: error.to_string() };
            imported.problem = Some(problem);
        }
        imported
    }

    /// The name, with a number where it is taken.
    fn free_name(&self, name: &str) -> String {
        let numbered = (2..1000).map(|number| format!("{name} {number}"));
        let mut all = std::iter::once(name.to_owned()).chain(numbered);
        all.find(|name| self.inner.check_free(name, None).is_ok()).unwrap_or_else(|| name.to_owned())
    }
}
