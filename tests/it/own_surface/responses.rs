//! Responses.

use emulator::Operation::{ChatCompletions, Converse, ConverseStream, Responses as OwnResponses};
use emulator::{Fault, Refusal, When};
use serde_json::{Value, json};

use super::{GPT, OSS, sent};
use crate::client::Dialect::Responses;
use crate::client::Usage;
use crate::harness::{Answer, TestApp};

const THOUGHT: &str = "The person wants an answer. I repeat what they said.";

/// The finished object of an answer in either form.
fn object(answer: &Answer) -> Value {
    Responses.read(answer);
    match answer.header("content-type") {
        Some("application/json") => answer.json(),
        _ => {
            let (_, last) = answer.events().pop().expect("an event");
            serde_json::from_str::<Value>(&last).expect("JSON")["response"].clone()
        }
    }
}

#[tokio::test]
async fn an_answer_comes_in_the_upstreams_own_words() {
    let app = TestApp::start().await;
    for stream in [false, true] {
        let mut body = Responses.asking(GPT, "hello", stream);
        body["reasoning"] = json!({"effort": "low", "summary": "auto"});
        body["text"] = json!({"verbosity": "low"});
        let answer = app.ask(Responses, &body).await;
        let said = Responses.read(&answer);
        assert_eq!(
            (said.text.as_str(), said.thinking.as_str()),
            ("echo: hello", THOUGHT),
            "{}",
            answer.text()
        );
        assert_eq!((said.model.as_str(), said.stop.as_str()), (GPT, "completed"));
        assert!(said.signature.starts_with("gAAAA"), "thoughts come back sealed: {}", answer.text());
        assert!(answer.text().contains("prompt_cache_retention"), "{}", answer.text());
        let (request, upstream) = sent(&app, OwnResponses);
        assert_eq!(request.path, "/openai/v1/responses");
        assert_eq!(upstream["text"], json!({"verbosity": "low"}));
        assert_eq!(
            (&upstream["store"], &upstream["include"]),
            (&json!(false), &json!(["reasoning.encrypted_content"]))
        );
        let row = app.row(&answer).await;
        assert_eq!(
            (&row["upstream_wire"], &row["stop_reason"]),
            (&json!("openai_responses"), &json!("end_turn"))
        );
        assert_eq!(said.usage, Some(Usage::of_row(&row)), "{row}");
        assert!(row["cost_usd"].as_f64() > Some(0.0), "{row}");
    }
}

