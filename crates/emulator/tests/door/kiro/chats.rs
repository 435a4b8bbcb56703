//! Answers, and requests that get none.

use emulator::{Config, Emulator, KiroAccount, KiroConfig, KiroKind};
use serde_json::{Value, json};

use super::{CONVERSATION, Client, all, code, emulator, equip, joined, says, says_bare, started, text, with};

fn kinds(events: &[(String, Value)]) -> Vec<&str> {
    let mut kinds: Vec<_> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.dedup();
    kinds
}

fn stop(events: &[(String, Value)]) -> &Value {
    all(events, "metadataEvent", "stopReason")[0]
}

#[tokio::test]
async fn an_answer_repeats_what_was_said() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let said = "tell me something long, \u{65e5}\u{672c}\u{8a9e} too";
    let answer = client.chat(&says("claude-sonnet-4.5", said)).await;
    assert_eq!(answer.header("content-type"), "application/vnd.amazon.eventstream");
    assert!(!answer.header("x-amzn-requestid").is_empty());
    let events = answer.events();
    assert_eq!(text(&events), format!("echo: {said}"));
    assert_eq!(
        kinds(&events),
        [
            "initial-response",
            "messageMetadataEvent",
            "assistantResponseEvent",
            "contextUsageEvent",
            "metadataEvent",
            "meteringEvent"
        ]
    );
    assert_eq!(events[0].1, json!({ "conversationId": CONVERSATION }));
    assert_eq!(events[1].1["conversationId"], CONVERSATION);
    assert_eq!(stop(&events), "END_TURN");
    assert_eq!(
        events.last().unwrap().1,
        json!({ "usage": 0.013, "unit": "credit", "unitPlural": "credits" })
    );
    let header = |name: &str| {
        let frames = answer.frames();
        let frame = frames[0].as_ref().unwrap();
        let found = frame.headers().iter().find(|header| header.name().as_str() == name).unwrap();
        found.value().as_string().unwrap().as_str().to_owned()
    };
    assert_eq!(header(":message-type"), "event");
    assert_eq!(header(":content-type"), "application/json");
}

