//! Upstreams: where to send, how to sign, which wire a model speaks, what it costs.
//!
//! A provider is an endpoint plus an identity. It owns its vendor's quirks; nothing above this crate knows that
//! InvokeModel wants `anthropic_version` in the body. A new provider is one folder and one line in the registry.

mod address;
mod amazon_q;
mod bedrock;
mod description;
mod embedding;
mod estimate;
mod fields;
mod found;
mod frames;
mod http;
mod hurdle;
mod login;
mod nearest;
mod options;
mod provider;
mod quota;
mod registry;
mod suffix;
mod told;
#[cfg(test)]
mod upstream;

use std::sync::Arc;

pub use address::is_region;
pub use amazon_q::{AmazonQ, AmazonQOptions, Bearer, HostTemplates, SignIn, TokenKind};
pub use bedrock::{
    Available, Bedrock, BedrockOptions, Catalog, Clock, EndpointEnvironment, Entry, ProfileOptions,
    Residency, Resolver, SANDBOX_ACCESS_KEY_ID, SANDBOX_SECRET_ACCESS_KEY,
};
pub use description::{CredentialKind, Description, Field, Policy};
pub use embedding::{Embed, Embedded};
pub use found::{Databases, Elsewhere, Found, FoundKind, OwnSignIn, Places, Program, Variables};
pub use frames::{ChunkStream, Frames};
pub use http::{Http, HttpOptions, Patience, Sent, WayOut, Witness, clock_offset, local_client, witnessed};
pub use hurdle::Hurdle;
pub use login::{
    Callback, Choice, Choosing, Doorway, ENTROPY, Failure, Flow, Heard, Login, Moment, Next, Procedure,
    Prompt, Question, Wish,
};
pub use options::{AccountOption, OptionValue};
pub use provider::{
    Account, Begin, Body, ByteStream, Call, CredentialSummary, Identity, Opened, Preferences, Provider,
    Reply, Session, Target, TokenCount, Why,
};
pub use quota::{Overage, Quota, QuotaKind, QuotaPart};
pub use registry::Registry;

/// Every provider there is. `sandbox` is the address of the emulator that plays Bedrock offline, `elsewhere` what of this
/// machine they may look at.
pub fn registry(
    http: &Http,
    endpoints: EndpointEnvironment,
    sandbox: impl Into<String>,
    elsewhere: &Elsewhere,
) -> Registry {
    #[expect(clippy::disallowed_methods, reason = "here the clock of the running program comes in")]
    let clock: Clock = Arc::new(std::time::SystemTime::now);
    let options = BedrockOptions {
        http: http.clone(),
        clock: clock.clone(),
        endpoints,
        profiles: ProfileOptions::default(),
    };
    let kiro = AmazonQ::new(AmazonQOptions {
        http: http.clone(),
        clock: clock.clone(),
        hosts: HostTemplates::default(),
    });
    Registry::new([
        Arc::new(Bedrock::new(options).beside(elsewhere.clone())) as Arc<dyn Provider>,
        Arc::new(Bedrock::sandbox(sandbox.into(), http.clone(), clock)),
        Arc::new(kiro.beside(elsewhere.clone())),
    ])
}
