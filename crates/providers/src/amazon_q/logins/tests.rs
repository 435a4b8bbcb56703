use std::time::{Duration, Instant};

use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::amazon_q::fixture::{ARN, account, hosts, now};
use crate::login::{Doorway, ENTROPY, Prompt, Question};

fn wish(login: &str, flow: Flow, fields: Value) -> Wish {
    let Value::Object(fields) = fields else { panic!("an object") };
    Wish { login: login.into(), flow: Some(flow), fields }
}

fn begun(wish: &Wish, old: Option<&Value>) -> Result<Box<dyn Procedure>, Error> {
    let account = Account { endpoint_url: None, ..account("") };
    let hosts = hosts("https://all.example");
    begin(&hosts, Begin { account: &account, wish, old, renew: false, entropy: &[7; ENTROPY] })
}

fn at(seconds: u64) -> Moment {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let passed = Duration::from_secs(seconds);
    Moment { instant: *START.get_or_init(Instant::now) + passed, wall: now() + passed }
}

fn good(body: &Value) -> Result<Heard, Error> {
    Ok(Heard { status: 200, headers: HeaderMap::new(), body: body.to_string().into() })
}

fn asked(procedure: &mut dyn Procedure, seconds: u64) -> Question {
    match procedure.next(at(seconds)) {
        Next::Ask(question) => question,
        other => panic!("a question: {other:?}"),
    }
}

fn body(question: &Question) -> Value {
    serde_json::from_str(&question.body()).unwrap()
}

fn callback(path: &str, query: &[(&str, &str)]) -> Callback {
    let state = Proof::new(&[7; ENTROPY]).state().to_owned();
    let own = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Callback { path: path.into(), query: own.chain([("state".to_owned(), state)]).collect() }
}

const PROFILES_OWN: &str = "arn:aws:codewhisperer:eu-central-1:000011112222:profile/OWN";

#[test]
fn an_organisation_signs_in_at_its_own_directory_and_keeps_its_profile() {
    let fields = json!({"start_url": "https://d-1234567890.awsapps.com/start#/", "oidc_region": "eu-west-1"});
    let old = json!({
        "kind": "oidc_refresh_token", "login": "identity_center", "oidc_region": "eu-west-1",
        "profile_arn": PROFILES_OWN,
    });
    let mut procedure = begun(&wish("identity_center", Flow::Device, fields), Some(&old)).unwrap();
    assert_eq!(
        asked(&mut *procedure, 0).url().as_str(),
        "https://all.example/oidc/eu-west-1/client/register"
    );
    procedure.heard(good(&json!({"clientId": "c", "clientSecret": "s"})), at(0));
    assert_eq!(body(&asked(&mut *procedure, 0))["startUrl"], "https://d-1234567890.awsapps.com/start");
    let device = json!({
        "deviceCode": "d", "userCode": "U", "verificationUri": "https://page.example/", "expiresIn": 600, "interval": 1,
    });
    procedure.heard(good(&device), at(0));
    asked(&mut *procedure, 1);
    procedure.heard(good(&json!({"accessToken": "a", "refreshToken": "r", "expiresIn": 3600})), at(1));
    let Next::Done(credential) = procedure.next(at(1)) else { panic!("done") };
    assert_eq!(
        credential,
        json!({
            "kind": "oidc_refresh_token", "login": "identity_center",
            "start_url": "https://d-1234567890.awsapps.com/start", "oidc_region": "eu-west-1", "client_id": "c",
            "client_secret": "s", "refresh_token": "r", "access_token": "a",
            "expires_at": "2026-11-21T13:00:01Z", "profile_arn": PROFILES_OWN,
        })
    );
    let summary = crate::amazon_q::credentials::check(&account(""), &credential).unwrap();
    assert_eq!(summary.kind, "oidc_refresh_token");
    let again = again(&credential).unwrap();
    assert_eq!(again.login, "identity_center");
    assert_eq!(again.fields["start_url"], "https://d-1234567890.awsapps.com/start");
    assert_eq!(again.fields["oidc_region"], "eu-west-1");
}

