//! YAML, as far as configurations of editors go: members of the outermost mapping, and entries of a list in one of them.
//!
//! Lines are put in and taken out; what they mean is read with a parser before and after, and a file that says anything
//! else afterwards is not written. Every value counts as text.

use serde_json::{Map, Value};
use yaml_edit::{YamlFile, YamlNode};

use super::Unfit;
use crate::change::{Edit, Segment, emptied, is_named, said};

pub(super) fn read(text: &str) -> Result<Value, Unfit> {
    let parsed = YamlFile::parse(text);
    if let Some(error) = parsed.positioned_errors().first() {
        let before = text.get(..error.range.start as usize).unwrap_or_default();
        return Err(Unfit::Syntax(format!("line {}", before.matches('\n').count() + 1)));
    }
    let mut documents = parsed.tree().documents();
    let first = documents.next();
    if documents.next().is_some() {
        return Err(Unfit::Syntax("it has several documents".to_owned()));
    }
    let Some(document) = first else { return Ok(Value::Null) };
    let root = document
        .as_mapping()
        .map(YamlNode::Mapping)
        .or_else(|| document.as_sequence().map(YamlNode::Sequence))
        .or_else(|| document.as_scalar().map(YamlNode::Scalar));
    root.map_or(Ok(Value::Null), |root| values(&root))
}

fn values(node: &YamlNode) -> Result<Value, Unfit> {
    Ok(match node {
        YamlNode::Scalar(scalar) if scalar.to_string().trim().is_empty() => Value::Null,
        YamlNode::Scalar(scalar) => Value::String(scalar.as_string()),
        YamlNode::Mapping(mapping) => {
            let mut members = Map::new();
            for (key, value) in mapping.iter() {
                let key = match &key {
                    YamlNode::Scalar(scalar) => scalar.as_string(),
                    other => other.to_string(),
                };
                if members.insert(key, values(&value)?).is_some() {
                    return Err(Unfit::Syntax("a name stands twice in one mapping".to_owned()));
                }
            }
            Value::Object(members)
        }
        YamlNode::Sequence(sequence) => {
            Value::Array(sequence.values().map(|value| values(&value)).collect::<Result<_, _>>()?)
        }
        YamlNode::Alias(alias) => Value::String(alias.to_string()),
        YamlNode::TaggedNode(tagged) => Value::String(tagged.to_string()),
    })
}

pub(super) fn edited(text: &str, edit: &Edit, before: &Value) -> Result<String, Unfit> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (path, value) = match edit {
        Edit::Set(path, value) => (path.as_slice(), Some(value)),
        Edit::Remove(path, keep) => (&path[..emptied(before, path, *keep)], None),
    };
    let shape = || Unfit::Shape(said(path));
    match (path, value) {
        ([Segment::Key(key)], Some(value)) => {
            let fresh = format!("{key}: {}", scalar(value).ok_or_else(shape)?);
            match block(&lines, key) {
                Some(there) if there.len() == 1 => {
                    let remark = remark(&lines[there.start]).to_owned();
                    lines[there.start] = fresh + &remark;
                }
                Some(_) => return Err(shape()),
                None => append(&mut lines, vec![fresh]),
            }
        }
        ([Segment::Key(key)], None) => drop(lines.drain(block(&lines, key).ok_or_else(shape)?)),
        ([Segment::Key(key), Segment::Named(name)], value) => {
            let Some(there) = block(&lines, key) else {
                let value = value.ok_or_else(shape)?;
                let mut fresh = vec![format!("{key}:")];
                fresh.extend(item(value, "  ").ok_or_else(shape)?);
                append(&mut lines, fresh);
                return Ok(joined(&lines, text));
            };
            let entries = before.get(key).and_then(Value::as_array).map_or(0, Vec::len);
            let items = items(&lines, there.clone());
            // `[]` or nothing after the name; a list on one line is the person's to change.
            if items.len() != entries {
                return Err(shape());
            }
            let place = before
                .get(key)
                .and_then(Value::as_array)
                .and_then(|all| all.iter().position(|entry| is_named(entry, name)));
            let indent = items.first().map_or("  ".to_owned(), |item| indent_of(&lines[item.start]));
            let fresh = match value {
                Some(value) => item(value, &indent).ok_or_else(shape)?,
                None => Vec::new(),
            };
            match (place, fresh.is_empty()) {
                (Some(_), true) if entries == 1 => drop(lines.splice(there, [format!("{key}: []")])),
                (Some(place), _) => drop(lines.splice(items[place].clone(), fresh)),
                (None, true) => return Err(shape()),
                (None, false) => {
                    if items.is_empty() {
                        lines[there.start] = format!("{key}:");
                    }
                    let end = items.last().map_or(there.start + 1, |last| last.end);
                    drop(lines.splice(end..end, fresh));
                }
            }
        }
        _ => return Err(shape()),
    }
    Ok(joined(&lines, text))
}

