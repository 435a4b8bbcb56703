//! SQLite: `core.db` (accounts, settings, local keys), `logs.db` (one row a request) and `chats.db` (conversations), one
//! file a table.
//!
//! The files are apart so that damage, size or cleaning of the log never touches an account. Each has one
//! writer thread and a small read pool; async callers get a [`Pending`]. Nothing here reads a clock: time comes in
//! as milliseconds since 1970. Secrets come in and go out encrypted; the key is never seen here.

mod backups;
mod chats;
mod connection;
mod core;
mod error;
mod files;
mod foreign;
mod logs;
mod pending;
mod readers;
mod room;

pub use crate::core::restore::{Restored, bring, restore};
pub use crate::core::{
    AccountRow, Condition, Core, LocalKeyRow, PlainRow, RemovedRow, SecretKeyRow, SlotRow, StateRow,
};
pub use backups::{Backup, BackupKind};
pub use chats::{Chats, ConversationHead, ConversationPage, ConversationRow, ResponseRow};
pub use error::Error;
pub use foreign::foreign_texts;
pub use logs::{Bucket, CategoryCount, Latency, Span, Step, Usage, UsageKind};
pub use logs::{
    Cleaned, ClientSeen, Develop, Document, Filter, GroupTotals, HourTotals, KeySeen, KeySpent, LogRow,
    LogSink, Logs, Page, Retention, Stats, StatusClass, Totals,
};
pub use pending::Pending;
