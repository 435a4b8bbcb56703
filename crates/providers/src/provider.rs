//! What every provider offers, and the values that pass between it and the pipeline.

use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use llm::{CacheMark, Effort, Error, Model, Request, Secret, Whole, Wire};
use serde_json::Value;
use wire::{Detail, FrameReader};

use crate::amazon_q::Bearer;
use crate::description::Description;
use crate::embedding::{Embed, Embedded};
use crate::found::Found;
use crate::frames::ChunkStream;
use crate::http::Patience;
use crate::hurdle::Hurdle;
use crate::login::{ENTROPY, Heard, Procedure, Question, Wish};
use crate::quota::Quota;

/// An account as its provider sees it. The credential is kept apart, in the vault.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub name: String,
    /// Id of its provider, e.g. `bedrock`.
    pub provider: String,
    /// AWS region, e.g. `us-east-1`.
    pub region: String,
    /// One address for every host role of this account; loopback or https.
    pub endpoint_url: Option<String>,
    /// Provider-specific settings (`claude_route`, `prefer_global`, ...), a JSON object.
    pub options: Value,
}

/// Who we are upstream, ready to use: only the vault hands one out, so it is fresh.
#[derive(Clone, Debug)]
pub struct Session {
    pub account: Arc<Account>,
    pub identity: Identity,
    /// When it stops working; `None` for keys that do not expire.
    pub expires: Option<SystemTime>,
    /// Seconds to add to our clock when signing, learned from the upstream's `Date`.
    pub clock_offset: i64,
}

/// What proves who we are.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Signs with SigV4. The credentials type redacts itself in `Debug`.
    SigV4(aws_credential_types::Credentials),
    /// Sent as `Authorization: Bearer`.
    Bearer(Secret),
    /// A Kiro or Amazon Q token, with what it may do.
    Kiro(Bearer),
}

/// Why a session is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is none yet.
    First,
    /// The one at hand expires soon.
    Expiring,
    /// The upstream refused the one at hand.
    Rejected,
    /// The opening before asked for another ([`Opened::again`]): what it brought is stored, and is used as it is.
    Unfinished,
}

/// A fresh session, and the credential to store before the session is used when the vendor rotated it.
#[derive(Debug)]
pub struct Opened {
    pub session: Session,
    pub rotated: Option<Secret>,
    /// The session lacks what only it can be used to ask for. Opened again once `rotated` is stored, it is whole: a
    /// rotated token must not wait for a second answer before it is safe.
    pub again: bool,
}

/// A model of an account that shall answer a request.
#[derive(Clone, Debug)]
pub struct Target {
    pub model: Arc<Model>,
    /// Effort from a suffix of the asked name (`-thinking`, `-high`); beats what the body says.
    pub effort: Option<Effort>,
    /// The one-million-token window was asked for by `[1m]` or `-1m`.
    pub long_context: bool,
}

/// What the person prefers for all accounts; an account's own options of the same names win.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Marks prompts of clients that know no prompt caching.
    pub auto_cache: Option<CacheMark>,
    /// Worldwide inference profiles first: cheaper, but the data may leave the continent.
    pub prefer_global: bool,
    /// Never worldwide inference profiles; wins over `prefer_global`.
    pub forbid_global: bool,
    /// How long an upstream may be silent.
    pub patience: Patience,
}

/// One request to send.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub asked: &'a Request,
    pub target: &'a Target,
    /// How much of each frame the client's codec needs.
    pub detail: Detail,
}

/// Bytes of an answer as they arrive. Dropping it closes the upstream request.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// An answer whose status was good.
pub struct Reply {
    /// The wire the answer is in.
    pub wire: Wire,
    /// The upstream's id of the request.
    pub request_id: Option<String>,
    /// The upstream's clock, as its `Date` header tells it.
    pub date: Option<String>,
    /// What was changed in the request on the way, as stable tokens like `max_tokens:64000` or
    /// `temperature:dropped`.
    pub adjustments: Vec<String>,
    /// Requests this took, self-healing retries included.
    pub attempts: u32,
    pub body: Body,
}

/// The forms of an answer.
pub enum Body {
    /// Frames: feed the bytes to the reader.
    Stream { bytes: ByteStream, reader: Box<dyn FrameReader> },
    /// Chunks that took more than one exchange, in another wire than the client's: what they mean.
    Chunks(ChunkStream),
    /// One piece, in the client's own wire.
    Whole(Whole),
    /// One piece, in another wire than the client's: its meaning.
    Answer(Box<llm::Answer>),
}

/// Tokens of a request's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCount {
    pub input: u64,
    /// True when we counted characters instead of asking.
    pub estimated: bool,
}

/// What may be shown of a credential.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CredentialSummary {
    pub kind: String,
    /// E.g. `AKIA…WXYZ` or a profile's name; never a secret.
    pub label: String,
}

/// A sign-in that begins.
#[derive(Clone, Copy)]
pub struct Begin<'a> {
    /// The account as it is or will be; one that will be has no id.
    pub account: &'a Account,
    pub wish: &'a Wish,
    /// The credential that the new one takes the place of.
    pub old: Option<&'a Value>,
    /// All is to be as it was: what was chosen then is not asked again.
    pub renew: bool,
    /// Fresh randomness.
    pub entropy: &'a [u8; ENTROPY],
}

impl std::fmt::Debug for Begin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begin")
            .field("account", &self.account.name)
            .field("login", &self.wish.login)
            .finish_non_exhaustive()
    }
}

