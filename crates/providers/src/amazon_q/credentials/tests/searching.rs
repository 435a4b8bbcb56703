//! The profile of a sign-in that came without one.

use super::*;

const FRANKFURT: &str = "arn:aws:codewhisperer:eu-central-1:000011112222:profile/FRANKFURT";

fn profiles(arn: &str) -> Scripted {
    let mut sample: Value =
        serde_json::from_str(include_str!("../../../../tests/fixtures/amazon_q/profiles.json")).unwrap();
    sample["profiles"][0]["arn"] = json!(arn);
    good(&sample)
}

fn denied() -> Scripted {
    refusal(403, "AccessDeniedException", None, "AWS Builder ID is not supported for this operation.")
}

/// A sign-in without a profile, whose token is fresh.
fn without_profile() -> Value {
    json!({
        "kind": "oidc_refresh_token", "refresh_token": "aorOLD", "client_id": "client", "client_secret": "hush",
        "access_token": "aoaOLD", "expires_at": "2026-11-21T13:00:00Z",
    })
}

/// Opens a sign-in without a profile, whose token is fresh.
async fn search(region: &str, script: impl Fn(&Received) -> Scripted) -> (Opened, Vec<Received>) {
    let kept = without_profile();
    let (opened, mut requests) = upstream(
        |_: usize, request: &Received| script(request),
        async |endpoint| {
            let provider = provider_at(now(), hosts(&endpoint));
            let account = Arc::new(Account { region: region.into(), ..account("") });
            provider.opened(&account, &Secret::new(kept.to_string()), Why::First).await.unwrap()
        },
    )
    .await;
    requests.sort_by(|one, two| one.line.cmp(&two.line));
    (opened, requests)
}

/// A search may take its time, and a rotated token that is not stored yet may be lost meanwhile.
#[tokio::test]
async fn a_rotated_token_is_handed_over_before_the_search() {
    let answer = r#"{"accessToken": "aoaNEW", "refreshToken": "aorNEW", "expiresIn": 3600}"#;
    let (opened, requests) = upstream(
        |_: usize, _: &Received| Scripted::ok(answer),
        async |endpoint| {
            let secret = Secret::new(without_profile().to_string());
            let account = Arc::new(account(""));
            provider_at(now(), hosts(&endpoint)).opened(&account, &secret, Why::Rejected).await.unwrap()
        },
    )
    .await;
    assert_eq!(requests.len(), 1, "the token endpoint alone");
    assert!(opened.again);
    assert_eq!(stored(&opened)["refresh_token"], "aorNEW");
    assert_eq!(stored(&opened).get("profile_arn"), None, "still to be searched");
}

/// Tokens that live shorter than we like are all that some vendor gives: the next one would be no better.
#[tokio::test]
async fn a_token_that_was_got_a_moment_ago_is_not_got_again() {
    let mut fresh = without_profile();
    fresh["access_token"] = "aoaNEW".into();
    fresh["expires_at"] = "1970-01-01T00:00:00Z".into();
    let (opened, requests) = upstream(
        |_: usize, _: &Received| profiles(ARN),
        async |endpoint| {
            let account = Arc::new(account(&endpoint));
            provider().opened(&account, &Secret::new(fresh.to_string()), Why::Unfinished).await.unwrap()
        },
    )
    .await;
    let lines: Vec<_> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines, ["POST /"], "the profile alone");
    assert_eq!((opened.again, bearer(&opened).profile_arn.as_deref()), (false, Some(ARN)));
}

#[tokio::test]
async fn both_regions_are_asked_once_and_the_profile_is_kept() {
    let (opened, requests) = search("us-east-1", |request| {
        if request.line.contains("eu-central-1") { profiles(FRANKFURT) } else { denied() }
    })
    .await;
    let lines: Vec<_> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines, ["POST /management/eu-central-1/", "POST /management/us-east-1/"]);
    assert!(requests.iter().all(|request| {
        request.header("x-amz-target") == Some("AmazonCodeWhispererService.ListAvailableProfiles")
            && request.header("authorization") == Some("Bearer aoaOLD")
    }));
    assert_eq!(
        (bearer(&opened).shape, bearer(&opened).profile_arn.as_deref()),
        (Shape::Ide, Some(FRANKFURT))
    );
    assert_eq!(stored(&opened)["profile_arn"], FRANKFURT);
    assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(3600)));
}

