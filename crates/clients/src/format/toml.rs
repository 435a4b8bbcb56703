//! TOML.

use serde_json::{Map, Number, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value as TomlValue};

use super::Unfit;
use crate::change::{Edit, Segment, emptied, said};

pub(super) fn read(text: &str) -> Result<Value, Unfit> {
    Ok(table(parsed(text)?.as_table()))
}

fn parsed(text: &str) -> Result<DocumentMut, Unfit> {
    let parsed: Result<DocumentMut, _> = text.parse();
    parsed.map_err(|error| {
        let before = error.span().map_or(0, |span| span.start.min(text.len()));
        Unfit::Syntax(format!(
            "line {}",
            text.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count() + 1
        ))
    })
}

fn table(table: &dyn TableLike) -> Value {
    let members = table.iter().filter(|(_, item)| !item.is_none());
    Value::Object(members.map(|(name, item)| (name.to_owned(), self::item(item))).collect())
}

fn item(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => self::value(value),
        Item::Table(inner) => table(inner),
        Item::ArrayOfTables(tables) => Value::Array(tables.iter().map(|inner| table(inner)).collect()),
    }
}

fn value(value: &TomlValue) -> Value {
    match value {
        TomlValue::String(text) => Value::String(text.value().clone()),
        TomlValue::Integer(number) => Value::Number((*number.value()).into()),
        TomlValue::Float(number) => {
            // Not all that TOML has is a number for JSON; it only has to stay the same.
            Number::from_f64(*number.value())
                .map_or_else(|| Value::String(number.value().to_string()), Value::Number)
        }
        TomlValue::Boolean(value) => Value::Bool(*value.value()),
        TomlValue::Datetime(time) => Value::String(time.value().to_string()),
        TomlValue::Array(entries) => Value::Array(entries.iter().map(self::value).collect()),
        TomlValue::InlineTable(inner) => table(inner),
    }
}

pub(super) fn edited(text: &str, edit: &Edit, before: &Value) -> Result<String, Unfit> {
    // The last line of a document always ends when it is written.
    let open = !text.is_empty() && !text.ends_with('\n');
    let whole = if open { format!("{text}\n") } else { text.to_owned() };
    let mut document = parsed(&whole)?;
    if document.to_string() != whole {
        return Err(Unfit::Syntax("it is written in a way that is not understood here".to_owned()));
    }
    match edit {
        Edit::Set(path, value) => {
            let (last, way) = last_key(path)?;
            let place = within(document.as_table_mut(), way, true)?;
            let inline = place.is_inline;
            let fresh = written(value, inline).ok_or_else(|| Unfit::Shape(said(path)))?;
            match (place.table.get_mut(last), fresh) {
                (Some(Item::Value(old)), Item::Value(mut new)) => {
                    *new.decor_mut() = old.decor().clone();
                    *old = new;
                }
                (Some(old), Item::Table(mut new)) if old.is_table() => {
                    if let Some(was) = old.as_table() {
                        *new.decor_mut() = was.decor().clone();
                        new.set_position(was.position());
                    }
                    *old = Item::Table(new);
                }
                (_, Item::Table(mut new)) => {
                    // A blank line above, as people write it.
                    if !text.trim().is_empty() {
                        new.decor_mut().set_prefix("\n");
                    }
                    place.table.insert(last, Item::Table(new));
                }
                (_, new) => drop(place.table.insert(last, new)),
            }
        }
        Edit::Remove(path, keep) => {
            let path = &path[..emptied(before, path, *keep)];
            let (last, way) = last_key(path)?;
            within(document.as_table_mut(), way, false)?.table.remove(last);
        }
    }
    let mut written = document.to_string();
    if open && written.ends_with('\n') {
        written.pop();
    }
    Ok(written)
}

struct Place<'a> {
    table: &'a mut dyn TableLike,
    is_inline: bool,
}

fn last_key(path: &[Segment]) -> Result<(&str, &[Segment]), Unfit> {
    match path.split_last() {
        Some((Segment::Key(key), way)) => Ok((key, way)),
        _ => Err(Unfit::Shape(said(path))),
    }
}

/// The table at `way`; with `make` those that are missing are made.
fn within<'a>(root: &'a mut Table, way: &[Segment], make: bool) -> Result<Place<'a>, Unfit> {
    let mut place = Place { table: root, is_inline: false };
    for (depth, segment) in way.iter().enumerate() {
        let shape = || Unfit::Shape(said(&way[..=depth]));
        let Segment::Key(key) = segment else { return Err(shape()) };
        if place.table.get(key).is_none_or(Item::is_none) {
            if !make {
                return Err(shape());
            }
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            let inline = Item::Value(TomlValue::InlineTable(InlineTable::new()));
            place.table.insert(key, if place.is_inline { inline } else { Item::Table(implicit) });
        }
        let item = place.table.get_mut(key).ok_or_else(shape)?;
        let is_inline = item.is_inline_table();
        place = Place { table: item.as_table_like_mut().ok_or_else(shape)?, is_inline };
    }
    Ok(place)
}

/// An object becomes a table of its own, but for within a table that stands on one line.
fn written(value: &Value, inline: bool) -> Option<Item> {
    match value {
        Value::Object(members) if !inline => {
            let mut table = Table::new();
            for (name, member) in members {
                table.insert(name, Item::Value(plain(member)?));
            }
            Some(Item::Table(table))
        }
        other => plain(other).map(Item::Value),
    }
}

fn plain(value: &Value) -> Option<TomlValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(entries) => TomlValue::Array(entries.iter().map(plain).collect::<Option<Array>>()?),
        Value::Object(members) => TomlValue::InlineTable(inline(members)?),
    })
}

fn inline(members: &Map<String, Value>) -> Option<InlineTable> {
    members.iter().map(|(name, member)| Some((name.clone(), plain(member)?))).collect()
}
