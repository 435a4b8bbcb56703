use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::amazon_q::fixture::{ARN, account, now, provider_at};
use crate::amazon_q::{AmazonQ, HostTemplates};
use crate::{Elsewhere, Identity, Provider, Why};

/// A database by heart.
#[derive(Debug, Default)]
struct Rows(Mutex<HashMap<(&'static str, String), String>>);

impl Rows {
    fn put(&self, table: &'static str, key: &str, value: &Value) {
        self.0.lock().unwrap().insert((table, key.to_owned()), value.to_string());
    }
}

impl Databases for Rows {
    fn texts(&self, _: &Path, table: &'static str, keys: &[&str]) -> io::Result<Vec<Option<String>>> {
        let all = self.0.lock().unwrap();
        Ok(keys.iter().map(|key| all.get(&(table, (*key).to_owned())).cloned()).collect())
    }
}

struct Home {
    folder: tempfile::TempDir,
    rows: Arc<Rows>,
    elsewhere: Elsewhere,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let places = Places {
            home: path.to_owned(),
            local_data: path.join("data"),
            settings: path.join("settings"),
            aws_config: path.join("config"),
            aws_credentials: path.join("credentials"),
            environment: Vec::new(),
        };
        for part in [
            ".aws/sso/cache",
            "settings/Kiro/User/globalStorage/kiro.kiroagent",
            "data/kiro-cli",
            "data/amazon-q",
        ] {
            fs::create_dir_all(path.join(part)).unwrap();
        }
        for program in ["kiro-cli", "amazon-q"] {
            fs::write(path.join("data").join(program).join("data.sqlite3"), "").unwrap();
        }
        let rows = Arc::new(Rows::default());
        let elsewhere = Elsewhere { places: Some(Arc::new(places)), databases: Some(rows.clone()) };
        Self { folder, rows, elsewhere }
    }

    fn ide(&self, token: &Value) {
        fs::write(self.folder.path().join(".aws/sso/cache/kiro-auth-token.json"), token.to_string()).unwrap();
    }

    fn provider(&self) -> AmazonQ {
        provider_at(now(), HostTemplates::default()).beside(self.elsewhere.clone())
    }

    async fn found(&self) -> Vec<Found> {
        self.provider().found().await
    }
}

fn of_ide(token: &str, left: i64) -> Value {
    let end = time::OffsetDateTime::from(now()) + time::Duration::seconds(left);
    let end = end.format(&time::format_description::well_known::Rfc3339).unwrap();
    json!({"accessToken": token, "refreshToken": "aor+hidden", "expiresAt": end, "authMethod": "social",
        "provider": "Github", "profileArn": ARN})
}

#[tokio::test]
async fn each_program_is_listed_with_what_it_keeps_and_no_secret() {
    let home = Home::new();
    assert!(home.found().await.is_empty(), "nobody is signed in");
    home.ide(&json!({"accessToken": "aoa+ide", "refreshToken": "aor+ide", "expiresAt": "2026-11-21T13:00:00.123456789Z",
        "authMethod": "IdC", "provider": "Enterprise", "clientIdHash": "ab", "region": "eu-central-1",
        "startUrl": "https://corp.awsapps.com/start", "unknown": {}}));
    let rows = &home.rows;
    rows.put("auth_kv", "kirocli:odic:token", &json!({"access_token": "aoa+cli", "expires_at": "2026-11-21T11:00:00Z",
        "region": "us-east-1", "start_url": "https://view.awsapps.com/start", "oauth_flow": "PKCE", "scopes": ["a"]}));
    rows.put(
        "auth_kv",
        "kirocli:social:token",
        &json!({"access_token": "aoa+social", "refresh_token": "aor+social",
        "expires_at": "2026-11-21T13:00:00Z", "provider": "google", "profile_arn": ARN}),
    );
    rows.put(
        "auth_kv",
        "kirocli:external-idp:token",
        &json!({"access_token": "eyJ+idp", "expires_at": "2026-11-21T13:00:00Z",
        "issuer_url": "https://login.example.com/t/v2.0", "client_id": "app", "profile_arn": ARN}),
    );
    rows.put(
        "auth_kv",
        "codewhisperer:odic:token",
        &json!({"access_token": "aoa+q", "expires_at": "2026-11-21T13:00:00Z",
        "region": "eu-west-1", "start_url": "https://corp.awsapps.com/start"}),
    );
    let found = home.found().await;
    let lines: Vec<_> = found
        .iter()
        .map(|found| (found.id.as_str(), found.program, found.kind, found.region.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            ("kiro_ide", Program::KiroIde, FoundKind::IdentityCenter, Some("eu-central-1")),
            ("kiro_cli:external_idp", Program::KiroCli, FoundKind::ExternalIdp, None),
            ("kiro_cli:oidc", Program::KiroCli, FoundKind::BuilderId, Some("us-east-1")),
            ("kiro_cli:social", Program::KiroCli, FoundKind::Google, None),
            ("q_cli:oidc", Program::QCli, FoundKind::IdentityCenter, Some("eu-west-1")),
        ]
    );
    let own: Vec<_> = found.iter().map(|found| json!(found.sign_in.as_ref().unwrap())).collect();
    let corp = |region: &str| json!({"login": "identity_center", "fields": {"start_url": "https://corp.awsapps.com/start", "oidc_region": region}});
    assert_eq!(own[0], corp("eu-central-1"));
    assert_eq!(
        own[1]["fields"],
        json!({"issuer_url": "https://login.example.com/t/v2.0", "client_id": "app"})
    );
    assert_eq!(own[2], json!({"login": "builder_id", "fields": {}}));
    assert_eq!(own[4], corp("eu-west-1"));
    assert_eq!(found[2].expires_ms, Some(1_795_258_800_000));
    assert!(found[0].place.ends_with("kiro-auth-token.json") && found[4].place.contains("amazon-q"));
    let told = format!("{} {found:?}", serde_json::to_string(&found).unwrap());
    assert!(!told.contains("aoa+") && !told.contains("aor+") && !told.contains("eyJ"), "{told}");
    // What it becomes can be stored, and nothing else can.
    for one in &found {
        let summary = home.provider().check(&account(""), one.credential.as_ref().unwrap()).unwrap();
        assert_eq!(summary.kind, KIND);
    }
    for bad in [
        json!({"kind": KIND}),
        json!({"kind": KIND, "program": "aws"}),
        json!({"kind": KIND, "program": "kiro_cli"}),
        json!({"kind": KIND, "program": "kiro_ide", "login": "social"}),
        json!({"kind": KIND, "program": "q_cli", "login": "social"}),
        json!({"kind": KIND, "program": "kiro_ide", "path": "/etc/passwd"}),
    ] {
        assert!(home.provider().check(&account(""), &bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn what_is_broken_is_left_out() {
    let home = Home::new();
    for text in ["", "[]", "{", "{\"accessToken\": 3}", "{\"accessToken\": \"a\", \"expiresAt\": \"soon\"}"] {
        fs::write(home.folder.path().join(".aws/sso/cache/kiro-auth-token.json"), text).unwrap();
        home.rows.put("auth_kv", "kirocli:social:token", &Value::from(text));
        assert!(home.found().await.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn a_login_of_another_program_is_read_and_never_renewed() {
    let home = Home::new();
    let provider = home.provider();
    let account = Arc::new(account("http://127.0.0.1:9"));
    let stored = Secret::new(json!({"kind": KIND, "program": "kiro_ide"}).to_string());
    let open = async |why| provider.open(&account, &stored, why).await;
    let says = |error: Error| {
        assert_eq!(error.category, llm::Category::NoCredentials, "{error}");
        assert!(error.message.contains("Open Kiro IDE"), "{error}");
        error.message
    };
    assert!(says(open(Why::First).await.unwrap_err()).contains("nobody is signed in"));
    home.ide(&of_ide("aoa+1", 100));
    let opened = open(Why::First).await.unwrap();
    // It is used to its end: its program may renew it in the last moment.
    assert_eq!(
        (opened.session.expires, opened.rotated.is_none()),
        (Some(now() + Duration::from_secs(100)), true)
    );
    let Identity::Kiro(bearer) = opened.session.identity else { panic!("a token") };
    assert_eq!((bearer.token.expose(), bearer.profile_arn.as_deref()), ("aoa+1", Some(ARN)));
    assert_eq!(open(Why::Expiring).await.unwrap().session.expires, Some(now() + Duration::from_secs(100)));
    assert!(says(open(Why::Rejected).await.unwrap_err()).contains("no longer accepts"));
    // The program has renewed it.
    home.ide(&of_ide("aoa+2", 3600));
    assert!(open(Why::Rejected).await.is_ok());
    home.ide(&of_ide("aoa+3", -1));
    for why in [Why::First, Why::Expiring, Why::Rejected] {
        assert!(says(open(why).await.unwrap_err()).contains("expired"));
    }
}
