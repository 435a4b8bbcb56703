//! Which clients there are. The facts of a client stand on its page alone; a new one is one more page.

mod aider;
mod claude_code;
mod cline;
mod codex;
mod continue_dev;
mod crush;
mod opencode;
mod qwen_code;
mod vscode;
mod zed;

use crate::client::Client;

/// All whose file we may write.
const BOOK: &[Client] = &[
    claude_code::PAGE,
    codex::PAGE,
    opencode::PAGE,
    continue_dev::PAGE,
    cline::PAGE,
    zed::PAGE,
    aider::PAGE,
    qwen_code::PAGE,
    crush::PAGE,
    vscode::PAGE,
];

/// Every client whose file we may write.
#[must_use]
pub fn all() -> &'static [Client] {
    BOOK
}

/// The client with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Client> {
    BOOK.iter().find(|client| client.id == id)
}
