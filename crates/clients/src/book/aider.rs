//! Aider.

use crate::change::Put;
use crate::client::{Client, KeyPlace};
use crate::format::Format;

pub(super) const PAGE: Client = Client {
    id: "aider",
    name: "Aider",
    key: KeyPlace::File,
    programs: &["aider"],
    files: |machine| vec![machine.home.join(".aider.conf.yml")],
    older: None,
    traces: |machine| vec![machine.home.join(".aider.conf.yml"), machine.home.join(".aider")],
    format: Format::Yaml,
    blank: "",
    mark: Some("openai-api-base:"),
    puts: |words| {
        vec![
            Put::shared(&["openai-api-base"], words.v1()),
            Put::shared(&["openai-api-key"], words.key.expose()),
            Put::shared(&["model"], format!("openai/{}", words.model())),
        ]
    },
};
