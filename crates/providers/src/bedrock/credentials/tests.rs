use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::http::{Http, HttpOptions};

fn account(region: &str) -> Arc<Account> {
    Arc::new(Account {
        id: "a".into(),
        name: "A".into(),
        provider: "bedrock".into(),
        region: region.into(),
        endpoint_url: None,
        options: Value::Null,
    })
}

/// Profiles of a folder of our own, so that no test sees the machine's.
fn profiles(folder: &Path) -> Sources {
    let options = ProfileOptions {
        config_file: Some(folder.join("config")),
        credentials_file: Some(folder.join("credentials")),
        timeout: Duration::from_secs(5),
    };
    let http = Http::new(HttpOptions::default()).unwrap();
    let clock: crate::Clock = Arc::new(|| std::time::UNIX_EPOCH + Duration::from_secs(1_795_262_400));
    Sources { profiles: Profiles::new(http.clone(), options), way: Way { http, clock } }
}

fn keys() -> Value {
    json!({"kind": "access_key", "access_key_id": " AKIAIOSFODNN7EXAMPLE\n", "secret_access_key": "s3cret"})
}

#[test]
fn labels_show_no_secret() {
    for (credential, kind, label) in [
        (keys(), "access_key", "AKIA…MPLE"),
        (
            json!({"kind": "access_key", "access_key_id": "short", "secret_access_key": "x"}),
            "access_key",
            "…",
        ),
        (
            json!({"kind": "bedrock_api_key", "api_key": "ABSKQmVkcm9ja0FQSUtleQ=="}),
            "bedrock_api_key",
            "ABSK…eQ==",
        ),
        (json!({"kind": "aws_profile", "profile": "work"}), "aws_profile", "work"),
        (json!({"kind": "aws_default"}), "aws_default", "default"),
    ] {
        let summary = check(&account("us-east-1"), &credential).unwrap();
        assert_eq!((summary.kind.as_str(), summary.label.as_str()), (kind, label));
    }
}

#[test]
fn a_wrong_field_is_named() {
    for (credential, param) in [
        (json!(3), "credential"),
        (json!({}), "credential.kind"),
        (json!({"kind": "password"}), "credential.kind"),
        (json!({"kind": "access_key", "secret_access_key": "x"}), "credential.access_key_id"),
        (
            json!({"kind": "access_key", "access_key_id": "x", "secret_access_key": " "}),
            "credential.secret_access_key",
        ),
        (json!({"kind": "bedrock_api_key", "api_key": 3}), "credential.api_key"),
        (json!({"kind": "bedrock_api_key", "api_key": "a\nb"}), "credential.api_key"),
        (json!({"kind": "aws_profile"}), "credential.profile"),
    ] {
        let error = check(&account("us-east-1"), &credential).unwrap_err();
        assert_eq!((error.category, error.param.as_deref()), (Category::InvalidRequest, Some(param)));
    }
}

#[test]
fn only_profiles_may_leave_the_region_open() {
    assert_eq!(check(&account(""), &keys()).unwrap_err().param.as_deref(), Some("region"));
    assert!(check(&account(""), &json!({"kind": "aws_default"})).is_ok());
    let nowhere = account("nowhere");
    assert_eq!(
        check(&nowhere, &json!({"kind": "aws_default"})).unwrap_err().param.as_deref(),
        Some("region")
    );
    let far =
        Account { endpoint_url: Some("http://10.1.2.3".into()), ..Account::clone(&account("us-east-1")) };
    assert_eq!(check(&far, &keys()).unwrap_err().param.as_deref(), Some("endpoint_url"));
}

