//! Accounts: who may answer a request, with which fresh session, and who rests.
//!
//! Readers take an immutable snapshot without a lock; changes are written to the store first and published after.
//! A session comes only from here, so it is fresh; one refresh an account is under way at a time, and it belongs to
//! the account, not to the request that asked for it.

mod board;
mod check;
mod clock;
mod consent;
mod cooling;
mod edit;
mod entry;
mod ephemeral;
mod error;
mod export;
mod found;
mod given;
mod import;
mod plan;
mod refresh;
mod removed;
mod roster;
mod seat;
mod sign_in;
mod stays;
#[cfg(test)]
mod tests;
mod vault;
mod view;
mod ward;

pub use clock::{Clock, SystemClock, milliseconds};
pub use consent::{Consent, ConsentBy};
pub use entry::{Entry, Outcome};
pub use error::Error;
pub use export::Exported;
pub use found::{Accepted, FoundView, FoundWish, ImportProblem, Imported};
pub use given::{NewAccount, Patch};
pub use import::{Finding, Listed, MOST_ACCOUNTS, OpenConsent, Preview, Source, TakenIn, Taking};
pub use plan::{Failover, Passed, Plan, Why};
pub use removed::Removed;
pub use roster::Accounts;
pub use sign_in::{NewSignIn, SignInProblem, SignInState, SignInView, SigningIn};
pub use stays::Conversation;
pub use view::{AccountView, LastError, StateView};