fn joined(lines: &[String], text: &str) -> String {
    let ended = text.is_empty() || text.ends_with('\n');
    let joined = lines.join("\n");
    if ended && !joined.is_empty() { joined + "\n" } else { joined }
}

/// At the end, but within the document.
fn append(lines: &mut Vec<String>, fresh: Vec<String>) {
    let end = lines.iter().position(|line| line.trim_end() == "...").unwrap_or(lines.len());
    drop(lines.splice(end..end, fresh));
}

/// The lines of an outermost member, without blank lines and comments at their end.
fn block(lines: &[String], key: &str) -> Option<std::ops::Range<usize>> {
    let names = |line: &&String| {
        let rest = line.strip_prefix(key).or_else(|| {
            ['"', '\'']
                .iter()
                .find_map(|quote| line.strip_prefix(*quote)?.strip_prefix(key)?.strip_prefix(*quote))
        });
        rest.and_then(|rest| rest.trim_start().strip_prefix(':'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let start = lines.iter().position(|line| names(&line))?;
    let belongs = |line: &&String| {
        is_silent(line) || line.starts_with([' ', '\t']) || line.starts_with("- ") || **line == "-"
    };
    let length = 1 + lines[start + 1..].iter().take_while(belongs).count();
    let silent = lines[start + 1..start + length].iter().rev().take_while(|line| is_silent(line)).count();
    Some(start..start + length - silent)
}

/// The entries of a list in a block, each with its lines.
fn items(lines: &[String], block: std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
    let body = block.start + 1..block.end;
    let begins = |line: &str| line.trim_start().starts_with("- ") || line.trim() == "-";
    let Some(first) = body.clone().find(|line| begins(&lines[*line])) else { return Vec::new() };
    let indent = indent_of(&lines[first]);
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, line) in lines.iter().enumerate().take(body.end).skip(first) {
        if begins(line) && indent_of(line) == indent {
            found.push(at..at + 1);
        } else if !is_silent(line)
            && let Some(last) = found.last_mut()
        {
            last.end = at + 1;
        }
    }
    found
}

/// The comment behind a value, with the spaces before it.
fn remark(line: &str) -> &str {
    let rest = line.split_once(':').map_or("", |(_, rest)| rest);
    let value = rest.trim_start();
    let from = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.rfind(quote).map_or("", |end| &value[end + 1..]),
        _ => value.find(" #").map_or("", |at| &value[value[..at].trim_end().len()..]),
    };
    if from.trim_start().starts_with('#') { from } else { "" }
}

fn is_silent(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn indent_of(line: &str) -> String {
    line.chars().take_while(|c| *c == ' ').collect()
}

/// An object as an entry of a list.
fn item(value: &Value, indent: &str) -> Option<Vec<String>> {
    let members = value.as_object()?;
    let mut lines = Vec::new();
    for (name, member) in members {
        let lead = if lines.is_empty() { "- " } else { "  " };
        match member {
            Value::Array(entries) => {
                let entries: Option<Vec<_>> = entries.iter().map(scalar).collect();
                lines.push(format!("{indent}{lead}{name}: [{}]", entries?.join(", ")));
            }
            other => lines.push(format!("{indent}{lead}{name}: {}", scalar(other)?)),
        }
    }
    Some(lines)
}

/// A text on one line, quoted where it could be taken for something else.
fn scalar(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let plain = !text.is_empty()
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        );
    Some(if plain { text.to_owned() } else { value.to_string() })
}
