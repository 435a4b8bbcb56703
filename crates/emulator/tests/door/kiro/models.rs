//! What the control plane tells.

use emulator::{KIRO_PROFILE, KiroAccount, KiroKind};
use serde_json::{Value, json};

use super::{Client, code, emulator, says, with};

const LIST: &str = "AmazonCodeWhispererService.ListAvailableModels";

fn ids(list: &Value) -> Vec<&str> {
    list["models"].as_array().unwrap().iter().map(|row| row["modelId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn models_come_in_pages() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "identity-center");
    let all = client.call(LIST, &json!({ "origin": "AI_EDITOR", "profileArn": KIRO_PROFILE })).await;
    assert_eq!(all.header("content-type"), "application/x-amz-json-1.0");
    let all = all.json();
    assert!(all.get("nextToken").is_none());
    assert_eq!(all["defaultModel"]["modelId"], "auto");
    let mut paged = Vec::new();
    let mut asked = json!({ "origin": "AI_EDITOR", "maxResults": 5 });
    loop {
        let page = client.call("KiroControlPlaneBearerService.ListAvailableModels", &asked).await.json();
        assert!(page["models"].as_array().unwrap().len() <= 5);
        paged.extend(ids(&page).into_iter().map(str::to_owned));
        match page.get("nextToken") {
            Some(token) => asked["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(paged, ids(&all));
    let query = "/List-Available-Models?origin=AI_EDITOR&maxResults=2&nextToken=page-1";
    assert_eq!(ids(&client.get(query).await.json()), paged[1..3]);
    for wrong in [
        json!({}),
        json!({ "origin": "NOBODY" }),
        json!({ "origin": "CLI", "maxResults": 101 }),
        json!({ "origin": "CLI", "nextToken": "page-99" }),
    ] {
        assert_eq!(client.call(LIST, &wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_row_has_the_members_that_were_seen() {
    let (emulator, _) = emulator();
    let list = Client::of(&emulator, "api-key").get("/ListAvailableModels?origin=KIRO_CLI").await.json();
    let row = |id: &str| list["models"].as_array().unwrap().iter().find(|row| row["modelId"] == id).unwrap();
    let opus = row("claude-opus-4.8");
    assert_eq!(opus["tokenLimits"], json!({ "maxInputTokens": 1_000_000, "maxOutputTokens": 128_000 }));
    assert_eq!(opus["rateMultiplier"], 2.2);
    assert_eq!(
        opus["additionalModelRequestFieldsSchema"],
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "output_config": { "type": "object", "properties": { "effort": {
                    "type": "string", "enum": ["low", "medium", "high", "xhigh", "max"], "default": "high",
                } } },
                "thinking": { "type": "object", "properties": {
                    "type": { "type": "string", "enum": ["adaptive", "disabled"] },
                    "display": { "type": "string", "enum": ["summarized", "omitted"] },
                } },
                "max_tokens": { "type": "integer", "minimum": 1024, "maximum": 128_000 },
            },
        })
    );
    assert!(row("claude-sonnet-4.5").get("additionalModelRequestFieldsSchema").is_none());
    assert_eq!(opus["promptCaching"]["minimumTokensPerCacheCheckpoint"], 4096);
    assert!(row("glm-5").get("promptCaching").is_none());
    assert_eq!(row("glm-5")["supportedInputTypes"], json!(["TEXT"]));
}

#[tokio::test]
async fn usage_follows_the_credits() {
    let (emulator, _) = with(KiroAccount::new(KiroKind::Social, "me").with_credits(50.0));
    let client = Client::of(&emulator, "me");
    assert_eq!(client.chat(&says("claude-opus-4.8", "hi")).await.status, 200);
    let asked = json!({ "origin": "AI_EDITOR", "resourceType": "CREDIT", "isEmailRequired": true });
    let told = client.call("AmazonCodeWhispererService.GetUsageLimits", &asked).await.json();
    assert_eq!(told, client.get("/GETusageLIMITS?origin=AI_EDITOR").await.json());
    let plan = &told["usageBreakdownList"][0];
    assert_eq!((&plan["resourceType"], &plan["usageLimitWithPrecision"]), (&json!("CREDIT"), &json!(50.0)));
    let used = plan["currentUsageWithPrecision"].as_f64().unwrap();
    assert!((used - 0.022).abs() < 1e-9, "{used}");
    assert_eq!(plan["currentUsage"], 0);
    assert!(told["nextDateReset"].as_f64().unwrap() > 1.7e9);
}

#[tokio::test]
async fn profiles_are_listed_for_those_who_have_some() {
    let (emulator, _) = emulator();
    let target = "AmazonCodeWhispererService.ListAvailableProfiles";
    for account in ["identity-center", "social", "external"] {
        let client = Client::of(&emulator, account);
        let list = client.call(target, &json!({ "maxResults": 10 })).await.json();
        assert_eq!(list["profiles"][0]["arn"], KIRO_PROFILE);
        assert_eq!(list["profiles"][0]["profileName"], "KiroProfile-us-east-1");
        assert_eq!(list, client.post("/ListAvailableProfiles", &json!({})).await.json());
    }
    let builder = Client::of(&emulator, "builder-id").call(target, &json!({})).await;
    assert_eq!((builder.status, code(&builder).as_str()), (403, "AccessDeniedException"));
    assert_eq!(builder.message(), "AWS Builder ID is not supported for this operation.");
    let client = Client::of(&emulator, "social");
    let profile = "AmazonCodeWhispererService.GetProfile";
    let told = client.call(profile, &json!({ "profileArn": KIRO_PROFILE })).await.json();
    assert_eq!(told["profile"]["optInFeatures"]["mcpConfiguration"]["toggle"], "ON");
    assert_eq!(client.call(profile, &json!({})).await.status, 400);
}

#[tokio::test]
async fn the_web_is_searched() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "social").with("x-amzn-kiro-profile-arn", KIRO_PROFILE);
    let asked = |name: &str, query: &str| {
        json!({
            "id": "web_search_1", "jsonrpc": "2.0", "method": "tools/call",
            "params": { "name": name, "arguments": { "query": query } },
        })
    };
    let told = client.post("/mcp", &asked("web_search", "rust 1.92 release date")).await.json();
    assert_eq!((&told["id"], &told["result"]["isError"]), (&json!("web_search_1"), &json!(false)));
    let results: Value =
        serde_json::from_str(told["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(results["query"], "rust 1.92 release date");
    assert_eq!(results["results"][0]["url"], "https://example.com/a");
    let wrong = client.post("/mcp", &asked("guess", "x")).await;
    assert_eq!((wrong.status, wrong.json()["error"]["code"].as_i64()), (200, Some(-32602)));
    let target = "AmazonCodeWhispererStreamingService.InvokeMCP";
    let list =
        client.call(target, &json!({ "id": 1, "jsonrpc": "2.0", "method": "tools/list" })).await.json();
    assert_eq!(list["result"]["tools"][0]["name"], "web_search");
    let mut old = asked("web_search", "x");
    old["jsonrpc"] = json!("1.0");
    assert_eq!(client.post("/mcp", &old).await.status, 400);
    let bare = Client::of(&emulator, "social").post("/mcp", &asked("web_search", "x")).await;
    assert_eq!(bare.message(), "profileArn is required for this request.");
}
