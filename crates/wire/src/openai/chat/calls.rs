//! How the client wants tool calls written.

use llm::{Error, RawBody, StopReason};
use memchr::memmem;
use serde::Deserialize;

use crate::openai::parameters::is_empty_array;

/// The form of one tool's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `tool_calls` with `function`.
    Function,
    /// `tool_calls` with `custom`: plain text instead of JSON.
    Custom,
    /// `function_call`, for clients that still send `functions`. It has room for one call.
    Legacy,
}

/// What the request says about the forms of calls.
#[derive(Debug, Default)]
pub(super) struct Calls {
    legacy: bool,
    custom: Vec<String>,
}

#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    custom: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Calls {
    /// Looks at the tools again only where the word `custom` stands: schemas are long.
    pub(super) fn of(raw: &RawBody) -> Self {
        let given = raw.get("tools").filter(|tools| tools.as_ref() != b"null" && !is_empty_array(tools));
        let Some(tools) = given else {
            return Self { legacy: raw.get("functions").is_some(), custom: Vec::new() };
        };
        if memmem::find(tools, b"\"custom\"").is_none() {
            return Self::default();
        }
        // A wrong shape is refused where the meaning is read.
        let definitions: Result<Option<Vec<Definition>>, Error> = raw.read("tools");
        let custom = definitions
            .ok()
            .flatten()
            .unwrap_or_default()
            .into_iter()
            .filter(|tool| tool.r#type.as_deref() == Some("custom"))
            .filter_map(|tool| tool.custom.map(|named| named.name))
            .collect();
        Self { legacy: false, custom }
    }

    pub(super) fn form(&self, tool: &str) -> Form {
        if self.legacy {
            Form::Legacy
        } else if self.custom.iter().any(|name| name == tool) {
            Form::Custom
        } else {
            Form::Function
        }
    }

    /// Clients act on the word, not on the calls: small models say they ended while they wait for a tool, and a
    /// call that became text must not be waited for.
    pub(super) fn finish_reason(&self, stop: Option<&StopReason>, called: bool) -> &'static str {
        let word = stop.map_or("stop", StopReason::openai);
        match (word, called) {
            ("stop" | "tool_calls", true) if self.legacy => "function_call",
            ("stop" | "tool_calls", true) => "tool_calls",
            ("tool_calls", false) => "stop",
            (word, _) => word,
        }
    }
}
