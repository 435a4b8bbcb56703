//! Codex: the command line, the extension and the app share one folder.

use serde_json::json;

use crate::change::Put;
use crate::client::{Client, KeyPlace};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "codex",
    name: "Codex",
    key: KeyPlace::File,
    programs: &["codex"],
    files: |machine| vec![machine.folder("CODEX_HOME", ".codex").join("config.toml")],
    older: None,
    traces: |machine| vec![machine.folder("CODEX_HOME", ".codex")],
    format: Format::Toml,
    blank: "",
    mark: Some("[model_providers.switchboard]"),
    puts: |words| {
        // A provider of its own: the built-in ones cannot be overridden, and the name `OpenAI` would switch the vendor's
        // extras on.
        let provider = json!({
            "name": "Switchboard",
            "base_url": words.v1(),
            "wire_api": "responses",
            // A variable would not reach an app that a desktop started.
            "experimental_bearer_token": words.key.expose(),
        });
        vec![
            Put::shared(&["model"], words.model()),
            Put::shared(&["model_provider"], "switchboard"),
            Put::own(&["model_providers", "switchboard"], provider),
        ]
    },
};