#[tokio::test]
async fn the_binding_of_paths_answers_alike() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "builder-id");
    for path in ["/generateAssistantResponse", "/GenerateAssistantResponse", "/SendMessageStreaming"] {
        let answer = client.post(path, &says_bare("hi")).await;
        assert_eq!(answer.header("x-amzn-codewhisperer-conversation-id"), CONVERSATION);
        let events = answer.events();
        assert_eq!(kinds(&events)[0], "messageMetadataEvent");
        assert_eq!(text(&events), "echo: hi");
        assert_eq!(all(&events, "assistantResponseEvent", "modelId")[0], "claude-sonnet-4.5", "auto chose");
    }
    let answer = client.call("AmazonQDeveloperStreamingService.SendMessage", &says_bare("hi")).await;
    assert_eq!(text(&answer.events()), "echo: hi");
    let unknown = client.call("AmazonCodeWhispererStreamingService.Guess", &says_bare("hi")).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn tools_are_called_and_answered() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let mut body = says(
        "claude-opus-4.8",
        r#"[[tool:read {"path":"a long enough path to be cut"}]] [[tool:list]] [[tool:look {"a":1}]]"#,
    );
    equip(&mut body, &["read", "list", "look"]);
    let events = client.chat(&body).await.events();
    let calls: Vec<&Value> =
        events.iter().filter(|(kind, _)| kind == "toolUseEvent").map(|(_, call)| call).collect();
    let mut ids: Vec<&str> = calls.iter().map(|call| call["toolUseId"].as_str().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "one after the other");
    let parts = |id: &str| calls.iter().filter(|call| call["toolUseId"] == *id).copied().collect::<Vec<_>>();
    let read = parts(ids[0]);
    assert!(read.len() > 3, "in fragments");
    assert!(read.iter().all(|part| part["name"] == "read"));
    assert!(read[0].get("input").is_none() && read.last().unwrap()["stop"] == true);
    let input: String = read.iter().filter_map(|part| part["input"].as_str()).collect();
    assert_eq!(input, r#"{"path":"a long enough path to be cut"}"#);
    assert_eq!(parts(ids[1])[0]["input"], "");
    assert_eq!(parts(ids[2]).len(), 1);
    assert_eq!(parts(ids[2])[0]["input"], r#"{"a":1}"#);
    assert_eq!(stop(&events), "TOOL_USE");

    let mut next = says("claude-opus-4.8", "Tool results are attached.");
    equip(&mut next, &["read"]);
    let state = &mut next["conversationState"];
    state["currentMessage"]["userInputMessage"]["userInputMessageContext"]["toolResults"] =
        json!([{ "toolUseId": ids[0], "status": "success", "content": [{ "text": "42" }] }]);
    let call = json!({ "toolUseId": ids[0], "name": "read", "input": { "path": "a" } });
    state["history"] = json!([
        { "userInputMessage": { "content": "read it", "modelId": "claude-opus-4.8", "origin": "AI_EDITOR" } },
        { "assistantResponseMessage": { "content": " ", "toolUses": [call] } },
    ]);
    assert_eq!(text(&client.chat(&next).await.events()), "tool said: 42");
}

#[tokio::test]
async fn models_think_in_their_own_ways() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let mut native = says("claude-opus-4.8", "hi");
    native["additionalModelRequestFields"] = json!({ "thinking": { "type": "adaptive" } });
    let events = client.chat(&native).await.events();
    let thought = joined(&events, "reasoningContentEvent", "text");
    let signature = joined(&events, "reasoningContentEvent", "signature");
    assert!(!thought.is_empty());
    assert_eq!(kinds(&events)[2..4], ["reasoningContentEvent", "assistantResponseEvent"]);
    let mut next = says("claude-opus-4.8", "and?");
    next["conversationState"]["history"] = json!([
        { "userInputMessage": { "content": "hi" } },
        { "assistantResponseMessage": { "content": "echo: hi", "reasoningContent": {
            "reasoningText": { "text": thought, "signature": signature },
        } } },
    ]);
    assert_eq!(client.chat(&next).await.status, 200);
    next["conversationState"]["currentMessage"]["userInputMessage"]["modelId"] = json!("claude-opus-5");
    assert_eq!(client.chat(&next).await.json()["reason"], "THINKING_SIGNATURE_INVALID");

    native["additionalModelRequestFields"]["thinking"]["display"] = json!("omitted");
    let events = client.chat(&native).await.events();
    assert_eq!(joined(&events, "reasoningContentEvent", "text"), "");
    assert_ne!(joined(&events, "reasoningContentEvent", "signature"), signature);

    let prompt =
        "<thinking_mode>enabled</thinking_mode><max_thinking_length>8000</max_thinking_length>\n\nhi";
    let events = client.chat(&says("claude-sonnet-4.5", prompt)).await.events();
    let text = text(&events);
    assert!(text.starts_with("<thinking>\n") && text.ends_with("\n</thinking>\n\necho: hi"), "{text}");

    let events = client.chat(&says("gpt-5.6-sol", "hi")).await.events();
    assert!(!joined(&events, "reasoningContentEvent", "redactedContent").is_empty());
    let mut quick = says("gpt-5.6-sol", "hi");
    quick["additionalModelRequestFields"] = json!({ "reasoning": { "effort": "none" } });
    assert!(all(&client.chat(&quick).await.events(), "reasoningContentEvent", "redactedContent").is_empty());
}

