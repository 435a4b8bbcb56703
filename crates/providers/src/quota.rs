//! How much of an account's allowance is used, for vendors that sell one.

use serde::Serialize;

/// The allowance of an account until its next reset: plan, running trial and running bonuses together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Quota {
    /// The plan as the vendor calls it, e.g. `KIRO PRO`; `None` when not told.
    pub plan: Option<String>,
    /// What is counted, in the plural, e.g. `credits`.
    pub unit: String,
    /// Of all parts together.
    pub used: f64,
    /// Of all parts together.
    pub limit: f64,
    /// What can still be used before it costs extra; never negative.
    pub remaining: f64,
    /// When the plan's part starts anew, in seconds since 1970.
    pub resets: Option<u64>,
    /// What happens past the limit; `None` when not told.
    pub overage: Option<Overage>,
    /// Where the sums come from; the plan first.
    pub parts: Vec<QuotaPart>,
}

/// One source of an allowance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct QuotaPart {
    pub kind: QuotaKind,
    /// The vendor's name for it, e.g. of a bonus.
    pub name: Option<String>,
    pub used: f64,
    pub limit: f64,
    /// When it lapses, in seconds since 1970; `None` for what does not, or is renewed.
    pub expires: Option<u64>,
}

/// What a part of an allowance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum QuotaKind {
    Plan,
    Trial,
    Bonus,
}

/// Use beyond the allowance, which the vendor bills.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Overage {
    /// The person switched it on at the vendor's; we never do.
    pub enabled: bool,
    pub used: f64,
    /// Most that may be used; `None` when not told.
    pub cap: Option<f64>,
    /// Price of one unit in USD; `None` when not told.
    pub rate: Option<f64>,
}
