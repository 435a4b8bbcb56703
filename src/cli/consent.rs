//! The policy note of a provider, on the command line.

use std::io::IsTerminal;

use anyhow::{Result, bail};
use serde_json::Value;

use super::accounts::{rows, text};
use super::admin::Admin;

/// Shows the note of a provider that has one and was not agreed to yet, and gets the person's word: `accepted` is
/// theirs already. Answers whether they were asked.
pub(super) async fn get(admin: &Admin, provider: &str, accepted: bool) -> Result<bool> {
    let all = admin.ask("GET", "/api/providers", None).await?;
    let offer = rows(&all, "providers").iter().find(|offer| offer["id"] == provider);
    let Some(note) = offer.and_then(open_note) else { return Ok(false) };
    eprintln!("{note}\n");
    if accepted {
        return Ok(true);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("nothing was added; to say that you agree, add --accept-policy");
    }
    eprint!("Add the account? [y/N] ");
    let mut said = String::new();
    stdin.read_line(&mut said)?;
    if !is_yes(&said) {
        bail!("nothing was added");
    }
    Ok(true)
}

/// What the person must agree to before the first account of this provider.
fn open_note(offer: &Value) -> Option<String> {
    let open = offer["policy"] == "undocumented_wire" && offer["consented_ms"].is_null();
    open.then(|| text(&offer["policy_note"]))
}

/// Only a plain yes is one.
fn is_yes(said: &str) -> bool {
    ["y", "yes"].contains(&said.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("n\n") && !is_yes("yy\n"));
    }

    #[test]
    fn a_note_is_shown_until_it_was_agreed_to() {
        let mut offer = json!({"policy": "undocumented_wire", "policy_note": "Mind.", "consented_ms": null});
        assert_eq!(open_note(&offer).as_deref(), Some("Mind."));
        offer["consented_ms"] = json!(1);
        assert_eq!(open_note(&offer), None);
        assert_eq!(open_note(&json!({"policy": "documented_api", "consented_ms": null})), None);
    }
}