/// An upstream vendor.
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// The stable id, e.g. `bedrock`.
    fn id(&self) -> &'static str;

    fn describe(&self) -> Description;

    /// Takes the person's preferences for all accounts, from the next request on.
    fn prefer(&self, preferences: Preferences) {
        let _ = preferences;
    }

    /// Checks region, endpoint and credential of an account before it is stored. `credential` is the JSON object
    /// of the admin API.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] naming the field.
    fn check(&self, account: &Account, credential: &Value) -> Result<CredentialSummary, Error>;

    /// Makes a session from a stored credential. The vault sees to it that one call an account is under way.
    ///
    /// # Errors
    /// [`llm::Category::NoCredentials`] when the person must act, [`llm::Category::Unreachable`] and friends when
    /// it may work later.
    fn open<'a>(
        &'a self,
        account: &'a Arc<Account>,
        credential: &'a Secret,
        why: Why,
    ) -> BoxFuture<'a, Result<Opened, Error>>;

    /// Whether [`open`](Self::open) makes a first session of a credential as it is: with nobody asked, and so at once.
    fn is_ready(&self, credential: &Secret) -> bool {
        let _ = credential;
        false
    }

    /// The machine slept, or its network changed: connections that were kept open are dead, though nothing said so.
    fn woke(&self) {}

    /// Begins a sign-in with the help of a browser.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] naming the field.
    fn begin(&self, begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
        let _ = begin;
        Err(Error::invalid("This provider has no sign-in of this kind.").with_param("login"))
    }

    /// What stands between an account and a model that it was refused, as far as the vendor tells; nothing when it does
    /// not.
    ///
    /// # Errors
    /// Those of the way there.
    fn hurdles<'a>(
        &'a self,
        session: &'a Session,
        model: &'a Model,
    ) -> BoxFuture<'a, Result<Vec<Hurdle>, Error>> {
        let _ = (session, model);
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Sends what a sign-in for an account asks.
    ///
    /// # Errors
    /// Those of the way there; an answer of any status is one.
    fn ask<'a>(&'a self, account: &'a Account, question: Question) -> BoxFuture<'a, Result<Heard, Error>> {
        let _ = (account, question);
        Box::pin(async { Err(Error::new(llm::Category::Internal, "This provider asks nothing.")) })
    }

    /// What other programs of this machine keep for this provider.
    fn found(&self) -> BoxFuture<'_, Vec<Found>> {
        Box::pin(async { Vec::new() })
    }

    /// What to wish for to renew a credential in the way that it was got; `None` when that is not known.
    fn wish_again(&self, credential: &Value) -> Option<Wish> {
        let _ = credential;
        None
    }

    /// When the person must sign in again at the latest, as far as the stored credential tells.
    fn sign_in_ends(&self, credential: &Secret) -> Option<SystemTime> {
        let _ = credential;
        None
    }

    /// Finds the model that `asked` means for this account, from what is known without asking the upstream.
    ///
    /// # Errors
    /// [`llm::Category::ModelNotFound`] with up to three suggestions in its message.
    fn resolve(&self, account: &Account, asked: &str) -> Result<Target, Error>;

    /// The wire in which a model of the account would be asked, for a client of the wire `asked`, as far as is known
    /// before.
    fn wire(&self, account: &Account, model: &Model, asked: Wire) -> Wire {
        let _ = (account, asked);
        model.wire
    }

    /// Sends a request and returns once the upstream said yes or no.
    fn send<'a>(&'a self, session: &'a Session, call: Call<'a>) -> BoxFuture<'a, Result<Reply, Error>>;

    /// Counts the input tokens of a request; falls back to an estimate on anything but an authentication error.
    fn count_tokens<'a>(
        &'a self,
        session: &'a Session,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<TokenCount, Error>>;

    /// The embedding model that `asked` means for this account; `None` where it has none of the name.
    fn embedder(&self, account: &Account, asked: &str) -> Option<Arc<Model>> {
        let _ = (account, asked);
        None
    }

    /// Turns texts into vectors with a model that [`Self::embedder`] named, by its id.
    ///
    /// # Errors
    /// What the upstream said; [`llm::Category::Unsupported`] for a length of vectors that is not the model's.
    fn embed<'a>(
        &'a self,
        session: &'a Session,
        model: &'a str,
        wanted: &'a Embed,
    ) -> BoxFuture<'a, Result<Embedded, Error>> {
        let _ = (session, model, wanted);
        Box::pin(async {
            Err(Error::new(llm::Category::ModelNotFound, "This provider makes no embeddings."))
        })
    }

    /// Models this account serves, cached by the provider for an hour.
    fn models<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Vec<Arc<Model>>, Error>>;

    /// Models known for the account without asking.
    fn known_models(&self, account: &Account) -> Vec<Arc<Model>>;

    /// The name of the model that a test of the account asks, where prices do not tell which costs least.
    fn cheapest(&self, account: &Account) -> Option<String> {
        let _ = account;
        None
    }

    /// How much of the account's allowance is used; `None` where the vendor sells none. Asks the upstream.
    ///
    /// # Errors
    /// Those of the request.
    fn quota<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Option<Quota>, Error>> {
        let _ = session;
        Box::pin(async { Ok(None) })
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a model said is the person's: it never reaches a log through Debug.
        f.write_str(match self {
            Self::Stream { .. } => "Stream",
            Self::Chunks(_) => "Chunks",
            Self::Whole(_) => "Whole",
            Self::Answer(_) => "Answer",
        })
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("wire", &self.wire)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
