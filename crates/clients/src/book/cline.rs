//! Cline's command line. Its extension keeps the key in the editor's own store, so it is set up by hand.

use serde_json::json;

use crate::change::Put;
use crate::client::{Client, KeyPlace};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "cline",
    name: "Cline",
    key: KeyPlace::File,
    programs: &["cline"],
    files: |machine| vec![machine.home.join(".cline/data/settings/providers.json")],
    older: None,
    traces: |machine| vec![machine.home.join(".cline")],
    format: Format::Json,
    blank: "{\n  \"version\": 1,\n  \"modes\": {}\n}\n",
    mark: None,
    puts: |words| {
        // The place for addresses of one's own; it has no other.
        let provider = json!({
            "settings": {
                "provider": "openai-compatible",
                "apiKey": words.key.expose(),
                "model": words.model(),
                "baseUrl": words.v1(),
            },
            "updatedAt": words.now,
            "tokenSource": "manual",
        });
        vec![
            Put::shared(&["lastUsedProvider"], "openai-compatible"),
            Put::shared(&["providers", "openai-compatible"], provider),
        ]
    },
};
