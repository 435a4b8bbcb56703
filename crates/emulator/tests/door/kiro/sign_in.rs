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
        "scopes": ["codewhisperer:completions", "codewhisperer:conversations"],
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
    let shown = stranger.get(page).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, "text/html; charset=utf-8"));
    let code = device["userCode"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&shown.body).contains(code));
    assert_eq!(
        error(&stranger.post("/token", &poll).await),
        "authorization_pending",
        "looking is not agreeing"
    );
    assert_eq!(stranger.form("/device", &format!("user_code={code}&decision=allow")).await.status, 200);
    let tokens = stranger.post("/token", &poll).await.json();
    assert_eq!(bearer(&emulator, &tokens).chat(&says_bare("hi")).await.status, 200);
    assert_eq!(error(&stranger.post("/token", &poll).await), "invalid_grant", "told once");
    // The account's tokens are that client's now.
    let refresh = json!({ "grantType": "refresh_token", "refreshToken": tokens["refreshToken"] });
    assert_eq!(stranger.post("/token", &grant(&client, refresh)).await.status, 200);
    assert_eq!(stranger.form("/device", "user_code=NONE-SUCH&decision=allow").await.status, 400);
    let device = begun(&stranger, &client, "https://view.awsapps.com/start").await;
    let code = device["userCode"].as_str().unwrap();
    assert_eq!(stranger.form("/device", &format!("user_code={code}&decision=deny")).await.status, 200);
    assert_eq!(error(&stranger.post("/token", &polling(&client, &device)).await), "access_denied");
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
        (":conversations", ":analysis"),
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

#[tokio::test]
async fn a_browser_may_be_asked_first() {
    let emulator = started(KiroConfig { ask: true, ..KiroConfig::default() });
    let stranger = Client::stranger(&emulator);
    let client = registered(&stranger).await;
    let path = authorize(&client, BACK);
    let page = stranger.get(&path).await;
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert_eq!(page.status, 200);
    assert!(text.contains(&format!("{}&amp;person=agrees", path.replace('&', "&amp;"))), "{text}");
    let code = parameter(&stranger.get(&format!("{path}&person=agrees")).await, "code");
    assert!(code.is_some());
    let no = stranger.get(&format!("{path}&person=declines")).await;
    assert_eq!(parameter(&no, "error").as_deref(), Some("access_denied"));
}

/// A client for AWS accounts, and its person's token.
async fn worker(emulator: &Emulator) -> (Value, Value) {
    let stranger = Client::stranger(emulator);
    let wish = json!({"clientName": "Switchboard", "clientType": "public", "scopes": ["sso:account:access"]});
    let client = stranger.post("/client/register", &wish).await.json();
    let device = begun(&stranger, &client, "https://d-0000000000.awsapps.com/start").await;
    assert!(emulator.kiro().enter(device["userCode"].as_str().unwrap()));
    (stranger.post("/token", &polling(&client, &device)).await.json(), client)
}

fn portal(emulator: &Emulator, tokens: &Value) -> Client {
    Client::stranger(emulator).with("x-amz-sso_bearer_token", tokens["accessToken"].as_str().unwrap())
}

