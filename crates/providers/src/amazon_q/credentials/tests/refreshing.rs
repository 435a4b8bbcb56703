//! Fresh tokens, and what becomes of refusals.

use super::*;

const ANSWER: &str =
    r#"{"accessToken": "aoaNEW", "refreshToken": "aorNEW", "expiresIn": 3600, "tokenType": "Bearer"}"#;

async fn open(
    credential: impl Fn(&str) -> Value,
    why: Why,
    answer: Scripted,
) -> (Result<Opened, Error>, Vec<Received>) {
    let provider = provider();
    upstream(
        |_: usize, _: &Received| answer.clone(),
        async |endpoint| {
            let secret = Secret::new(credential(&endpoint).to_string());
            provider.opened(&Arc::new(account(&endpoint)), &secret, why).await
        },
    )
    .await
}

#[tokio::test]
async fn each_kind_refreshes_at_its_own_place() {
    let (opened, requests) = open(|_| oidc(), Why::First, Scripted::ok(ANSWER)).await;
    assert_eq!((requests.len(), requests[0].line.as_str()), (1, "POST /token"));
    assert_eq!(
        requests[0].json(),
        json!({
            "clientId": "client", "clientSecret": "hush", "grantType": "refresh_token", "refreshToken": "aorOLD",
        })
    );
    let opened = opened.unwrap();
    assert_eq!(
        *bearer(&opened),
        Bearer {
            token: Secret::new("aoaNEW"),
            kind: TokenKind::Aws,
            shape: Shape::Ide,
            profile_arn: Some(ARN.to_owned()),
            sign_in: bearer(&opened).sign_in,
        }
    );
    assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(3600)));
    let mut rotated = oidc();
    rotated["refresh_token"] = json!("aorNEW");
    rotated["access_token"] = json!("aoaNEW");
    rotated["expires_at"] = json!("2026-11-21T13:00:00Z");
    assert_eq!(stored(&opened), rotated);

    let (opened, requests) = open(|_| social(), Why::First, Scripted::ok(ANSWER)).await;
    assert_eq!(requests[0].line, "POST /refreshToken");
    assert_eq!(requests[0].json(), json!({"refreshToken": "aorOLD"}));
    assert_eq!(bearer(&opened.unwrap()).kind, TokenKind::Aws);

    let answer = r#"{"access_token": "aoaNEW", "expires_in": 600, "token_type": "Bearer"}"#;
    let (opened, requests) = open(external, Why::First, Scripted::ok(answer)).await;
    assert_eq!(requests[0].line, "POST /tenant/token");
    assert_eq!(requests[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        String::from_utf8_lossy(&requests[0].body),
        "grant_type=refresh_token&refresh_token=aorOLD&client_id=client&scope=openid+offline_access"
    );
    let opened = opened.unwrap();
    assert_eq!(bearer(&opened).kind, TokenKind::ExternalIdp);
    assert_eq!(stored(&opened)["refresh_token"], "aorOLD", "no new one, so the old one stays");
    assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(600)));
}

/// What cannot be read is lost for good: the old refresh token is void.
#[tokio::test]
async fn an_odd_answer_costs_no_rotated_token() {
    for (odd, life) in [
        (json!({"expires_in": "599"}), 599),
        (json!({"expires_in": 599.9, "profileArn": 5}), 599),
        (json!({"expires_in": -1}), 3600),
        (json!({"expires_in": 1e300, "accessToken": null}), 3600),
        (json!({"expires_in": 1e15, "token_type": ["Bearer"]}), 90 * 24 * 3600),
        (json!({"expires_in": {}, "refreshToken": "aorNEW", "scope": "a", "ext_expires_in": null}), 3600),
    ] {
        let mut answer = json!({"access_token": "aoaNEW", "refresh_token": "aorNEW"});
        for (name, value) in odd.as_object().unwrap() {
            answer[name] = value.clone();
        }
        let (opened, _) = open(external, Why::First, good(&answer)).await;
        let opened = opened.unwrap();
        assert_eq!(stored(&opened)["refresh_token"], "aorNEW", "{odd}");
        assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(life)), "{odd}");
    }
}

