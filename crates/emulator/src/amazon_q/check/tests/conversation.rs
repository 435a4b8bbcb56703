//! Order, entries, and the settings around them.

use super::*;

const INVALID: &str = "REQUEST_BODY_INVALID";

#[test]
fn the_turns_alternate_and_the_person_speaks_now() {
    refuses(|body| history(body).truncate(1), INVALID, "does not end with an assistantResponseMessage");
    refuses(
        |body| {
            let again = history(body)[1].clone();
            history(body).push(again);
        },
        INVALID,
        "history.2",
    );
    refuses(|body| history(body).swap(0, 1), INVALID, "history.0");
    refuses(
        |body| {
            let mut both = history(body)[0].clone();
            both["assistantResponseMessage"] = json!({ "content": "x" });
            history(body)[0] = both;
        },
        INVALID,
        "history.0",
    );
    refuses(
        |body| state(body)["currentMessage"] = json!({ "assistantResponseMessage": { "content": "x" } }),
        INVALID,
        "currentMessage",
    );
    refuses(|body| state(body)["history"] = json!({}), INVALID, "no list");
    let many = |body: &mut Value, more: usize| {
        let pair = [
            json!({ "userInputMessage": { "content": "a" } }),
            json!({ "assistantResponseMessage": { "content": "b" } }),
        ];
        let start = history(body).split_off(0);
        *history(body) = (0..9_998 + more).map(|at| pair[at % 2].clone()).chain(start).collect();
    };
    accepts(|body| many(body, 0));
    refuses(|body| many(body, 2), INVALID, "more than 10000 entries");
    refuses(|body| *state(body) = Value::Null, INVALID, "conversationState is missing");
}

#[test]
fn every_content_says_something() {
    refuses(|body| current(body)["content"] = json!(""), INVALID, "currentMessage: content is empty");
    refuses(
        |body| history(body)[1]["assistantResponseMessage"]["content"] = json!(""),
        INVALID,
        "history.1: content is empty",
    );
    refuses(
        |body| {
            history(body)[0]["userInputMessage"].as_object_mut().unwrap().remove("content");
        },
        INVALID,
        "history.0: content is missing",
    );
    let long = "a".repeat(600_001);
    refuses(
        |body| current(body)["content"] = json!(long),
        "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
        "a content is longer",
    );
    accepts(|body| current(body)["content"] = json!(long[1..]));
}

#[test]
fn every_call_is_answered_and_nothing_else() {
    let mismatch = "TOOL_USE_RESULT_MISMATCH";
    let results = |body: &mut Value, results: Value| {
        current(body)["userInputMessageContext"]["toolResults"] = results;
    };
    refuses(|body| results(body, json!([])), mismatch, "currentMessage: no result for t1");
    refuses(
        |body| results(body, json!([result("t1"), result("t2")])),
        mismatch,
        "a result for t2, which was not called",
    );
    refuses(|body| results(body, json!([result("t1"), result("t1")])), mismatch, "two results for one call");
    // The same in the history: an entry between hides the call from its result.
    refuses(
        |body| {
            history(body).push(json!({ "userInputMessage": { "content": "and?" } }));
            history(body).push(json!({ "assistantResponseMessage": { "content": "so" } }));
        },
        mismatch,
        "history.2: no result for t1",
    );
    let answered = |body: &mut Value, second: &str| {
        let context = json!({ "toolResults": [result("t1")] });
        history(body)
            .push(json!({ "userInputMessage": { "content": "x", "userInputMessageContext": context } }));
        history(body)
            .push(json!({ "assistantResponseMessage": { "content": "y", "toolUses": [call(second)] } }));
        results(body, json!([result(second)]));
    };
    accepts(|body| answered(body, "t2"));
    refuses(|body| answered(body, "t1"), mismatch, "history.3: toolUseId t1 was used before");
}

