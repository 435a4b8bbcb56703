//! The admin API, `/api/...`: what the window, the command line and scripts use.

mod refusal;

pub use refusal::Refusal;
