//! Secrets that a person types, or a program writes to standard input. Never arguments: those everybody can see.

use std::io::{IsTerminal, Read};

use anyhow::{Result, bail};
use llm::Secret;

/// One line of a terminal, not shown while it is typed, or all of a pipe.
pub(super) fn secret(what: &str) -> Result<Secret> {
    let mut stdin = std::io::stdin();
    let text = if stdin.is_terminal() {
        rpassword::prompt_password(format!("{what}: "))?
    } else {
        let mut text = String::new();
        stdin.read_to_string(&mut text)?;
        text
    };
    let text = text.trim().to_owned();
    if text.is_empty() {
        bail!("{what}: nothing was given on standard input");
    }
    Ok(Secret::new(text))
}

/// The same, asked for twice where a slip would go unseen.
pub(super) fn new_secret(what: &str) -> Result<Secret> {
    let first = secret(what)?;
    if std::io::stdin().is_terminal() && secret(&format!("{what}, again"))? != first {
        bail!("the two were not the same; nothing was changed");
    }
    Ok(first)
}
