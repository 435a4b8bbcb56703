//! What a proxy asks besides answers: tokens, models, profiles and limits.

use hyper::StatusCode;
use serde_json::{Value, json};

const PROFILE: &str = "arn:aws:codewhisperer:us-east-1:000011112222:profile/BENCHPROFILE";

/// The operation that an `x-amz-target` header names; the service's name before it varies.
pub(crate) fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or_default()
}

/// Answers by the target header where there is one, else by the path.
pub(crate) fn answer(path: &str, target: &str) -> (StatusCode, Value) {
    let asked = if target.is_empty() { path.trim_start_matches('/') } else { operation(target) };
    let value = match asked {
        "foundation-models" => json!({"modelSummaries": [
            bedrock_model("anthropic.claude-sonnet-4-5-20250929-v1:0", "Anthropic"),
            bedrock_model("amazon.nova-pro-v1:0", "Amazon")]}),
        "inference-profiles" => json!({"inferenceProfileSummaries": []}),
        "token" => token(),
        "refreshToken" => {
            let mut token = token();
            token["profileArn"] = json!(PROFILE);
            token
        }
        "ListAvailableModels" => json!({"models": [kiro_model("auto"), kiro_model("claude-sonnet-4.5")],
            "defaultModel": kiro_model("auto")}),
        "ListAvailableProfiles" => {
            json!({"profiles": [{"arn": PROFILE, "profileName": "bench", "status": "ACTIVE"}]})
        }
        "GetUsageLimits" | "getUsageLimits" => limits(),
        _ => return (StatusCode::NOT_FOUND, json!({"message": "the stand-in has no such path"})),
    };
    (StatusCode::OK, value)
}

fn bedrock_model(id: &str, provider: &str) -> Value {
    json!({"modelId": id, "modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"),
        "modelName": id, "providerName": provider, "inputModalities": ["TEXT"], "outputModalities": ["TEXT"],
        "responseStreamingSupported": true, "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"], "modelLifecycle": {"status": "ACTIVE"}})
}

/// Lasts longer than any measurement.
fn token() -> Value {
    json!({"accessToken": "aoaBENCHACCESSTOKEN", "refreshToken": "aorBENCHREFRESHTOKEN", "tokenType": "Bearer",
        "expiresIn": 28_800})
}

fn kiro_model(id: &str) -> Value {
    json!({"modelId": id, "modelName": id, "rateMultiplier": 1.3, "rateUnit": "Credit",
        "supportedInputTypes": ["TEXT", "IMAGE"],
        "tokenLimits": {"maxInputTokens": 1_000_000, "maxOutputTokens": 64_000}})
}

fn limits() -> Value {
    json!({"limits": [], "nextDateReset": 1_893_456_000.0, "daysUntilReset": 0,
        "usageBreakdownList": [{"resourceType": "CREDIT", "unit": "INVOCATIONS", "currentUsage": 217,
            "currentUsageWithPrecision": 217.46, "usageLimit": 1_000_000, "usageLimitWithPrecision": 1_000_000.0}],
        "subscriptionInfo": {"type": "Q_DEVELOPER_STANDALONE_PRO", "subscriptionTitle": "KIRO PRO"},
        "overageConfiguration": {"overageStatus": "DISABLED"}, "userInfo": {"userId": "bench"}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bindings_get_the_same() {
        let by_target = |operation: &str| answer("/", &format!("AmazonCodeWhispererService.{operation}"));
        for operation in ["ListAvailableModels", "ListAvailableProfiles", "GetUsageLimits"] {
            let (status, value) = by_target(operation);
            assert_eq!(status, StatusCode::OK);
            assert_eq!(answer(&format!("/{operation}"), ""), (status, value));
        }
        assert_eq!(by_target("SetUserPreference").0, StatusCode::NOT_FOUND);
    }

    #[test]
    fn only_the_desktop_sign_in_names_a_profile() {
        let (_, oidc) = answer("/token", "");
        let (_, social) = answer("/refreshToken", "");
        assert_eq!((oidc.get("profileArn"), social["profileArn"].as_str()), (None, Some(PROFILE)));
        assert_eq!(oidc["accessToken"], social["accessToken"]);
        assert_eq!(answer("/foundation-models", "").0, StatusCode::OK);
    }
}
