//! The control plane.

use emulator::{Fault, Operation, Refusal, When};

use crate::CLAUDE;
use crate::caller::{Caller, emulator};

#[tokio::test]
async fn foundation_models_are_listed_and_filtered() {
    let (_emulator, caller) = emulator();
    let list = |answer: crate::caller::Answer| answer.json()["modelSummaries"].as_array().unwrap().clone();
    let all = list(caller.get("/foundation-models").await);
    let text = list(caller.get("/foundation-models?byOutputModality=TEXT").await);
    assert_eq!(text.len() + 1, all.len());
    let on_demand = list(caller.get("/foundation-models?byInferenceType=ON_DEMAND&byProvider=qwen").await);
    assert!(!on_demand.is_empty());
    assert!(on_demand.iter().all(|model| model["providerName"] == "Qwen"));
    let claude = all.iter().find(|model| model["modelId"] == "anthropic.claude-opus-4-8").unwrap();
    assert_eq!(claude["inferenceTypesSupported"][0], "INFERENCE_PROFILE");
    assert_eq!(claude["modelArn"], "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-8");
}

#[tokio::test]
async fn profiles_are_paged_by_region() {
    let (_emulator, caller) = emulator();
    let mut ids = Vec::new();
    let mut path = "/inference-profiles?maxResults=7".to_owned();
    loop {
        let page = caller.get(&path).await.json();
        let found = page["inferenceProfileSummaries"].as_array().unwrap();
        assert!((1..=7).contains(&found.len()));
        ids.extend(found.iter().map(|profile| profile["inferenceProfileId"].as_str().unwrap().to_owned()));
        let Some(token) = page["nextToken"].as_str() else { break };
        path = format!("/inference-profiles?maxResults=7&nextToken={token}");
    }
    let whole = caller.get("/inference-profiles?maxResults=1000").await.json();
    assert_eq!(ids.len(), whole["inferenceProfileSummaries"].as_array().unwrap().len());
    assert!(ids.iter().any(|id| id == CLAUDE) && !ids.iter().any(|id| id.starts_with("eu.")));
    let european =
        Caller { region: "eu-west-1", ..caller.clone() }.get("/inference-profiles?maxResults=1000").await;
    let text = String::from_utf8_lossy(&european.body).into_owned();
    assert!(text.contains("\"eu.anthropic.claude-sonnet-4-5") && !text.contains("\"us.anthropic"));
}

#[tokio::test]
async fn profiles_are_told_apart_by_type_and_found_by_id() {
    let (_emulator, caller) = emulator();
    let own = caller.get("/inference-profiles?type=APPLICATION").await.json();
    let own = own["inferenceProfileSummaries"].as_array().unwrap();
    assert_eq!((own.len(), own[0]["inferenceProfileId"].as_str()), (1, Some("abc123def456")));
    let found = caller.get("/inference-profiles/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0").await.json();
    assert_eq!(found["inferenceProfileId"], CLAUDE);
    let arn = "/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Aapplication-inference-profile%2Fabc123def456";
    assert_eq!(caller.get(arn).await.json()["type"], "APPLICATION");
    assert_eq!(caller.get("/inference-profiles/none").await.code(), "ResourceNotFoundException");
    assert_eq!(caller.get("/inference-profiles?type=OTHER").await.code(), "ValidationException");
}

#[tokio::test]
async fn lists_can_be_denied() {
    let (emulator, caller) = emulator();
    let denied = Refusal::named("denied").unwrap();
    emulator.script().push_when(When::operation(Operation::ListInferenceProfiles), Fault::Refuse(denied));
    assert_eq!(caller.get("/foundation-models").await.status, 200);
    let refused = caller.get("/inference-profiles").await;
    assert_eq!((refused.status, refused.code()), (403, "AccessDeniedException"));
    assert_eq!(caller.get("/inference-profiles").await.status, 200);
}
