//! Amazon Q Developer / Kiro: one service under two names, reached with the person's own sign-in.
//!
//! The vendor documents the wire to nobody and does not permit it to third-party harnesses, which every person is told
//! before the first account is added. Nothing here pretends to be another client.

mod bearer;
mod conversation;
mod credentials;
mod exchange;
mod facts;
#[cfg(test)]
mod fixture;
mod hosts;
mod kept;
mod lessons;
mod list;
mod logins;
mod name;
mod operation;
mod options;
mod resolve;
mod search;
mod send;
mod sign_ins;
mod table;
mod usage;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use llm::{Category, Error, Model, Secret};
use serde_json::Value;

pub use bearer::{Bearer, TokenKind};
pub use hosts::HostTemplates;
pub use sign_ins::SignIn;

use crate::{
    Account, Begin, Call, Clock, CredentialSummary, Description, Elsewhere, Found, Heard, Http, Identity,
    Opened, Policy, Preferences, Procedure, Provider, Question, Quota, Reply, Session, Target, TokenCount,
    Why, Wish, estimate,
};
use credentials::{Doubts, Ended, Lent, Unfinished};
use hosts::Worked;
use lessons::Lessons;
use list::Lists;
use resolve::Resolver;
use search::Toggles;
use sign_ins::SignIns;

/// What the person must know and agree to before the first account is added.
const POLICY_NOTE: &str = "Kiro and Amazon Q Developer have no documented API for other programs, and Kiro's FAQ does \
    not permit use through third-party harnesses outside its own interfaces; AWS has said that such use may trigger \
    automated flags, and accounts have been suspended. Use only an account that is your own, and only for yourself: \
    Switchboard sends its own name, never another program's, and never goes on to another account to get around a \
    limit or a suspension unless you turn that on. The vendor may change or close this way at any time; Amazon Q \
    Developer's IDE plug-ins end on 2027-04-30. If you depend on this account, ask AWS first or use Amazon Bedrock.";

/// What the provider needs from outside.
#[derive(Clone)]
pub struct AmazonQOptions {
    pub http: Http,
    pub clock: Clock,
    pub hosts: HostTemplates,
}

/// The provider, with what it learned since the start. A clone shares that.
#[derive(Clone)]
pub struct AmazonQ {
    http: Http,
    clock: Clock,
    hosts: HostTemplates,
    worked: Arc<Worked>,
    lists: Arc<Lists>,
    lessons: Arc<Lessons>,
    unfinished: Arc<Unfinished>,
    doubts: Arc<Doubts>,
    ended: Arc<Ended>,
    lent: Arc<Lent>,
    elsewhere: Elsewhere,
    sign_ins: Arc<SignIns>,
    toggles: Arc<Toggles>,
    /// How long a control host may be silent while there is another.
    host_patience: Duration,
}

impl AmazonQ {
    #[must_use]
    pub fn new(options: AmazonQOptions) -> Self {
        let AmazonQOptions { http, clock, hosts } = options;
        Self {
            http,
            clock,
            hosts,
            worked: Arc::default(),
            lists: Arc::default(),
            lessons: Arc::default(),
            unfinished: Arc::default(),
            doubts: Arc::default(),
            ended: Arc::default(),
            lent: Arc::default(),
            elsewhere: Elsewhere::default(),
            sign_ins: Arc::default(),
            toggles: Arc::default(),
            host_patience: exchange::HOST_PATIENCE,
        }
    }

    /// Looks for logins there.
    #[must_use]
    pub fn beside(self, elsewhere: Elsewhere) -> Self {
        Self { elsewhere, ..self }
    }