#[tokio::test]
async fn a_directory_is_asked_in_its_own_region() {
    let (opened, requests) = upstream(
        |_: usize, _: &Received| Scripted::ok(ANSWER),
        async |endpoint| {
            let provider = provider_at(now(), hosts(&endpoint));
            let credential = with(oidc(), "oidc_region", json!("ap-southeast-1"));
            let secret = Secret::new(credential.to_string());
            provider.opened(&Arc::new(account("")), &secret, Why::First).await
        },
    )
    .await;
    opened.unwrap();
    assert_eq!(requests[0].line, "POST /oidc/ap-southeast-1/token");
}

#[tokio::test]
async fn a_stored_token_is_used_while_it_lives() {
    let kept = |seconds: u64| {
        let end = now() + Duration::from_secs(seconds);
        let end = end.duration_since(UNIX_EPOCH).unwrap().as_secs();
        with(with(social(), "access_token", json!("aoaOLD")), "expires_at", json!(end))
    };
    for (life, why, refreshes) in [
        (181, Why::First, 0),
        (181, Why::Expiring, 0),
        (181, Why::Rejected, 1),
        (180, Why::First, 1),
        (0, Why::Expiring, 1),
    ] {
        let (opened, requests) = open(|_| kept(life), why, Scripted::ok(ANSWER)).await;
        let opened = opened.unwrap();
        assert_eq!(requests.len(), refreshes, "{life} {why:?}");
        let token = if refreshes == 0 { "aoaOLD" } else { "aoaNEW" };
        assert_eq!(bearer(&opened).token.expose(), token);
        assert_eq!(opened.rotated.is_some(), refreshes == 1);
        if refreshes == 0 {
            assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(life)));
        }
    }
    let endless = with(social(), "access_token", json!("aoaOLD"));
    let (_, requests) = open(|_| endless.clone(), Why::First, Scripted::ok(ANSWER)).await;
    assert_eq!(requests.len(), 1, "a token whose end nobody knows is not used");
}

#[tokio::test]
async fn a_rotated_credential_opens_again_without_a_refresh() {
    let (opened, _) = open(|_| oidc(), Why::First, Scripted::ok(ANSWER)).await;
    let rotated = stored(&opened.unwrap());
    assert!(check(&account(""), &rotated).is_ok());
    let (again, requests) = open(|_| rotated.clone(), Why::First, Scripted::ok(ANSWER)).await;
    assert_eq!((bearer(&again.unwrap()).token.expose(), requests.len()), ("aoaNEW", 0));
}

#[tokio::test]
async fn the_profile_that_comes_with_a_token_fills_the_gap() {
    let mut answer: Value = serde_json::from_str(ANSWER).unwrap();
    answer["profileArn"] = json!(ARN);
    for (credential, arn) in [
        (json!({"kind": "kiro_social", "refresh_token": "aorOLD"}), ARN),
        (json!({"kind": "kiro_social", "refresh_token": "aorOLD", "profile_arn": null}), ARN),
        (
            with(
                social(),
                "profile_arn",
                json!("arn:aws:codewhisperer:eu-central-1:000011112222:profile/OWN"),
            ),
            "arn:aws:codewhisperer:eu-central-1:000011112222:profile/OWN",
        ),
    ] {
        let (opened, requests) = open(|_| credential.clone(), Why::First, good(&answer)).await;
        let opened = opened.unwrap();
        assert_eq!((bearer(&opened).profile_arn.as_deref(), requests.len()), (Some(arn), 1));
        assert_eq!(stored(&opened)["profile_arn"], arn);
    }
}

/// An OAuth error.
fn oauth(status: u16, error: &str) -> Scripted {
    let body = json!({"error": error, "error_description": null}).to_string();
    Scripted { status, headers: Vec::new(), body: body.into_bytes() }
}

