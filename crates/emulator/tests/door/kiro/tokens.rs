//! Who is let in, and how tokens are refreshed.

use std::time::Duration;

use emulator::{Fault, KIRO_PROFILE, KiroAccount, KiroConfig, KiroKind, Operation, Recorded, Refusal, When};
use serde_json::{Value, json};

use super::{Client, code, emulator, says, says_bare, started, text};
use crate::caller::Answer;

fn refreshing(name: &str, token: &str) -> Value {
    json!({
        "clientId": format!("client-{name}"),
        "clientSecret": format!("secret-{name}"),
        "grantType": "refresh_token",
        "refreshToken": token,
    })
}

fn error(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_refresh_token_counts_once() {
    let (emulator, kiro) = emulator();
    let stranger = Client::stranger(&emulator);
    let first = stranger.post("/token", &refreshing("builder-id", "aor-builder-id")).await.json();
    assert_eq!((&first["tokenType"], &first["expiresIn"]), (&json!("Bearer"), &json!(3600)));
    let next = first["refreshToken"].as_str().unwrap();
    assert_eq!(kiro.refresh_token("builder-id"), next);
    let old = stranger.post("/token", &refreshing("builder-id", "aor-builder-id")).await;
    assert_eq!(error(&old), (400, "invalid_grant".into()));
    assert_eq!(old.json()["error_description"], "Invalid refresh token provided");
    let second = stranger.post("/token", &refreshing("builder-id", next)).await.json();
    assert_ne!(first["accessToken"], second["accessToken"]);
    assert_eq!(kiro.refreshes("builder-id"), 2);
    // Both access tokens live to their own end.
    for tokens in [&first, &second] {
        let token = format!("Bearer {}", tokens["accessToken"].as_str().unwrap());
        let client = Client::stranger(&emulator).with("authorization", &token);
        assert_eq!(text(&client.chat(&says_bare("hi")).await.events()), "echo: hi");
    }
    let rows: Vec<Recorded> = emulator.journal().requests();
    assert_eq!(rows[0].operation, Some(Operation::CreateToken));
    assert_eq!(rows[0].key.as_deref(), Some("builder-id"));
    assert_eq!(emulator.journal().count(), 2, "only what a client asks for is counted");
}

#[tokio::test]
async fn a_refresh_needs_the_client_that_the_token_was_made_for() {
    let (emulator, kiro) = emulator();
    let stranger = Client::stranger(&emulator);
    let mut wrong = refreshing("builder-id", "aor-builder-id");
    wrong["clientSecret"] = json!("guess");
    assert_eq!(error(&stranger.post("/token", &wrong).await), (401, "invalid_client".into()));
    let other = refreshing("identity-center", "aor-builder-id");
    assert_eq!(error(&stranger.post("/token", &other).await), (400, "invalid_grant".into()));
    let mut odd = refreshing("builder-id", "aor-builder-id");
    odd["grantType"] = json!("password");
    assert_eq!(error(&stranger.post("/token", &odd).await).1, "unsupported_grant_type");
    odd.as_object_mut().unwrap().remove("clientId");
    assert_eq!(error(&stranger.post("/token", &odd).await).1, "invalid_request");
    kiro.expire_client("builder-id");
    let late = stranger.post("/token", &refreshing("builder-id", "aor-builder-id")).await;
    assert_eq!(error(&late), (401, "invalid_client".into()));
    assert_eq!(
        emulator.journal().requests().last().unwrap().why.as_deref(),
        Some("the client registration has run out")
    );
    assert_eq!(kiro.refreshes("builder-id"), 0);
}

#[tokio::test]
async fn clients_register() {
    let (emulator, _) = emulator();
    let stranger = Client::stranger(&emulator);
    let wish = json!({
        "clientName": "Switchboard",
        "clientType": "public",
        "scopes": ["codewhisperer:completions", "codewhisperer:conversations"],
    });
    let client = stranger.post("/client/register", &wish).await.json();
    let life =
        client["clientSecretExpiresAt"].as_u64().unwrap() - client["clientIdIssuedAt"].as_u64().unwrap();
    assert_eq!(life, 90 * 24 * 3600);
    let with_client = json!({
        "clientId": client["clientId"],
        "clientSecret": client["clientSecret"],
        "grantType": "refresh_token",
        "refreshToken": "aor-builder-id",
    });
    assert_eq!(
        error(&stranger.post("/token", &with_client).await).1,
        "invalid_grant",
        "known, but another's"
    );
    let mut wish = wish;
    wish["scopes"] = json!(["sso:everything"]);
    assert_eq!(error(&stranger.post("/client/register", &wish).await).1, "invalid_scope");
    wish["clientType"] = json!("confidential");
    assert_eq!(error(&stranger.post("/client/register", &wish).await).1, "invalid_request");
}

#[tokio::test]
async fn social_accounts_refresh_with_the_token_alone() {
    let (emulator, kiro) = emulator();
    let stranger = Client::stranger(&emulator);
    let body = json!({ "refreshToken": "aor-social" });
    let tokens = stranger.post("/refreshToken", &body).await.json();
    assert_eq!(tokens["profileArn"], KIRO_PROFILE);
    assert_eq!(tokens["expiresIn"], 3600);
    assert_eq!(kiro.refresh_token("social"), tokens["refreshToken"].as_str().unwrap());
    let again = stranger.post("/refreshToken", &body).await;
    assert_eq!((again.status, again.json()), (401, json!({ "message": "Bad credentials" })));
    let other = stranger.post("/refreshToken", &json!({ "refreshToken": "aor-builder-id" })).await;
    assert_eq!(other.status, 401);
}

#[tokio::test]
async fn an_organisations_own_endpoint_takes_forms() {
    let (emulator, kiro) = emulator();
    let stranger = Client::stranger(&emulator);
    let form = async |body: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        stranger.open("POST", "/idp/token", &headers, body.to_owned()).await.read().await
    };
    let good = "grant_type=refresh_token&refresh_token=aor-external&client_id=client-external&scope=a%20b";
    let tokens = form(good).await.json();
    assert_eq!(kiro.refresh_token("external"), tokens["refresh_token"].as_str().unwrap());
    assert!(tokens["access_token"].is_string() && tokens["expires_in"].is_u64());
    assert_eq!(error(&form(good).await), (400, "invalid_grant".into()));
    assert_eq!(error(&form("grant_type=password").await).1, "unsupported_grant_type");
    let json = stranger.post("/idp/token", &json!({ "grant_type": "refresh_token" })).await;
    assert_eq!(error(&json).1, "invalid_request");
}

