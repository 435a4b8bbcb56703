use std::time::UNIX_EPOCH;

use serde_json::json;

use super::*;
use crate::bedrock::fixture::{at, session};
use crate::upstream::{Received, Scripted, upstream};

fn control_plane(_: usize, request: &Received) -> Scripted {
    let line = request.line.as_str();
    if line.starts_with("GET /foundation-models?") {
        return Scripted::ok(
            json!({"modelSummaries": [
                {"modelId": "qwen.qwen3-32b-v1:0", "inferenceTypesSupported": ["ON_DEMAND"]},
                {"modelId": "anthropic.claude-sonnet-4-6", "inferenceTypesSupported": ["INFERENCE_PROFILE"]},
            ]})
            .to_string(),
        );
    }
    let profile = |id: &str, model: &str| {
        json!({
            "inferenceProfileId": id,
            "inferenceProfileArn": format!("arn:aws:bedrock:us-east-1:111122223333:inference-profile/{id}"),
            "models": [{"modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{model}")}],
        })
    };
    let body = match line {
        "GET /inference-profiles?maxResults=1000&type=SYSTEM_DEFINED" => json!({
            "inferenceProfileSummaries": [profile("us.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6")],
            "nextToken": "a/b=",
        }),
        "GET /inference-profiles?maxResults=1000&nextToken=a%2Fb%3D&type=SYSTEM_DEFINED" => json!({
            "inferenceProfileSummaries": [profile("global.anthropic.claude-opus-5", "anthropic.claude-opus-5")],
        }),
        "GET /inference-profiles?maxResults=1000&type=APPLICATION" => json!({
            "inferenceProfileSummaries": [profile("abc", "anthropic.claude-haiku-4-5")],
        }),
        other => panic!("unexpected {other}"),
    };
    Scripted::ok(body.to_string())
}

#[tokio::test]
async fn models_and_profiles_are_listed_page_by_page_and_kept() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let (list, requests) = upstream(control_plane, async |endpoint| {
        let session = session(&endpoint);
        bedrock.list(&session).await.unwrap();
        bedrock.list(&session).await.unwrap()
    })
    .await;
    assert_eq!(requests.len(), 4, "the second list comes from memory");
    assert!(requests.iter().all(|request| request.header("authorization").is_some()));
    let available = &list.available;
    assert!(
        available.on_demand.as_ref().is_some_and(|ids| ids.len() == 1 && ids.contains("qwen.qwen3-32b-v1:0"))
    );
    let profiles = available.profiles.as_ref().unwrap();
    assert!(
        profiles.contains("us.anthropic.claude-sonnet-4-6")
            && profiles.contains("global.anthropic.claude-opus-5")
    );
    let arn = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/abc";
    assert_eq!(available.behind_arn.get(arn).map(AsRef::as_ref), Some("anthropic.claude-haiku-4-5"));
}

#[tokio::test]
async fn who_may_not_list_gets_the_built_in_list() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let denied = |_: usize, _: &Received| Scripted::refusal(403, "AccessDeniedException", "not authorized");
    let (models, _) = upstream(denied, async |endpoint| {
        crate::Provider::models(&bedrock, &session(&endpoint)).await.unwrap()
    })
    .await;
    assert!(models.iter().any(|model| model.id.starts_with("us.anthropic.")));
}

#[tokio::test]
async fn an_expired_credential_is_told() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let expired = |_: usize, _: &Received| {
        Scripted::refusal(403, "ExpiredTokenException", "The security token is expired")
    };
    let (error, _) =
        upstream(expired, async |endpoint| bedrock.list(&session(&endpoint)).await.unwrap_err()).await;
    assert_eq!(error.category, Category::Expired);
}

#[test]
fn a_list_grows_old_and_belongs_to_its_place() {
    let hour = Duration::from_secs(3600);
    let account = session("http://127.0.0.1:1").account;
    let list = List {
        region: "us-east-1".into(),
        endpoint: account.endpoint_url.clone(),
        at: UNIX_EPOCH + hour,
        available: Available::default(),
    };
    assert!(list.is_fresh(UNIX_EPOCH + hour) && list.is_fresh(UNIX_EPOCH + hour + hour / 2));
    assert!(!list.is_fresh(UNIX_EPOCH + hour * 2) && !list.is_fresh(UNIX_EPOCH));
    assert!(list.is_of(&account));
    assert!(list.is_of(&Account { region: String::new(), ..Account::clone(&account) }));
    assert!(!list.is_of(&Account { region: "eu-west-1".into(), ..Account::clone(&account) }));
    assert!(!list.is_of(&Account { endpoint_url: None, ..Account::clone(&account) }));
}
