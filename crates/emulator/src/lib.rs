//! A strict stand-in for AWS: Bedrock, Amazon Q and Kiro with their sign-in services, scripted faults.
//!
//! One port serves every host role; paths tell them apart, because tests and the Sandbox point every endpoint at
//! one address. [`Emulator::start`] runs it in-process, the binary of this crate runs it alone.
//!
//! It answers by a fixed convention instead of a model: `echo: <last user text>`; a user text with
//! `[[tool:NAME JSON]]` makes it call that tool when the request has it, and so does a tool result with such a marker;
//! other tool results are answered with `tool said: <first 200 characters>`. `[[fault:...]]` in the prompt, magic model ids and [`Script`] make it fail
//! as the real service does ([`Fault`] has the list).
//!
//! It verifies signatures, keys, body shapes and order rules, and refuses in the words of the service. It must not
//! see the crates above `wire`: what it knows of models is its own small table, so that a wrong fact there and the
//! same wrong fact in the product do not hide each other.

mod amazon_q;
mod auth;
mod bedrock;
mod clock;
mod compose;
mod config;
mod dice;
mod fault;
mod instance;
mod journal;
mod play;
mod refusal;
mod reply;
mod route;
mod script;
mod server;
mod turn;

pub use amazon_q::{KIRO_PROFILE, Kiro, KiroAccount, KiroConfig, KiroKind, Workplace};
pub use config::{AccessKey, Config, SANDBOX_BEARER_KEY};
pub use fault::Fault;
pub use journal::{Event, Journal, Recorded, Verdict};
pub use refusal::Refusal;
pub use route::Operation;
pub use script::{Script, When};
pub use server::Emulator;
