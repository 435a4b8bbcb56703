//! SQLite: one file a table
