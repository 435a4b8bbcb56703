use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn minimal(schema: Value) -> Value {
    clean(&schema, SchemaDepth::Minimal).into_owned()
}

fn bare(schema: Value) -> Value {
    clean(&schema, SchemaDepth::Bare).into_owned()
}

#[test]
fn a_sound_schema_is_not_copied() {
    let schema = json!({
        "type": "object",
        "properties": {"pattern": {"type": "string", "minLength": 1}, "required": {"const": null}},
        "required": ["pattern"],
    });
    assert!(matches!(clean(&schema, SchemaDepth::Minimal), Cow::Borrowed(_)));
    assert!(matches!(clean(&schema, SchemaDepth::Bare), Cow::Owned(_)));
}

#[test]
fn what_is_refused_everywhere_goes_at_every_level() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "x",
        "type": "object",
        "additionalProperties": false,
        "required": [],
        "properties": {
            "a": {"type": "object", "properties": null, "required": null},
            "b": {"type": "array", "items": {"type": "object", "required": [], "additionalProperties": {"type": "string"}}},
            "c": {"anyOf": [{"type": "string", "format": "date"}, {"type": "object", "$comment": "no", "required": ["q"]}]},
        },
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "a": {"type": "object"},
            "b": {"type": "array", "items": {"type": "object"}},
            "c": {"anyOf": [{"type": "string", "format": "date"}, {"type": "object", "required": ["q"]}]},
        },
    });
    assert_eq!(minimal(schema), expected);
}

#[test]
fn only_keywords_go_and_never_properties() {
    let names: Vec<&str> =
        CONSTRAINING.into_iter().chain(["additionalProperties", "$schema", "$ref", "definitions"]).collect();
    let properties: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    let mut schema = json!({"type": "object", "properties": properties, "required": names});
    assert_eq!(bare(schema.clone()), schema);
    schema["properties"]["data"] = json!({"enum": [{"pattern": 1}], "default": {"format": {"minimum": 1}}});
    let sent = schema.clone();
    schema["$schema"] = "so that it is written anew".into();
    assert_eq!(bare(schema), sent, "data is no schema");
}

#[test]
fn bare_leaves_no_constraint() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a": {"type": "string", "pattern": "^x", "format": "date", "minLength": 1, "maxLength": 2, "description": "d"},
            "b": {"type": "integer", "minimum": 0, "maximum": 9, "exclusiveMinimum": 0, "multipleOf": 2, "enum": [1]},
            "c": {"type": "array", "items": {"type": "string", "not": {"const": "x"}}, "minItems": 1, "uniqueItems": true},
            "d": {"type": "object", "patternProperties": {"^a": {}}, "propertyNames": {"pattern": "x"}, "dependentRequired": {"a": ["b"]}},
        },
        "if": {"properties": {"a": {"const": 1}}},
        "then": {"required": ["b"]},
        "unevaluatedProperties": false,
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "a": {"type": "string", "description": "d"},
            "b": {"type": "integer", "enum": [1]},
            "c": {"type": "array", "items": {"type": "string"}},
            "d": {"type": "object"},
        },
    });
    assert_eq!(bare(schema), expected);
}

#[test]
fn the_root_is_an_object_with_properties() {
    let empty = json!({"type": "object", "properties": {}});
    for schema in [
        json!({}),
        json!(null),
        json!(true),
        json!([1]),
        json!({"type": "object"}),
        json!({"type": "object", "properties": null, "required": null}),
        json!({"type": ["object", "null"]}),
    ] {
        assert_eq!(minimal(schema.clone()), empty, "{schema}");
    }
    let schema = json!({"type": "string", "description": "odd"});
    assert_eq!(minimal(schema), json!({"type": "object", "properties": {}, "description": "odd"}));
}

#[test]
fn what_is_no_schema_becomes_one() {
    let schema = json!({
        "type": "object",
        "properties": {"a": null, "b": true, "c": {"items": null}, "d": {"items": [1, {"type": "string"}]}, "e": {"anyOf": []}},
        "required": ["a", null, 1],
    });
    let expected = json!({
        "type": "object",
        "properties": {"a": {}, "b": {}, "c": {}, "d": {"items": [{}, {"type": "string"}]}, "e": {}},
        "required": ["a"],
    });
    assert_eq!(minimal(schema), expected);
}

