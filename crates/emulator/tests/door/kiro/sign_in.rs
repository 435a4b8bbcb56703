//! People who sign in: devices, and browsers that are sent round.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use emulator::{Emulator, KiroConfig};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Client, KIRO_PROFILE, says, says_bare, started};
use crate::caller::Answer;

const BACK: &str = "http://127.0.0.1:53682/oauth/callback";
const VERIFIER: &str = "4TnYj2sibHQYPgde4yTYpfvDOu8JD9J9VeqeTOk9NAs";

/// An emulator that nobody can ask too often.
fn patient() -> Emulator {
    started(KiroConfig { poll_interval: Duration::ZERO, ..KiroConfig::default() })
}

async fn registered(stranger: &Client) -> Value {
    let wish = json!({
        "clientName": "Switchboard",
        "clientType": "public",
        "scopes": ["codewhisperer:conversations"],
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": [BACK],
        "issuerUrl": "https://view.awsapps.com/start",
    });
    stranger.post("/client/register", &wish).await.json()
}

fn grant(client: &Value, members: Value) -> Value {
    let mut body = json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"] });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

async fn begun(stranger: &Client, client: &Value, start: &str) -> Value {
    let answer = stranger.post("/device_authorization", &grant(client, json!({ "startUrl": start }))).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

fn polling(client: &Value, device: &Value) -> Value {
    let kind = "urn:ietf:params:oauth:grant-type:device_code";
    grant(client, json!({ "grantType": kind, "deviceCode": device["deviceCode"] }))
}

fn error(answer: &Answer) -> String {
    assert_eq!(answer.status, 400);
    answer.json()["error"].as_str().unwrap().to_owned()
}

fn bearer(emulator: &Emulator, tokens: &Value) -> Client {
    let token = format!("Bearer {}", tokens["accessToken"].as_str().unwrap());
    Client::stranger(emulator).with("authorization", &token)
}

fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Where a browser goes with a registered client.
fn authorize(client: &Value, address: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!(
        "/authorize?response_type=code&client_id={}&redirect_uri={}&scopes={}&state=Ab3dE6gH9k&code_challenge={}\
         &code_challenge_method=S256",
        client["clientId"].as_str().unwrap(),
        encoded(address),
        encoded("codewhisperer:completions codewhisperer:conversations").replace("%3A", ":"),
        challenge(),
    )
}

/// One parameter of the address that a browser is sent to.
fn parameter(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status, 302);
    let (_, query) = answer.header("location").split_once('?').unwrap();
    let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.map(str::to_owned)
}

#[tokio::test]
async fn a_device_waits_for_its_person() {
    let emulator = patient();
    let stranger = Client::stranger(&emulator);
    let client = registered(&stranger).await;
    let device = begun(&stranger, &client, "https://view.awsapps.com/start").await;
    assert_eq!((&device["expiresIn"], &device["interval"]), (&json!(600), &json!(0)));
    let poll = polling(&client, &device);
    assert_eq!(error(&stranger.post("/token", &poll).await), "authorization_pending");
    let page = device["verificationUriComplete"].as_str().unwrap();
    let page = page.strip_prefix(&emulator.url()).unwrap();
    assert_eq!(stranger.get(page).await.status, 200);
    let tokens = stranger.post("/token", &poll).await.json();
    assert_eq!(bearer(&emulator, &tokens).chat(&says_bare("hi")).await.status, 200);
    assert_eq!(error(&stranger.post("/token", &poll).await), "invalid_grant", "told once");
    // The account's tokens are that client's now.
    let refresh = json!({ "grantType": "refresh_token", "refreshToken": tokens["refreshToken"] });
    assert_eq!(stranger.post("/token", &grant(&client, refresh)).await.status, 200);
    assert_eq!(stranger.get("/device?user_code=NONE-SUCH").await.status, 400);
}

#[tokio::test]
async fn an_organisations_person_or_none_may_answer_a_device() {
    let emulator = patient();
    let kiro = emulator.kiro();
    let stranger = Client::stranger(&emulator);
    let client = registered(&stranger).await;
    let device = begun(&stranger, &client, "https://d-0000000000.awsapps.com/start").await;
    assert!(kiro.enter(device["userCode"].as_str().unwrap()));
    let tokens = stranger.post("/token", &polling(&client, &device)).await.json();
    let chat = bearer(&emulator, &tokens).chat(&says("claude-sonnet-4.5", "hi")).await;
    assert_eq!(chat.status, 200, "an identity-center account, with its profile");
    kiro.browser(None);
    let device = begun(&stranger, &client, "https://view.awsapps.com/start").await;
    assert!(kiro.enter(device["userCode"].as_str().unwrap()));
    assert_eq!(error(&stranger.post("/token", &polling(&client, &device)).await), "access_denied");
    let elsewhere = grant(&client, json!({ "startUrl": "https://x.example" }));
    assert_eq!(error(&stranger.post("/device_authorization", &elsewhere).await), "invalid_request");
}

#[tokio::test]
async fn a_device_that_hurries_or_comes_late_is_told() {
    let emulator = started(KiroConfig::default());
    let stranger = Client::stranger(&emulator);
    let client = registered(&stranger).await;
    let device = begun(&stranger, &client, "https://view.awsapps.com/start").await;
    assert_eq!(device["interval"], 1);
    let poll = polling(&client, &device);
    assert_eq!(error(&stranger.post("/token", &poll).await), "authorization_pending");
    assert_eq!(error(&stranger.post("/token", &poll).await), "slow_down");
    let late = started(KiroConfig { code_life: Duration::ZERO, ..KiroConfig::default() });
    let stranger = Client::stranger(&late);
    let client = registered(&stranger).await;
    let device = begun(&stranger, &client, "https://view.awsapps.com/start").await;
    assert_eq!(error(&stranger.post("/token", &polling(&client, &device)).await), "expired_token");
    let code = parameter(&stranger.get(&authorize(&client, BACK)).await, "code").unwrap();
    let body = json!({
        "grantType": "authorization_code", "code": code, "codeVerifier": VERIFIER, "redirectUri": BACK,
    });
    assert_eq!(error(&stranger.post("/token", &grant(&client, body)).await), "invalid_grant");
}

#[tokio::test]
async fn a_browser_brings_back_a_code() {
    let emulator = patient();
    let stranger = Client::stranger(&emulator);
    let client = registered(&stranger).await;
    let visit = async |address: &str| stranger.get(&authorize(&client, address)).await;
    let redeem = async |code: &str, verifier: &str| {
        let body = json!({
            "grantType": "authorization_code", "code": code, "codeVerifier": verifier, "redirectUri": BACK,
        });
        stranger.post("/token", &grant(&client, body)).await
    };
    let back = visit(BACK).await;
    assert!(back.header("location").starts_with(BACK));
    assert_eq!(parameter(&back, "state").as_deref(), Some("Ab3dE6gH9k"));
    let code = parameter(&back, "code").unwrap();
    let tokens = redeem(&code, VERIFIER).await.json();
    assert_eq!(bearer(&emulator, &tokens).chat(&says_bare("hi")).await.status, 200);
    assert_eq!(error(&redeem(&code, VERIFIER).await), "invalid_grant", "a code counts once");
    let code = parameter(&visit(BACK).await, "code").unwrap();
    assert_eq!(error(&redeem(&code, "another verifier").await), "invalid_grant");
    assert_eq!(error(&visit("http://127.0.0.1:1/oauth/callback").await), "invalid_request");
    for (right, wrong) in [
        ("type=code", "type=token"),
        ("S256", "plain"),
        ("scopes=codewhisperer", "scopes=sso"),
        ("&state=", "&s="),
    ] {
        let path = authorize(&client, BACK).replace(right, wrong);
        assert_eq!(error(&stranger.get(&path).await), "invalid_request", "{wrong}");
    }
    emulator.kiro().browser(None);
    assert_eq!(parameter(&visit(BACK).await, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn the_portal_sends_back_to_the_ports_that_it_knows() {
    let emulator = patient();
    let stranger = Client::stranger(&emulator);
    let visit = async |port: u16| {
        let path = format!(
            "/signin?state=s1&code_challenge={}&code_challenge_method=S256\
             &redirect_uri=http%3A%2F%2Flocalhost%3A{port}&redirect_from=kirocli",
            challenge(),
        );
        stranger.get(&path).await
    };
    let back = visit(3128).await;
    let code = parameter(&back, "code").unwrap();
    assert_eq!(parameter(&back, "login_option").as_deref(), Some("google"));
    let exchange = async |code: &str, address: &str| {
        let body = json!({ "code": code, "code_verifier": VERIFIER, "redirect_uri": address });
        stranger.post("/oauth/token", &body).await
    };
    let address = "http://localhost:3128/oauth/callback?login_option=google";
    let tokens = exchange(&code, address).await.json();
    assert_eq!(tokens["profileArn"], KIRO_PROFILE);
    let chat = bearer(&emulator, &tokens).chat(&says("claude-sonnet-4.5", "hi")).await;
    assert_eq!(chat.status, 200);
    let code = parameter(&visit(4649).await, "code").unwrap();
    assert_eq!(exchange(&code, address).await.status, 400, "another port than the browser's");
    assert_eq!(visit(8080).await.status, 400);
}

#[tokio::test]
async fn a_social_device_is_told_by_its_status() {
    let emulator = patient();
    let stranger = Client::stranger(&emulator);
    let wish = |provider: &str| json!({ "clientId": "switchboard", "loginProvider": provider });
    let device = stranger.post("/oauth/device/authorization", &wish("Github")).await.json();
    assert_eq!(device["expiresInMilliseconds"], 600_000);
    let poll = json!({ "clientId": "switchboard", "deviceCode": device["deviceCode"] });
    let status = async || stranger.post("/oauth/device/poll", &poll).await.json();
    assert_eq!(status().await, json!({ "status": "authorization_pending" }));
    assert!(emulator.kiro().enter(device["userCode"].as_str().unwrap()));
    let tokens = status().await;
    assert_eq!((&tokens["status"], &tokens["profileArn"]), (&json!("authorized"), &json!(KIRO_PROFILE)));
    assert_eq!(tokens["refreshToken"], emulator.kiro().refresh_token("social"));
    assert_eq!(status().await, json!({ "status": "invalid_token" }));
    let odd = stranger.post("/oauth/device/authorization", &wish("Facebook")).await;
    assert_eq!(odd.status, 400);
}
