mod consent;
mod environment;
mod fake;
mod locked;
mod refreshing;
mod removed;
mod roster;
mod sign_in;