#[tokio::test]
async fn the_accounts_own_region_wins_where_there_are_several() {
    let both =
        |request: &Received| profiles(if request.line.contains("eu-central-1") { FRANKFURT } else { ARN });
    for (region, arn) in [("us-east-1", ARN), ("", ARN), ("eu-central-1", FRANKFURT)] {
        let (opened, _) = search(region, both).await;
        assert_eq!(bearer(&opened).profile_arn.as_deref(), Some(arn), "{region}");
    }
}

#[tokio::test]
async fn a_builder_id_has_none_and_is_not_asked_again() {
    let (opened, requests) = search("us-east-1", |_| denied()).await;
    assert_eq!(requests.len(), 2);
    assert_eq!((bearer(&opened).shape, &bearer(&opened).profile_arn), (Shape::Cli, &None));
    let rotated = stored(&opened);
    assert_eq!(rotated.get("profile_arn"), Some(&Value::Null));
    assert!(check(&account(""), &rotated).is_ok());

    let secret = Secret::new(rotated.to_string());
    let (again, requests) = upstream(
        |_: usize, _: &Received| denied(),
        async |endpoint| provider().opened(&Arc::new(account(&endpoint)), &secret, Why::First).await,
    )
    .await;
    assert_eq!((bearer(&again.unwrap()).shape, requests.len()), (Shape::Cli, 0));
}

/// A region or a host may refuse what another one grants, and tomorrow it may grant it itself.
#[tokio::test]
async fn a_refusal_for_another_reason_decides_nothing() {
    for answer in [
        refusal(403, "AccessDeniedException", None, "User is not authorized to make this call."),
        refusal(403, "AccessDeniedException", Some("FEATURE_NOT_SUPPORTED"), "no"),
        Scripted { status: 403, headers: Vec::new(), body: b"<html>".to_vec() },
    ] {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        let (opened, _) =
            search(
                "us-east-1",
                |request| {
                    if request.line.contains("us-east-1") { answer.clone() } else { denied() }
                },
            )
            .await;
        assert!(opened.rotated.is_none(), "{said}");
        assert_eq!(opened.session.expires, Some(now() + Duration::from_secs(60)), "{said}");
    }
}

#[tokio::test]
async fn a_search_that_failed_is_repeated_later_and_later() {
    let (opened, requests) = upstream(
        |number: usize, request: &Received| {
            if number < 4 && request.line.contains("eu-central-1") {
                refusal(500, "InternalServerException", None, "no")
            } else {
                denied()
            }
        },
        async |endpoint| {
            let provider = provider_at(now(), hosts(&endpoint));
            let account = Arc::new(Account { endpoint_url: None, ..account("") });
            let secret = Secret::new(without_profile().to_string());
            let first = provider.opened(&account, &secret, Why::First).await.unwrap();
            let second = provider.opened(&account, &secret, Why::Expiring).await.unwrap();
            [first, second, provider.opened(&account, &secret, Why::Expiring).await.unwrap()]
        },
    )
    .await;
    let lives =
        opened.each_ref().map(|opened| opened.session.expires.unwrap().duration_since(now()).unwrap());
    assert_eq!(lives.map(|life| life.as_secs()), [60, 120, 3600]);
    assert!(opened.iter().all(|opened| bearer(opened).shape == Shape::Cli));
    assert_eq!(opened.map(|opened| opened.rotated.is_some()), [false, false, true], "kept once it is known");
    assert_eq!(requests.len(), 6);
}

#[tokio::test]
async fn one_address_is_asked_once() {
    let kept = json!({
        "kind": "kiro_social", "refresh_token": "aorOLD", "access_token": "aoaOLD",
        "expires_at": "2026-11-21T13:00:00Z",
    });
    let (opened, requests) = upstream(
        |number: usize, _: &Received| match number {
            0 => good(&json!({"profiles": [{"arn": "nonsense"}], "nextToken": "more"})),
            _ => profiles(ARN),
        },
        async |endpoint| {
            let secret = Secret::new(kept.to_string());
            provider().opened(&Arc::new(account(&endpoint)), &secret, Why::First).await.unwrap()
        },
    )
    .await;
    assert_eq!(requests.len(), 2, "two pages of one host");
    assert_eq!(requests[1].json(), json!({"maxResults": 10, "nextToken": "more"}));
    assert_eq!(bearer(&opened).profile_arn.as_deref(), Some(ARN));
}
