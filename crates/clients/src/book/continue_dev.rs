//! Continue: the command line and the extensions read one file.

use serde_json::json;

use crate::change::Put;
use crate::client::{Client, KeyPlace};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "continue",
    name: "Continue",
    key: KeyPlace::File,
    programs: &["cn"],
    files: |machine| vec![machine.folder("CONTINUE_GLOBAL_DIR", ".continue").join("config.yaml")],
    older: Some(|machine| machine.folder("CONTINUE_GLOBAL_DIR", ".continue").join("config.json")),
    traces: |machine| vec![machine.folder("CONTINUE_GLOBAL_DIR", ".continue")],
    format: Format::Yaml,
    blank: "name: Local\nversion: 1.0.0\nschema: v1\n",
    mark: Some("- name: Switchboard"),
    puts: |words| {
        let model = json!({
            "name": "Switchboard",
            "provider": "anthropic",
            "model": words.model(),
            "apiBase": format!("{}/", words.v1()),
            "apiKey": words.key.expose(),
            "roles": ["chat", "edit", "apply"],
        });
        vec![Put::named(&["models"], "Switchboard", model)]
    },
};
