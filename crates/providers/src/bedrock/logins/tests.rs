use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::Account;
use crate::login::{ENTROPY, Question};

const START: &str = "https://d-1234567890.awsapps.com/start";

fn account() -> Account {
    Account {
        id: String::new(),
        name: "A".into(),
        provider: "bedrock".into(),
        region: "us-east-1".into(),
        endpoint_url: None,
        options: Value::Null,
    }
}

fn wish() -> Wish {
    let Value::Object(fields) = json!({"start_url": START, "oidc_region": "eu-central-1"}) else { panic!() };
    Wish { login: KIND.into(), flow: None, fields }
}

fn at(seconds: u64) -> Moment {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let passed = Duration::from_secs(seconds);
    let wall: SystemTime = UNIX_EPOCH + Duration::from_secs(1_795_262_400) + passed;
    Moment { instant: *START.get_or_init(Instant::now) + passed, wall }
}

fn good(body: &Value) -> Result<Heard, Error> {
    Ok(Heard { status: 200, headers: HeaderMap::new(), body: body.to_string().into() })
}

fn asked(procedure: &mut dyn Procedure) -> Question {
    match procedure.next(at(5)) {
        Next::Ask(question) => question,
        other => panic!("a question: {other:?}"),
    }
}

/// A sign-in whose person has said yes.
fn granted(old: Option<&Value>, renew: bool) -> Box<dyn Procedure> {
    let wish = wish();
    let begun = Begin { account: &account(), wish: &wish, old, renew, entropy: &[7; ENTROPY] };
    let mut procedure = begin(begun).unwrap();
    for answer in [
        json!({"clientId": "c", "clientSecret": "s", "clientSecretExpiresAt": 1_803_031_200}),
        json!({"deviceCode": "d", "userCode": "U", "verificationUri": "https://page.example/", "expiresIn": 600,
               "interval": 1}),
    ] {
        let Next::Ask(question) = procedure.next(at(0)) else { panic!("asks") };
        assert_eq!(question.url().host_str(), Some("oidc.eu-central-1.amazonaws.com"));
        procedure.heard(good(&answer), at(0));
    }
    asked(&mut *procedure);
    procedure.heard(good(&json!({"accessToken": "token", "refreshToken": "r", "expiresIn": 28800})), at(5));
    procedure
}

fn options(procedure: &mut dyn Procedure) -> (Choosing, Vec<String>) {
    match procedure.next(at(5)) {
        Next::Wait { prompt: Prompt::Choose { what, options }, .. } => {
            (what, options.into_iter().map(|option| option.label).collect())
        }
        other => panic!("a choice: {other:?}"),
    }
}

fn one(id: &str) -> Value {
    json!({"accountId": id, "accountName": format!("Name of {id}"), "emailAddress": "a@example.com"})
}

#[test]
fn the_person_chooses_an_account_and_a_role() {
    let mut procedure = granted(None, false);
    let first = asked(&mut *procedure);
    assert_eq!(
        first.url().as_str(),
        "https://portal.sso.eu-central-1.amazonaws.com/assignment/accounts?max_result=100"
    );
    procedure.heard(good(&json!({"accountList": [one("111122223333")], "nextToken": "two"})), at(5));
    assert!(asked(&mut *procedure).url().as_str().ends_with("?max_result=100&next_token=two"));
    procedure.heard(good(&json!({"accountList": [one("444455556666")], "nextToken": null})), at(5));
    let (what, labels) = options(&mut *procedure);
    assert_eq!(what, Choosing::AwsAccount);
    assert_eq!(labels, ["Name of 111122223333 (111122223333)", "Name of 444455556666 (444455556666)"]);
    assert!(!procedure.chose("999900001111", at(5)));
    assert!(procedure.chose("444455556666", at(5)));
    assert!(
        asked(&mut *procedure)
            .url()
            .as_str()
            .ends_with("/assignment/roles?account_id=444455556666&max_result=100")
    );
    let roles = json!({"roleList": [{"roleName": "Developer"}, {"roleName": "ReadOnly"}]});
    procedure.heard(good(&roles), at(5));
    assert_eq!(options(&mut *procedure), (Choosing::Role, vec!["Developer".into(), "ReadOnly".into()]));
    assert!(!format!("{procedure:?}").contains("token\""));
    assert!(procedure.chose("ReadOnly", at(5)));
    let Next::Done(credential) = procedure.next(at(5)) else { panic!("done") };
    assert_eq!(
        credential,
        json!({
            "kind": "identity_center", "start_url": START, "oidc_region": "eu-central-1", "client_id": "c",
            "client_secret": "s", "client_expires_at": 1_803_031_200, "access_token": "token",
            "refresh_token": "r", "expires_at": "2026-11-21T20:00:05Z", "account_id": "444455556666",
            "role_name": "ReadOnly",
        })
    );
    let summary = crate::bedrock::credentials::check(&account(), &credential).unwrap();
    assert_eq!(
        (summary.kind.as_str(), summary.label.as_str()),
        ("identity_center", "ReadOnly @ 444455556666")
    );
    let wished = again(&credential).unwrap();
    assert_eq!((wished.login.as_str(), wished.fields), ("identity_center", wish().fields));
    // One click: what was chosen stays.
    let mut renewed = granted(Some(&credential), true);
    let Next::Done(second) = renewed.next(at(5)) else { panic!("done") };
    assert_eq!(second, credential);
    let mut changed = granted(Some(&credential), false);
    asked(&mut *changed);
}

