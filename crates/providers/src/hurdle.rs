//! Why a model is refused.

/// What keeps an account from a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Hurdle {
    /// Nobody has accepted the model's terms for this account.
    Agreement,
    /// The identity may not use it.
    Authorization,
    /// The account has no access to it.
    Entitlement,
    /// It is not offered in the account's region.
    Region,
}
