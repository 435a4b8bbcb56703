//! The rules themselves: each can be broken.

use serde_json::Value;

use crate::{json, rules};

#[test]
fn every_rule_can_be_broken() {
    let good = json(include_bytes!("../fixtures/amazon_q/04-tool-result.request.json"));
    let good = &good["request"]["body"];
    rules::check(good).expect("the sample keeps the rules");
    let state = "/conversationState";
    let current = "/conversationState/currentMessage/userInputMessage";
    let context = "/conversationState/currentMessage/userInputMessage/userInputMessageContext";
    let assistant = "/conversationState/history/1/assistantResponseMessage";
    let cases: [(&str, String, Value); 26] = [
        ("unknown member", "/inferenceConfig".into(), serde_json::json!({})),
        ("trigger", format!("{state}/chatTriggerType"), "AUTO".into()),
        ("odd history", format!("{state}/history/1"), Value::Null),
        ("two users", format!("{state}/history/1"), good["conversationState"]["history"][0].clone()),
        (
            "starts with the assistant",
            format!("{state}/history/0"),
            good["conversationState"]["history"][1].clone(),
        ),
        ("empty user", format!("{current}/content"), "".into()),
        ("empty assistant", format!("{assistant}/content"), "".into()),
        ("unanswered call", format!("{context}/toolResults/1"), Value::Null),
        ("orphan", format!("{context}/toolResults/0/toolUseId"), "other".into()),
        ("no results", format!("{context}/toolResults"), serde_json::json!([])),
        ("bad id", format!("{assistant}/toolUses/0/toolUseId"), "a b".into()),
        ("double id", format!("{assistant}/toolUses/0/toolUseId"), "tooluse_zZ9y8X7w6V5u4T3s2R1q0p".into()),
        ("unknown tool", format!("{assistant}/toolUses/0/name"), "gone".into()),
        ("arguments as text", format!("{assistant}/toolUses/0/input"), "{}".into()),
        ("no tools", format!("{context}/tools"), serde_json::json!([])),
        ("double tool", format!("{context}/tools/0/toolSpecification/name"), "List_Dir".into()),
        ("bad tool name", format!("{context}/tools/0/toolSpecification/name"), "1read".into()),
        ("no description", format!("{context}/tools/0/toolSpecification/description"), "".into()),
        (
            "long description",
            format!("{context}/tools/0/toolSpecification/description"),
            "x".repeat(9217).into(),
        ),
        ("cache point", format!("{context}/tools/0/cachePoint"), serde_json::json!({"type": "default"})),
        (
            "null properties",
            format!("{context}/tools/0/toolSpecification/inputSchema/json/properties"),
            Value::Null,
        ),
        (
            "empty required",
            format!("{context}/tools/0/toolSpecification/inputSchema/json/required"),
            serde_json::json!([]),
        ),
        (
            "tools in history",
            format!("{state}/history/0/userInputMessage/userInputMessageContext"),
            serde_json::json!({"tools": []}),
        ),
        (
            "flat thought",
            format!("{assistant}/reasoningContent"),
            serde_json::json!({"text": "t", "signature": "s"}),
        ),
        ("other origin", format!("{state}/history/0/userInputMessage/origin"), "KIRO_CLI".into()),
        ("other model", format!("{state}/history/0/userInputMessage/modelId"), "auto".into()),
    ];
    for (what, pointer, value) in cases {
        let mut bad = good.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        match (bad.pointer_mut(parent).expect(what), name.parse::<usize>()) {
            (Value::Array(list), Ok(at)) if value.is_null() => drop(list.remove(at)),
            (Value::Array(list), Ok(at)) => list[at] = value,
            (parent, _) => parent[name] = value,
        }
        assert!(rules::check(&bad).is_err(), "{what}");
    }
}