#[tokio::test]
async fn tokens_and_stops_are_told_by_some() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let usage =
        |events: &[(String, Value)]| all(events, "metadataEvent", "tokenUsage").first().copied().cloned();
    assert_eq!(usage(&client.chat(&says("claude-sonnet-4.5", "hi")).await.events()), None);
    let counted = usage(&client.chat(&says("claude-sonnet-4.6", "hi")).await.events()).unwrap();
    assert_eq!(counted["outputTokens"], 2);
    assert_eq!(
        counted["totalTokens"].as_u64().unwrap(),
        counted["uncachedInputTokens"].as_u64().unwrap() + 2
    );
    let older = started(KiroConfig { stop_reason: false, ..KiroConfig::default() });
    let events = Client::of(&older, "social").chat(&says("claude-sonnet-4.5", "hi")).await.events();
    assert!(!kinds(&events).contains(&"metadataEvent"));
    let counting = started(KiroConfig { token_usage: true, ..KiroConfig::default() });
    let events = Client::of(&counting, "social").chat(&says("claude-sonnet-4.5", "hi")).await.events();
    assert!(usage(&events).is_some());
}

#[tokio::test]
async fn an_answer_ends_at_its_limit() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let mut body = says("claude-opus-4.8", &"long ".repeat(2000));
    body["additionalModelRequestFields"] = json!({ "max_tokens": 1024 });
    let events = client.chat(&body).await.events();
    assert_eq!(text(&events).len(), 4096);
    assert_eq!(stop(&events), "MAX_TOKENS");
    let mut body = says("claude-opus-4.8", &format!("[[tool:read {{\"path\":\"{}\"}}]]", "x".repeat(5000)));
    equip(&mut body, &["read"]);
    body["additionalModelRequestFields"] = json!({ "max_tokens": 1024 });
    let events = client.chat(&body).await.events();
    assert!(all(&events, "toolUseEvent", "stop").is_empty(), "a call that was cut has no end");
}

#[tokio::test]
async fn the_journal_knows_why() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social");
    let mut body = says("claude-sonnet-4.5", "hi");
    body["conversationState"]["chatTriggerType"] = json!("AUTO");
    for answer in [client.chat(&body).await, client.post("/generateAssistantResponse", &body).await] {
        assert_eq!((answer.status, code(&answer).as_str()), (400, "ValidationException"));
        assert_eq!(answer.message(), "Improperly formed request.");
        assert_eq!(answer.json().get("reason"), Some(&Value::Null));
    }
    let rows = emulator.journal().requests();
    assert!(rows.iter().all(|row| row.why.as_deref().unwrap().starts_with("chatTriggerType")));
    let newer = started(KiroConfig { precise_reasons: true, ..KiroConfig::default() });
    let answer = Client::of(&newer, "social").chat(&body).await;
    assert_eq!(answer.json()["reason"], "REQUEST_BODY_INVALID");
    let broken = client.open("POST", "/generateAssistantResponse", &[], "{".into()).await.read().await;
    assert_eq!(broken.status, 400);
    let lenient = Emulator::start(Config { strict: false, ..Config::default() }).unwrap();
    assert_eq!(text(&Client::of(&lenient, "social").chat(&body).await.events()), "echo: hi");
}

#[tokio::test]
async fn credits_end() {
    let (emulator, kiro) = with(KiroAccount::new(KiroKind::Social, "me").with_credits(0.02));
    let client = Client::of(&emulator, "me");
    let body = says("claude-sonnet-4.5", "hi");
    assert_eq!(kiro.credits("me"), Some(0.02));
    assert_eq!(client.chat(&body).await.status, 200);
    let left = kiro.credits("me").unwrap();
    assert!((left - 0.007).abs() < 1e-9, "{left}");
    let mut wrong = body.clone();
    wrong["conversationState"]["chatTriggerType"] = json!("AUTO");
    assert_eq!(client.chat(&wrong).await.status, 400);
    assert_eq!(kiro.credits("me"), Some(left), "a refusal costs nothing");
    assert_eq!(client.chat(&body).await.status, 200, "the last one may cost more than is left");
    let ended = client.chat(&body).await;
    assert_eq!((ended.status, code(&ended).as_str()), (402, "ServiceQuotaExceededException"));
    assert_eq!(ended.json()["reason"], "MONTHLY_REQUEST_COUNT");
    kiro.set_credits("me", 5.0);
    assert_eq!(client.chat(&body).await.status, 200);
}
