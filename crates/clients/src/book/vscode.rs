//! VS Code's Copilot Chat with models of one's own. It keeps keys in its own store and asks for them.

use serde_json::{Value, json};

use crate::change::Put;
use crate::client::{Client, KeyPlace, Model};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "vscode_copilot",
    name: "VS Code (Copilot Chat)",
    key: KeyPlace::ByHand,
    programs: &["code"],
    files: |machine| vec![machine.settings().join("Code/User/chatLanguageModels.json")],
    older: None,
    traces: |machine| vec![machine.settings().join("Code")],
    format: Format::Json,
    blank: "[]\n",
    mark: None,
    puts: |words| {
        let model = |model: &Model| {
            json!({
                "id": model.name, "name": model.name, "url": format!("{}/messages", words.v1()),
                "toolCalling": true, "vision": model.images,
                // Both together must fit the window.
                "maxInputTokens": model.context.saturating_sub(model.output), "maxOutputTokens": model.output,
            })
        };
        let models: Vec<Value> = words.models.iter().map(model).collect();
        let provider = json!({
            "name": "Switchboard", "vendor": "customendpoint", "apiType": "messages", "models": models,
        });
        vec![Put::named(&[], "Switchboard", provider)]
    },
};
