//! A text as somebody gave it, taken apart into accounts. Whatever is in it, this only reads.

use llm::{MAX_DEPTH, check_depth};
use serde_json::Value;

use super::draft::{Draft, Piece, Unreadable};
use super::lines;
use super::object::Fields;

/// The member by which our own files are known, and its value.
pub(crate) const OURS: (&str, &str) = ("switchboard", "accounts");
/// The form of our own files.
pub(crate) const VERSION: u64 = 1;

/// Reads every account of a text. `region` is for Bedrock accounts that bring none.
///
/// # Errors
/// When the text as a whole cannot be read.
pub(crate) fn read(text: &str, region: &str) -> Result<Vec<Piece>, Unreadable> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with(['{', '[']) || is_ini(text) {
        return Ok(lines::read(text, region));
    }
    if !check_depth(text.as_bytes(), MAX_DEPTH) {
        let message = format!("the JSON nests deeper than {MAX_DEPTH} levels");
        return Err(Unreadable::new("import_json", message));
    }
    // One document, or several after each other: a JSON a line, or files pasted together.
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        documents.push(document.map_err(|error| {
            let message = format!("the JSON ends or breaks off at line {}", error.line());
            Unreadable::new("import_json", message)
        })?);
    }
    let mut items = Vec::new();
    for document in documents {
        flatten(document, &mut items)?;
    }
    Ok(pieces(items, region))
}

/// `[default]` also begins like a list of JSON.
fn is_ini(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default().trim();
    let inner = first.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(['{', '"', '[']))
}

enum Item {
    /// Of a file of ours.
    Ours(Value),
    Other(Value),
}

fn flatten(document: Value, items: &mut Vec<Item>) -> Result<(), Unreadable> {
    match document {
        Value::Array(list) => items.extend(list.into_iter().map(Item::Other)),
        Value::Object(mut object) if object.get("accounts").is_some_and(Value::is_array) => {
            let ours = object.get(OURS.0).is_some_and(|kind| *kind == OURS.1);
            if ours && object.get("version").and_then(Value::as_u64).is_none_or(|version| version > VERSION) {
                let message = "the file was written by a newer version; update Switchboard";
                return Err(Unreadable::new("import_newer", message));
            }
            let Some(Value::Array(list)) = object.remove("accounts") else { return Ok(()) };
            items.extend(list.into_iter().map(if ours { Item::Ours } else { Item::Other }));
        }
        other => items.push(Item::Other(other)),
    }
    Ok(())
}

fn pieces(items: Vec<Item>, region: &str) -> Vec<Piece> {
    let mut registrations = Vec::new();
    let mut found: Vec<Result<Fields, Piece>> = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        let place = format!("#{}", at + 1);
        match item {
            Item::Ours(value) => found.push(Err(ours(place, value))),
            Item::Other(Value::Object(object)) => {
                let fields = Fields::of(&object);
                if fields.is_registration() {
                    registrations.push(fields);
                } else {
                    found.push(Ok(fields));
                }
            }
            Item::Other(_) => {
                found.push(Err(Piece::not(place, "import_no_account", "this entry is not an object")));
            }
        }
    }
    // A registration does not say whose it is; alone it can only belong to the tokens beside it.
    if let [registration] = registrations.as_slice() {
        for fields in found.iter_mut().flatten().filter(|fields| fields.wants_registration()) {
            for name in ["client_id", "client_secret"] {
                fields.put(name, registration.text(name).unwrap_or_default());
            }
        }
    }
    let read = |(at, found): (usize, Result<Fields, Piece>)| match found {
        Err(piece) => piece,
        Ok(fields) => match fields.draft(region) {
            Ok(draft) => Piece::of(draft),
            Err(why) => {
                let name = Some(fields.name()).filter(|name| !name.is_empty());
                Piece { name: name.unwrap_or_else(|| format!("#{}", at + 1)), read: Err(why) }
            }
        },
    };
    found.into_iter().enumerate().map(read).collect()
}

fn ours(place: String, value: Value) -> Piece {
    let name = value["name"].as_str().unwrap_or(&place).to_owned();
    match serde_json::from_value::<Draft>(value) {
        Ok(draft) => Piece::of(draft),
        // The parser's words may hold what it read.
        Err(_) => {
            Piece::not(name, "import_no_account", "this entry has not the form of a Switchboard account")
        }
    }
}
