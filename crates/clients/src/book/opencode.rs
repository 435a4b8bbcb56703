//! opencode.

use serde_json::{Map, Value, json};

use crate::change::Put;
use crate::client::{Client, KeyPlace, Model};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "opencode",
    name: "opencode",
    key: KeyPlace::File,
    programs: &["opencode"],
    files: |machine| {
        let own = machine.told("OPENCODE_CONFIG");
        let folder = machine.config().join("opencode");
        own.into_iter().chain(["opencode.json", "opencode.jsonc"].map(|name| folder.join(name))).collect()
    },
    older: None,
    traces: |machine| vec![machine.config().join("opencode"), machine.home.join(".local/share/opencode")],
    format: Format::Json,
    blank: "{\n  \"$schema\": \"https://opencode.ai/config.json\"\n}\n",
    mark: Some("\"switchboard\""),
    puts: |words| {
        let model = |model: &Model| {
            let input = if model.images { json!(["text", "image"]) } else { json!(["text"]) };
            let known = json!({
                "name": model.name,
                "attachment": model.images,
                "modalities": {"input": input, "output": ["text"]},
                "limit": {"context": model.context, "output": model.output},
            });
            (model.name.clone(), known)
        };
        let models: Map<String, Value> = words.models.iter().map(model).collect();
        let provider = json!({
            // Comes with the program; nothing is fetched for it.
            "npm": "@ai-sdk/anthropic",
            "name": "Switchboard",
            "options": {"baseURL": words.v1(), "apiKey": words.key.expose()},
            "models": models,
        });
        let model = format!("switchboard/{}", words.model());
        vec![
            Put::own(&["provider", "switchboard"], provider),
            Put::shared(&["model"], model.as_str()),
            Put::shared(&["small_model"], model),
        ]
    },
};
