//! What real clients send, written for Kiro.

use llm::{Category, ThinkingStyle};

use super::*;

#[test]
fn every_capture_keeps_the_rules() {
    let mut count = 0;
    insta::glob!("../fixtures/clients", "*.json", |path| {
        let capture = json(&std::fs::read(path).expect("a file"));
        // Counts have no limit and are answered without an upstream.
        let Ok(asked) =
            AnthropicServer::new().read_request(&HeaderMap::new(), capture["body"].to_string().into())
        else {
            return;
        };
        let schema = schema_of("claude-opus-4.8");
        let manner = Manner { fields_schema: Some(&schema), ..IDE };
        let opus = model("claude-opus-4.8", ThinkingStyle::Adaptive);
        let meaning = asked.meaning().expect("it makes sense");
        if path.ends_with("claude-code-web-search.json") {
            let error = write_request(&asked, meaning, &opus, &manner).expect_err("nobody searches");
            assert_eq!(error.category, Category::Unsupported);
            assert!(error.message.contains("web_search_20250305"), "{}", error.message);
            return;
        }
        count += 1;
        let older = model("claude-sonnet-4.5", ThinkingStyle::Prompted);
        rules::check(&json(&write(&asked, &older, &CLI).body)).expect("every rule is kept");
        let written = write(&asked, &opus, &manner);
        let body = json(&written.body);
        rules::check(&body).expect("every rule is kept");
        insta::assert_json_snapshot!(
            "kiro",
            serde_json::json!({"body": body, "adjustments": written.adjustments})
        );
    });
    assert!(count >= 7, "{count} captures");
}
