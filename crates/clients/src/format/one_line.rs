//! A member that joins a JSON object which a person wrote on one line: what stands there keeps its place and its spaces.

use jsonc_parser::cst::{CstNode, CstObject, CstObjectProp, CstRootNode};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

use crate::change::Segment;

/// The text with `value` at `path`, if the member that is missing on the way there belongs at the end of an object with
/// others on one line; else `None`.
pub(super) fn joined(root: &CstRootNode, text: &str, path: &[Segment], value: &Value) -> Option<String> {
    let mut object = root.object_value()?;
    let mut way = path.iter();
    let key = loop {
        let Some(Segment::Key(key)) = way.next() else { return None };
        let Some(known) = object.get(key) else { break key };
        object = known.object_value()?;
    };
    let last = object.properties().pop()?;
    if object.children().iter().any(CstNode::is_newline) {
        return None;
    }
    let inner = way.rev().fold(value.clone(), |inner, segment| match segment {
        Segment::Key(key) => Value::Object(Map::from_iter([(key.to_string(), inner)])),
        Segment::Named(_) => Value::Array(vec![inner]),
    });
    let member = member(root, text, &object, key, &inner)?;
    let (comma, end) = ends(&object, &last)?;
    let (before, between, after) = (text.get(..comma)?, text.get(comma..end)?, text.get(end..)?);
    let separator = if last.trailing_comma().is_some() { "" } else { "," };
    Some(format!("{before}{separator}{between}{member}{after}"))
}

/// A simple value stands on the same line, another one on lines of its own.
fn member(root: &CstRootNode, text: &str, object: &CstObject, key: &str, value: &Value) -> Option<String> {
    let name = Value::from(key);
    if !value.is_object() && !value.is_array() {
        return Some(format!(" {name}: {value}"));
    }
    let line = text.get(..offset(&object.clone().into()))?.rsplit('\n').next()?;
    let indent = line.split(|letter: char| !letter.is_whitespace()).next()?;
    let step = root.single_indent_text().unwrap_or_else(|| "  ".to_owned());
    let mut spread = Vec::new();
    let formatter = PrettyFormatter::with_indent(step.as_bytes());
    value.serialize(&mut Serializer::with_formatter(&mut spread, formatter)).ok()?;
    let spread = String::from_utf8(spread).ok()?.replace('\n', &format!("\n{indent}{step}"));
    Some(format!("\n{indent}{step}{name}: {spread}\n{indent}"))
}

/// Where the last member ends, and where all that is said after it on its line does.
fn ends(object: &CstObject, last: &CstObjectProp) -> Option<(usize, usize)> {
    let said = object.children().into_iter().rev().skip(1).find(|child| !child.is_whitespace())?;
    Some((end(&last.clone().into()), end(&said)))
}

fn end(node: &CstNode) -> usize {
    offset(node) + node.to_string().len()
}

/// The bytes before a node.
fn offset(node: &CstNode) -> usize {
    let before = |siblings: &mut dyn Iterator<Item = CstNode>| -> usize {
        siblings.map(|sibling| sibling.to_string().len()).sum()
    };
    let outer = node.ancestors().map(|ancestor| before(&mut ancestor.previous_siblings())).sum::<usize>();
    before(&mut node.previous_siblings()) + outer
}
