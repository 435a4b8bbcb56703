//! What only the Responses dialect has: items, namespaces, tools that are no functions, sealed thoughts, summaries.

use emulator::Operation;
use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect::Responses, MODELS};
use crate::harness::{Answer, Sent, TestApp};
use crate::sides::{SIDES, Sides};

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

/// The conversation goes on with the items of an answer, as clients that keep it themselves send it.
fn go_on(body: &Value, object: &Value, more: &[Value]) -> Value {
    let mut items = match &body["input"] {
        Value::String(text) => vec![json!({"role": "user", "content": text})],
        items => items.as_array().expect("items").clone(),
    };
    items.extend(object["output"].as_array().expect("output").iter().cloned());
    items.extend(more.iter().cloned());
    let mut body = body.clone();
    body["input"] = items.into();
    body
}

fn last_sent(app: &TestApp) -> String {
    app.emulator.journal().requests().pop().expect("a request").text().to_owned()
}

#[tokio::test]
async fn calls_in_every_form_come_and_go() {
    let sides = Sides::start().await;
    let app = &sides.app;
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!([
        Responses.tool("weather", &parameters),
        {"type": "namespace", "name": "mcp__jira", "description": "Jira", "tools": [Responses.tool("get", &parameters)]},
        {"type": "custom", "name": "run", "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}},
        {"type": "local_shell"},
        {"type": "shell", "environment": {"type": "local"}},
        {"type": "apply_patch"},
        {"type": "web_search"},
    ]);
    let wanted = [
        (
            r#"[[tool:weather {"city":"Rome"}]]"#,
            json!({"type": "function_call", "name": "weather", "arguments": r#"{"city":"Rome"}"#}),
        ),
        (
            r#"[[tool:mcp__jira__get {"city":"Oslo"}]]"#,
            json!({"type": "function_call", "namespace": "mcp__jira", "name": "get", "arguments": r#"{"city":"Oslo"}"#}),
        ),
        (
            r#"[[tool:run {"input":"a \"b\"\n"}]]"#,
            json!({"type": "custom_tool_call", "name": "run", "input": "a \"b\"\n"}),
        ),
        (
            r#"[[tool:local_shell {"command":["ls","-l"]}]]"#,
            json!({"type": "local_shell_call", "action": {"type": "exec", "command": ["ls", "-l"], "env": {}}}),
        ),
        (
            r#"[[tool:shell {"commands":["ls"]}]]"#,
            json!({"type": "shell_call", "action": {"commands": ["ls"]}}),
        ),
        (
            r#"[[tool:apply_patch {"type":"delete_file","path":"a"}]]"#,
            json!({"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a"}}),
        ),
    ];
    for side in SIDES {
        sides.turn_to(side).await;
        for stream in [false, true] {
            for (text, expected) in &wanted {
                let mut body = Responses.asking(side.model, text, stream);
                body["tools"] = tools.clone();
                let answer = app.ask(Responses, &body).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                assert!(
                    answer
                        .header("x-proxy-adjusted")
                        .is_some_and(|told| told.contains("tools.web_search:dropped"))
                );
                let object = match stream {
                    false => answer.json(),
                    true => {
                        let (_, last) = answer.events().pop().expect("an event");
                        serde_json::from_str::<Value>(&last).expect("JSON")["response"].clone()
                    }
                };
                let call = object["output"].as_array().expect("output").last().expect("a call").clone();
                let at = format!("{side:?} {stream} {call}");
                assert_eq!(call["status"], "completed", "{at}");
                for (name, value) in expected.as_object().expect("an object") {
                    match value {
                        Value::Object(members) => {
                            members
                                .iter()
                                .for_each(|(inner, value)| assert_eq!(&call[name][inner], value, "{at}"));
                        }
                        Value::String(text) if name == "arguments" => {
                            let value: Value = serde_json::from_str(text).expect("JSON");
                            let said: Value =
                                serde_json::from_str(call[name].as_str().expect("text")).expect("JSON");
                            assert_eq!(said, value, "{at}");
                        }
                        value => assert_eq!(&call[name], value, "{at}"),
                    }
                }
                let kind = call["type"].as_str().expect("a type");
                let output = match kind {
                    "shell_call" => {
                        json!([{"stdout": "done", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}])
                    }
                    "custom_tool_call" => json!([{"type": "input_text", "text": "done"}]),
                    _ => json!("done"),
                };
                let result = json!({"type": format!("{kind}_output"), "call_id": call["call_id"], "status": "completed", "output": output});
                let next = app.said(Responses, &go_on(&body, &object, &[result])).await;
                assert!(
                    next.text.starts_with("tool said: ") && next.text.contains("done"),
                    "{at}: {}",
                    next.text
                );
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn tools_among_the_items_are_tools() {
    let app = TestApp::start().await;
    let more = json!({"type": "additional_tools", "role": "developer", "tools": [
        {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec", "description": "Runs."}]},
    ]});
    for model in MODELS {
        for stream in [false, true] {
            let mut body = Responses.asking(model, "", stream);
            body["input"] = json!([more, {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
                {"role": "user", "content": r#"[[tool:functions__exec {"input":"1+1"}]]"#}]);
            let answer = app.ask(Responses, &body).await;
            let call = object(&answer)["output"][0].clone();
            let told = (&call["type"], &call["namespace"], &call["name"], &call["input"]);
            assert_eq!(
                told,
                (&json!("custom_tool_call"), &json!("functions"), &json!("exec"), &json!("1+1"))
            );
            assert!(last_sent(&app).contains("Be brief."));
        }
    }
}

#[tokio::test]
async fn thoughts_come_back_as_they_were_signed() {
    let app = TestApp::start().await;
    for model in MODELS {
        for stream in [false, true] {
            let mut body = Responses.asking(model, r#"[[tool:weather {"city":"Rome"}]]"#, stream);
            body["tools"] = json!([Responses.tool("weather", &json!({"type": "object"}))]);
            body["reasoning"] = json!({"effort": "low", "summary": "auto"});
            body["include"] = json!(["reasoning.encrypted_content"]);
            body["store"] = json!(false);
            let answer = app.ask(Responses, &body).await;
            let said = Responses.read(&answer);
            assert_eq!((said.thinking.as_str(), said.calls.len()), (THOUGHT, 1), "{model} {stream}");
            let object = object(&answer);
            assert_eq!(object["output"][0]["type"], "reasoning");
            let result =
                json!({"type": "function_call_output", "call_id": said.calls[0].id, "output": "sunny"});
            let next = go_on(&body, &object, &[result]);
            assert_eq!(app.said(Responses, &next).await.text, "tool said: sunny", "{model} {stream}");
            let sent = last_sent(&app);
            assert_eq!(sent.contains(THOUGHT), model == CLAUDE, "{sent}");
            assert_eq!(!said.signature.is_empty(), model == CLAUDE, "only Claude signs");
            assert!(!sent.contains("encrypted_content"), "{sent}");
        }
    }
}

#[tokio::test]
async fn a_format_is_kept() {
    let app = TestApp::start().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false});
    for model in MODELS {
        for stream in [false, true] {
            let mut body = Responses.asking(model, "where?", stream);
            body["text"] =
                json!({"format": {"type": "json_schema", "name": "place", "schema": schema, "strict": true}});
            let said = app.said(Responses, &body).await;
            let place: Value =
                serde_json::from_str(&said.text).unwrap_or_else(|error| panic!("{error}: {}", said.text));
            assert!(place["city"].is_string(), "{model} {stream}: {place}");
        }
    }
}

#[tokio::test]
async fn a_conversation_is_summed_up_in_one_item() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for side in SIDES {
        sides.turn_to(side).await;
        for stream in [false, true] {
            let mut body = Responses.asking(side.model, "", stream);
            body["tools"] = json!([Responses.tool("weather", &json!({"type": "object"}))]);
            body["input"] = json!([
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "echo: one"},
                {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
                {"type": "compaction_trigger"},
            ]);
            let answer = app.ask(Responses, &body).await;
            assert_eq!(answer.status, 200, "{side:?} {stream}: {}", answer.text());
            let object = match stream {
                false => answer.json(),
                true => {
                    let (_, last) = answer.events().pop().expect("an event");
                    serde_json::from_str::<Value>(&last).expect("JSON")["response"].clone()
                }
            };
            assert_eq!(object["status"], "completed", "{object}");
            let output = object["output"].as_array().expect("output");
            assert_eq!((output.len(), &output[0]["type"]), (1, &json!("compaction")), "{object}");
            let mut next = Responses.asking(side.model, "", stream);
            next["input"] = json!([output[0], {"role": "user", "content": "go on"}]);
            let text = app.said(Responses, &next).await.text;
            assert!(text.starts_with("echo: ") && text.ends_with("go on"), "{side:?}: {text}");
            assert!(last_sent(app).contains("This is the handover"), "{}", last_sent(app));
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_failure_in_a_stream_has_a_code() {
    let app = TestApp::start().await;
    let text = format!("{} [[fault:exception-after 4 throttlingException]]", "many words ".repeat(40));
    let answer = app.ask(Responses, &Responses.asking(CLAUDE, &text, true)).await;
    let (name, last) = answer.events().pop().expect("an event");
    let last: Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!(name, "response.failed");
    assert_eq!(last["response"]["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn a_socket_is_declined_so_that_clients_go_on_over_http() {
    let app = TestApp::start().await;
    let open = |upgrade: bool| {
        let mut request = app.request("GET", "/v1/responses");
        if upgrade {
            request = request.header("connection", "upgrade").header("upgrade", "websocket");
        }
        request.body(http_body_util::Full::default()).expect("request")
    };
    let answer = app.send(open(true)).await;
    assert_eq!((answer.status.as_u16(), answer.header("upgrade")), (426, Some("HTTP/1.1")));
    Responses.error(&answer.json());
    let answer = app.send(open(false)).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST")));
    let generated = app.emulator.journal().requests();
    assert!(!generated.iter().any(|row| row.operation.is_some_and(Operation::generates)));
}

#[tokio::test]
async fn a_conversation_goes_on_from_an_answer_that_was_kept() {
    let app = TestApp::start().await;
    for model in MODELS {
        for stream in [false, true] {
            let mut body = Responses.asking(model, r#"[[tool:weather {"city":"Rome"}]]"#, stream);
            body["tools"] = json!([Responses.tool("weather", &json!({"type": "object"}))]);
            body["reasoning"] = json!({"effort": "low"});
            let first = object(&app.ask(Responses, &body).await);
            assert_eq!(first["store"], true);
            let call = first["output"].as_array().expect("output").last().expect("a call")["call_id"].clone();
            body["input"] = json!([{"type": "function_call_output", "call_id": call, "output": "sunny"}]);
            body["previous_response_id"] = first["id"].clone();
            let second = object(&app.ask(Responses, &body).await);
            assert_eq!(
                second["output"].as_array().expect("output").last().expect("words")["content"][0]["text"],
                "tool said: sunny"
            );
            assert_eq!(second["previous_response_id"], first["id"]);
            assert_eq!(last_sent(&app).contains(THOUGHT), model == CLAUDE, "the thought came back");
            body["input"] = json!("three");
            body["previous_response_id"] = second["id"].clone();
            assert_eq!(app.said(Responses, &body).await.text, "echo: three");
            assert!(last_sent(&app).contains("sunny"), "{}", last_sent(&app));
            let mut names = Responses.asking(model, "", stream);
            names["input"] = json!([
                {"role": "user", "content": "one"},
                {"type": "item_reference", "id": second["output"].as_array().expect("output").last().expect("words")["id"]},
                {"role": "user", "content": "two"},
            ]);
            assert_eq!(app.said(Responses, &names).await.text, "echo: two");
            assert!(last_sent(&app).contains("tool said: sunny"), "{}", last_sent(&app));
        }
    }
}

#[tokio::test]
async fn kept_answers_are_shown_and_thrown_away() {
    let app = TestApp::start().await;
    let answer = app.ask(Responses, &Responses.asking(CLAUDE, "hello", false)).await.json();
    let path = format!("/v1/responses/{}", answer["id"].as_str().expect("an id"));
    assert_eq!(app.get(&path).await.json(), answer);
    let items = app.get(&format!("{path}/input_items")).await.json();
    assert_eq!((&items["object"], &items["has_more"]), (&json!("list"), &json!(false)));
    assert_eq!(items["data"][0]["content"][0]["text"], "hello");
    assert!(items["data"][0]["id"].is_string() && items["first_id"] == items["last_id"]);
    assert_eq!(app.get(&format!("{path}/input_items?limit=0")).await.status, 400);
    let delete = app.request("DELETE", &path).body(http_body_util::Full::default()).expect("request");
    assert_eq!(
        app.send(delete.clone()).await.json(),
        json!({"id": answer["id"], "object": "response", "deleted": true})
    );
    for gone in [app.send(delete).await, app.get(&path).await, app.get(&format!("{path}/input_items")).await]
    {
        assert_eq!(gone.status, 404);
        assert_eq!(Responses.error(&gone.json()).1, "response_not_found");
    }
    let mut next = Responses.asking(CLAUDE, "more", false);
    next["previous_response_id"] = answer["id"].clone();
    let refused = app.ask(Responses, &next).await;
    assert_eq!(refused.status, 400);
    assert_eq!(Responses.error(&refused.json()).1, "previous_response_not_found");
    let stranger =
        hyper::Request::get(app.url(&path)).body(http_body_util::Full::default()).expect("request");
    assert_eq!(app.send(stranger).await.status, 401);
}

#[tokio::test]
async fn nothing_is_kept_that_is_not_to_be_kept() {
    let app = TestApp::start().await;
    let mut body = Responses.asking(CLAUDE, "hello", true);
    body["store"] = json!(false);
    let unkept = object(&app.ask(Responses, &body).await);
    assert_eq!(unkept["store"], false);
    app.set(&json!({"responses_days": 0})).await;
    let off = object(&app.ask(Responses, &Responses.asking(CLAUDE, "hello", false)).await);
    assert_eq!(off["store"], false);
    for answer in [&unkept, &off] {
        let path = format!("/v1/responses/{}", answer["id"].as_str().expect("an id"));
        assert_eq!(app.get(&path).await.status, 404);
    }
    body["previous_response_id"] = off["id"].clone();
    assert_eq!(app.ask(Responses, &body).await.status, 400);
    assert!(
        !std::fs::read_dir(app.folder.path())
            .expect("a folder")
            .flatten()
            .any(|file| file.file_name() == "chats.db"
                && std::fs::read(file.path()).expect("bytes").windows(5).any(|at| at == b"hello"))
    );
}

#[tokio::test]
async fn a_conversation_is_compacted_on_request() {
    let app = TestApp::start().await;
    let body = json!({"model": CLAUDE, "input": [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "echo: one"},
    ]});
    let answer = app.post("/v1/responses/compact", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let compacted = answer.json();
    assert_eq!(compacted["object"], "response.compaction");
    let output = compacted["output"].as_array().expect("output");
    assert_eq!(output.len(), 2, "{compacted}");
    assert_eq!((&output[0]["content"], &output[1]["type"]), (&json!("one"), &json!("compaction")));
    assert!(compacted["usage"]["input_tokens"].as_u64() > Some(0));
    let mut next = Responses.asking(CLAUDE, "", true);
    next["input"] = json!([output[0], output[1], {"role": "user", "content": "go on"}]);
    assert!(app.said(Responses, &next).await.text.ends_with("go on"));
    assert_eq!(app.row(&answer).await["dialect"], "openai_responses");
}
