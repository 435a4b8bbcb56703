//! Crush.

use serde_json::{Value, json};

use crate::change::Put;
use crate::client::{Client, KeyPlace, Model};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "crush",
    name: "Crush",
    key: KeyPlace::File,
    programs: &["crush"],
    files: |machine| {
        let own = machine.told("CRUSH_GLOBAL_CONFIG").map(|folder| folder.join("crush.json"));
        own.into_iter().chain([machine.config().join("crush/crush.json")]).collect()
    },
    older: None,
    traces: |machine| {
        let folders = [machine.config(), machine.local_data(), machine.home.join(".local/share")];
        folders.map(|folder| folder.join("crush")).into()
    },
    format: Format::Json,
    blank: "{\n  \"$schema\": \"https://charm.land/crush.json\"\n}\n",
    mark: None,
    puts: |words| {
        let model = |model: &Model| {
            json!({
                "id": model.name, "name": model.name, "context_window": model.context,
                "default_max_tokens": model.output, "supports_attachments": model.images,
            })
        };
        let models: Vec<Value> = words.models.iter().map(model).collect();
        let provider = json!({
            "name": "Switchboard", "type": "anthropic", "base_url": words.root, "api_key": words.key.expose(),
            "models": models,
        });
        vec![Put::own(&["providers", "switchboard"], provider)]
    },
};
