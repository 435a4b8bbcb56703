//! The machine, driven by a service and a person who do anything they like at any time.

use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::login::{Doorway, ENTROPY, Oidc, OidcOptions};

const SECRETS: [&str; 4] = ["the-client-secret", "the-device-code", "the-access-token", "the-refresh-token"];

fn grant(flow: Flow) -> Grant {
    let options = OidcOptions {
        base: "https://oidc.us-east-1.amazonaws.com".into(),
        region: "us-east-1".into(),
        start_url: "https://view.awsapps.com/start".into(),
        scopes: &["codewhisperer:conversations"],
        kind: "oidc_refresh_token",
    };
    Grant::new(Box::new(Oidc::new(options)), flow, Proof::new(&[7; ENTROPY]))
}

fn moment(start: Instant, passed: Duration) -> Moment {
    Moment {
        instant: start + passed,
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_262_400) + passed,
    }
}

fn answer(status: u16, body: &Value) -> Heard {
    Heard { status, headers: HeaderMap::new(), body: body.to_string().into() }
}

fn registered() -> Heard {
    answer(
        200,
        &json!({"clientId": "client", "clientSecret": "the-client-secret", "clientSecretExpiresAt": 1_803_031_200}),
    )
}

fn begun(life: u64, interval: Option<u64>) -> Heard {
    answer(
        200,
        &json!({
            "deviceCode": "the-device-code", "userCode": "ABCD-EFGH", "expiresIn": life, "interval": interval,
            "verificationUri": "https://view.awsapps.com/start/#/device",
            "verificationUriComplete": "https://view.awsapps.com/start/#/device?user_code=ABCD-EFGH",
        }),
    )
}

fn signed_in() -> Heard {
    answer(
        200,
        &json!({"accessToken": "the-access-token", "refreshToken": "the-refresh-token", "expiresIn": 3600}),
    )
}

fn oauth(error: &str) -> Heard {
    answer(400, &json!({"error": error, "error_description": null}))
}

fn asked(next: Option<Next>) -> crate::login::Question {
    let Some(Next::Ask(question)) = next else { panic!("a question: {next:?}") };
    question
}

fn body(question: &crate::login::Question) -> Value {
    serde_json::from_str(&question.body()).unwrap()
}

#[test]
fn a_code_is_confirmed_elsewhere() {
    let start = Instant::now();
    let at = |seconds| moment(start, Duration::from_secs(seconds));
    let mut grant = grant(Flow::Device);
    let register = asked(grant.next(at(0)));
    assert_eq!(register.url().as_str(), "https://oidc.us-east-1.amazonaws.com/client/register");
    assert_eq!(
        body(&register),
        json!({"clientName": "Switchboard", "clientType": "public", "scopes": ["codewhisperer:conversations"]})
    );
    grant.heard(Ok(registered()), at(0));
    let device = asked(grant.next(at(0)));
    assert_eq!(device.url().path(), "/device_authorization");
    assert_eq!(
        body(&device),
        json!({"clientId": "client", "clientSecret": "the-client-secret", "startUrl": "https://view.awsapps.com/start"})
    );
    grant.heard(Ok(begun(600, Some(1))), at(0));
    let Some(Next::Wait { prompt, until, .. }) = grant.next(at(0)) else { panic!("waits for the person") };
    assert_eq!(until, start + Duration::from_secs(1));
    let url = "https://view.awsapps.com/start/#/device?user_code=ABCD-EFGH".to_owned();
    assert_eq!(prompt, Prompt::Device { url, user_code: "ABCD-EFGH".into() });
    for (seconds, word, pause) in
        [(1, "authorization_pending", 1), (2, "slow_down", 6), (8, "authorization_pending", 6)]
    {
        let poll = asked(grant.next(at(seconds)));
        assert_eq!(
            body(&poll),
            json!({
                "clientId": "client", "clientSecret": "the-client-secret", "deviceCode": "the-device-code",
                "grantType": "urn:ietf:params:oauth:grant-type:device_code",
            })
        );
        grant.heard(Ok(oauth(word)), at(seconds));
        let Some(Next::Wait { until, .. }) = grant.next(at(seconds)) else { panic!("waits") };
        assert_eq!(until, start + Duration::from_secs(seconds + pause), "{word}");
    }
    // A cable that was pulled for a moment, and a web page of something in between.
    asked(grant.next(at(14)));
    grant.heard(Err(Error::new(llm::Category::Unreachable, "no way")), at(14));
    asked(grant.next(at(20)));
    grant.heard(Ok(Heard { body: "<html>".into(), ..answer(502, &json!({})) }), at(20));
    asked(grant.next(at(26)));
    assert!(grant.credential(at(26)).is_none());
    grant.heard(Ok(signed_in()), at(26));
    assert!(grant.next(at(26)).is_none());
    assert_eq!(
        Value::Object(grant.credential(at(26)).unwrap().unwrap()),
        json!({
            "kind": "oidc_refresh_token", "start_url": "https://view.awsapps.com/start", "oidc_region": "us-east-1", "client_id": "client",
            "client_secret": "the-client-secret", "access_token": "the-access-token",
            "refresh_token": "the-refresh-token", "expires_at": "2026-11-21T13:00:26Z",
            "client_expires_at": 1_803_031_200,
        })
    );
}

