//! Every dialect, with Claude in its own wire, with a model that is reached through Converse and, where Kiro does the same,
//! with that.

mod breaking;
mod caching;
mod counting;
pub(crate) mod documents;
mod failing;
mod formats;
mod limits;
mod plain;
mod responses;
mod thinking;
mod threads;
pub(crate) mod tools;
