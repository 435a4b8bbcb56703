//! Qwen Code.

use serde_json::json;

use crate::change::Put;
use crate::client::{Client, KeyPlace};
use crate::format::Format;

/// Holds the key within the file; not one that other tools read.
const VARIABLE: &str = "SWITCHBOARD_KEY";

pub(super) const PAGE: Client = Client {
    id: "qwen_code",
    name: "Qwen Code",
    key: KeyPlace::File,
    programs: &["qwen"],
    files: |machine| vec![machine.home.join(".qwen/settings.json")],
    older: None,
    traces: |machine| vec![machine.home.join(".qwen")],
    format: Format::Json,
    blank: "{}\n",
    // It writes the file anew, and may lose comments then.
    mark: None,
    puts: |words| {
        let model = json!({
            "id": words.model(), "name": "Switchboard", "baseUrl": words.v1(), "envKey": VARIABLE,
        });
        vec![
            Put::shared(&["security", "auth", "selectedType"], "openai"),
            Put::shared(&["model", "name"], words.model()),
            Put::named(&["modelProviders", "openai"], "Switchboard", model),
            Put::own(&["env", VARIABLE], words.key.expose()),
        ]
    },
};