#[test]
fn a_code_ends_in_its_own_words() {
    for (heard, code) in [
        (oauth("access_denied"), "sign_in_denied"),
        (oauth("expired_token"), "sign_in_expired"),
        (oauth("invalid_client"), "sign_in_refused"),
        (answer(400, &json!({"__type": "ExpiredTokenException"})), "sign_in_expired"),
        (
            answer(400, &json!({"__type": "com.amazonaws#AccessDeniedException:", "message": "no"})),
            "sign_in_denied",
        ),
    ] {
        let now = moment(Instant::now(), Duration::ZERO);
        let later = moment(now.instant, Duration::from_secs(5));
        let mut grant = grant(Flow::Device);
        for heard in [registered(), begun(600, None)] {
            asked(grant.next(now));
            grant.heard(Ok(heard), now);
        }
        asked(grant.next(later));
        grant.heard(Ok(heard), later);
        let Some(Next::Over(failure)) = grant.next(later) else { panic!("over") };
        assert_eq!(failure.code(), code);
        // What comes late changes nothing.
        grant.heard(Ok(signed_in()), later);
        assert!(matches!(grant.next(later), Some(Next::Over(_))));
    }
}

#[test]
fn a_directory_elsewhere_is_named() {
    let now = moment(Instant::now(), Duration::ZERO);
    let mut grant = grant(Flow::Device);
    asked(grant.next(now));
    let elsewhere = json!({"__type": "InvalidRequestRegionException", "region": "eu-west-1"});
    grant.heard(Ok(answer(400, &elsewhere)), now);
    let Some(Next::Over(failure)) = grant.next(now) else { panic!("over") };
    assert!(failure.to_string().contains("eu-west-1"), "{failure}");
}

#[test]
fn a_page_that_is_not_safe_is_not_shown() {
    for url in ["javascript:alert(1)", "http://evil.example/", "file:///etc/passwd", "no address"] {
        let now = moment(Instant::now(), Duration::ZERO);
        let mut grant = grant(Flow::Device);
        asked(grant.next(now));
        grant.heard(Ok(registered()), now);
        asked(grant.next(now));
        let device = json!({"deviceCode": "d", "userCode": "u", "verificationUri": url, "expiresIn": 600});
        grant.heard(Ok(answer(200, &device)), now);
        assert!(matches!(grant.next(now), Some(Next::Over(Failure::Refused(_)))), "{url}");
    }
}

