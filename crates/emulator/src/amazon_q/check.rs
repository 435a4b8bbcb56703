//! What the service refuses in a chat. Most of it it refuses without telling why; the journal does.

mod entries;
mod fields;
mod media;
mod order;
mod schema;
#[cfg(test)]
mod tests;
mod tools;

use serde_json::Value;

use super::{Invocation, model};
use crate::Refusal;

type Checked = Result<(), Broken>;

/// A rule that a request broke.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    reason: Option<&'static str>,
    message: &'static str,
    /// Told in these words by every stack, not by the newer ones alone.
    told: bool,
    why: String,
}

impl Broken {
    /// A rule that only newer stacks name.
    pub(super) fn hidden(reason: &'static str, why: impl Into<String>) -> Self {
        let message = match reason {
            "TOOL_USE_RESULT_MISMATCH" => "Invalid tool use format.",
            _ => IMPROPER,
        };
        Self { reason: Some(reason), message, told: false, why: why.into() }
    }

    /// A rule that every stack names.
    fn told(reason: Option<&'static str>, message: &'static str, why: impl Into<String>) -> Self {
        Self { reason, message, told: true, why: why.into() }
    }

    pub(super) fn refusal(self, precise: bool) -> Refusal {
        let (message, reason) =
            if precise || self.told { (self.message, self.reason) } else { (IMPROPER, None) };
        Refusal::validation(message).with("reason", reason).because(self.why)
    }
}

const IMPROPER: &str = "Improperly formed request.";
const INVALID: &str = "REQUEST_BODY_INVALID";

/// Who may be named as a request's origin.
const ORIGINS: &[&str] = &[
    "AI_EDITOR",
    "CHATBOT",
    "CLI",
    "CONSOLE",
    "DOCUMENTATION",
    "GITLAB",
    "IDE",
    "INLINE_CHAT",
    "KIRO_CLI",
    "KIRO_WEB",
    "MARKETING",
    "MD",
    "MD_CE",
    "MD_IDE",
    "MOBILE",
    "OPENSEARCH_DASHBOARD",
    "Q_DEV_BEXT",
    "SAGE_MAKER",
    "SERVICE_INTERNAL",
    "SM_AI_STUDIO_IDE",
    "UNIFIED_SEARCH",
    "UNKNOWN",
];

pub(super) fn is_origin(text: &str) -> bool {
    ORIGINS.contains(&text)
}

/// The most entries that a history may have.
const MOST_HISTORY: usize = 10_000;

/// A conversation with its parts at hand.
struct Talk<'a> {
    history: &'a [Value],
    current: &'a Value,
    /// The tools of the current message.
    tools: &'a [Value],
    own_thoughts: bool,
    model: &'static model::Model,
}

pub(super) fn check(invocation: &Invocation<'_>, body: &Value, input: u64) -> Checked {
    if invocation.settings.most_body.is_some_and(|most| invocation.body.len() > most) {
        return too_long("the body is larger than is taken");
    }
    let state = &body["conversationState"];
    if !state.is_object() {
        return hidden("conversationState is missing");
    }
    settings(state)?;
    let history = match &state["history"] {
        Value::Null => &[][..],
        Value::Array(entries) => entries,
        _ => return hidden("history is no list"),
    };
    if history.len() > MOST_HISTORY {
        return hidden(format!("history has more than {MOST_HISTORY} entries"));
    }
    order::turns(history, &state["currentMessage"])?;
    let current = &state["currentMessage"]["userInputMessage"];
    let Some(model) = model::find(match &current["modelId"] {
        Value::Null => "auto",
        id => id.as_str().unwrap_or_default(),
    }) else {
        let why = format!("no model is called {}", current["modelId"]);
        let words = "Invalid model. Please select a different model to continue.";
        return Err(Broken::told(Some("INVALID_MODEL_ID"), words, why));
    };
    shape(invocation, state, current)?;
    let tools = match &current["userInputMessageContext"]["tools"] {
        Value::Null => &[][..],
        Value::Array(tools) => tools,
        _ => return hidden("tools is no list"),
    };
    let own_thoughts = invocation.settings.own_thoughts;
    let talk = Talk { history, current, tools, own_thoughts, model };
    entries::check(&talk)?;
    tools::check(&talk, invocation.settings.strict_schemas)?;
    order::calls(&talk)?;
    fields::check(&talk, &body["additionalModelRequestFields"])?;
    if input > model.context {
        return too_long("more tokens than the model's window");
    }
    Ok(())
}

fn settings(state: &Value) -> Checked {
    match state["chatTriggerType"].as_str() {
        Some("MANUAL") => {}
        other => return hidden(format!("chatTriggerType is {other:?}, only MANUAL is taken")),
    }
    match &state["conversationId"] {
        Value::Null => {}
        id if id.as_str().is_some_and(is_uuid) => {}
        id => {
            let why = format!("conversationId {id} is no UUID");
            return Err(Broken::hidden("INVALID_CONVERSATION_ID", why));
        }
    }
    match &state["agentContinuationId"] {
        Value::Null => {}
        id if id.as_str().is_some_and(is_uuid) => {}
        id => return hidden(format!("agentContinuationId {id} is no UUID")),
    }
    match state["agentTaskType"].as_str() {
        Some("vibe" | "spectask") => Ok(()),
        None if state["agentTaskType"].is_null() => Ok(()),
        _ => hidden("agentTaskType is none that is known"),
    }
}

/// An account without a profile is taken in the CLI's shape alone.
fn shape(invocation: &Invocation<'_>, state: &Value, current: &Value) -> Checked {
    let origin = current["origin"].as_str();
    if invocation.account.profile_arn.is_none() && !matches!(origin, Some("KIRO_CLI" | "CLI")) {
        return hidden(format!("origin {origin:?}: an account without a profile needs KIRO_CLI or CLI"));
    }
    if origin == Some("KIRO_CLI") && state["agentContinuationId"].is_null() {
        return hidden("origin KIRO_CLI without an agentContinuationId");
    }
    Ok(())
}

fn hidden<T>(why: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::hidden(INVALID, why))
}

fn too_long<T>(why: &str) -> Result<T, Broken> {
    Err(Broken::told(Some("CONTENT_LENGTH_EXCEEDS_THRESHOLD"), "Input is too long.", why))
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.len() == 5
        && parts
            .iter()
            .zip([8, 4, 4, 4, 12])
            .all(|(part, length)| part.len() == length && part.bytes().all(|digit| digit.is_ascii_hexdigit()))
}
