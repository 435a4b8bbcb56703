use serde_json::json;

use super::*;

#[test]
fn instances_satisfy_their_schemas() {
    let schemas = [
        json!({ "type": "object", "properties": { "city": { "type": "string" }, "t": { "type": "number" } },
                "required": ["city", "t"], "additionalProperties": false }),
        json!({ "type": "array", "items": { "$ref": "#/$defs/row" }, "minItems": 2,
                "$defs": { "row": { "type": "object", "properties": { "id": { "type": "integer", "minimum": 3 } },
                                    "required": ["id"] } } }),
        json!({ "enum": ["b", "a"] }),
        json!({ "anyOf": [{ "type": "null" }, { "type": "string" }] }),
        json!({ "allOf": [
            { "type": "object", "properties": { "a": { "const": 1 } }, "required": ["a"] },
            { "type": "object", "properties": { "b": { "type": ["boolean", "null"] } }, "required": ["b"] },
        ] }),
        json!({ "type": "string", "minLength": 5 }),
        json!({ "properties": { "when": { "type": "string", "format": "date-time" } }, "required": ["when"] }),
    ];
    for schema in schemas {
        let instance = minimal(&schema);
        assert!(jsonschema::is_valid(&schema, &instance), "{instance} for {schema}");
    }
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({ "type": "object", "properties": { "next": { "$ref": "#" } }, "required": ["next"] });
    assert!(minimal(&schema)["next"]["next"].is_object());
}
