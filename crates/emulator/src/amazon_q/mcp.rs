//! The MCP endpoint: JSON-RPC with one tool, a web search that finds two pages, and nothing or a failure where the query
//! says so: `[[search:none]]`, `[[search:error]]`, `[[search:failed]]`.

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::errors::case;
use super::{Invocation, profile};
use crate::Refusal;

pub(super) fn answer(invocation: &Invocation<'_>) -> Result<Value, Refusal> {
    let header = invocation.head.headers.get("x-amzn-kiro-profile-arn").and_then(|arn| arn.to_str().ok());
    profile::check(&invocation.account, &[header], true)?;
    let malformed = |why: &str| Err(case("malformed_with_reason").because(why));
    if !invocation.account.mcp {
        return Err(case("feature_not_supported").because("the organisation forbids MCP"));
    }
    let kind =
        invocation.head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") && !kind.starts_with("application/x-amz-json-1.") {
        return malformed("the content type is not JSON");
    }
    let body: Value = serde_json::from_slice(invocation.body)
        .map_err(|error| case("malformed_with_reason").because(error.to_string()))?;
    if body["jsonrpc"] != "2.0" {
        return malformed("jsonrpc is not 2.0");
    }
    let notifies = body["method"].as_str().is_some_and(|method| method.starts_with("notifications/"));
    if !notifies && !body["id"].is_string() && !body["id"].is_number() {
        return malformed("an id is a string or a number");
    }
    let params = &body["params"];
    let outcome = match body["method"].as_str() {
        Some("initialize") => Ok(json!({
            "protocolVersion": params["protocolVersion"].as_str().unwrap_or("2025-06-18"),
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "emulator", "version": env!("CARGO_PKG_VERSION") },
        })),
        Some("notifications/initialized") => return Ok(json!({})),
        Some("tools/list") => Ok(json!({ "tools": [tool()] })),
        Some("tools/call") => match query(params) {
            Some(query) if query.contains("[[search:error]]") => Ok(json!({
                "isError": true, "content": [{ "type": "text", "text": "The search is away." }],
            })),
            Some(query) => Ok(found(query)),
            None => Err((-32602, "Invalid params")),
        },
        _ => Err((-32601, "Method not found")),
    };
    Ok(match outcome {
        Ok(result) => json!({ "id": body["id"], "jsonrpc": "2.0", "result": result }),
        Err((code, message)) => {
            json!({ "id": body["id"], "jsonrpc": "2.0", "error": { "code": code, "message": message } })
        }
    })
}

fn tool() -> Value {
    json!({
        "name": "web_search",
        "description": "Searches the web.",
        "inputSchema": {
            "type": "object",
            "properties": { "query": { "type": "string" } },
            "required": ["query"],
        },
    })
}

/// The query of a call that has all that it must and nothing else.
fn query(params: &Value) -> Option<&str> {
    let only = |value: &Value, known: &[&str]| {
        value
            .as_object()
            .map(Map::keys)
            .is_some_and(|mut names| names.all(|name| known.contains(&name.as_str())))
    };
    let arguments = &params["arguments"];
    let sound = only(params, &["name", "arguments", "_meta"]) && only(arguments, &["query"]);
    let query = arguments["query"].as_str().filter(|query| !query.trim().is_empty());
    query.filter(|_| sound && params["name"] == "web_search")
}

/// Results are JSON as text. The words of the query stand in the first page, those of the second are more than may be
/// repeated.
fn found(query: &str) -> Value {
    let pages = if query.contains("[[search:none]]") {
        vec![]
    } else {
        vec![
            json!({
                "title": "Example page",
                "url": "https://example.com/a",
                "snippet": format!("A short extract: {query}"),
                "publishedDate": 1_762_300_800_000_u64,
                "id": "r1",
                "domain": "example.com",
                "maxVerbatimWordLimit": 30,
                "publicDomain": false,
            }),
            json!({
                "title": "Other page",
                "url": "https://docs.example.org/b",
                "snippet": "These are more words than anybody may repeat.",
                "publishedDate": null,
                "id": "r2",
                "domain": "docs.example.org",
                "maxVerbatimWordLimit": 3,
                "publicDomain": false,
            }),
        ]
    };
    let failed = query.contains("[[search:failed]]").then_some("The index is away.");
    let results = json!({ "totalResults": pages.len(), "results": pages, "query": query, "error": failed });
    json!({ "isError": false, "content": [{ "type": "text", "text": results.to_string() }] })
}