#[test]
fn references_are_written_out() {
    let schema = json!({
        "type": "object",
        "properties": {
            "from": {"$ref": "#/$defs/Point", "description": "where it begins"},
            "odd": {"$ref": "#/definitions/a~1b%20c"},
            "gone": {"$ref": "#/$defs/Nowhere"},
            "far": {"$ref": "https://example.invalid/schema"},
        },
        "$defs": {"Point": {"type": "object", "description": "a point", "properties": {"x": {"$ref": "#/$defs/Number"}}},
                  "Number": {"type": "number"}},
        "definitions": {"a/b c": {"type": "boolean"}},
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "from": {"type": "object", "description": "where it begins", "properties": {"x": {"type": "number"}}},
            "odd": {"type": "boolean"},
            "gone": {},
            "far": {},
        },
    });
    assert_eq!(minimal(schema), expected);
}

#[test]
fn a_reference_to_itself_ends() {
    let schema = json!({
        "$ref": "#/$defs/Node",
        "$defs": {"Node": {"type": "object", "properties": {
            "next": {"$ref": "#/$defs/Node"}, "root": {"$ref": "#"}, "self": {"$ref": "#/properties/self"}}}},
    });
    let cleaned = minimal(schema);
    assert_eq!(cleaned["properties"]["next"], json!({"type": "object"}));
    assert_eq!(cleaned["properties"]["root"], json!({}));
    assert_eq!(cleaned["properties"]["self"], json!({}));
}

#[test]
fn definitions_that_double_do_not_grow_for_ever() {
    let mut definitions = Map::new();
    for at in 0..60 {
        let next = format!("#/$defs/d{}", at + 1);
        let twice = json!({"type": "object", "properties": {"a": {"$ref": next}, "b": {"$ref": next}, "c": {"$ref": next}}});
        definitions.insert(format!("d{at}"), twice);
    }
    definitions.insert("d60".to_owned(), json!({"type": "string"}));
    let cleaned = minimal(json!({"$ref": "#/$defs/d0", "$defs": definitions}));
    let size = cleaned.to_string().len();
    assert!(size < 4_000_000, "{size} bytes");
}

#[test]
fn definitions_that_nest_do_not_grow_deep() {
    let mut definitions = Map::new();
    for at in 0..40 {
        let mut schema = json!({"$ref": format!("#/$defs/d{}", at + 1)});
        for _ in 0..40 {
            schema = json!({"items": schema});
        }
        definitions.insert(format!("d{at}"), schema);
    }
    let cleaned = minimal(json!({"$ref": "#/$defs/d0", "$defs": definitions})).to_string();
    assert!(llm::check_depth(cleaned.as_bytes(), 200), "{} bytes", cleaned.len());
}

#[test]
fn a_choice_at_the_root_becomes_one_object() {
    let schema = json!({
        "description": "one of two",
        "properties": {"id": {"type": "string"}},
        "required": ["id"],
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "number"}}, "required": ["kind", "x"]},
            {"$ref": "#/$defs/b"},
            {"type": "null"},
        ],
        "$defs": {"b": {"properties": {"kind": {"const": "b"}, "id": {"type": "string"}}, "required": ["kind"]}},
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "kind": {"anyOf": [{"const": "a"}, {"const": "b"}]},
            "x": {"type": "number"},
        },
        "description": "one of two",
        "required": ["id", "kind"],
    });
    assert_eq!(minimal(schema), expected);
}

#[test]
fn a_combination_at_the_root_keeps_all_demands() {
    let schema = json!({
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"anyOf": [
                {"properties": {"b": {"type": "string"}}, "required": ["b", "a"]},
                {"properties": {"a": {"description": "A"}}, "required": ["b"]},
            ]},
        ],
    });
    let expected = json!({
        "type": "object",
        "properties": {"a": {"type": "string", "description": "A"}, "b": {"type": "string"}},
        "required": ["a", "b"],
    });
    assert_eq!(minimal(schema), expected);
}

/// Keywords and properties of the same names, in any nesting.
fn any_schema() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "properties",
        "items",
        "anyOf",
        "allOf",
        "oneOf",
        "required",
        "pattern",
        "format",
        "$ref",
        "$defs",
        "additionalProperties",
        "enum",
        "const",
        "not",
        "minimum",
        "description",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec!["object", "string", "#", "#/$defs/x", "#/properties/x", "a"])
            .prop_map(Value::from),
        Just(json!([])),
        Just(json!(["x"])),
        Just(json!({"$ref": "#/$defs/x"})),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec((word.clone(), inner.clone()), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn what_comes_out_is_sound_and_stays(schema in any_schema(), full in any::<bool>()) {
        let depth = if full { SchemaDepth::Bare } else { SchemaDepth::Minimal };
        let cleaned = clean(&schema, depth).into_owned();
        prop_assert!(sound_root(&cleaned), "{cleaned}");
        prop_assert!(sound(&cleaned, depth), "{cleaned}");
        prop_assert!(matches!(clean(&cleaned, depth), Cow::Borrowed(_)));
    }
}