#[tokio::test]
async fn tools_of_every_form_are_the_upstreams_own() {
    let app = TestApp::start().await;
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!([
        Responses.tool("weather", &parameters),
        {"type": "namespace", "name": "mcp__jira", "description": "Jira", "tools": [Responses.tool("get", &parameters)]},
        {"type": "custom", "name": "run", "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}},
        {"type": "web_search"},
    ]);
    for stream in [false, true] {
        for (text, kind, name, namespace) in [
            (r#"[[tool:weather {"city":"Rome"}]]"#, "function_call", "weather", Value::Null),
            (r#"[[tool:mcp__jira__get {"city":"Oslo"}]]"#, "function_call", "get", json!("mcp__jira")),
            (r#"[[tool:run {"input":"a \"b\"\n"}]]"#, "custom_tool_call", "run", Value::Null),
        ] {
            let mut body = Responses.asking(GPT, text, stream);
            body["tools"] = tools.clone();
            let answer = app.ask(Responses, &body).await;
            assert_eq!(answer.header("x-proxy-adjusted"), Some("tools.web_search:dropped"));
            let first = object(&answer);
            let output = first["output"].as_array().expect("output").clone();
            let call = output.last().expect("a call");
            assert_eq!(
                (&call["type"], &call["name"], &call["namespace"]),
                (&json!(kind), &json!(name), &namespace)
            );
            assert_eq!(sent(&app, OwnResponses).1["tools"].as_array().map(Vec::len), Some(3));
            assert_eq!(app.row(&answer).await["stop_reason"], "tool_use");
            let result =
                json!({"type": format!("{kind}_output"), "call_id": call["call_id"], "output": "done"});
            let mut items = vec![json!({"role": "user", "content": text})];
            items.extend(output.iter().cloned());
            items.push(result);
            body["input"] = items.into();
            assert_eq!(app.said(Responses, &body).await.text, "tool said: done");
            assert!(
                sent(&app, OwnResponses).1["input"][1]["encrypted_content"].is_string(),
                "the thought came back"
            );
        }
    }
}

#[tokio::test]
async fn a_conversation_goes_on_from_an_answer_that_was_kept() {
    let app = TestApp::start().await;
    for stream in [false, true] {
        let mut body = Responses.asking(GPT, r#"[[tool:weather {"city":"Rome"}]]"#, stream);
        body["tools"] = json!([Responses.tool("weather", &json!({"type": "object"}))]);
        let first = object(&app.ask(Responses, &body).await);
        assert_eq!(first["store"], true);
        let path = format!("/v1/responses/{}", first["id"].as_str().expect("an id"));
        assert_eq!(app.get(&path).await.json(), first);
        let call = first["output"].as_array().expect("output").last().expect("a call")["call_id"].clone();
        body["input"] = json!([{"type": "function_call_output", "call_id": call, "output": "sunny"}]);
        body["previous_response_id"] = first["id"].clone();
        let second = object(&app.ask(Responses, &body).await);
        assert_eq!(second["previous_response_id"], first["id"]);
        let words = second["output"].as_array().expect("output").last().expect("words").clone();
        assert_eq!(words["content"][0]["text"], "tool said: sunny");
        let (_, upstream) = sent(&app, OwnResponses);
        assert!(
            upstream.get("previous_response_id").is_none()
                && upstream["input"].as_array().expect("items").len() > 2
        );
        // An item is known by its name alone.
        let mut names = Responses.asking(GPT, "", stream);
        names["input"] = json!([
            {"role": "user", "content": "one"}, {"type": "item_reference", "id": words["id"]}, {"role": "user", "content": "two"},
        ]);
        assert_eq!(app.said(Responses, &names).await.text, "echo: two");
        assert_eq!(sent(&app, OwnResponses).1["input"][1]["content"][0]["text"], "tool said: sunny");
    }
}

#[tokio::test]
async fn history_that_bedrock_does_not_know_is_said_otherwise() {
    let app = TestApp::start().await;
    let mut body = Responses.asking(GPT, "", true);
    body["client_metadata"] = json!({"x": "y"});
    body["input"] = json!([
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "custom", "name": "exec"}]},
        {"type": "message", "role": "user", "content": "hi", "internal_chat_message_metadata_passthrough": {"a": 1}},
        {"type": "agent_message", "content": [{"type": "input_text", "text": "from another"}, {"type": "encrypted_content", "encrypted_content": "x"}]},
        {"type": "local_shell_call", "call_id": "c1", "status": "completed", "action": {"type": "exec", "command": ["ls"], "env": {}, "user": null}},
        {"type": "local_shell_call_output", "call_id": "c1", "output": "a.txt"},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "context_compaction", "encrypted_content": "gAAAAABforeign"},
        {"role": "user", "content": "go on"},
    ]);
    let answer = app.ask(Responses, &body).await;
    assert_eq!(Responses.read(&answer).text, "tool said: a.txt");
    assert_eq!(
        answer.header("x-proxy-adjusted"),
        Some(
            "agent_message:message; local_shell_call:function_call; thinking:dropped; input.web_search_call:dropped; \
             context_compaction:compaction"
        )
    );
    let (_, upstream) = sent(&app, OwnResponses);
    assert_eq!(
        upstream["input"],
        json!([
            {"type": "message", "role": "user", "content": "hi"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "from another"}]},
            {"type": "function_call", "call_id": "c1", "name": "local_shell", "arguments": "{\"command\":[\"ls\"],\"env\":{}}"},
            {"type": "function_call_output", "call_id": "c1", "output": "a.txt"},
            {"type": "compaction", "encrypted_content": "gAAAAABforeign"},
            {"role": "user", "content": "go on"},
        ])
    );
    assert_eq!(upstream["tools"], json!([{"type": "custom", "name": "exec"}]));
}

#[tokio::test]
async fn what_the_upstream_refuses_is_taken_out_and_told() {
    let app = TestApp::start().await;
    for (members, told) in [
        (json!({"temperature": 0.2}), "temperature:dropped"),
        (json!({"max_output_tokens": 5}), "max_tokens:16"),
        (json!({"reasoning": {"effort": "minimal"}}), "reasoning.effort:low"),
        (json!({"safety": "x"}), "safety:refused"),
    ] {
        for stream in [false, true] {
            let mut body = json!({"model": GPT, "input": "hello", "stream": stream});
            body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
            let answer = app.ask(Responses, &body).await;
            assert!(Responses.read(&answer).text.starts_with("echo: "), "{members}");
            assert_eq!(answer.header("x-proxy-adjusted"), Some(told), "{members}");
        }
    }
    // A thought of another model cannot be opened.
    let thought =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "another model's"});
    let mut body = Responses.asking(GPT, "", false);
    body["input"] = json!([{"role": "user", "content": "one"}, thought, {"role": "assistant", "content": "1"}, {"role": "user", "content": "two"}]);
    let answer = app.ask(Responses, &body).await;
    assert_eq!(Responses.read(&answer).text, "echo: two");
    assert_eq!(answer.header("x-proxy-adjusted"), Some("thinking:refused"));
    let mut picture = Responses.asking(GPT, "", false);
    picture["input"] = json!([{"role": "user", "content": [{"type": "input_image", "image_url": "http://example.com/a.png"}]}]);
    let before = app.emulator.journal().count();
    let refused = app.ask(Responses, &picture).await;
    assert_eq!((refused.status.as_u16(), app.emulator.journal().count() - before), (400, 0));
}

