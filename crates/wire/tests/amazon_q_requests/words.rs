//! Everything a request says, for tests that look for lost words.

use std::collections::HashMap;

use serde_json::Value;

/// By who says it.
pub(crate) fn by_speaker(body: &Value) -> HashMap<&'static str, String> {
    let state = &body["conversationState"];
    let mut said = HashMap::from([("user", String::new()), ("assistant", String::new())]);
    let history = state["history"].as_array().into_iter().flatten();
    for entry in history.chain([&state["currentMessage"]]) {
        for (who, kind) in [("user", "userInputMessage"), ("assistant", "assistantResponseMessage")] {
            let Some(message) = entry.get(kind) else { continue };
            let out = said.entry(who).or_default();
            out.push_str(message["content"].as_str().unwrap_or_default());
            out.push('\n');
            let results = message["userInputMessageContext"]["toolResults"].as_array();
            for piece in
                results.into_iter().flatten().flat_map(|result| result["content"].as_array()).flatten()
            {
                out.push_str(piece["text"].as_str().unwrap_or_default());
                out.push('\n');
            }
        }
    }
    said
}