#[tokio::test]
async fn tokens_end_and_accounts_are_lost() {
    let (emulator, kiro) = emulator();
    let client = Client::of(&emulator, "social");
    let body = says("claude-sonnet-4.5", "hi");
    assert_eq!(client.chat(&body).await.status, 200);
    kiro.expire("social");
    let expired = client.chat(&body).await;
    assert_eq!((expired.status, expired.message()), (403, "Token expired".into()));
    let told = client.call("AmazonCodeWhispererService.GetUsageLimits", &json!({})).await;
    assert_eq!((told.status, code(&told).as_str()), (400, "AccessDeniedException"));
    assert_eq!(client.get("/getUsageLimits").await.status, 403);
    let client = Client::of(&emulator, "social");
    kiro.suspend("social");
    let suspended = client.chat(&body).await;
    assert_eq!((suspended.status, &suspended.json()["reason"]), (403, &json!("TEMPORARILY_SUSPENDED")));
    kiro.restore("social");
    assert_eq!(client.chat(&body).await.status, 200);
    kiro.revoke("social");
    assert_eq!(client.chat(&body).await.message(), "The bearer token included in the request is invalid.");
    let refused = client.post("/refreshToken", &json!({ "refreshToken": "aor-social" })).await;
    assert_eq!(refused.status, 401);
    kiro.revoke("api-key");
    assert_eq!(Client::of(&emulator, "api-key").chat(&says_bare("hi")).await.status, 403);
}

#[tokio::test]
async fn a_life_can_be_short_and_a_clock_wrong() {
    let emulator = started(KiroConfig { token_life: Duration::from_secs(60), ..KiroConfig::default() });
    let client = Client::of(&emulator, "builder-id");
    assert_eq!(client.chat(&says_bare("hi [[fault:skew 50]]")).await.status, 200);
    let late = client.chat(&says_bare("hi [[fault:skew 70]]")).await;
    assert_eq!(late.message(), "Token expired");
    assert!(late.headers.contains_key("date"));
}

