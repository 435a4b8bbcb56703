//! Tools and their schemas.

use super::*;

const INVALID: &str = "REQUEST_BODY_INVALID";
const SCHEMA: &str = "TOOL_SCHEMA_INVALID";

fn specify(name: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |body| tools(body)[0]["toolSpecification"][name] = value
}

fn describe(schema: Value) -> impl FnOnce(&mut Value) {
    specify("inputSchema", json!({ "json": schema }))
}

fn property(schema: Value) -> impl FnOnce(&mut Value) {
    describe(json!({ "type": "object", "properties": { "path": schema } }))
}

#[test]
fn names_and_descriptions_have_their_limits() {
    for name in ["", "1read", "_read", "read.file", "mcp:read", &"r".repeat(65)] {
        refuses(|body| tools(body)[0]["toolSpecification"]["name"] = json!(name), INVALID, "the name");
    }
    accepts(|body| tools(body)[0]["toolSpecification"]["name"] = json!("Read"));
    refuses(specify("description", json!("")), INVALID, "no description");
    refuses(specify("description", Value::Null), INVALID, "no description");
    refuses(specify("description", json!("x".repeat(10_241))), INVALID, "more than 10240 characters");
    accepts(specify("description", json!("\u{fc}".repeat(10_240))));
}

#[test]
fn tools_are_told_apart_and_counted() {
    refuses(
        |body| {
            let again = tools(body)[0].clone();
            tools(body).push(again);
        },
        "TOOL_DUPLICATE",
        "two tools are called read",
    );
    let many = |count: usize| {
        move |body: &mut Value| {
            let more = (1..count).map(|at| tool(&format!("t{at}"), json!({})));
            tools(body).extend(more);
        }
    };
    accepts(many(119));
    refuses(many(120), INVALID, "120 tools");
    refuses(
        |body| tools(body).push(json!({ "cachePoint": { "type": "default" } })),
        INVALID,
        "wanted toolSpecification alone",
    );
}

#[test]
fn what_was_called_is_among_the_tools() {
    refuses(specify("name", json!("write")), INVALID, "history.1: read is not among the tools");
    accepts(specify("name", json!("READ")));
    refuses(
        |body| {
            current(body)["userInputMessageContext"].as_object_mut().unwrap().remove("tools");
        },
        "TOOL_CONFIG_MISSING",
        "toolResults without any tools",
    );
    refuses(
        |body| {
            let tools = tools(body).clone();
            history(body)[0]["userInputMessage"]["userInputMessageContext"] = json!({ "tools": tools });
        },
        INVALID,
        "history.0: tools belong into the current message",
    );
}

#[test]
fn schemas_keep_to_what_the_service_reads() {
    accepts(property(json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })));
    accepts(property(json!({ "type": "string", "pattern": "^a", "minLength": 1 })));
    // A property may be called as a keyword is.
    accepts(describe(json!({ "type": "object", "properties": { "$ref": { "type": "string" } } })));
    let root = |name: &str, value: Value| {
        let mut schema = json!({ "type": "object", "properties": {} });
        schema[name] = value;
        describe(schema)
    };
    accepts(root("required", json!(["path"])));
    for (name, value) in [
        ("required", json!([])),
        ("required", Value::Null),
        ("properties", Value::Null),
        ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
        ("$id", json!("x")),
        ("$defs", json!({})),
        ("additionalProperties", json!(false)),
        ("type", json!("string")),
        ("oneOf", json!([])),
        ("anyOf", json!([])),
        ("allOf", json!([])),
    ] {
        refuses(root(name, value), SCHEMA, "tools.0 (read)");
    }
    refuses(describe(json!({ "type": "object" })), SCHEMA, "the root has no properties");
    refuses(describe(Value::Null), SCHEMA, "type is not object");
    for inner in [
        json!({ "$ref": "#/$defs/a" }),
        json!({ "type": "object", "additionalProperties": false }),
        json!({ "type": "array", "items": { "type": "object", "required": [] } }),
        json!({ "anyOf": [{ "type": "object", "properties": null }] }),
        json!("string"),
    ] {
        refuses(property(inner), SCHEMA, "/properties/path");
    }
}

#[test]
fn a_stricter_stack_refuses_what_constrains_values() {
    let settings = KiroConfig { strict_schemas: true, ..KiroConfig::default() };
    let account = || KiroAccount::new(KiroKind::IdentityCenter, "me");
    assert_eq!(judged_by(&settings, account(), &good()), Ok(()));
    for keyword in ["pattern", "format", "minimum", "maxItems", "not", "if", "dependentRequired"] {
        let mut body = good();
        property(json!({ "type": "string", keyword: "x" }))(&mut body);
        let refusal = judged_by(&settings, account(), &body).unwrap_err().refusal(false);
        assert_eq!(refusal.more["reason"], SCHEMA, "{keyword}");
    }
}
