//! Prompt-cache markers: their shape, their number, their order.

use serde_json::Value;

use super::{Ask, Checked, only, refuse, say};

const MOST: usize = 4;

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    let mut marks: Vec<(String, &Value)> = Vec::new();
    for (at, tool) in items(&ask.body["tools"]) {
        note(&mut marks, tool, format!("tools.{at}"));
    }
    for (at, block) in items(&ask.body["system"]) {
        note(&mut marks, block, format!("system.{at}"));
    }
    for (at, message) in items(&ask.body["messages"]) {
        for (place, block) in items(&message["content"]) {
            note(&mut marks, block, format!("messages.{at}.content.{place}"));
            for (part, inner) in items(&block["content"]) {
                note(&mut marks, inner, format!("messages.{at}.content.{place}.{part}"));
            }
        }
    }
    let mut short = false;
    for (path, mark) in &marks {
        let path = format!("{path}.cache_control");
        if mark["type"] != "ephemeral" {
            return refuse(&format!("{path}.type"), "Input should be 'ephemeral'");
        }
        let known: &[&str] = if ask.model.caches_an_hour() { &["type", "ttl"] } else { &["type"] };
        only(mark, known, &format!("{path}.ephemeral"))?;
        match mark["ttl"].as_str() {
            None | Some("5m") => short = true,
            Some("1h") if short => {
                return refuse(
                    &format!("{path}.ttl"),
                    "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that \
                     blocks are processed in the following order: `tools`, `system`, `messages`.",
                );
            }
            Some("1h") => {}
            Some(_) => return refuse(&format!("{path}.ephemeral.ttl"), "Input should be '5m' or '1h'"),
        }
    }
    if marks.len() > MOST {
        return say(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {}.",
            marks.len()
        ));
    }
    Ok(())
}

fn note<'a>(marks: &mut Vec<(String, &'a Value)>, block: &'a Value, path: String) {
    if let Some(mark) = block.get("cache_control").filter(|mark| !mark.is_null()) {
        marks.push((path, mark));
    }
}

fn items(value: &Value) -> impl Iterator<Item = (usize, &Value)> {
    value.as_array().into_iter().flatten().enumerate()
}
