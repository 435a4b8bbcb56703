//! Changes to JSON text that leave every other byte alone.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::peek;
use crate::ToolNames;

/// `json` with `old`, a piece of it, replaced by the string `new`.
fn put(json: &Bytes, old: &[u8], new: &str) -> Bytes {
    let start = old.as_ptr().addr().wrapping_sub(json.as_ptr().addr());
    let end = start.wrapping_add(old.len());
    let (Some(before), Some(after), Ok(new)) = (json.get(..start), json.get(end..), serde_json::to_vec(new))
    else {
        return json.clone();
    };
    let mut out = BytesMut::with_capacity(before.len() + new.len() + after.len());
    out.extend_from_slice(before);
    out.extend_from_slice(&new);
    out.extend_from_slice(after);
    out.freeze()
}

/// A `message_start` event that names `model`. Unchanged when it names none.
pub(super) fn name_started(json: &Bytes, model: &str) -> Bytes {
    match peek::member(json, b"message").and_then(|message| peek::member(message, b"model")) {
        Some(old) => put(json, old, model),
        None => json.clone(),
    }
}

/// A whole message that names `model`. Unchanged when it names none.
pub(super) fn name_whole(json: &Bytes, model: &str) -> Bytes {
    match peek::member(json, b"model") {
        Some(old) => put(json, old, model),
        None => json.clone(),
    }
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
}

impl<'a> Named<'a> {
    /// The name as it stands and what it was before it was shortened.
    fn original(&self, names: &ToolNames) -> Option<(&'a RawValue, String)> {
        let raw = self.name.filter(|_| self.kind == "tool_use")?;
        let sent: String = serde_json::from_str(raw.get()).ok()?;
        let original = names.to_client(&sent);
        (original != sent).then(|| (raw, original.to_owned()))
    }
}

#[derive(Deserialize)]
struct Opened<'a> {
    #[serde(borrow)]
    content_block: Named<'a>,
}

/// A `content_block_start` event with the client's name of the tool in it.
pub(super) fn restore_opened(json: &Bytes, names: &ToolNames) -> Bytes {
    let Ok(event) = serde_json::from_slice::<Opened<'_>>(json) else { return json.clone() };
    match event.content_block.original(names) {
        Some((old, new)) => put(json, old.get().as_bytes(), &new),
        None => json.clone(),
    }
}

#[derive(Deserialize)]
struct Filled<'a> {
    #[serde(borrow)]
    content: Vec<Named<'a>>,
}

/// A whole message with the client's names of the tools in it.
pub(super) fn restore_whole(json: &Bytes, names: &ToolNames) -> Bytes {
    let mut restored = json.clone();
    if names.is_identity() {
        return restored;
    }
    let Ok(message) = serde_json::from_slice::<Filled<'_>>(json) else { return restored };
    // From the back, so that the places of the earlier names stay where they are.
    for block in message.content.iter().rev() {
        if let Some((old, new)) = block.original(names) {
            let start = old.get().as_ptr().addr().wrapping_sub(json.as_ptr().addr());
            let tail = restored.slice(start + old.get().len()..);
            let mut out = BytesMut::from(&restored[..start]);
            out.extend_from_slice(&serde_json::to_vec(&new).unwrap_or_default());
            out.extend_from_slice(&tail);
            restored = out.freeze();
        }
    }
    restored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NameRule;

    const LONG: &str = "mcp.a \"b\"";

    fn names() -> ToolNames {
        ToolNames::new([LONG], NameRule::Bedrock)
    }

    #[test]
    fn only_the_model_changes() {
        let json = Bytes::from_static(
            br#"{ "type":"message_start","message":{"x":1.50,"model" : "old","id":"i", "n":{"model":"m"}} }"#,
        );
        assert_eq!(
            name_started(&json, "n\"w"),
            &br#"{ "type":"message_start","message":{"x":1.50,"model" : "n\"w","id":"i", "n":{"model":"m"}} }"#[..]
        );
        let whole = Bytes::from_static(br#"{"content":[{"model":"x"}], "model":"old" ,"new":[1 ]}"#);
        assert_eq!(
            name_whole(&whole, "new"),
            &br#"{"content":[{"model":"x"}], "model":"new" ,"new":[1 ]}"#[..]
        );
    }

    #[test]
    fn what_names_no_model_stays() {
        for text in ["{}", "nonsense", r#"{"message":{}}"#] {
            let json = Bytes::copy_from_slice(text.as_bytes());
            assert_eq!(name_started(&json, "m"), json);
            assert_eq!(name_whole(&json, "m"), json);
        }
    }

    #[test]
    fn tools_get_their_names_back() {
        let names = names();
        let short = names.to_wire(LONG);
        let long = serde_json::to_string(LONG).expect("a string");
        let opened = |name: &str| {
            Bytes::from(format!(
                r#"{{"type":"content_block_start","index":1,"content_block":{{"type":"tool_use","id":"t","name":{name},"input":{{}}}}}}"#
            ))
        };
        assert_eq!(restore_opened(&opened(&format!("\"{short}\"")), &names), opened(&long));
        assert_eq!(restore_opened(&opened("\"other\""), &names), opened("\"other\""));

        let whole = |name: &str| {
            Bytes::from(format!(
                r#"{{"content":[{{"type":"tool_use","name":{name}}},{{"type":"text","text":"{short}"}},{{"type":"tool_use","name":"o"}},{{"type":"tool_use", "name": {name}}}]}}"#
            ))
        };
        assert_eq!(restore_whole(&whole(&format!("\"{short}\"")), &names), whole(&long));
    }
}