#[test]
fn google_by_a_code() {
    let mut procedure = begun(&wish("google", Flow::Device, json!({})), None).unwrap();
    let device = asked(&mut *procedure, 0);
    assert_eq!(device.url().as_str(), "https://all.example/social/oauth/device/authorization");
    assert_eq!(body(&device), json!({"clientId": "switchboard", "loginProvider": "Google"}));
    let answer = json!({
        "deviceCode": "d", "userCode": "WXYZ-1234", "verificationUri": "https://app.kiro.dev/account/device",
        "verificationUriComplete": "https://app.kiro.dev/account/device?user_code=WXYZ-1234",
        "intervalInMilliseconds": 5000, "expiresInMilliseconds": 600_000,
    });
    procedure.heard(good(&answer), at(0));
    let Next::Wait { prompt: Prompt::Device { user_code, .. }, .. } = procedure.next(at(4)) else {
        panic!("waits")
    };
    assert_eq!(user_code, "WXYZ-1234");
    for (seconds, status) in [(5, json!("authorization_pending")), (10, json!("something new"))] {
        let poll = asked(&mut *procedure, seconds);
        assert_eq!(body(&poll), json!({"clientId": "switchboard", "deviceCode": "d"}));
        procedure.heard(good(&json!({"status": status})), at(seconds));
    }
    asked(&mut *procedure, 15);
    let tokens = json!({
        "status": "authorized", "accessToken": "a", "refreshToken": "r", "profileArn": ARN,
        "identityProvider": "Google",
    });
    procedure.heard(good(&tokens), at(15));
    let Next::Done(credential) = procedure.next(at(15)) else { panic!("done") };
    assert_eq!(
        credential,
        json!({
            "kind": "kiro_social", "login": "google", "refresh_token": "r", "access_token": "a",
            "expires_at": "2026-11-21T20:00:15Z", "profile_arn": ARN,
        })
    );
    assert!(crate::amazon_q::credentials::check(&account(""), &credential).is_ok());
    assert_eq!(again(&credential).unwrap().login, "google");
    for (status, code) in [("expired_token", "sign_in_expired"), ("invalid_token", "sign_in_denied")] {
        let mut procedure = begun(&wish("github", Flow::Device, json!({})), None).unwrap();
        assert_eq!(body(&asked(&mut *procedure, 0))["loginProvider"], "Github");
        procedure.heard(good(&answer), at(0));
        asked(&mut *procedure, 5);
        procedure.heard(good(&json!({"status": status})), at(5));
        let Next::Over(failure) = procedure.next(at(5)) else { panic!("over") };
        assert_eq!(failure.code(), code);
    }
}

/// A browser that is away at Kiro's page.
fn away() -> Box<dyn Procedure> {
    let mut procedure = begun(&wish("github", Flow::Browser, json!({})), None).unwrap();
    let Next::Listen(doorway) = procedure.next(at(0)) else { panic!("listens") };
    assert_eq!(
        doorway,
        Doorway { ports: PORTS, both: true, paths: &["/oauth/callback", "/signin/callback"] }
    );
    procedure.listening(Some(4649), at(0));
    let Next::Wait { prompt: Prompt::Browser { url }, .. } = procedure.next(at(0)) else { panic!("a page") };
    assert!(url.starts_with("https://all.example/portal/signin?state="), "{url}");
    assert!(url.contains("&redirect_uri=http%3A%2F%2Flocalhost%3A4649&"), "{url}");
    procedure
}

#[test]
fn github_by_the_browser() {
    let mut procedure = away();
    let back = callback("/oauth/callback", &[("login_option", "github"), ("code", "c")]);
    assert!(procedure.returned(&back, at(1)));
    let redeem = asked(&mut *procedure, 1);
    assert_eq!(redeem.url().as_str(), "https://all.example/social/oauth/token");
    let redeem = body(&redeem);
    assert_eq!(redeem["redirect_uri"], "http://localhost:4649/oauth/callback?login_option=github");
    assert_eq!(redeem["code_verifier"], Proof::new(&[7; ENTROPY]).verifier());
    procedure.heard(good(&json!({"accessToken": "a", "refreshToken": "r", "profileArn": ARN})), at(1));
    let Next::Done(credential) = procedure.next(at(1)) else { panic!("done") };
    assert_eq!(
        (&credential["login"], &credential["expires_at"]),
        (&json!("github"), &json!("2026-11-21T13:00:01Z"))
    );
    // A sign-in that would be over in an hour is none.
    let mut fleeting = away();
    assert!(fleeting.returned(&back, at(1)));
    asked(&mut *fleeting, 1);
    fleeting.heard(good(&json!({"accessToken": "a"})), at(1));
    assert!(matches!(fleeting.next(at(1)), Next::Over(Failure::Refused(_))));
}

#[test]
fn who_chooses_an_organisation_on_kiros_page_goes_on_there() {
    let mut procedure = away();
    let query = [
        ("login_option", "awsidc"),
        ("issuer_url", "https://d-1234567890.awsapps.com/start"),
        ("idc_region", "eu-west-1"),
    ];
    assert!(procedure.returned(&callback("/signin/callback", &query), at(1)));
    let register = asked(&mut *procedure, 1);
    assert_eq!(register.url().as_str(), "https://all.example/oidc/eu-west-1/client/register");
    assert_eq!(body(&register).get("redirectUris"), None, "by a code");
    procedure.heard(good(&json!({"clientId": "c", "clientSecret": "s"})), at(1));
    assert_eq!(body(&asked(&mut *procedure, 1))["startUrl"], "https://d-1234567890.awsapps.com/start");
    for evil in [
        [
            ("login_option", "awsidc"),
            ("issuer_url", "https://d-1.awsapps.com/start"),
            ("idc_region", "evil.example/"),
        ],
        [("login_option", "awsidc"), ("issuer_url", "http://169.254.169.254/"), ("idc_region", "us-east-1")],
        [("login_option", "external_idp"), ("issuer_url", "http://10.0.0.1/"), ("client_id", "x")],
    ] {
        let mut procedure = away();
        assert!(procedure.returned(&callback("/signin/callback", &evil), at(1)));
        assert!(matches!(procedure.next(at(1)), Next::Over(Failure::Refused(_))), "{evil:?}");
    }
}