#[test]
fn what_there_is_no_choice_about_is_not_asked() {
    let mut procedure = granted(None, false);
    asked(&mut *procedure);
    procedure.heard(good(&json!({"accountList": [one("111122223333")]})), at(5));
    asked(&mut *procedure);
    procedure.heard(good(&json!({"roleList": [{"roleName": "Developer"}]})), at(5));
    let Next::Done(credential) = procedure.next(at(5)) else { panic!("done") };
    assert_eq!(
        (&credential["account_id"], &credential["role_name"]),
        (&json!("111122223333"), &json!("Developer"))
    );
}

#[test]
fn who_has_nothing_is_told() {
    let over = |procedure: &mut dyn Procedure, seconds| match procedure.next(at(seconds)) {
        Next::Over(failure) => (failure.code(), failure.to_string()),
        other => panic!("over: {other:?}"),
    };
    let mut nothing = granted(None, false);
    asked(&mut *nothing);
    nothing.heard(good(&json!({"accountList": []})), at(5));
    assert!(over(&mut *nothing, 5).1.contains("no AWS account"));
    let mut refused = granted(None, false);
    asked(&mut *refused);
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-errortype", "UnauthorizedException:http://internal/".parse().unwrap());
    let body = json!({"message": "Session token not found or invalid"}).to_string().into();
    refused.heard(Ok(Heard { status: 401, headers, body }), at(5));
    let (code, words) = over(&mut *refused, 5);
    assert_eq!(code, "sign_in_refused");
    assert!(words.contains("Session token not found"), "{words}");
    // A person who went for lunch, and a service that turns in circles.
    let mut late = granted(None, false);
    asked(&mut *late);
    late.heard(good(&json!({"accountList": [one("111122223333")], "nextToken": "x"})), at(5));
    asked(&mut *late);
    late.heard(good(&json!({"accountList": [one("444455556666")], "nextToken": "x"})), at(5));
    options(&mut *late);
    assert_eq!(over(&mut *late, 605).0, "sign_in_expired");
}

#[test]
fn what_cannot_be_wished_for_is_named() {
    for (name, value, param) in [
        ("oidc_region", json!("us-east-1.evil.com#"), "fields.oidc_region"),
        ("start_url", json!("http://169.254.169.254/"), "fields.start_url"),
        ("start_url", Value::Null, "fields.start_url"),
    ] {
        let mut wish = wish();
        wish.fields.insert(name.into(), value);
        let begun =
            Begin { account: &account(), wish: &wish, old: None, renew: false, entropy: &[7; ENTROPY] };
        assert_eq!(begin(begun).unwrap_err().param.as_deref(), Some(param));
    }
    let nowhere = Account { region: String::new(), ..account() };
    let wish = wish();
    let begun = Begin { account: &nowhere, wish: &wish, old: None, renew: false, entropy: &[7; ENTROPY] };
    assert_eq!(begin(begun).unwrap_err().param.as_deref(), Some("region"));
}
