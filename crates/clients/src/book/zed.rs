//! Zed. Keys are in the system's keychain, so the person enters theirs.

use serde_json::{Value, json};

use crate::change::Put;
use crate::client::{Client, KeyPlace, Model};
use crate::format::Format;
use crate::machine::System;

pub(super) const PAGE: Client = Client {
    id: "zed",
    name: "Zed",
    key: KeyPlace::ByHand,
    programs: &["zed", "zeditor"],
    files: |machine| {
        let folder = match machine.system {
            System::Windows => machine.settings().join("Zed"),
            // Not where other programs of macOS have it.
            System::MacOs => machine.home.join(".config/zed"),
            System::Linux => machine.config().join("zed"),
        };
        vec![folder.join("settings.json")]
    },
    older: None,
    traces: |machine| {
        vec![machine.config().join("zed"), machine.settings().join("Zed"), "/Applications/Zed.app".into()]
    },
    format: Format::Json,
    blank: "{}\n",
    mark: Some("\"switchboard\""),
    puts: |words| {
        let model = |model: &Model| {
            json!({
                "name": model.name, "display_name": model.name,
                "max_tokens": model.context, "max_output_tokens": model.output,
                "capabilities": {"tools": true, "images": model.images, "prompt_caching": true},
            })
        };
        let models: Vec<Value> = words.models.iter().map(model).collect();
        let provider = json!({"api_url": words.root, "available_models": models});
        vec![Put::own(&["language_models", "anthropic_compatible", "switchboard"], provider)]
    },
};