#[tokio::test]
async fn a_person_of_an_organisation_takes_a_role() {
    let emulator = patient();
    let (tokens, client) = worker(&emulator).await;
    let portal = portal(&emulator, &tokens);
    let first = portal.get("/assignment/accounts?max_result=100").await.json();
    assert_eq!(first["accountList"][0]["accountId"], "111122223333");
    let second = portal.get("/assignment/accounts?next_token=page-1").await.json();
    assert_eq!(second["accountList"][0]["accountName"], "Production");
    assert_eq!(second["nextToken"], Value::Null);
    let roles = portal.get("/assignment/roles?account_id=111122223333").await.json();
    assert_eq!(
        (&roles["roleList"][0]["roleName"], &roles["nextToken"]),
        (&json!("Developer"), &json!("page-1"))
    );
    let keys = portal.get("/federation/credentials?account_id=111122223333&role_name=Developer").await.json();
    let keys = &keys["roleCredentials"];
    assert!(keys["accessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert!(keys["expiration"].as_u64().unwrap() > 1_700_000_000_000, "milliseconds");
    for (path, status) in [
        ("/federation/credentials?account_id=444455556666&role_name=Developer", 403),
        ("/federation/credentials?account_id=999900001111&role_name=ReadOnly", 403),
        ("/federation/credentials?account_id=111122223333", 400),
        ("/assignment/roles", 400),
        ("/assignment/accounts?next_token=x", 400),
    ] {
        assert_eq!(portal.get(path).await.status, status, "{path}");
    }
    // The token is for nothing else, and nobody else's is for this.
    let chat = bearer(&emulator, &tokens).chat(&says_bare("hi")).await;
    assert_eq!(chat.status, 403);
    let other = emulator.kiro().access_token("identity-center");
    let other = Client::stranger(&emulator).with("x-amz-sso_bearer_token", &other);
    assert_eq!(other.get("/assignment/accounts").await.status, 401);
    assert_eq!(Client::stranger(&emulator).get("/assignment/accounts").await.status, 401);
    let refresh = json!({ "grantType": "refresh_token", "refreshToken": tokens["refreshToken"] });
    let renewed = Client::stranger(&emulator).post("/token", &grant(&client, refresh)).await.json();
    emulator.kiro().revoke("workforce");
    assert_eq!(portal.get("/assignment/accounts").await.status, 401);
    assert!(renewed["refreshToken"].is_string());
}

#[tokio::test]
async fn a_session_may_not_last() {
    let emulator =
        started(KiroConfig { lasting: false, poll_interval: Duration::ZERO, ..KiroConfig::default() });
    let (tokens, _) = worker(&emulator).await;
    assert!(tokens["accessToken"].is_string() && tokens.get("refreshToken").is_none());
    let stranger = Client::stranger(&emulator);
    for scopes in [json!(["sso:account:access", "codewhisperer:conversations"]), json!(["sso:everything"])] {
        let wish = json!({"clientName": "x", "clientType": "public", "scopes": scopes});
        assert_eq!(stranger.post("/client/register", &wish).await.status, 400);
    }
}

#[tokio::test]
async fn an_organisations_own_sign_in() {
    let emulator = patient();
    let stranger = Client::stranger(&emulator);
    let document = stranger.get("/idp/.well-known/openid-configuration").await.json();
    assert_eq!(document["token_endpoint"], format!("{}/idp/token", emulator.url()));
    let ask = "client_id=client-external&scope=openid+offline_access";
    let device = stranger.form("/idp/device_authorization", ask).await.json();
    let poll = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=client-external&device_code={}",
        device["device_code"].as_str().unwrap()
    );
    assert_eq!(error(&stranger.form("/idp/token", &poll).await), "authorization_pending");
    assert!(emulator.kiro().enter(device["user_code"].as_str().unwrap()));
    let tokens = stranger.form("/idp/token", &poll).await.json();
    assert_eq!(tokens["refresh_token"], emulator.kiro().refresh_token("external"));
    let page = format!(
        "/idp/authorize?response_type=code&client_id=client-external&redirect_uri=http%3A%2F%2Flocalhost%3A3128\
         %2Foauth%2Fcallback&scope=offline_access&state=s&code_challenge={}&code_challenge_method=S256",
        challenge()
    );
    let code = parameter(&stranger.get(&page).await, "code").unwrap();
    let redeem = format!(
        "grant_type=authorization_code&client_id=client-external&code={code}&code_verifier={VERIFIER}\
         &redirect_uri=http%3A%2F%2Flocalhost%3A3128%2Foauth%2Fcallback"
    );
    assert!(stranger.form("/idp/token", &redeem).await.json()["access_token"].is_string());
    for wrong in ["client_id=nobody&scope=offline_access", "client_id=client-external&scope=openid"] {
        assert!(stranger.form("/idp/device_authorization", wrong).await.status >= 400, "{wrong}");
    }
}