#[test]
fn ids_inputs_and_results_have_their_form() {
    let call_with = |name: &'static str, value: Value| {
        move |body: &mut Value| {
            history(body)[1]["assistantResponseMessage"]["toolUses"][0][name] = value;
        }
    };
    refuses(call_with("toolUseId", json!("call|1")), INVALID, "history.1: toolUseId");
    refuses(call_with("toolUseId", json!("x".repeat(65))), INVALID, "history.1: toolUseId");
    refuses(call_with("input", json!("{}")), INVALID, "the input of a toolUse is no object");
    refuses(call_with("name", json!("")), INVALID, "a toolUse without a name");
    let result_with = |name: &'static str, value: Value| {
        move |body: &mut Value| {
            current(body)["userInputMessageContext"]["toolResults"][0][name] = value;
        }
    };
    accepts(result_with("content", json!([{ "json": { "a": 1 } }])));
    accepts(result_with("status", json!("error")));
    refuses(result_with("toolUseId", json!("t 1")), INVALID, "currentMessage: toolUseId");
    refuses(result_with("status", json!("ok")), INVALID, "status is");
    refuses(result_with("content", json!([])), INVALID, "a toolResult without content");
    refuses(result_with("content", json!([{ "text": "" }])), INVALID, "an empty text");
    refuses(result_with("content", json!([{ "image": {} }])), INVALID, "content of a toolResult is");
    refuses(result_with("content", json!("hi")), INVALID, "no list");
}

#[test]
fn the_settings_are_those_of_a_chat() {
    let with = |name: &'static str, value: Value| move |body: &mut Value| state(body)[name] = value;
    refuses(with("chatTriggerType", json!("AUTO")), INVALID, "chatTriggerType");
    refuses(with("chatTriggerType", Value::Null), INVALID, "chatTriggerType");
    refuses(with("conversationId", json!("mine")), "INVALID_CONVERSATION_ID", "no UUID");
    refuses(with("agentContinuationId", json!("7d0c1a520b8e4d0b9b2f3f1f6a5c9e10")), INVALID, "no UUID");
    refuses(with("agentTaskType", json!("code")), INVALID, "agentTaskType");
    accepts(with("inferenceConfig", json!({ "temperature": 1 })));
    accepts(|body| body["inferenceConfig"] = json!({ "temperature": 1 }));
    let folder = |length: usize| {
        move |body: &mut Value| {
            current(body)["userInputMessageContext"]["envState"] =
                json!({ "operatingSystem": "linux", "currentWorkingDirectory": "a".repeat(length) });
        }
    };
    accepts(folder(256));
    refuses(folder(257), INVALID, "currentWorkingDirectory");
    refuses(
        |body| history(body)[0]["userInputMessage"]["userInputMessageContext"] = json!([]),
        INVALID,
        "userInputMessageContext is no object",
    );
    refuses(|body| current(body)["origin"] = json!("SWITCHBOARD"), INVALID, "origin");
    refuses(|body| current(body)["modelId"] = json!("claude-opus-4-8"), "INVALID_MODEL_ID", "no model");
}

#[test]
fn an_account_without_a_profile_is_taken_in_the_cli_shape_alone() {
    let settings = KiroConfig::default();
    let key = || KiroAccount::new(KiroKind::ApiKey, "key");
    let mut body = good();
    let broken = judged_by(&settings, key(), &body).unwrap_err();
    assert!(broken.why.contains("needs KIRO_CLI"));
    current(&mut body)["origin"] = json!("KIRO_CLI");
    let broken = judged_by(&settings, key(), &body).unwrap_err();
    assert!(broken.why.contains("agentContinuationId"));
    state(&mut body)["agentContinuationId"] = json!(ID);
    assert_eq!(judged_by(&settings, key(), &body), Ok(()));
}

#[test]
fn what_is_too_long_is_told() {
    let settings = KiroConfig { most_body: Some(100), ..KiroConfig::default() };
    let broken = judged_by(&settings, KiroAccount::new(KiroKind::Social, "me"), &good()).unwrap_err();
    assert_eq!(broken.refusal(false).message, "Input is too long.");
    let mut body = good();
    current(&mut body)["modelId"] = json!("claude-haiku-4.5");
    for _ in 0..2 {
        history(&mut body)
            .insert(0, json!({ "assistantResponseMessage": { "content": "a".repeat(500_000) } }));
        history(&mut body).insert(0, json!({ "userInputMessage": { "content": "go on" } }));
    }
    assert!(judged(&body).unwrap_err().why.contains("window"));
    current(&mut body)["modelId"] = json!("claude-opus-4.8");
    assert_eq!(judged(&body), Ok(()));
}