/// A browser that is away.
fn away(grant: &mut Grant, now: Moment) -> url::Url {
    let Some(Next::Listen(doorway)) = grant.next(now) else { panic!("listens first") };
    assert_eq!(doorway, Doorway { ports: &[], both: false, paths: &["/oauth/callback"] });
    grant.listening(Some(53682));
    let register = asked(grant.next(now));
    assert_eq!(
        body(&register),
        json!({
            "clientName": "Switchboard", "clientType": "public", "scopes": ["codewhisperer:conversations"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1:53682/oauth/callback"],
            "issuerUrl": "https://view.awsapps.com/start",
        })
    );
    grant.heard(Ok(registered()), now);
    let Some(Next::Wait { prompt: Prompt::Browser { url }, .. }) = grant.next(now) else { panic!("a page") };
    url.parse().unwrap()
}

fn back(members: &[(&str, &str)]) -> Callback {
    let query = members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Callback { path: "/oauth/callback".into(), query: query.collect() }
}

#[test]
fn a_browser_brings_a_code_back_once_and_only_with_its_state() {
    let now = moment(Instant::now(), Duration::ZERO);
    let mut grant = grant(Flow::Browser);
    let url = away(&mut grant, now);
    assert!(
        url.as_str().starts_with(
            "https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&client_id=client&"
        )
    );
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["redirect_uri"], "http://127.0.0.1:53682/oauth/callback");
    assert_eq!(
        (query["scopes"].as_str(), query["code_challenge_method"].as_str()),
        ("codewhisperer:conversations", "S256")
    );
    let (state, challenge) = (query["state"].as_str(), query["code_challenge"].as_str());
    for wrong in [
        back(&[("code", "evil")]),
        back(&[("code", "evil"), ("state", "x")]),
        back(&[("error", "x"), ("state", "")]),
    ] {
        assert!(!grant.returned(&wrong), "{wrong:?}");
        assert!(matches!(grant.next(now), Some(Next::Wait { .. })), "goes on waiting");
    }
    assert!(grant.returned(&back(&[("code", "good"), ("state", state)])));
    assert!(!grant.returned(&back(&[("code", "good"), ("state", state)])), "once");
    let redeem = body(&asked(grant.next(now)));
    let verifier = redeem["codeVerifier"].as_str().unwrap();
    assert_eq!(Proof::new(&[7; ENTROPY]).verifier(), verifier);
    assert_eq!(Proof::new(&[7; ENTROPY]).challenge(), challenge);
    assert_eq!((&redeem["code"], &redeem["grantType"]), (&json!("good"), &json!("authorization_code")));
    assert_eq!(redeem["redirectUri"], "http://127.0.0.1:53682/oauth/callback");
    grant.heard(Ok(signed_in()), now);
    assert!(grant.next(now).is_none());
}

#[test]
fn a_browser_may_come_back_with_a_no_or_never() {
    let now = moment(Instant::now(), Duration::ZERO);
    for (error, code) in [("access_denied", "sign_in_denied"), ("server_error", "sign_in_refused")] {
        let mut grant = grant(Flow::Browser);
        let url = away(&mut grant, now);
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        assert!(grant.returned(&back(&[
            ("error", error),
            ("error_description", "User declined"),
            ("state", &state)
        ])));
        let Some(Next::Over(failure)) = grant.next(now) else { panic!("over") };
        assert_eq!(failure.code(), code);
    }
    let mut late = grant(Flow::Browser);
    away(&mut late, now);
    let Some(Next::Over(failure)) = late.next(moment(now.instant, PATIENCE)) else { panic!("over") };
    assert_eq!(failure.code(), "sign_in_expired");
    let mut crowded = grant(Flow::Browser);
    crowded.next(now);
    crowded.listening(None);
    let Some(Next::Over(failure)) = crowded.next(now) else { panic!("over") };
    assert_eq!(failure.code(), "sign_in_no_port");
}