    /// Runs `look` with what is known of an account's models.
    fn with_resolver<T>(&self, account: &Account, look: impl FnOnce(&Resolver<'_>) -> T) -> T {
        let list = self.lists.of(self.sign_ins.of(account), account, (self.clock)());
        let models = list.as_ref().map_or_else(|| table::models(), |list| &list.models);
        look(&Resolver { models, options: &account.options })
    }
}

impl AmazonQ {
    /// What was learned with a credential that is no longer the account's.
    fn forget(&self, sign_in: SignIn) {
        self.worked.forget(sign_in);
        self.lists.forget(sign_in);
        self.toggles.forget(sign_in);
        self.unfinished.forget(sign_in);
        self.doubts.forget(sign_in);
        self.lent.forget(sign_in);
    }
}

/// The token of a session.
///
/// # Errors
/// [`Category::Internal`] when the session is another provider's.
fn bearer(session: &Session) -> Result<&Bearer, Error> {
    match &session.identity {
        Identity::Kiro(bearer) => Ok(bearer),
        _ => Err(Error::new(Category::Internal, "Another provider's session was handed to Kiro.")),
    }
}

impl Provider for AmazonQ {
    fn id(&self) -> &'static str {
        "amazon_q"
    }

    fn prefer(&self, preferences: Preferences) {
        self.http.wait(preferences.patience);
    }

    fn describe(&self) -> Description {
        Description {
            id: self.id(),
            name: "Kiro / Amazon Q Developer",
            policy: Policy::UndocumentedWire,
            policy_note: Some(POLICY_NOTE),
            regions: hosts::REGIONS,
            credentials: credentials::kinds(),
            logins: logins::ways(),
            options: options::offered(),
        }
    }

    fn check(&self, account: &Account, credential: &Value) -> Result<CredentialSummary, Error> {
        options::check(&account.options)?;
        let summary = credentials::check(account, credential)?;
        // Checked is what the person enters, or stood by when they changed the account.
        self.entered(account, credential);
        Ok(summary)
    }

    fn open<'a>(
        &'a self,
        account: &'a Arc<Account>,
        credential: &'a Secret,
        why: Why,
    ) -> BoxFuture<'a, Result<Opened, Error>> {
        Box::pin(self.opened(account, credential, why))
    }

    fn is_ready(&self, credential: &Secret) -> bool {
        self.has_token(credential)
    }

    fn woke(&self) {
        self.http.renew();
    }

    fn begin(&self, begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
        logins::begin(&self.hosts, begin)
    }

    fn ask<'a>(&'a self, account: &'a Account, question: Question) -> BoxFuture<'a, Result<Heard, Error>> {
        Box::pin(async { self.http.of(account).ask(question).await })
    }

    fn found(&self) -> BoxFuture<'_, Vec<Found>> {
        let Elsewhere { places, databases } = self.elsewhere.clone();
        Box::pin(async move {
            let Some(places) = places else { return Vec::new() };
            let look = move || kept::all(&places, databases.as_deref());
            tokio::task::spawn_blocking(look).await.unwrap_or_default()
        })
    }

    fn wish_again(&self, credential: &Value) -> Option<Wish> {
        // A few lines of a file, when a person asks for it.
        let Elsewhere { places, databases } = &self.elsewhere;
        let kept = || kept::wish(credential, places.as_deref()?, databases.as_deref());
        logins::again(credential).or_else(kept)
    }

    fn sign_in_ends(&self, credential: &Secret) -> Option<SystemTime> {
        logins::ends(credential)
    }

    fn resolve(&self, account: &Account, asked: &str) -> Result<Target, Error> {
        self.with_resolver(account, |resolver| resolver.resolve(asked))
    }

    fn send<'a>(&'a self, session: &'a Session, call: Call<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(self.answer(session, call))
    }

    fn count_tokens<'a>(
        &'a self,
        _: &'a Session,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<TokenCount, Error>> {
        // The service counts for nobody.
        Box::pin(async move {
            let input = estimate::count(call.asked, &call.target.model).await?;
            Ok(TokenCount { input, estimated: true })
        })
    }

    fn models<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Vec<Arc<Model>>, Error>> {
        Box::pin(async {
            self.list(session).await?;
            Ok(self.known_models(&session.account))
        })
    }

    fn known_models(&self, account: &Account) -> Vec<Arc<Model>> {
        self.with_resolver(account, |resolver| resolver.known_models())
    }

    fn cheapest(&self, account: &Account) -> Option<String> {
        self.lists.of(self.sign_ins.of(account), account, (self.clock)())?.cheapest()
    }

    fn quota<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Option<Quota>, Error>> {
        Box::pin(async { self.usage(session).await.map(Some) })
    }
}

impl fmt::Debug for AmazonQ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmazonQ").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl fmt::Debug for AmazonQOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmazonQOptions").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
