//! The configuration files of editors and tools: where each is, what of ours stands in it, and how the file is put back.
//!
//! A [`Client`] is data: places, a format, and the [`Put`]s that connect it. [`Connections`] works on them: it makes a
//! [`Plan`] from a file, which is shown as a diff, and carries it out only when the file is still the one that was shown.
//! What a file was before stands in a journal, so that every change can be taken back without the rest of the program.
//!
//! Nothing here knows an HTTP server, the network or a database; clock, addresses and keys come in as arguments.

mod book;
mod change;
mod client;
mod connections;
mod diff;
mod error;
mod file;
mod format;
mod homes;
mod journal;
mod machine;
mod mask;
mod plan;
#[cfg(test)]
mod tests;
mod text;

pub use book::{all, find};
pub use change::{Put, Segment};
pub use client::{Client, KeyPlace, Model, Words};
pub use connections::{Connections, Look, Restored, Standing};
pub use error::Error;
pub use homes::Home;
pub use machine::{Machine, System, VARIABLES};
pub use plan::Plan;