#[derive(Clone, Debug)]
enum Turn {
    Heard(u8),
    Lost,
    Returned(bool),
    Listening(Option<u16>),
    Passes(u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        6 => (0_u8..9).prop_map(Turn::Heard),
        1 => Just(Turn::Lost),
        1 => any::<bool>().prop_map(Turn::Returned),
        1 => proptest::option::of(Just(4000)).prop_map(Turn::Listening),
        4 => (0_u64..90).prop_map(Turn::Passes),
    ];
    proptest::collection::vec(turn, 1..120)
}

fn said(word: u8, life: u64, interval: Option<u64>) -> Heard {
    match word {
        0 => registered(),
        1 => begun(life, interval),
        2 => signed_in(),
        3 | 4 => oauth("authorization_pending"),
        5 => oauth("slow_down"),
        6 => oauth("access_denied"),
        7 => answer(500, &json!({"error": "server_error"})),
        _ => oauth("expired_token"),
    }
}

proptest! {
    /// Whatever happens in whatever order: no panic, no question sooner than the last one allowed, no secret in what
    /// is shown or printed, an end that stays the end, and none later than the code lives.
    #[test]
    fn anything_may_happen(
        turns in turns(), browser in any::<bool>(), life in 0_u64..700, interval in proptest::option::of(0_u64..12),
    ) {
        let flow = if browser { Flow::Browser } else { Flow::Device };
        let (start, mut passed) = (Instant::now(), Duration::ZERO);
        let mut grant = grant(flow);
        let mut polled: Option<Duration> = None;
        let mut shown: Option<Duration> = None;
        let mut over: Option<String> = None;
        for turn in turns {
            let now = moment(start, passed);
            let next = grant.next(now);
            let printed = format!("{grant:?} {next:?}");
            prop_assert!(SECRETS.iter().all(|secret| !printed.contains(secret)), "{}", printed);
            prop_assert!(!printed.contains(Proof::new(&[7; ENTROPY]).verifier()));
            let end = match &next {
                None => Some("granted".to_owned()),
                Some(Next::Over(failure)) => Some(failure.code().to_owned()),
                _ => None,
            };
            if let Some(before) = &over {
                prop_assert_eq!(end.as_ref(), Some(before), "an end is the end");
            }
            over = end;
            match &next {
                Some(Next::Ask(question)) if question.url().path() == "/token" && flow == Flow::Device => {
                    let least = Duration::from_secs(interval.unwrap_or(5).max(1));
                    let since = polled.or(shown).unwrap_or_default();
                    prop_assert!(passed - since >= least, "asked after {:?}", passed - since);
                    prop_assert!(passed < shown.unwrap_or_default() + Duration::from_secs(life));
                    polled = Some(passed);
                }
                Some(Next::Wait { prompt: Prompt::Device { .. }, until, .. }) => {
                    let first = *shown.get_or_insert(passed);
                    prop_assert!(*until <= start + first + Duration::from_secs(life));
                }
                _ => {}
            }
            match turn {
                Turn::Heard(word) if matches!(next, Some(Next::Ask(_))) => {
                    grant.heard(Ok(said(word, life, interval)), now);
                }
                // An answer that nobody asked for.
                Turn::Heard(word) if word == 2 && over.is_some() => grant.heard(Ok(said(word, life, interval)), now),
                Turn::Heard(_) => {}
                Turn::Lost => {
                    if matches!(next, Some(Next::Ask(_))) {
                        grant.heard(Err(Error::new(llm::Category::Unreachable, "lost")), now);
                    }
                }
                Turn::Returned(ours) => {
                    let state = if ours { Proof::new(&[7; ENTROPY]).state().to_owned() } else { "x".into() };
                    let taken = grant.returned(&back(&[("code", "c"), ("state", &state)]));
                    prop_assert!(!taken || ours);
                }
                Turn::Listening(port) => grant.listening(port),
                Turn::Passes(seconds) => passed += Duration::from_secs(seconds),
            }
        }
    }
}
