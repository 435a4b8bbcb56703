use std::time::UNIX_EPOCH;

use serde_json::json;

use super::*;
use crate::Provider;
use crate::amazon_q::fixture::{ARN, account, good, hosts, now, provider, provider_at, refusal};
use crate::upstream::{Received, Scripted, upstream};

mod doubting;
mod refreshing;
mod searching;

fn oidc() -> Value {
    json!({
        "kind": "oidc_refresh_token", "refresh_token": " aorOLD\n", "client_id": "client", "client_secret": "hush",
        "profile_arn": ARN,
    })
}

fn social() -> Value {
    json!({"kind": "kiro_social", "refresh_token": "aorOLD", "profile_arn": ARN})
}

fn external(endpoint: &str) -> Value {
    json!({
        "kind": "external_idp", "refresh_token": "aorOLD", "client_id": "client", "profile_arn": ARN,
        "token_endpoint": format!("{endpoint}/tenant/token"), "issuer_url": endpoint,
        "scopes": ["openid", "offline_access"],
    })
}

fn with(mut credential: Value, name: &str, value: Value) -> Value {
    credential[name] = value;
    credential
}

fn bearer(opened: &Opened) -> &Bearer {
    let Identity::Kiro(bearer) = &opened.session.identity else { panic!("a Kiro token") };
    bearer
}

fn stored(opened: &Opened) -> Value {
    serde_json::from_str(opened.rotated.as_ref().expect("rotated").expose()).unwrap()
}

#[test]
fn labels_show_no_secret() {
    let bare = json!({"kind": "kiro_social", "refresh_token": "aorOLD"});
    for (credential, kind, label) in [
        (oidc(), "oidc_refresh_token", "EXAMPLEPROF01"),
        (with(oidc(), "profile_arn", Value::Null), "oidc_refresh_token", "us-east-1"),
        (social(), "kiro_social", "EXAMPLEPROF01"),
        (bare, "kiro_social", "Kiro"),
        (external("https://login.example.com"), "external_idp", "login.example.com"),
        (json!({"kind": "kiro_api_key", "api_key": "ksk_0123456789abcdef"}), "kiro_api_key", "ksk_…cdef"),
    ] {
        let summary = check(&account(""), &credential).unwrap();
        assert_eq!((summary.kind.as_str(), summary.label.as_str()), (kind, label));
    }
}

#[test]
fn a_wrong_field_is_named() {
    let example = || external("https://login.example.com");
    for (credential, param) in [
        (json!([]), "credential"),
        (json!({"kind": "access_key"}), "credential.kind"),
        (with(oidc(), "refresh_token", json!(" ")), "credential.refresh_token"),
        (with(oidc(), "client_secret", Value::Null), "credential.client_secret"),
        (with(oidc(), "client_id", json!("a\nb")), "credential.client_id"),
        (with(oidc(), "client_id", json!("x".repeat(20_000))), "credential.client_id"),
        (with(oidc(), "oidc_region", json!("evil.example/")), "credential.oidc_region"),
        (with(oidc(), "secret", json!("x")), "credential"),
        (with(social(), "client_id", json!("x")), "credential"),
        (with(social(), "profile_arn", json!("arn:aws:iam::000011112222:role/x")), "credential.profile_arn"),
        (with(social(), "expires_at", json!("tomorrow")), "credential.expires_at"),
        (with(social(), "expires_at", json!(-1)), "credential.expires_at"),
        (with(social(), "expires_at", json!(1e300)), "credential.expires_at"),
        (with(social(), "access_token", json!(1)), "credential.access_token"),
        (
            with(example(), "token_endpoint", json!("http://login.example.com/token")),
            "credential.token_endpoint",
        ),
        (with(example(), "token_endpoint", json!("https://evil.example/token")), "credential.token_endpoint"),
        (with(example(), "issuer_url", Value::Null), "credential.issuer_url"),
        (with(example(), "scopes", json!([1])), "credential.scopes"),
        (json!({"kind": "kiro_api_key"}), "credential.api_key"),
        (json!({"kind": "kiro_api_key", "api_key": "ksk_1", "access_token": "x"}), "credential"),
    ] {
        let error = check(&account(""), &credential).expect_err(&credential.to_string());
        let found = (error.category, error.param.as_deref());
        assert_eq!(found, (Category::InvalidRequest, Some(param)), "{credential}");
    }
    let good = with(example(), "scopes", json!("openid offline_access"));
    assert!(check(&account(""), &good).is_ok());
    for expires in
        [json!("2026-12-01T12:00:00.123456789Z"), json!(1_796_083_200), json!("1796083200"), Value::Null]
    {
        assert!(check(&account(""), &with(social(), "expires_at", expires.clone())).is_ok(), "{expires}");
    }
}

#[test]
fn regions_are_those_kiro_is_served_in() {
    let nowhere = Account { region: "us-west-2".into(), ..account("") };
    assert_eq!(check(&nowhere, &social()).unwrap_err().param.as_deref(), Some("region"));
    let open = Account { region: String::new(), ..account("") };
    assert!(check(&open, &social()).is_ok());
    let far = Account { endpoint_url: Some("http://10.1.2.3".into()), ..account("") };
    assert_eq!(check(&far, &social()).unwrap_err().param.as_deref(), Some("endpoint_url"));
}

#[test]
fn profile_arns_have_one_form() {
    use stored::is_profile_arn;
    for good in [ARN, "arn:aws-us-gov:codewhisperer:us-gov-west-1:000011112222:profile/A-1"] {
        assert!(is_profile_arn(good), "{good}");
    }
    for bad in [
        "",
        "arn:aws:codewhisperer:us-east-1:000011112222:profile/",
        "arn:aws:codewhisperer:us-east-1:000011112222:profile/a/b",
        "arn:aws:codewhisperer:us-east-1:00001111222:profile/A",
        "arn:aws:codewhisperer:evil.example:000011112222:profile/A",
        "arn:aws:bedrock:us-east-1:000011112222:profile/A",
        "arn:evil:codewhisperer:us-east-1:000011112222:profile/A",
    ] {
        assert!(!is_profile_arn(bad), "{bad}");
    }
}

#[tokio::test]
async fn an_api_key_opens_at_once_and_not_again_after_a_refusal() {
    let provider = provider();
    let account = Arc::new(account(""));
    let key = Secret::new(json!({"kind": "kiro_api_key", "api_key": "ksk_1"}).to_string());
    let opened = provider.opened(&account, &key, Why::First).await.unwrap();
    assert_eq!(
        *bearer(&opened),
        Bearer {
            token: Secret::new("ksk_1"),
            kind: TokenKind::ApiKey,
            shape: Shape::Cli,
            profile_arn: None,
            sign_in: bearer(&opened).sign_in
        }
    );
    assert_eq!((opened.session.expires, opened.rotated), (None, None));
    assert!(!format!("{:?}", opened.session).contains("ksk_1"));
    let error = provider.opened(&account, &key, Why::Rejected).await.unwrap_err();
    assert_eq!(error.category, Category::NoCredentials);
}

#[tokio::test]
async fn what_is_unreadable_needs_the_person() {
    for broken in ["", "[]", "{\"kind\": \"password\"}"] {
        let opened = provider().opened(&Arc::new(account("")), &Secret::new(broken), Why::First).await;
        assert_eq!(opened.unwrap_err().category, Category::NoCredentials, "{broken}");
    }
}
