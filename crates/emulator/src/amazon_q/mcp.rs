//! The MCP endpoint: JSON-RPC with one tool, a web search that finds one page.

use serde_json::{Value, json};

use super::errors::case;
use super::{Invocation, profile};
use crate::Refusal;

pub(super) fn answer(invocation: &Invocation<'_>) -> Result<Value, Refusal> {
    let header = invocation.head.headers.get("x-amzn-kiro-profile-arn").and_then(|arn| arn.to_str().ok());
    profile::check(&invocation.account, &[header], true)?;
    let body: Value = serde_json::from_slice(invocation.body)
        .map_err(|error| case("malformed_with_reason").because(error.to_string()))?;
    if body["jsonrpc"] != "2.0" {
        return Err(case("malformed_with_reason").because("jsonrpc is not 2.0"));
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
        Some("tools/call") => match (params["name"].as_str(), params["arguments"]["query"].as_str()) {
            (Some("web_search"), Some(query)) if !query.is_empty() => Ok(found(query)),
            _ => Err((-32602, "Invalid params")),
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

/// Results are JSON as text.
fn found(query: &str) -> Value {
    let results = json!({
        "results": [{
            "title": "Example page",
            "url": "https://example.com/a",
            "snippet": "A short extract.",
            "publishedDate": 1_762_300_800_000_u64,
            "id": "r1",
            "domain": "example.com",
            "maxVerbatimWordLimit": 30,
            "publicDomain": false,
        }],
        "totalResults": 1,
        "query": query,
        "error": null,
    });
    json!({ "isError": false, "content": [{ "type": "text", "text": results.to_string() }] })
}
