//! Accounts, fresh sessions, selection and cool-down