#[tokio::test]
async fn keys_open_at_once_and_not_again_after_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = profiles(folder.path());
    let stored = Secret::new(keys().to_string());
    let opened = open(&account("eu-west-1"), &stored, Why::First, &profiles).await.unwrap();
    let Identity::SigV4(credentials) = opened.session.identity else { panic!("signs") };
    assert_eq!(
        (credentials.access_key_id(), credentials.secret_access_key()),
        ("AKIAIOSFODNN7EXAMPLE", "s3cret")
    );
    assert_eq!((opened.session.expires, opened.rotated), (None, None));

    let error = open(&account("eu-west-1"), &stored, Why::Rejected, &profiles).await.unwrap_err();
    assert_eq!(error.category, Category::NoCredentials);
}

#[tokio::test]
async fn a_profile_is_read_anew_at_every_opening() {
    let folder = tempfile::tempdir().unwrap();
    let write = |key: &str, region: &str| {
        fs::write(folder.path().join("config"), format!("[profile work]\nregion = {region}\n")).unwrap();
        let keys =
            format!("[work]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n");
        fs::write(folder.path().join("credentials"), keys).unwrap();
    };
    let profiles = profiles(folder.path());
    let stored = Secret::new(json!({"kind": "aws_profile", "profile": "work"}).to_string());
    for (key, region) in [("AKIA1", "eu-west-1"), ("AKIA2", "us-west-2")] {
        write(key, region);
        let session = open(&account(""), &stored, Why::Expiring, &profiles).await.unwrap().session;
        let Identity::SigV4(credentials) = session.identity else { panic!("signs") };
        assert_eq!((credentials.access_key_id(), session.account.region.as_str()), (key, region));
    }
    let kept = open(&account("ap-south-1"), &stored, Why::First, &profiles).await.unwrap().session;
    assert_eq!(kept.account.region, "ap-south-1", "the account's own region wins");
}

#[tokio::test]
async fn what_is_missing_is_said_with_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("config"),
        "[profile sso]\nregion = us-east-1\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n\
         [sso-session s]\nsso_region = us-east-1\nsso_start_url = https://none.awsapps.com/start-of-no-one\n\
         [profile lost]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = nowhere\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("credentials"),
        "[bare]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n",
    )
    .unwrap();
    let profiles = profiles(folder.path());
    for (profile, words) in [
        ("sso", "aws sso login --profile sso"),
        ("absent", "`absent`"),
        ("absent-sso", "Check its name"),
        ("lost", "nowhere"),
        ("bare", "names no region"),
    ] {
        let stored = Secret::new(json!({"kind": "aws_profile", "profile": profile}).to_string());
        let error = open(&account(""), &stored, Why::First, &profiles).await.unwrap_err();
        assert_eq!(error.category, Category::NoCredentials, "{profile}: {}", error.message);
        assert!(error.message.contains(words), "{profile}: {}", error.message);
    }
}

/// Answers one request on a socket with `answer` and returns the request's head.
async fn answer_once(listener: TcpListener, answer: String) -> String {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert_ne!(socket.read_buf(&mut head).await.unwrap(), 0);
    }
    let head_of_answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        answer.len()
    );
    socket.write_all(format!("{head_of_answer}{answer}").as_bytes()).await.unwrap();
    String::from_utf8(head).unwrap()
}

/// The metadata service of EC2 stands for all of them: plain HTTP, and an endpoint that can be set.
#[tokio::test]
async fn awss_library_asks_through_our_client() {
    use aws_config::provider_config::ProviderConfig;
    use aws_credential_types::provider::ProvideCredentials;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let http = Http::new(HttpOptions::default()).unwrap();
    let config = ProviderConfig::without_region().with_http_client(crate::http::AwsConnector::new(http));
    let client = aws_config::imds::Client::builder()
        .configure(&config)
        .endpoint(format!("http://{address}"))
        .unwrap()
        .max_attempts(1)
        .build();
    let provider =
        aws_config::imds::credentials::ImdsCredentialsProvider::builder().imds_client(client).build();
    let (head, error) = tokio::join!(answer_once(listener, "{}".to_owned()), provider.provide_credentials());
    assert!(head.starts_with("PUT /latest/api/token HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"), "{head}");
    assert!(error.is_err());
}
