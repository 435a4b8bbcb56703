//! What a tray shows and does, for a host that has one: plain data and words, so that a host only draws.

mod action;
mod figures;
mod glance;
mod menu;
#[cfg(test)]
mod tests;
mod words;

pub use action::{Action, Copied, Place};
pub use glance::{Glance, Line, Mood, Watch};
pub use menu::{Choice, Menu};
pub use words::{Locale, Words};
