//! Whose turn it is, and which answers belong to which calls.

use std::collections::HashSet;

use serde_json::Value;

use super::{Broken, Checked, Talk, hidden};

/// User and assistant take turns; the history ends with the assistant, the person speaks now.
pub(super) fn turns(history: &[Value], current: &Value) -> Checked {
    for (at, entry) in history.iter().enumerate() {
        let wanted = if at % 2 == 0 { "userInputMessage" } else { "assistantResponseMessage" };
        only(entry, wanted, &format!("history.{at}"))?;
    }
    if !history.len().is_multiple_of(2) {
        return hidden("history does not end with an assistantResponseMessage");
    }
    only(current, "userInputMessage", "currentMessage")
}

/// An entry is an object with exactly one member.
fn only(entry: &Value, wanted: &str, place: &str) -> Checked {
    match entry.as_object().map(|members| members.keys().map(String::as_str).collect::<Vec<_>>()) {
        Some(names) if names == [wanted] && entry[wanted].is_object() => Ok(()),
        names => hidden(format!("{place} is {names:?}, wanted {wanted}")),
    }
}

/// Every call is answered in the very next message, and nothing else is.
pub(super) fn calls(talk: &Talk<'_>) -> Checked {
    let mut used = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for (at, entry) in talk.history.iter().enumerate() {
        if at % 2 == 0 {
            answered(&open, &entry["userInputMessage"], &format!("history.{at}"))?;
            continue;
        }
        open = ids(&entry["assistantResponseMessage"]["toolUses"]);
        if let Some(id) = open.iter().find(|id| !used.insert(**id)) {
            return mismatch(format!("history.{at}: toolUseId {id} was used before"));
        }
    }
    answered(&open, talk.current, "currentMessage")
}

fn answered(open: &[&str], message: &Value, place: &str) -> Checked {
    let given = ids(&message["userInputMessageContext"]["toolResults"]);
    if let Some(orphan) = given.iter().find(|id| !open.contains(id)) {
        return mismatch(format!("{place}: a result for {orphan}, which was not called just before"));
    }
    if let Some(missing) = open.iter().find(|id| !given.contains(id)) {
        return mismatch(format!("{place}: no result for {missing}"));
    }
    if given.len() != open.len() {
        return mismatch(format!("{place}: two results for one call"));
    }
    Ok(())
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|item| item["toolUseId"].as_str()).collect()
}

fn mismatch(why: String) -> Checked {
    Err(Broken::hidden("TOOL_USE_RESULT_MISMATCH", why))
}
