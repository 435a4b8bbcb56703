//! Anthropic's search of the web, with the service's own in its place.

use emulator::{Fault, KiroAccount, KiroConfig, KiroKind, Operation, Refusal, When};
use serde_json::{Value, json};

use super::{adjusted, current, tool_names};
use crate::client::{CLAUDE, Dialect, Said};
use crate::harness::TestApp;

const MESSAGES: Dialect = Dialect::Messages;

/// A request with the tool beside one of the client's own.
fn asking(text: &str, stream: bool) -> Value {
    let mut body = MESSAGES.asking(CLAUDE, text, stream);
    body["tools"] = json!([
        {"name": "ping", "description": "Pings.", "input_schema": {"type": "object", "properties": {}}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ]);
    body
}

fn search(query: &str) -> String {
    format!("[[tool:web_search {}]]", json!({"query": query}))
}

async fn searching(kind: &str) -> (TestApp, String) {
    let (app, id) = TestApp::kiro(kind).await;
    app.patch(&id, &json!({"options": {"web_search": true}})).await;
    (app, id)
}

fn operations(app: &TestApp) -> Vec<Operation> {
    app.emulator.journal().requests().iter().filter_map(|row| row.operation).collect()
}

fn count(app: &TestApp, operation: Operation) -> usize {
    operations(app).into_iter().filter(|known| *known == operation).count()
}

/// Call, outcome and what a conversation goes on with.
fn shown(said: &Said) -> (&Value, &Value) {
    let [call, outcome] = &said.searched[..] else { panic!("{said:?}") };
    assert_eq!((&call["type"], &call["name"]), (&json!("server_tool_use"), &json!("web_search")));
    assert!(call["id"].as_str().is_some_and(|id| id.starts_with("srvtoolu_")), "{call}");
    assert_eq!(outcome["type"], "web_search_tool_result");
    assert_eq!(call["id"], outcome["tool_use_id"]);
    (call, outcome)
}

#[tokio::test]
async fn the_web_is_searched_within_one_answer() {
    for kind in super::KINDS {
        let (app, _) = searching(kind).await;
        for stream in [false, true] {
            let answer = app.ask(MESSAGES, &asking(&search("rust"), stream)).await;
            let said = MESSAGES.read(&answer);
            assert!(said.ended && said.error.is_none(), "{said:?}");
            let (call, outcome) = shown(&said);
            assert_eq!(call["input"], json!({"query": "rust"}));
            let page = &outcome["content"][0];
            assert_eq!(
                (&page["type"], &page["url"]),
                (&json!("web_search_result"), &json!("https://example.com/a"))
            );
            assert_eq!((&page["title"], &page["page_age"]), (&json!("Example page"), &json!("2025-11-05")));
            assert!(page["encrypted_content"].is_string(), "{page}");
            assert!(
                said.text.starts_with("tool said: Example page\nhttps://example.com/a\n"),
                "{}",
                said.text
            );
            assert!(said.text.contains("A short extract: rust"), "{}", said.text);
            assert_eq!((said.stop.as_str(), said.calls.len()), ("end_turn", 0));
            assert_eq!(adjusted(&answer), ["web_search:kiro"]);
            assert!(answer.text().contains(r#""web_search_requests":1"#), "{}", answer.text());
            // Both turns are paid for.
            let row = app.row(&answer).await;
            assert_eq!((&row["stop_reason"], &row["incomplete"]), (&json!("end_turn"), &json!(false)));
            let chats = super::chats(&app.emulator);
            let [.., first, second] = &chats[..] else { panic!("two chats") };
            assert_eq!(tool_names(first), ["ping", "web_search"]);
            assert_eq!(
                first["conversationState"]["conversationId"],
                second["conversationState"]["conversationId"]
            );
            // No more of a page than its owner lets others repeat.
            let told = &current(second)["userInputMessageContext"]["toolResults"][0]["content"][0]["text"];
            let told = told.as_str().expect("text");
            assert!(told.ends_with("\nThese are more …"), "{told}");
        }
        assert_eq!(count(&app, Operation::InvokeMcp), 2);
        let asks_first = !matches!(kind, "builder-id" | "api-key");
        assert_eq!(count(&app, Operation::GetProfile), usize::from(asks_first), "{kind}");
        app.finish().await;
    }
}

#[tokio::test]
async fn what_was_found_stays_in_the_conversation() {
    let (app, id) = searching("social").await;
    for stream in [false, true] {
        app.patch(&id, &json!({"options": {"web_search": true}})).await;
        let body = asking(&search("rust"), stream);
        let said = app.said(MESSAGES, &body).await;
        let (call, outcome) = shown(&said);
        let mut next = body.clone();
        next["messages"].as_array_mut().expect("messages").extend([
            json!({"role": "assistant", "content": [call, outcome, {"type": "text", "text": said.text}]}),
            json!({"role": "user", "content": "and then?"}),
        ]);
        // Also where the search is not wanted any more.
        for (options, tools) in [(json!({"web_search": true}), true), (json!({}), false)] {
            app.patch(&id, &json!({"options": options})).await;
            if !tools {
                next.as_object_mut().expect("an object").remove("tools");
            }
            assert_eq!(app.said(MESSAGES, &next).await.text, "echo: and then?");
            let chat = app.last_chat();
            let history = &chat["conversationState"]["history"];
            assert_eq!(
                history[1]["assistantResponseMessage"]["toolUses"][0]["input"],
                json!({"query": "rust"})
            );
            let result = &history[2]["userInputMessage"]["userInputMessageContext"]["toolResults"][0];
            let text = result["content"][0]["text"].as_str().expect("text");
            assert!(
                text.contains("https://example.com/a") && text.contains("A short extract: rust"),
                "{text}"
            );
            assert_eq!(history[3]["assistantResponseMessage"]["content"], said.text.as_str());
            assert!(tool_names(&chat).contains(&"web_search".to_owned()));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn tools_of_the_client_work_beside_it() {
    let (app, _) = searching("social").await;
    for stream in [false, true] {
        let body = asking(&format!("{} [[tool:ping]]", search("rust")), stream);
        let said = app.said(MESSAGES, &body).await;
        let (call, outcome) = shown(&said);
        let [ping] = &said.calls[..] else { panic!("{said:?}") };
        assert_eq!((said.stop.as_str(), ping.name.as_str()), ("tool_use", "ping"));
        let mut next = body.clone();
        next["messages"].as_array_mut().expect("messages").extend([
            json!({"role": "assistant", "content": [
                call, outcome, {"type": "tool_use", "id": ping.id, "name": "ping", "input": {}},
            ]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": ping.id, "content": "pong"}]}),
        ]);
        assert_eq!(app.said(MESSAGES, &next).await.text, "tool said: pong");
        // The client's own alone is as ever.
        let said = app.said(MESSAGES, &asking("[[tool:ping]]", stream)).await;
        assert_eq!((said.calls.len(), said.searched.len()), (1, 0));
        assert_eq!(app.said(MESSAGES, &asking("hello", stream)).await.text, "echo: hello");
    }
    app.finish().await;
}

#[tokio::test]
async fn searches_end_where_the_client_says() {
    let (app, _) = searching("social").await;
    for stream in [false, true] {
        let mut body = asking(&search(&format!("again {}", search("more"))), stream);
        for (most, searches) in [(8, 2), (1, 1)] {
            let before = count(&app, Operation::InvokeMcp);
            body["tools"][1]["max_uses"] = json!(most);
            // A choice that forces a call counts for the first turn.
            body["tool_choice"] = json!({"type": "tool", "name": "web_search"});
            let said = app.said(MESSAGES, &body).await;
            assert_eq!((said.searched.len(), said.stop.as_str()), (4, "end_turn"), "{said:?}");
            assert_eq!(count(&app, Operation::InvokeMcp) - before, searches);
            let last = &said.searched[3]["content"];
            if most == 1 {
                assert_eq!(
                    last,
                    &json!({"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"})
                );
                assert!(said.text.contains("No further search"), "{}", said.text);
            } else {
                assert_eq!(last[0]["url"], "https://example.com/a");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn only_sites_that_the_client_wants_are_shown() {
    let (app, _) = searching("social").await;
    for (member, sites, urls) in [
        ("allowed_domains", json!(["example.org"]), vec!["https://docs.example.org/b"]),
        ("blocked_domains", json!(["docs.example.org"]), vec!["https://example.com/a"]),
        ("allowed_domains", json!(["nowhere.example"]), vec![]),
    ] {
        let mut body = asking(&search("rust"), true);
        body["tools"][1][member] = sites;
        let said = app.said(MESSAGES, &body).await;
        let (_, outcome) = shown(&said);
        let found: Vec<_> =
            outcome["content"].as_array().expect("pages").iter().map(|page| &page["url"]).collect();
        assert_eq!(found, urls);
        assert_eq!(urls.is_empty(), said.text.contains("Nothing was found."), "{}", said.text);
    }
    let mut body = asking("hello", false);
    body["tools"][1]["allowed_domains"] = json!(["a.example"]);
    body["tools"][1]["blocked_domains"] = json!(["b.example"]);
    let answer = app.ask(MESSAGES, &body).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    app.finish().await;
}

#[tokio::test]
async fn a_search_that_fails_is_a_result_and_no_broken_answer() {
    let forbidding = KiroAccount::new(KiroKind::Social, "social").without_mcp();
    for forbids in [false, true] {
        let mut kiro = KiroConfig::default();
        if forbids {
            kiro.accounts.retain(|account| account.name != "social");
            kiro.accounts.push(forbidding.clone());
        }
        let app = TestApp::with(kiro).await;
        let id = app.add_kiro("social").await;
        app.activate(&id).await;
        app.patch(&id, &json!({"options": {"web_search": true}})).await;
        let mut cases = vec![("rust", "unavailable", None)];
        if !forbids {
            cases = vec![
                ("[[search:error]]", "unavailable", None),
                ("[[search:failed]]", "unavailable", None),
                ("", "invalid_tool_input", None),
                ("rust", "unavailable", Some("q_internal")),
                ("rust", "too_many_requests", Some("q_throttled")),
                ("rust", "unavailable", Some("q_not_authorized")),
            ];
        }
        for (query, code, refused) in cases {
            for stream in [false, true] {
                if let Some(name) = refused {
                    let fault = Fault::Refuse(Refusal::named(name).expect("known"));
                    app.emulator.script().push_when(When::operation(Operation::InvokeMcp), fault);
                }
                let said = app.said(MESSAGES, &asking(&search(query), stream)).await;
                let (_, outcome) = shown(&said);
                let failed = json!({"type": "web_search_tool_result_error", "error_code": code});
                assert_eq!(outcome["content"], failed, "{query} {refused:?}");
                assert_eq!(said.text, format!("tool said: The search failed: {code}."));
            }
        }
        assert_eq!(app.state(&id).await, "ready", "the account has done nothing wrong");
        assert_eq!(count(&app, Operation::InvokeMcp) == 0, forbids);
        app.finish().await;
    }
}
