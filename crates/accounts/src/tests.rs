mod fake;
mod refreshing;
mod roster;
