//! Which clients there are. The facts of a client stand on its page alone; a new one is one more page.

use super::steps::{self, Words};
use super::{ClientStep, Kind};

/// What is known of one client.
pub(super) struct Page {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Its names in log rows.
    pub(super) seen_as: &'static [&'static str],
    pub(super) steps: fn(&Words) -> Vec<ClientStep>,
    /// What the person should know before.
    pub(super) note_code: Option<&'static str>,
}

/// All of them, in the order of the window.
pub(super) const BOOK: &[Page] = &[
    Page {
        id: "claude_code",
        name: "Claude Code",
        kind: Kind::CommandLine,
        seen_as: &["Claude Code"],
        steps: steps::claude_code,
        note_code: Some("client_note_shell_key"),
    },
    Page {
        id: "codex",
        name: "Codex",
        kind: Kind::CommandLine,
        seen_as: &["Codex"],
        steps: steps::codex,
        note_code: None,
    },
    Page {
        id: "opencode",
        name: "opencode",
        kind: Kind::CommandLine,
        seen_as: &["opencode", "AI SDK"],
        steps: steps::opencode,
        note_code: None,
    },
    Page {
        id: "continue",
        name: "Continue",
        kind: Kind::Extension,
        seen_as: &["Continue"],
        steps: steps::continue_dev,
        note_code: None,
    },
    Page {
        id: "cline",
        name: "Cline",
        kind: Kind::Extension,
        seen_as: &["Cline"],
        steps: steps::cline,
        note_code: Some("client_note_cline_cli"),
    },
    Page {
        id: "zed",
        name: "Zed",
        kind: Kind::Editor,
        seen_as: &["Zed"],
        steps: steps::zed,
        note_code: Some("client_note_key_in_keychain"),
    },
    Page {
        id: "aider",
        name: "Aider",
        kind: Kind::CommandLine,
        seen_as: &["LiteLLM"],
        steps: steps::aider,
        note_code: None,
    },
    Page {
        id: "qwen_code",
        name: "Qwen Code",
        kind: Kind::CommandLine,
        seen_as: &["QwenCode"],
        steps: steps::qwen_code,
        note_code: None,
    },
    Page {
        id: "crush",
        name: "Crush",
        kind: Kind::CommandLine,
        seen_as: &["Charm-Crush", "crush"],
        steps: steps::crush,
        note_code: None,
    },
    Page {
        id: "vscode_copilot",
        name: "VS Code (Copilot Chat, own key)",
        kind: Kind::Editor,
        seen_as: &["Copilot"],
        steps: steps::vscode,
        note_code: Some("client_note_no_inline_suggestions"),
    },
    Page {
        id: "jetbrains",
        name: "JetBrains AI Assistant",
        kind: Kind::Editor,
        // It does not say who it is.
        seen_as: &[],
        steps: steps::jetbrains,
        note_code: Some("client_note_not_recognised"),
    },
    Page {
        id: "cursor",
        name: "Cursor",
        kind: Kind::Editor,
        seen_as: &[],
        steps: steps::cursor,
        // Its servers call the address, not the program on this machine.
        note_code: Some("client_note_needs_public_address"),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::admin::clients::StepKind;

    #[test]
    fn every_page_says_what_to_do_with_the_persons_own_address() {
        let words = Words {
            root: "http://127.0.0.1:4880".into(),
            key: "sk-switchboard-1".into(),
            model: "a-model".into(),
        };
        let mut ids = HashSet::new();
        for page in BOOK {
            assert!(ids.insert(page.id), "{} twice", page.id);
            let steps = (page.steps)(&words);
            assert!(!steps.is_empty(), "{}", page.id);
            let text: String = steps.iter().filter_map(|step| step.copy.as_deref()).collect();
            let reachable = page.note_code != Some("client_note_needs_public_address");
            assert_eq!(text.contains(&words.root), reachable, "{}", page.id);
            for step in steps {
                let copy = step.copy.as_deref().unwrap_or_default();
                assert!(!copy.contains("ROOT") && !copy.contains("\"M\""), "{}: {copy}", page.id);
                if step.kind == StepKind::File && step.text.ends_with(".json") && page.id != "claude_code" {
                    assert!(serde_json::from_str::<serde_json::Value>(copy).is_ok(), "{}: {copy}", page.id);
                }
            }
        }
    }
}