#[tokio::test]
async fn each_sort_of_token_says_what_it_is() {
    let (emulator, _) = emulator();
    let bare = says_bare("hi");
    let profiled = says("claude-sonnet-4.5", "hi");
    for (account, sort, body) in [
        ("builder-id", None, &bare),
        ("identity-center", None, &profiled),
        ("external", Some("EXTERNAL_IDP"), &profiled),
        ("api-key", Some("API_KEY"), &bare),
    ] {
        let token = format!("Bearer {}", emulator.kiro().access_token(account));
        for given in [None, Some("EXTERNAL_IDP"), Some("API_KEY")] {
            let mut client = Client::stranger(&emulator).with("authorization", &token);
            if let Some(given) = given {
                client = client.with("tokentype", given);
            }
            let status = client.chat(body).await.status;
            assert_eq!(status, if given == sort { 200 } else { 403 }, "{account} {given:?}");
        }
    }
    assert_eq!(Client::stranger(&emulator).chat(&bare).await.status, 403);
    let stolen = Client::stranger(&emulator).with("authorization", "Bearer aoaGUESS");
    let refused = stolen.chat(&bare).await;
    assert_eq!(code(&refused), "AccessDeniedException");
    assert_eq!(refused.message(), "The bearer token included in the request is invalid.");
}

#[tokio::test]
async fn profiles_are_named_where_they_belong() {
    let (emulator, _) = emulator();
    let client = Client::of(&emulator, "identity-center");
    let mut body = says("claude-sonnet-4.5", "hi");
    for (arn, status, words) in [
        (json!(null), 400, "profileArn is required for this request."),
        (
            json!(KIRO_PROFILE.replace("us-east-1", "eu-central-1")),
            403,
            "User is not authorized to make this call.",
        ),
        (json!(KIRO_PROFILE.replace("EXAMPLE", "OTHER")), 400, "Improperly formed request."),
        (json!("my profile"), 400, "Improperly formed request."),
    ] {
        body["profileArn"] = arn;
        let refused = client.chat(&body).await;
        assert_eq!((refused.status, refused.message().as_str()), (status, words));
    }
    let header = Client::of(&emulator, "identity-center").with("x-amzn-kiro-profile-arn", KIRO_PROFILE);
    body["profileArn"] = json!(null);
    assert_eq!(header.chat(&body).await.status, 200);
    body["profileArn"] = json!(KIRO_PROFILE.replace("EXAMPLE", "OTHER"));
    assert_eq!(header.chat(&body).await.json()["reason"], "REQUEST_BODY_INVALID");
    let why = emulator.journal().requests().pop().unwrap().why;
    assert_eq!(why.as_deref(), Some("body and header name different profiles"));
    for account in ["builder-id", "api-key"] {
        let mut body = says_bare("hi");
        body["profileArn"] = json!(KIRO_PROFILE);
        let client = Client::of(&emulator, account);
        assert_eq!(client.chat(&body).await.message(), "User is not authorized to make this call.");
        let usage = json!({ "profileArn": KIRO_PROFILE });
        assert_eq!(client.call("AmazonCodeWhispererService.GetUsageLimits", &usage).await.status, 403);
    }
}

#[tokio::test]
async fn token_endpoints_fail_when_told_to() {
    let accounts = vec![KiroAccount::new(KiroKind::BuilderId, "a"), KiroAccount::new(KiroKind::Social, "b")];
    let emulator = started(KiroConfig { accounts, ..KiroConfig::default() });
    let (kiro, script) = (emulator.kiro(), emulator.script());
    let stranger = Client::stranger(&emulator);
    let create = || When::operation(Operation::CreateToken);
    script.push_when(create(), Fault::Refuse(Refusal::of_status(500)));
    script.push_when(create(), Fault::Refuse(Refusal::named("q_slow_down").unwrap()));
    script.push_when(create(), Fault::Html);
    script.push_when(create(), Fault::CutAfter(20));
    let send = async || stranger.post("/token", &refreshing("a", "aor-a")).await;
    assert_eq!(send().await.status, 500);
    assert_eq!(send().await.json(), json!({ "error": "slow_down", "error_description": null }));
    assert_eq!(send().await.status, 502);
    assert_eq!(kiro.refreshes("a"), 0, "nothing was rotated");
    let cut = send().await;
    assert_eq!((cut.body.len(), cut.complete, kiro.refreshes("a")), (20, false, 1));
    assert_eq!(error(&send().await).1, "invalid_grant", "the answer was lost, the rotation was not");
    let only = When { key: Some("b".into()), operation: Some(Operation::SocialRefresh) };
    script.push_when(only, Fault::Refuse(Refusal::named("q_bad_credentials").unwrap()));
    assert_eq!(stranger.post("/refreshToken", &json!({ "refreshToken": "aor-b" })).await.status, 401);
    assert_eq!(stranger.post("/refreshToken", &json!({ "refreshToken": "aor-b" })).await.status, 200);
}
