use httpdate::fmt_http_date;
use serde_json::json;

use super::*;
use crate::bedrock::fixture::at;
use crate::upstream::{Received, Scripted, upstream};

/// 2026-11-21T12:00:00Z.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_262_400)
}

fn way() -> Way {
    let options = at(now());
    Way { http: options.http, clock: options.clock }
}

fn account(endpoint: &str) -> Arc<Account> {
    Arc::new(Account {
        id: "a".into(),
        name: "A".into(),
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: Some(endpoint.into()),
        options: Value::Null,
    })
}

fn stored(expires_at: &str) -> Map<String, Value> {
    let Value::Object(fields) = json!({
        "kind": "identity_center", "start_url": "https://d-1234567890.awsapps.com/start",
        "oidc_region": "eu-central-1", "client_id": "c", "client_secret": "hush",
        "client_expires_at": 1_803_031_200, "access_token": "old-token", "refresh_token": "old-refresh",
        "expires_at": expires_at, "account_id": "111122223333", "role_name": "Developer",
    }) else {
        panic!("an object")
    };
    fields
}

const FRESH: &str = "2026-11-21T13:00:00Z";
const STALE: &str = "2026-11-21T12:00:30Z";

fn without_refresh(expires_at: &str) -> Map<String, Value> {
    let mut fields = stored(expires_at);
    fields.remove("refresh_token");
    fields
}

fn keys(expiration: u64) -> Scripted {
    let keys = json!({"roleCredentials": {
        "accessKeyId": "ASIA1", "secretAccessKey": "s", "sessionToken": "t", "expiration": expiration,
    }});
    Scripted::ok(keys.to_string())
}

fn refused(status: u16, name: &str) -> Scripted {
    Scripted::refusal(status, name, "no")
}

async fn opened(
    fields: Map<String, Value>,
    why: Why,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Result<Opened, Error>, Vec<Received>) {
    upstream(script, async |endpoint: String| way().open(&account(&endpoint), fields, why).await).await
}

const HOUR: u64 = 1_795_266_000_000;

#[tokio::test]
async fn a_role_gives_keys_for_as_long_as_they_live() {
    let (opened, requests) = opened(stored(FRESH), Why::First, |_, _| keys(HOUR)).await;
    let opened = opened.unwrap();
    assert_eq!(requests[0].line, "GET /federation/credentials?account_id=111122223333&role_name=Developer");
    assert_eq!(requests[0].header("x-amz-sso_bearer_token"), Some("old-token"));
    let Identity::SigV4(keys) = &opened.session.identity else { panic!("signs") };
    assert_eq!((keys.access_key_id(), keys.session_token()), ("ASIA1", Some("t")));
    assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(3600)));
    assert!(opened.rotated.is_none() && !opened.again && opened.session.clock_offset == 0);
}

/// The end is told by AWS's clock; ours may be wrong, and signing must be right all the same.
#[tokio::test]
async fn a_wrong_clock_is_put_right() {
    for (offset, date) in
        [(7200, now() + Duration::from_secs(7200)), (-7200, now() - Duration::from_secs(7200))]
    {
        let date = fmt_http_date(date);
        let script = move |_: usize, _: &Received| {
            let mut answer = keys(HOUR);
            answer.headers.push(("date", date.clone()));
            answer
        };
        let (opened, _) = opened(stored(FRESH), Why::First, script).await;
        let session = opened.unwrap().session;
        assert_eq!(session.clock_offset, offset);
        let left = session.expires.unwrap().duration_since(now()).unwrap_or_default();
        assert_eq!(left.as_secs(), if offset > 0 { 0 } else { 10_800 });
    }
}

