//! Amazon Q Developer / Kiro: one service under two names, with the person's own sign-in.

mod bearer;

pub use bearer::{Bearer, TokenKind};