#[tokio::test]
async fn only_what_the_person_can_mend_asks_them_to_sign_in() {
    let page = |status| Scripted { status, headers: Vec::new(), body: b"<html>".to_vec() };
    let region = Scripted {
        status: 400,
        headers: Vec::new(),
        body: json!({"error": "invalid_request", "region": "eu-west-1"}).to_string().into_bytes(),
    };
    for (answer, category, words) in [
        (oauth(400, "invalid_grant"), Category::NoCredentials, "`switchboard accounts sign-in NAME`"),
        (oauth(401, "invalid_client"), Category::NoCredentials, "registration"),
        (oauth(400, "unauthorized_client"), Category::NoCredentials, "registration"),
        (
            refusal(400, "InvalidGrantException", None, "no"),
            Category::NoCredentials,
            "`switchboard accounts sign-in NAME`",
        ),
        (
            refusal(400, "InvalidRequestRegionException", None, "no"),
            Category::NoCredentials,
            "another region",
        ),
        (region, Category::NoCredentials, "eu-west-1"),
        (oauth(400, "slow_down"), Category::RateLimited, "slow down"),
        (oauth(400, "invalid_request"), Category::Upstream, "400"),
        (refusal(500, "InternalServerException", None, "no"), Category::Upstream, "500"),
        (page(503), Category::Overloaded, "not available"),
        (page(403), Category::Upstream, "403"),
        (page(429), Category::RateLimited, "slow down"),
        (Scripted::ok("[]"), Category::Upstream, "cannot be read"),
        (Scripted::ok("{}"), Category::Upstream, "without a token"),
        (Scripted::ok(r#"{"accessToken": ""}"#), Category::Upstream, "without a token"),
    ] {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        let (opened, requests) = open(|_| oidc(), Why::First, answer).await;
        let error = opened.unwrap_err();
        assert_eq!((error.category, requests.len()), (category, 1), "{said}");
        assert!(error.message.contains(words), "{said}: {}", error.message);
        assert!(!error.message.contains("aorOLD") && !error.message.contains("hush"));
    }
}

#[tokio::test]
async fn kiros_own_sign_in_names_no_code() {
    let bad =
        Scripted { status: 401, headers: Vec::new(), body: br#"{"message":"Bad credentials"}"#.to_vec() };
    let (opened, _) = open(|_| social(), Why::Rejected, bad).await;
    let error = opened.unwrap_err();
    assert_eq!(error.category, Category::NoCredentials);
    assert!(
        error.message.contains("`switchboard accounts sign-in NAME`")
            && error.message.contains("Bad credentials")
    );
    let page = Scripted { status: 403, headers: Vec::new(), body: b"<html>".to_vec() };
    let (opened, _) = open(|_| social(), Why::Rejected, page).await;
    assert_eq!(opened.unwrap_err().category, Category::Upstream, "something in between refused");
}

#[tokio::test]
async fn a_token_endpoint_that_is_not_there_is_no_reason_to_sign_in() {
    let account = Arc::new(account("http://127.0.0.1:1"));
    let secret = Secret::new(social().to_string());
    let error = provider().opened(&account, &secret, Why::Rejected).await.unwrap_err();
    assert_eq!(error.category, Category::Unreachable);
}

/// Requests go on while the person is away, and each would try.
#[tokio::test]
async fn a_sign_in_that_ended_is_not_sent_again() {
    let renewed = with(oidc(), "refresh_token", json!("aorOTHER"));
    for (answer, times) in [
        (oauth(400, "invalid_grant"), 1),
        (oauth(401, "invalid_client"), 1),
        (oauth(400, "slow_down"), 3),
        (oauth(500, "server_error"), 3),
    ] {
        let provider = provider();
        let (errors, requests) = upstream(
            |_: usize, _: &Received| answer.clone(),
            async |endpoint| {
                let account = Arc::new(account(&endpoint));
                let mut errors = Vec::new();
                for (credential, why) in [
                    (oidc(), Why::First),
                    (oidc(), Why::Expiring),
                    (oidc(), Why::Rejected),
                    (renewed.clone(), Why::First),
                ] {
                    let secret = Secret::new(credential.to_string());
                    errors.push(provider.opened(&account, &secret, why).await.unwrap_err().message);
                }
                // Entered anew it is worth a question.
                provider.check(&account, &oidc()).unwrap();
                let secret = Secret::new(oidc().to_string());
                errors.push(provider.opened(&account, &secret, Why::First).await.unwrap_err().message);
                errors
            },
        )
        .await;
        assert_eq!(requests.len(), times + 2, "{errors:?}");
        assert!(errors.iter().all(|words| *words == errors[0]), "{errors:?}");
        assert_eq!(requests[times].json()["refreshToken"], "aorOTHER", "another one is asked with");
    }
}