#[tokio::test]
async fn an_old_token_is_renewed_and_stored_before_it_is_used() {
    let renewed = |at: usize, _: &Received| match at {
        0 => Scripted::ok(
            json!({"accessToken": "new-token", "refreshToken": "new-refresh", "expiresIn": 28800})
                .to_string(),
        ),
        _ => keys(HOUR),
    };
    let (first, requests) = opened(stored(STALE), Why::Expiring, renewed).await;
    let first = first.unwrap();
    assert_eq!(requests.len(), 1, "nothing is asked with a token that is not stored");
    assert_eq!(requests[0].line, "POST /token");
    assert_eq!(
        requests[0].json(),
        json!({"clientId": "c", "clientSecret": "hush", "grantType": "refresh_token", "refreshToken": "old-refresh"})
    );
    assert!(first.again);
    let rotated = first.rotated.unwrap();
    let Value::Object(fields) = serde_json::from_str(rotated.expose()).unwrap() else { panic!("an object") };
    assert_eq!(
        (&fields["access_token"], &fields["refresh_token"]),
        (&json!("new-token"), &json!("new-refresh"))
    );
    assert_eq!(
        (&fields["expires_at"], &fields["role_name"]),
        (&json!("2026-11-21T20:00:00Z"), &json!("Developer"))
    );
    let (second, requests) = opened(fields, Why::Unfinished, |_, _| keys(HOUR)).await;
    assert_eq!(requests[0].header("x-amz-sso_bearer_token"), Some("new-token"));
    assert!(second.unwrap().rotated.is_none());
}

/// Signed out elsewhere, before its time.
#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let script = |at: usize, _: &Received| match at {
        0 => refused(401, "UnauthorizedException"),
        _ => Scripted::ok(json!({"accessToken": "new-token", "expiresIn": 3600}).to_string()),
    };
    let (renewed, requests) = opened(stored(FRESH), Why::First, script).await;
    let rotated = renewed.unwrap().rotated.unwrap();
    assert_eq!(requests.len(), 2);
    let fields: Value = serde_json::from_str(rotated.expose()).unwrap();
    assert_eq!(fields["refresh_token"], "old-refresh", "kept when no other is given");
    let script = |_: usize, _: &Received| refused(401, "UnauthorizedException");
    let (error, requests) = opened(stored(FRESH), Why::Unfinished, script).await;
    assert_eq!((error.unwrap_err().category, requests.len()), (Category::NoCredentials, 1));
}

#[tokio::test]
async fn only_what_the_person_can_mend_asks_for_them() {
    let oauth = |status: u16, error: &str| {
        let body = json!({"error": error, "error_description": null}).to_string().into_bytes();
        Scripted { status, headers: Vec::new(), body }
    };
    for (fields, answer, category, words) in [
        (without_refresh(STALE), keys(HOUR), Category::NoCredentials, "accounts sign-in"),
        (
            without_refresh(FRESH),
            refused(401, "UnauthorizedException"),
            Category::NoCredentials,
            "accounts sign-in",
        ),
        (stored(STALE), oauth(400, "invalid_grant"), Category::NoCredentials, "accounts sign-in"),
        (stored(STALE), oauth(401, "invalid_client"), Category::NoCredentials, "registration"),
        (stored(STALE), oauth(500, "server_error"), Category::Upstream, "500"),
        (stored(FRESH), refused(403, "ForbiddenException"), Category::NoCredentials, "no longer yours"),
        (
            stored(FRESH),
            refused(404, "ResourceNotFoundException"),
            Category::NoCredentials,
            "no longer yours",
        ),
        (stored(FRESH), refused(429, "TooManyRequestsException"), Category::RateLimited, "slow down"),
        (stored(FRESH), refused(500, "InternalServerException"), Category::Upstream, "failed"),
        (stored(FRESH), Scripted::ok("{}"), Category::Upstream, "without keys"),
    ] {
        let (error, _) = opened(fields, Why::First, move |_, _| answer.clone()).await;
        let error = error.unwrap_err();
        assert_eq!(error.category, category, "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
        assert!(!error.message.contains("hush") && !error.message.contains("old-"), "{}", error.message);
    }
}

#[test]
fn an_end_is_known() {
    assert_eq!(ends(&without_refresh(FRESH)), Some(now() + Duration::from_secs(3600)));
    assert_eq!(ends(&stored(FRESH)), Some(UNIX_EPOCH + Duration::from_secs(1_803_031_200)));
    let mut silent = stored(FRESH);
    silent.remove("client_expires_at");
    assert_eq!(ends(&silent), None);
}

#[test]
fn a_wrong_field_is_named() {
    for (name, value, param) in [
        ("account_id", json!("1"), "credential.account_id"),
        ("oidc_region", json!("evil.example/"), "credential.oidc_region"),
        ("expires_at", json!("tomorrow"), "credential.expires_at"),
        ("role_name", Value::Null, "credential.role_name"),
    ] {
        let mut fields = stored(FRESH);
        fields.insert(name.into(), value);
        assert_eq!(IdentityCenter::read(&fields).unwrap_err().param.as_deref(), Some(param));
    }
}
