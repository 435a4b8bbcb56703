//! Chat Completions.

use emulator::Operation::ChatCompletions;
use serde_json::{Value, json};

use super::{GPT, GROK, OSS, sent};
use crate::client::Dialect::Chat;
use crate::client::Usage;
use crate::dialects::documents;
use crate::dialects::tools::{answered, with_tools};
use crate::harness::TestApp;

const THOUGHT: &str = "The person wants an answer. I repeat what they said.";

#[tokio::test]
async fn an_answer_comes_in_the_upstreams_own_words() {
    let app = TestApp::start().await;
    for model in [GPT, OSS, GROK] {
        for stream in [false, true] {
            let mut body = Chat.asking(model, "hello", stream);
            body["metadata"] = json!({"a": "b"});
            let answer = app.ask(Chat, &body).await;
            let said = Chat.read(&answer);
            let at = format!("{model} {stream}: {}", answer.text());
            assert_eq!(
                (said.text.as_str(), said.stop.as_str(), said.ended),
                ("echo: hello", "stop", true),
                "{at}"
            );
            assert_eq!(said.model, model, "{at}");
            assert_eq!(said.thinking, if model == GPT { "" } else { THOUGHT }, "{at}");
            let (request, body) = sent(&app, ChatCompletions);
            assert_eq!(request.path, "/openai/v1/chat/completions");
            assert!(
                request.headers["authorization"].to_str().expect("text").contains("/bedrock/aws4_request")
            );
            assert_eq!(body["metadata"], json!({"a": "b"}), "{at}");
            // What only the upstream says is there too, but for the model whose thoughts are taken out of its text.
            assert_eq!(answer.text().contains("fp_emulator"), model != OSS, "{at}");
            let row = app.row(&answer).await;
            assert_eq!(
                (&row["upstream_wire"], &row["stop_reason"]),
                (&json!("openai_chat"), &json!("end_turn")),
                "{row}"
            );
            assert_eq!(said.usage, Some(Usage::of_row(&row)), "{row}");
            assert!(row["cost_usd"].as_f64() > Some(0.0) && row["attempts"] == 1, "{row}");
            assert!(row["upstream_request_id"].is_string() && row["first_byte_ms"].is_number(), "{row}");
        }
    }
}

#[tokio::test]
async fn counters_are_kept_from_clients_that_did_not_ask_for_them() {
    let app = TestApp::start().await;
    for model in [GPT, OSS] {
        let body =
            json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "hello"}]});
        let answer = app.ask(Chat, &body).await;
        assert_eq!(Chat.read(&answer).text, "echo: hello");
        assert!(!answer.text().contains("\"usage\""), "{}", answer.text());
        assert!(app.row(&answer).await["output_tokens"].as_u64() > Some(0));
    }
}

#[tokio::test]
async fn tools_are_called_and_answered() {
    let app = TestApp::start().await;
    for model in [GPT, OSS, GROK] {
        for stream in [false, true] {
            let text = r#"[[tool:weather {"city":"Rome"}]] [[tool:ping]]"#;
            let body = with_tools(Chat, model, text, stream);
            let first = app.said(Chat, &body).await;
            assert_eq!(first.stop, "tool_calls");
            let calls: Vec<_> = first.calls.iter().map(|call| (call.name.as_str(), &call.input)).collect();
            assert_eq!(
                calls,
                [("weather", &json!({"city": "Rome"})), ("ping", &json!({}))],
                "{model} {stream}"
            );
            let second = app.said(Chat, &body).await;
            // Upstreams that count calls from 0 in each answer would mix up two of one conversation.
            assert_ne!(first.calls[0].id, second.calls[0].id);
            assert_ne!(first.calls[0].id, first.calls[1].id);
            let next = answered(Chat, &body, &first, &["sunny", "pong"]);
            assert_eq!(app.said(Chat, &next).await.text, "tool said: pong");
            let (_, body) = sent(&app, ChatCompletions);
            assert_eq!(body["messages"][1]["tool_calls"][0]["id"], first.calls[0].id.as_str());
        }
    }
}

#[tokio::test]
async fn plain_text_tools_and_schemas_are_the_upstreams_own() {
    let app = TestApp::start().await;
    for stream in [false, true] {
        let mut body = Chat.asking(GPT, r#"[[tool:patch {"input":"*** Begin\n+ä"}]]"#, stream);
        body["tools"] =
            json!([{"type": "custom", "custom": {"name": "patch", "description": "Applies it."}}]);
        assert_eq!(app.said(Chat, &body).await.calls[0].input, json!("*** Begin\n+ä"));
        assert_eq!(sent(&app, ChatCompletions).1["tools"], body["tools"]);
        let mut body = Chat.asking(GPT, "where?", stream);
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false});
        body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": true}});
        let place: Value = serde_json::from_str(&app.said(Chat, &body).await.text).expect("JSON");
        assert!(place["city"].is_string(), "{place}");
    }
}

