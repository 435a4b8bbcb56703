use std::path::PathBuf;

use super::*;

const CONFIG: &str = "\
# comment
[default]
region = eu-west-1

[profile work]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-central-1 ; where we are
s3 =
  max_concurrent_requests = 20
  region = nowhere

[profile legacy]
sso_start_url = https://legacy.awsapps.com/start/
sso_region = us-east-1
sso_account_id = 1
sso_role_name = r

[profile half]
sso_session = corp

[profile \"team role\"]
role_arn = arn:aws:iam::111122223333:role/team
source_profile = keys

[profile careful]
role_arn = arn:aws:iam::111122223333:role/careful
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/me

[profile pod]
role_arn = arn:aws:iam::111122223333:role/pod
web_identity_token_file = /var/run/token

[profile tool]
credential_process = /opt/tool --json
[profile console]
login_session = arn:aws:sts::111122223333:assumed-role/a/b
[profile bare]
region = eu-west-1
[sso-session corp]
sso_region = eu-central-1
sso_start_url = https://corp.awsapps.com/start/#
[sso-session broken]
sso_region = eu-central-1
[services local]
aws_access_key_id = AKIANOBODY
";

const CREDENTIALS: &str = "\
[keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = the+secret
[default]
aws_access_key_id = AKIAIOSFODNN7DEFAULT
aws_secret_access_key = the+secret
aws_session_token = the+token
";

fn home() -> (tempfile::TempDir, Places) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_owned();
    let cache = path.join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    fs::write(path.join(".aws/config"), CONFIG).unwrap();
    fs::write(path.join(".aws/credentials"), CREDENTIALS).unwrap();
    let token = |url: &str, end: &str| json!({"startUrl": url, "region": "eu-central-1", "accessToken": "the+sso", "expiresAt": end});
    for (name, content) in [
        ("a.json", token("https://corp.awsapps.com/start", "2026-12-01T12:00:00Z")),
        ("b.json", token("https://corp.awsapps.com/start", "2026-11-01T12:00:00Z")),
        ("c.json", token("https://legacy.awsapps.com/start", "2026-11-21T12:00:00UTC")),
        (
            "botocore-client-id-eu-central-1.json",
            json!({"clientId": "c", "expiresAt": "2027-01-01T00:00:00Z"}),
        ),
        ("d.txt", token("https://legacy.awsapps.com/start", "2029-11-21T12:00:00Z")),
    ] {
        fs::write(cache.join(name), content.to_string()).unwrap();
    }
    let places = Places {
        local_data: PathBuf::new(),
        settings: PathBuf::new(),
        aws_config: path.join(".aws/config"),
        aws_credentials: path.join(".aws/credentials"),
        home: path,
        environment: Vec::new(),
    };
    (home, places)
}

#[test]
fn profiles_and_sessions_are_told_apart() {
    let (_home, places) = home();
    let found = look(&places);
    let lines: Vec<_> = found
        .iter()
        .map(|found| (found.id.as_str(), found.kind, found.credential.is_some(), found.sign_in.is_some()))
        .collect();
    assert_eq!(
        lines,
        [
            ("aws_profile:careful", FoundKind::Role, false, false),
            ("aws_profile:console", FoundKind::Console, false, false),
            ("aws_profile:default", FoundKind::AccessKey, true, false),
            ("aws_profile:half", FoundKind::Sso, false, false),
            ("aws_profile:keys", FoundKind::AccessKey, true, false),
            ("aws_profile:legacy", FoundKind::Sso, true, false),
            ("aws_profile:pod", FoundKind::WebIdentity, true, false),
            ("aws_profile:team role", FoundKind::Role, true, false),
            ("aws_profile:tool", FoundKind::Process, true, false),
            ("aws_profile:work", FoundKind::Sso, true, false),
            ("sso_session:corp", FoundKind::SsoSession, false, true),
        ]
    );
    let of = |id: &str| found.iter().find(|found| found.id == id).unwrap();
    let work = of("aws_profile:work");
    assert_eq!(work.region.as_deref(), Some("eu-central-1"), "neither the comment nor what is indented");
    assert_eq!(work.expires_ms, Some(1_796_126_400_000), "the newest token of its session");
    assert_eq!(of("aws_profile:legacy").expires_ms, Some(1_795_262_400_000));
    assert_eq!(of("aws_profile:default").region.as_deref(), Some("eu-west-1"), "of both files");
    assert_eq!(of("aws_profile:keys").place, places.aws_credentials.display().to_string());
    assert_eq!(work.place, places.aws_config.display().to_string());
    let session = of("sso_session:corp").sign_in.as_ref().unwrap();
    assert_eq!(
        (session.login.as_str(), session.fields["oidc_region"].as_str()),
        ("identity_center", Some("eu-central-1"))
    );
    // Nothing secret is in what is told.
    let told = format!("{} {found:?}", serde_json::to_string(&found).unwrap());
    for secret in ["the+secret", "the+token", "the+sso", "AKIA"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let (home, places) = home();
    fs::remove_file(&places.aws_credentials).unwrap();
    fs::create_dir(&places.aws_credentials).unwrap();
    fs::write(
        &places.aws_config,
        b"[profile \xff]\naws_access_key_id=a\n[profile]\n[\n=\n[profile x]\naws_access_key_id=a",
    )
    .unwrap();
    assert_eq!(look(&places).len(), 2);
    drop(home);
    assert!(look(&places).is_empty());
}
