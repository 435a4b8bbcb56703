//! Who we are at Kiro: a bearer token, and what the service must be told about it.

use llm::Secret;
use wire::amazon_q::Shape;

use super::sign_ins::SignIn;

/// A token ready to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub token: Secret,
    pub kind: TokenKind,
    /// The form of request that the service accepts this token in.
    pub shape: Shape,
    /// `arn:aws:codewhisperer:…:profile/…`; API keys and most Builder IDs have none.
    pub profile_arn: Option<String>,
    /// Under which it is remembered what the service said to the one who holds it.
    pub sign_in: SignIn,
}

/// What sort of token it is; all but AWS's own must be announced in the `tokentype` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Of AWS's sign-in or Kiro's own.
    Aws,
    /// A `ksk_` key.
    ApiKey,
    /// Of an organisation's own identity provider.
    ExternalIdp,
}