fn discovery(host: &str) -> Value {
    json!({
        "token_endpoint": format!("{host}/t/token"),
        "device_authorization_endpoint": format!("{host}/t/devicecode"),
        "authorization_endpoint": format!("{host}/t/authorize"),
    })
}

#[test]
fn an_organisations_own_identity_provider() {
    let fields = json!({"issuer_url": "https://login.example.com/t/v2.0", "client_id": "app"});
    let mut procedure = begun(&wish("external_idp", Flow::Device, fields.clone()), None).unwrap();
    let look = asked(&mut *procedure, 0);
    assert_eq!(look.url().as_str(), "https://login.example.com/t/v2.0/.well-known/openid-configuration");
    procedure.heard(good(&discovery("https://login.example.com")), at(0));
    let device = asked(&mut *procedure, 0);
    assert_eq!(device.url().path(), "/t/devicecode");
    assert_eq!(device.body(), "client_id=app&scope=openid+profile+offline_access");
    let answer = json!({
        "device_code": "d", "user_code": "U", "verification_uri": "https://microsoft.example/devicelogin",
        "expires_in": 900, "interval": 5,
    });
    procedure.heard(good(&answer), at(0));
    assert!(asked(&mut *procedure, 5).body().contains("device_code=d"));
    let tokens = json!({"access_token": "eyA", "refresh_token": "0.r", "expires_in": "3600"});
    procedure.heard(good(&tokens), at(5));
    let Next::Done(credential) = procedure.next(at(5)) else { panic!("done") };
    assert_eq!(
        credential,
        json!({
            "kind": "external_idp", "refresh_token": "0.r", "token_endpoint": "https://login.example.com/t/token",
            "issuer_url": "https://login.example.com/t/v2.0", "client_id": "app",
            "scopes": "openid profile offline_access", "access_token": "eyA", "expires_at": "2026-11-21T13:00:05Z",
        })
    );
    assert!(crate::amazon_q::credentials::check(&account(""), &credential).is_ok());
    let wished = again(&credential).unwrap();
    assert_eq!((wished.login.as_str(), &wished.fields["client_id"]), ("external_idp", &json!("app")));
    // A document may not send tokens elsewhere.
    let mut evil = begun(&wish("external_idp", Flow::Device, fields.clone()), None).unwrap();
    asked(&mut *evil, 0);
    evil.heard(good(&discovery("https://evil.example")), at(0));
    assert!(matches!(evil.next(at(0)), Next::Over(Failure::Refused(_))));
    let mut browser = begun(&wish("external_idp", Flow::Browser, fields), None).unwrap();
    browser.next(at(0));
    browser.listening(Some(3128), at(0));
    asked(&mut *browser, 0);
    browser.heard(good(&discovery("https://login.example.com")), at(0));
    let Next::Wait { prompt: Prompt::Browser { url }, .. } = browser.next(at(0)) else { panic!("a page") };
    assert!(
        url.starts_with("https://login.example.com/t/authorize?response_type=code&client_id=app&"),
        "{url}"
    );
    assert!(browser.returned(&callback("/oauth/callback", &[("code", "c")]), at(1)));
    let redeem = asked(&mut *browser, 1).body();
    assert!(redeem.contains("redirect_uri=http%3A%2F%2Flocalhost%3A3128%2Foauth%2Fcallback"), "{redeem}");
    assert!(redeem.contains("code_verifier="), "{redeem}");
}

#[test]
fn what_cannot_be_wished_for_is_named() {
    let organisation = json!({"start_url": "https://d-1.awsapps.com/start", "oidc_region": "eu-west-1"});
    let with = |name: &str, value: &str| {
        let mut fields = organisation.clone();
        fields[name] = json!(value);
        fields
    };
    for (login, fields, param) in [
        ("password", json!({}), "login"),
        ("builder_id", json!({"start_url": "x"}), "fields.start_url"),
        ("identity_center", json!({"oidc_region": "eu-west-1"}), "fields.start_url"),
        ("identity_center", with("oidc_region", "us-east-1.evil.com#"), "fields.oidc_region"),
        ("identity_center", with("start_url", "http://169.254.169.254/"), "fields.start_url"),
        ("external_idp", json!({"issuer_url": "http://10.0.0.1/", "client_id": "x"}), "fields.issuer_url"),
        ("external_idp", json!({"issuer_url": "https://login.example.com"}), "fields.client_id"),
    ] {
        let error = begun(&wish(login, Flow::Device, fields), None).expect_err(login);
        assert_eq!((error.category, error.param.as_deref()), (Category::InvalidRequest, Some(param)));
    }
    for pasted in [
        json!({"kind": "oidc_refresh_token", "refresh_token": "r", "client_id": "c", "client_secret": "s"}),
        json!({"kind": "kiro_social", "refresh_token": "r"}),
        json!({"kind": "kiro_api_key", "api_key": "k"}),
    ] {
        assert!(again(&pasted).is_none(), "{pasted}");
    }
}
