//! JSON, with comments and trailing commas where a person has them.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::Value;

use super::Unfit;
use super::one_line::joined;
use crate::change::{Edit, Segment, emptied, is_named, said};

/// What editors that allow comments allow beside them; not all of JSON5.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn read(text: &str) -> Result<Value, Unfit> {
    let root = parsed(text)?;
    let Some(value) = root.value() else { return Ok(Value::Null) };
    if has_twins(&value) {
        return Err(Unfit::Syntax("a name stands twice in one object".to_owned()));
    }
    root.to_serde_value().ok_or_else(|| Unfit::Syntax("a value is not JSON".to_owned()))
}

fn parsed(text: &str) -> Result<CstRootNode, Unfit> {
    // The complaint quotes nothing of the text but the kind of a token.
    CstRootNode::parse(text, &OPTIONS)
        .map_err(|error| Unfit::Syntax(format!("line {}", error.line_display())))
}

/// A reader takes the last of two, an editor finds the first.
fn has_twins(node: &CstNode) -> bool {
    if let Some(object) = node.as_object() {
        let mut names: Vec<_> =
            object.properties().iter().filter_map(|property| property.decoded_name()).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        if names.len() != all {
            return true;
        }
    }
    node.children().iter().any(has_twins)
}

pub(super) fn edited(text: &str, edit: &Edit, before: &Value) -> Result<String, Unfit> {
    let root = parsed(text)?;
    match edit {
        Edit::Set(path, value) => {
            if let Some(text) = joined(&root, text, path, value) {
                return Ok(text);
            }
            let (last, way) = path.split_last().ok_or_else(|| Unfit::Shape(said(path)))?;
            let shape = || Unfit::Shape(said(way));
            match last {
                Segment::Key(key) => set(&object(&root, way)?, key, value),
                Segment::Named(name) => {
                    let list = match way.split_last() {
                        None => root.array_value_or_set(),
                        Some((Segment::Key(key), rest)) => {
                            object(&root, rest)?.array_value_or_create(key).ok_or_else(shape)?
                        }
                        Some(_) => return Err(shape()),
                    };
                    match entry(&list, name) {
                        Some(place) => drop(replace(place, value)),
                        None => drop(list.append(input(value))),
                    }
                }
            }
        }
        Edit::Remove(path, keep) => {
            let path = &path[..emptied(before, path, *keep)];
            let (last, way) = path.split_last().ok_or_else(|| Unfit::Shape(said(path)))?;
            match last {
                Segment::Key(key) => object(&root, way)?.get(key).map(|property| property.remove()),
                Segment::Named(name) => {
                    list(&root, way).and_then(|list| entry(&list, name)).map(CstNode::remove)
                }
            };
        }
    }
    let text = root.to_string();
    Ok(if text.ends_with('\n') || before != &Value::Null { text } else { text + "\n" })
}

fn set(object: &CstObject, key: &str, value: &Value) {
    match object.get(key) {
        Some(property) => property.set_value(input(value)),
        None => drop(object.append(key, input(value))),
    }
}

/// The object at `way`, made where there is none.
fn object(root: &CstRootNode, way: &[Segment]) -> Result<CstObject, Unfit> {
    let mut place = root.object_value_or_create().ok_or_else(|| Unfit::Shape(said(&[])))?;
    for (depth, segment) in way.iter().enumerate() {
        let Segment::Key(key) = segment else { return Err(Unfit::Shape(said(&way[..=depth]))) };
        place = place.object_value_or_create(key).ok_or_else(|| Unfit::Shape(said(&way[..=depth])))?;
    }
    Ok(place)
}

fn list(root: &CstRootNode, way: &[Segment]) -> Option<CstArray> {
    let Some((last, rest)) = way.split_last() else { return root.array_value() };
    let Segment::Key(key) = last else { return None };
    object(root, rest).ok()?.array_value(key)
}

fn entry(list: &CstArray, name: &str) -> Option<CstNode> {
    list.elements()
        .into_iter()
        .find(|entry| entry.to_serde_value().is_some_and(|value| is_named(&value, name)))
}

fn replace(place: CstNode, value: &Value) -> Option<CstNode> {
    place.as_object()?.replace_with(input(value))
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(entries) => CstInputValue::Array(entries.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}
