//! Anthropic Messages: `POST /v1/messages`, and what Claude speaks inside Bedrock.
//!
//! [`server`] is what clients speak to us, [`client`] what we speak to an upstream. Neither knows AWS: endpoint
//! quirks (`anthropic_version`, betas in the body, forbidden members) belong to the provider.

mod blocks;
pub mod client;
mod content;
mod loose;
pub(crate) mod peek;
pub mod server;
mod surgery;
mod usage;

/// Signature we give a thinking block whose model signs nothing. Clients refuse a thinking block without a
/// signature and send it back later; whoever cleans a request up for Claude drops the block by this mark, because
/// Claude accepts only signatures of its own.
pub const UNSIGNED: &str = "switchboard.unsigned.v1";

/// Says whether a vendor signed a thinking block: neither empty nor a proxy's own mark.
///
/// Conversations outlive the proxy they began with, so the mark of another one counts too.
#[must_use]
pub fn is_signed(signature: &str) -> bool {
    !signature.is_empty() && signature != UNSIGNED && signature != "bdrkproxy.unsigned.v1"
}