#[tokio::test]
async fn what_the_upstream_refuses_is_taken_out_and_told() {
    let app = TestApp::start().await;
    for (model, members, told) in [
        (GPT, json!({"max_tokens": 9000}), "max_tokens:max_completion_tokens"),
        (GPT, json!({"max_tokens": 5}), "max_tokens:16"),
        (GPT, json!({"max_tokens": 500_000}), "max_tokens:128000"),
        (GPT, json!({"stop": ["x"]}), "stop:dropped"),
        (GROK, json!({"stop": "x"}), "stop:dropped"),
        (GPT, json!({"temperature": 0.2, "top_p": 0.5}), "temperature:dropped; top_p:dropped"),
        (
            GROK,
            json!({"presence_penalty": 0.2, "frequency_penalty": 1}),
            "presence_penalty:dropped; frequency_penalty:dropped",
        ),
        (OSS, json!({"logit_bias": {"50256": -100}}), "logit_bias:dropped"),
        (GPT, json!({"reasoning_effort": "minimal"}), "reasoning_effort:low"),
        (OSS, json!({"reasoning_effort": "xhigh"}), "reasoning_effort:high"),
        (GPT, json!({"web_search_options": {}}), "web_search_options:dropped"),
        (OSS, json!({"top_k": 5}), "top_k:dropped"),
        (GPT, json!({"service_tier": "flex"}), "service_tier:refused"),
        // Nobody told us of these two: the upstream did.
        (GPT, json!({"prediction": {"type": "content", "content": "x"}}), "prediction:refused"),
        (OSS, json!({"prompt_cache_retention": "24h"}), "prompt_cache_retention:refused"),
    ] {
        for stream in [false, true] {
            let mut body =
                json!({"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": stream});
            body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
            let answer = app.ask(Chat, &body).await;
            assert_eq!(Chat.read(&answer).text, "echo: hello", "{model} {members}");
            assert_eq!(answer.header("x-proxy-adjusted"), Some(told), "{model} {members}");
            let (_, sent) = sent(&app, ChatCompletions);
            let row = app.row(&answer).await;
            assert_eq!(row["adjustments"], json!(told.split("; ").collect::<Vec<_>>()), "{sent}");
        }
    }
    // What was refused once is not sent again.
    let mut body = Chat.asking(GPT, "hello", false);
    body["prediction"] = json!({"type": "content", "content": "x"});
    let before = app.emulator.journal().count();
    app.said(Chat, &body).await;
    assert_eq!(app.emulator.journal().count() - before, 1);
}

#[tokio::test]
async fn a_tier_that_is_sold_is_asked_for_in_bedrocks_word() {
    let app = TestApp::start().await;
    for (word, sent_word) in [("flex", json!("flex")), ("fast", json!("priority")), ("auto", Value::Null)] {
        let mut body = Chat.asking(GROK, "hello", true);
        body["service_tier"] = json!(word);
        app.said(Chat, &body).await;
        assert_eq!(sent(&app, ChatCompletions).1["service_tier"], sent_word);
    }
}

#[tokio::test]
async fn pictures_ride_in_the_request_or_are_refused() {
    let app = TestApp::start().await;
    let image = documents::image_block();
    let data = format!("data:image/png;base64,{}", image["source"]["data"].as_str().expect("data"));
    let with = |url: &str| {
        let parts =
            json!([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url}}]);
        Chat.talking(GPT, &json!([{"role": "user", "content": parts}]), false)
    };
    assert_eq!(app.said(Chat, &with(&data)).await.text, "echo: see");
    assert_eq!(sent(&app, ChatCompletions).1["messages"][0]["content"][1]["image_url"]["url"], data.as_str());
    let before = app.emulator.journal().count();
    let refused = app.ask(Chat, &with("https://example.com/a.png")).await;
    assert_eq!((refused.status.as_u16(), app.emulator.journal().count() - before), (400, 0));
    let (kind, _, message) = Chat.error(&refused.json());
    assert!(
        kind == "invalid_request_error" && message.starts_with("Images are never downloaded"),
        "{message}"
    );
    // One that is another kind than it says is put right on the other way.
    assert_eq!(app.said(Chat, &with(&data.replace("image/png", "image/jpeg"))).await.text, "echo: see");
}

#[tokio::test]
async fn thoughts_that_clients_send_back_and_nobody_takes_go() {
    let app = TestApp::start().await;
    let messages = json!([
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "echo: one", "reasoning_content": "hm", "reasoning_details": []},
        {"role": "user", "content": "two"},
    ]);
    for model in [GPT, OSS] {
        let answer = app.ask(Chat, &Chat.talking(model, &messages, true)).await;
        assert_eq!(Chat.read(&answer).text, "echo: two");
        let (_, sent) = sent(&app, ChatCompletions);
        assert_eq!(sent["messages"][1], json!({"role": "assistant", "content": "echo: one"}));
    }
}

#[tokio::test]
async fn thoughts_can_be_hidden() {
    let app = TestApp::start().await;
    app.set(&json!({"reasoning_content": false})).await;
    for model in [OSS, GROK] {
        for stream in [false, true] {
            let said = app.said(Chat, &Chat.asking(model, "hello", stream)).await;
            assert_eq!((said.text.as_str(), said.thinking.as_str()), ("echo: hello", ""), "{model} {stream}");
        }
    }
}
