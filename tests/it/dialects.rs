//! Every dialect, with Claude in its own wire and with a model that is reached through Converse.

mod breaking;
mod caching;
mod documents;
mod failing;
mod formats;
mod limits;
mod plain;
mod thinking;
mod tools;
