//! What of ours stands in a file, whatever its format.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A step on the way into a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// A member of an object.
    Key(String),
    /// The entry of a list whose member `name` is this.
    Named(String),
}

/// The way to a value.
pub(crate) type Path = Vec<Segment>;

/// A value to put into a file. `Debug` leaves the value out: it may hold a key.
#[derive(Clone, PartialEq)]
pub struct Put {
    pub(crate) path: Path,
    pub(crate) value: Value,
    /// The place is ours alone, as a provider named after us is.
    pub(crate) own: bool,
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").field("path", &self.path).field("own", &self.own).finish_non_exhaustive()
    }
}

impl Put {
    /// At a place that the person may have used before.
    pub(crate) fn shared(path: &[&str], value: impl Into<Value>) -> Self {
        Self {
            path: path.iter().map(|key| Segment::Key((*key).to_owned())).collect(),
            value: value.into(),
            own: false,
        }
    }

    /// At a place that is ours alone.
    pub(crate) fn own(path: &[&str], value: impl Into<Value>) -> Self {
        Self { own: true, ..Self::shared(path, value) }
    }

    /// The entry `name` of the list at `path`.
    pub(crate) fn named(path: &[&str], name: &str, value: impl Into<Value>) -> Self {
        let mut put = Self::own(path, value);
        put.path.push(Segment::Named(name.to_owned()));
        put
    }
}

/// A change of a document.
#[derive(Clone, PartialEq)]
pub(crate) enum Edit {
    Set(Path, Value),
    /// Removes the value, and what is empty after that down to the first `keep` steps of the way.
    Remove(Path, usize),
}

/// SHA-256 of a value, which may be a secret.
pub(crate) fn digest(value: &Value) -> String {
    hex::encode(Sha256::digest(value.to_string().as_bytes()))
}

/// The value at `path`.
pub(crate) fn at<'a>(tree: &'a Value, path: &[Segment]) -> Option<&'a Value> {
    path.iter().try_fold(tree, |value, segment| match segment {
        Segment::Key(key) => value.as_object()?.get(key),
        Segment::Named(name) => value.as_array()?.iter().find(|entry| is_named(entry, name)),
    })
}

pub(crate) fn is_named(entry: &Value, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}

/// How many steps of the way there are.
pub(crate) fn existing(tree: &Value, path: &[Segment]) -> usize {
    (0..=path.len())
        .rev()
        .find(|depth| at(tree, &path[..*depth]).is_some_and(|value| !value.is_null()))
        .unwrap_or(0)
}

/// Makes the change on a document's values: what the text must say afterwards.
pub(crate) fn make(tree: &mut Value, edit: &Edit) -> Result<(), String> {
    match edit {
        Edit::Set(path, value) => set(tree, path, value),
        Edit::Remove(path, keep) => {
            for depth in (1..=path.len()).rev() {
                let gone =
                    depth == path.len() || (depth > *keep && at(tree, &path[..depth]).is_some_and(is_empty));
                if !gone {
                    break;
                }
                if let Some(holder) = at_mut(tree, &path[..depth - 1]) {
                    drop_from(holder, &path[depth - 1]);
                }
            }
            Ok(())
        }
    }
}

/// The steps of a way that a removal takes away, innermost first.
pub(crate) fn emptied(tree: &Value, path: &[Segment], keep: usize) -> usize {
    let mut last = path.len();
    for depth in (keep + 1..path.len()).rev() {
        let alone = at(tree, &path[..depth]).is_some_and(|value| match value {
            Value::Object(members) => members.len() == 1,
            Value::Array(entries) => entries.len() == 1,
            _ => false,
        });
        if !alone {
            break;
        }
        last = depth;
    }
    last
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        _ => false,
    }
}

fn at_mut<'a>(tree: &'a mut Value, path: &[Segment]) -> Option<&'a mut Value> {
    path.iter().try_fold(tree, |value, segment| match segment {
        Segment::Key(key) => value.as_object_mut()?.get_mut(key),
        Segment::Named(name) => value.as_array_mut()?.iter_mut().find(|entry| is_named(entry, name)),
    })
}

fn drop_from(holder: &mut Value, segment: &Segment) {
    match (holder, segment) {
        (Value::Object(members), Segment::Key(key)) => drop(members.shift_remove(key)),
        (Value::Array(entries), Segment::Named(name)) => entries.retain(|entry| !is_named(entry, name)),
        _ => {}
    }
}

fn set(tree: &mut Value, path: &[Segment], value: &Value) -> Result<(), String> {
    let Some((last, way)) = path.split_last() else { return Err("the document".to_owned()) };
    let mut place = tree;
    for (depth, segment) in way.iter().enumerate() {
        fit(place, segment).ok_or_else(|| said(&path[..depth]))?;
        let Segment::Key(key) = segment else { return Err(said(&path[..=depth])) };
        let Value::Object(members) = place else { return Err(said(&path[..depth])) };
        place = members.entry(key.as_str()).or_insert(Value::Null);
    }
    fit(place, last).ok_or_else(|| said(way))?;
    match (place, last) {
        (Value::Object(members), Segment::Key(key)) => drop(members.insert(key.clone(), value.clone())),
        (Value::Array(entries), Segment::Named(name)) => {
            match entries.iter_mut().find(|entry| is_named(entry, name)) {
                Some(entry) => *entry = value.clone(),
                None => entries.push(value.clone()),
            }
        }
        _ => return Err(said(way)),
    }
    Ok(())
}

/// Nothing becomes what the step needs; something else than that stays and is an error.
fn fit(place: &mut Value, segment: &Segment) -> Option<()> {
    match (&*place, segment) {
        (Value::Null, Segment::Key(_)) => *place = Value::Object(serde_json::Map::new()),
        (Value::Null, Segment::Named(_)) => *place = Value::Array(Vec::new()),
        (Value::Object(_), Segment::Key(_)) | (Value::Array(_), Segment::Named(_)) => {}
        _ => return None,
    }
    Some(())
}

/// A way for people.
pub(crate) fn said(path: &[Segment]) -> String {
    let parts: Vec<_> = path
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => key.clone(),
            Segment::Named(name) => format!("[{name}]"),
        })
        .collect();
    if parts.is_empty() { "its beginning".to_owned() } else { parts.join(".") }
}
