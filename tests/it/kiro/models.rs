//! Names of models: one spelling for all vendors, and never another model than the one that was named.

use serde_json::{Value, json};

use super::current;
use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::TestApp;

#[tokio::test]
async fn public_names_mean_the_models_of_the_list() {
    let (app, _) = TestApp::kiro("social").await;
    // Before the list is there, and with it.
    for listed in [false, true] {
        if listed {
            app.learn_models().await;
        }
        for (asked, id) in [
            ("claude-sonnet-4-20250514", "claude-sonnet-4"),
            ("claude-sonnet-4-0", "claude-sonnet-4"),
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
            ("claude-sonnet-4.5", "claude-sonnet-4.5"),
            ("anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
            ("kiro-claude-sonnet-4-5", "claude-sonnet-4.5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4.5"),
            ("claude-haiku-4-5-latest", "claude-haiku-4.5"),
            ("claude-opus-4-5-20251101", "claude-opus-4.5"),
            ("claude-opus-4-6", "claude-opus-4.6"),
            ("Claude-Opus-4-8[1m]", "claude-opus-4.8"),
            ("claude-sonnet-5", "claude-sonnet-5"),
            ("claude-sonnet-5-5", "claude-sonnet-5.5"),
            ("claude-opus-5-5", "claude-opus-5.5"),
            ("gpt-5-6-sol", "gpt-5.6-sol"),
            ("gpt-5.6-terra", "gpt-5.6-terra"),
            ("deepseek-v3.2", "deepseek-3.2"),
            ("glm-5", "glm-5"),
            ("minimax-m2.5", "minimax-m2.5"),
            ("qwen3-coder-next", "qwen3-coder-next"),
            ("auto", "auto"),
        ] {
            let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(asked, "hello", false)).await;
            assert_eq!(answer.status, 200, "{asked}: {}", answer.text());
            // Answers of some models hold thoughts that only they can read.
            assert_eq!(answer.json()["model"], asked);
            assert_eq!(answer.header("x-proxy-model"), Some(id), "{asked}");
            assert_eq!(current(&app.last_chat())["modelId"], id, "{asked}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_name_that_nobody_has_is_not_replaced() {
    let (app, _) = TestApp::kiro("social").await;
    app.said(Dialect::Messages, &super::hello(true)).await;
    let asked = app.emulator.journal().count();
    for listed in [false, true] {
        if listed {
            app.learn_models().await;
        }
        for (model, near) in [
            ("claude-sonnet-4-9", "claude-sonnet-4"),
            ("claude-opus-4-55", "claude-opus-4-5"),
            ("qwen3-coder", "qwen3-coder-next"),
        ] {
            for dialect in DIALECTS {
                for stream in [false, true] {
                    let answer = app.ask(dialect, &dialect.asking(model, "hello", stream)).await;
                    assert_eq!(answer.status, 404, "{model}: {}", answer.text());
                    let (kind, code, message) = dialect.error(&answer.json());
                    if dialect == Dialect::Messages {
                        assert_eq!(kind, "not_found_error");
                    } else {
                        assert_eq!(
                            (kind.as_str(), code.as_str()),
                            ("invalid_request_error", "model_not_found")
                        );
                    }
                    assert!(message.contains(model) && message.contains(&format!("`{near}")), "{message}");
                    assert_eq!(app.row(&answer).await["error_category"], "model_not_found");
                }
            }
        }
    }
    assert_eq!(app.emulator.journal().count(), asked, "nobody was asked");
    app.finish().await;
}

#[tokio::test]
async fn the_persons_own_names_come_first() {
    let (app, id) = TestApp::kiro("social").await;
    app.patch(&id, &json!({"options": {"aliases": {"fast": "claude-haiku-4.5", "*": "auto"}}})).await;
    for (asked, served) in [("fast", "claude-haiku-4.5"), ("whatever", "auto"), (CLAUDE, super::SONNET)] {
        let answer = app.ask(Dialect::Chat, &Dialect::Chat.asking(asked, "hello", true)).await;
        assert_eq!(Dialect::Chat.read(&answer).model, asked);
        assert_eq!(answer.header("x-proxy-model"), Some(served));
    }
    app.finish().await;
}

/// The ids of the accounts that serve a model.
fn servers(list: &Value, model: &str) -> Vec<(String, String)> {
    let models = list["models"].as_array().expect("models");
    let card = models.iter().find(|card| card["name"] == model);
    let accounts = card.and_then(|card| card["accounts"].as_array()).into_iter().flatten();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    accounts.map(|server| (text(&server["name"]), text(&server["model_id"]))).collect()
}

#[tokio::test]
async fn the_list_of_all_says_which_account_serves_what() {
    let app = TestApp::start().await;
    let kiro = app.add_kiro("social").await;
    for refresh in ["", "?refresh=true"] {
        let list = app.get(&format!("/api/models{refresh}")).await.json();
        assert_eq!(list["problems"], json!([]), "{list}");
        let names = |model| servers(&list, model).into_iter().map(|(account, _)| account).collect::<Vec<_>>();
        assert_eq!(names(CLAUDE), ["main", "social", "Sandbox"], "{refresh}");
        assert_eq!(servers(&list, CLAUDE)[1].1, "claude-sonnet-4.5");
        assert_eq!(names("auto"), ["social"]);
        assert_eq!(names("nova-2-lite"), ["main", "Sandbox"]);
        let models = list["models"].as_array().expect("models");
        let mut seen: Vec<_> = models.iter().filter_map(|card| card["name"].as_str()).collect();
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "each name once");
    }
    // What clients see: each name once, of all accounts, in either dialect's shape.
    let openai = app.get("/v1/models").await.json();
    let request = app.request("GET", "/v1/models?limit=1000").header("anthropic-version", "2023-06-01");
    let anthropic = app.send(request.body(http_body_util::Full::default()).expect("request")).await.json();
    for list in [&openai, &anthropic] {
        let ids: Vec<_> =
            list["data"].as_array().expect("data").iter().filter_map(|model| model["id"].as_str()).collect();
        for model in [CLAUDE, "auto", "nova-2-lite", "claude-opus-4-8", "gpt-5.6-sol"] {
            assert_eq!(ids.iter().filter(|id| **id == model).count(), 1, "{model} in {ids:?}");
        }
    }
    // Each name goes to an account that has it.
    for (model, account) in [("auto", "social"), ("nova-2-lite", "main"), (CLAUDE, "main")] {
        let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(model, "hello", true)).await;
        assert_eq!(answer.header("x-proxy-account"), Some(account), "{model}: {}", answer.text());
    }
    app.activate(&kiro).await;
    for (model, account) in [(CLAUDE, "social"), ("nova-2-lite", "main")] {
        let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(model, "hello", true)).await;
        assert_eq!(answer.header("x-proxy-account"), Some(account), "{model}: {}", answer.text());
    }
    app.finish().await;
}

/// A model that the list promised and the service refuses: said, not replaced, and the list is asked for anew.
#[tokio::test]
async fn a_model_that_went_away_makes_the_list_doubtful() {
    let (app, _) = TestApp::kiro("social").await;
    app.learn_models().await;
    let lists = || {
        let rows = app.emulator.journal().requests();
        rows.iter().filter(|row| row.operation == Some(emulator::Operation::ListAvailableModels)).count()
    };
    let before = lists();
    app.learn_models().await;
    assert_eq!(lists(), before, "once an hour is enough");
    let answer =
        app.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "[[fault:q_bad_model]]", true)).await;
    assert_eq!(answer.status, 404, "{}", answer.text());
    app.learn_models().await;
    assert_eq!(lists(), before + 1);
    app.finish().await;
}