#[tokio::test]
async fn what_has_no_surface_goes_the_way_of_converse() {
    let app = TestApp::start().await;
    let last = |app: &TestApp| app.emulator.journal().requests().pop().expect("a request").operation;
    // Open-weight models have none; a shell of the client's and a summary are ours to say.
    app.said(Responses, &Responses.asking(OSS, "hello", true)).await;
    assert_eq!(last(&app), Some(ConverseStream));
    let mut shell = Responses.asking(GPT, r#"[[tool:local_shell {"command":["ls"]}]]"#, false);
    shell["tools"] = json!([{"type": "local_shell"}]);
    let called = app.ask(Responses, &shell).await.json();
    assert_eq!(
        called["output"].as_array().expect("output").last().expect("a call")["type"],
        "local_shell_call"
    );
    assert_eq!(last(&app), Some(Converse));
    let mut sum = Responses.asking(GPT, "", false);
    sum["input"] = json!([{"role": "user", "content": "one"}, {"type": "compaction_trigger"}]);
    let summed = app.ask(Responses, &sum).await.json();
    assert_eq!(last(&app), Some(Converse));
    // The summary goes back in words that every model reads.
    let mut next = Responses.asking(GPT, "", true);
    next["input"] = json!([summed["output"][0], {"role": "user", "content": "go on"}]);
    assert!(app.said(Responses, &next).await.text.ends_with("go on"));
    assert!(
        sent(&app, OwnResponses).1["input"][0]["content"][0]["text"]
            .as_str()
            .expect("text")
            .contains("This is the handover")
    );
    // And one that is not there is asked once.
    let gone = Refusal::new(404, "UnknownOperationException", "");
    app.emulator.script().push_when(When::operation(OwnResponses), Fault::Refuse(gone));
    app.said(Responses, &Responses.asking(GPT, "hello", true)).await;
    app.said(Responses, &Responses.asking(GPT, "hello", true)).await;
    assert_eq!(last(&app), Some(ConverseStream));
    app.said(crate::client::Dialect::Chat, &crate::client::Dialect::Chat.asking(GPT, "hello", true)).await;
    assert_eq!(last(&app), Some(ChatCompletions));
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_a_failed_answer() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("main").await;
    for (fault, category, code) in [
        ("exception-after 7 throttlingException", "rate_limited", "rate_limit_exceeded"),
        ("exception-after 7 serviceUnavailableException", "overloaded", "overloaded"),
        ("exception-after 7 internalServerException", "upstream", "server_error"),
        ("cut-after 6000", "truncated", "upstream_error"),
        ("end-after 8", "truncated", "upstream_error"),
    ] {
        app.activate(&id).await;
        let text = format!("{} [[fault:{fault}]]", "many words ".repeat(40));
        let mut body = Responses.asking(GPT, &text, true);
        body["reasoning"] = json!({"effort": "none"});
        let answer = app.ask(Responses, &body).await;
        let (name, last) = answer.events().pop().expect("an event");
        let last: Value = serde_json::from_str(&last).expect("JSON");
        let at = format!("{fault}: {}", answer.text());
        assert_eq!(name, "response.failed", "{at}");
        let said = Responses.read(&answer);
        assert!(said.error.is_some(), "{at}");
        assert_eq!(
            last["response"]["error"]["code"].as_str().map(|word| word.is_empty()),
            Some(false),
            "{at}"
        );
        if category != "upstream" && category != "truncated" {
            assert_eq!(last["response"]["error"]["code"], code, "{at}");
        }
        let row = app.row(&answer).await;
        assert_eq!((&row["error_category"], &row["incomplete"]), (&json!(category), &json!(true)), "{at}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_says_so() {
    let app = TestApp::start().await;
    for stream in [false, true] {
        let body = Responses.asking(GPT, &"many words ".repeat(40), stream);
        let said = app.said(Responses, &Responses.limited(body, 30)).await;
        assert_eq!(said.stop, "max_output_tokens");
    }
}
