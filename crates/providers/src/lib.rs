//! Upstreams: where to send, how to sign, which wire a model speaks, what it costs.
//!
//! A provider is an endpoint plus an identity. It owns its vendor's quirks; nothing above this crate knows that
//! InvokeModel wants `anthropic_version` in the body. A new provider is one folder and one line in the registry.

mod bedrock;
mod http;
mod provider;

pub use bedrock::{Available, Catalog, EndpointEnvironment, Entry, ProfileOptions, Residency, Resolver};
pub use http::{Http, HttpOptions};
pub use provider::{
    Account, Body, ByteStream, Call, CredentialKind, CredentialSummary, Description, Field, Identity, Opened,
    Policy, Provider, Registry, Reply, Session, Target, TokenCount, Why,
};
