//! Claude Code, and its extensions for editors, which read the same file.

use crate::change::Put;
use crate::client::{Client, KeyPlace};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "claude_code",
    name: "Claude Code",
    key: KeyPlace::File,
    programs: &["claude"],
    files: |machine| vec![machine.folder("CLAUDE_CONFIG_DIR", ".claude").join("settings.json")],
    older: None,
    traces: |machine| vec![machine.folder("CLAUDE_CONFIG_DIR", ".claude"), machine.home.join(".claude.json")],
    format: Format::Json,
    blank: "{}\n",
    // It reads strict JSON.
    mark: None,
    puts: |words| {
        let mut puts = vec![
            Put::shared(&["env", "ANTHROPIC_BASE_URL"], words.root.as_str()),
            Put::shared(&["env", "ANTHROPIC_AUTH_TOKEN"], words.key.expose()),
        ];
        if words.is_named {
            puts.push(Put::shared(&["model"], words.model()));
            // For titles and other small work it asks a Haiku, whatever else it is told to ask.
            if !words.models.iter().any(|model| model.name.contains("haiku")) {
                puts.push(Put::shared(&["env", "ANTHROPIC_DEFAULT_HAIKU_MODEL"], words.model()));
            }
        }
        puts
    },
};
