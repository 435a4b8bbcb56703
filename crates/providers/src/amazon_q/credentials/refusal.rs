//! What a token endpoint means when it says no.

use llm::Error;
use wire::amazon_q::ENTER_AGAIN;

use super::stored::Way;
use crate::login::{Complaint, ended};

/// Reads a refusal. The word in the body decides, not the status: one and the same word came with several.
pub(super) fn read(way: &Way, status: u16, error_type: Option<&str>, body: &[u8]) -> Error {
    // Kiro's own sign-in names no code.
    let wordless = matches!(way, Way::Social { .. }).then_some("Kiro no longer accepts this sign-in.");
    ended(status, Complaint::read(error_type, body), wordless, ENTER_AGAIN)
}
