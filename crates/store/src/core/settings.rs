//! The table of settings: a key and a JSON value.
