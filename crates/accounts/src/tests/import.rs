//! What people have, read; what is there already, found.

use serde_json::{Value, json};

use super::fake::World;
use crate::import::draft::Piece;
use crate::import::text;
use crate::{Error, Finding, Listed, MOST_ACCOUNTS, Patch, Source, TakenIn, Taking};

fn read(given: &str) -> Vec<Piece> {
    text::read(given, "eu-west-1").ok().unwrap()
}

/// Name, provider, region and credential of each account, or why it is none.
fn told(given: &str) -> Vec<Value> {
    read(given)
        .into_iter()
        .map(|piece| match piece.read {
            Ok(draft) => json!([draft.name, draft.provider, draft.region, draft.credential]),
            Err(why) => json!([piece.name, why.code]),
        })
        .collect()
}

#[test]
fn lists_of_account_json_are_read() {
    let given = json!([
        {"id": "1", "name": "ann", "refresh_token": "r1", "client_id": "c", "client_secret": "s",
         "profile_arn": "arn", "is_active": true, "quota": 5},
        {"id": "2", "refreshToken": "r2", "isActive": 0},
        {"id": "3", "name": "none"},
        "nonsense",
    ]);
    let pieces = read(&given.to_string());
    let flags: Vec<_> = pieces.iter().map(|piece| piece.read.as_ref().ok().and_then(|d| d.enabled)).collect();
    assert_eq!(flags, [Some(true), Some(false), None, None]);
    let expected = json!([
        ["ann", "amazon_q", "", {"kind": "oidc_refresh_token", "refresh_token": "r1", "profile_arn": "arn",
         "client_id": "c", "client_secret": "s"}],
        ["2", "amazon_q", "", {"kind": "kiro_social", "refresh_token": "r2"}],
        ["none", "import_no_credential"],
        ["#4", "import_no_account"],
    ]);
    for (told, expected) in
        told(&json!({"accounts": given}).to_string()).iter().zip(expected.as_array().unwrap())
    {
        assert_eq!(told, expected);
    }
}

#[test]
fn token_files_of_kiro_are_read_and_joined_with_their_registration() {
    let social = json!({"accessToken": "a", "refreshToken": "r", "expiresAt": "2026-11-22T10:00:00Z",
        "authMethod": "social", "provider": "Google", "profileArn": "arn"});
    let credential = json!({"kind": "kiro_social", "refresh_token": "r", "access_token": "a",
        "expires_at": "2026-11-22T10:00:00Z", "profile_arn": "arn"});
    assert_eq!(told(&social.to_string()), [json!(["", "amazon_q", "", credential])]);

    let token =
        json!({"refreshToken": "r", "authMethod": "IdC", "clientIdHash": "ab", "region": "eu-central-1"});
    let registration = json!({"clientId": "c", "clientSecret": "s", "expiresAt": "2027-01-01T00:00:00Z"});
    assert_eq!(told(&token.to_string()), [json!(["#1", "import_no_registration"])]);
    let joined = json!({"kind": "oidc_refresh_token", "refresh_token": "r", "client_id": "c", "client_secret": "s",
        "oidc_region": "eu-central-1"});
    assert_eq!(told(&format!("{token}\n{registration}")), [json!(["", "amazon_q", "", joined])]);

    let external = json!({"refreshToken": "r", "authMethod": "external_idp", "tokenEndpoint": "https://a/t",
        "issuerUrl": "https://a", "clientId": "c", "scopes": "x"});
    let credential = json!({"kind": "external_idp", "refresh_token": "r", "client_id": "c",
        "token_endpoint": "https://a/t", "issuer_url": "https://a", "scopes": "x"});
    assert_eq!(told(&external.to_string()), [json!(["", "amazon_q", "", credential])]);
}

#[test]
fn pasted_lists_are_read() {
    let refresh = format!("aor{}", "x".repeat(60));
    let given = format!(
        "# mine\nksk_one\nbob, ksk_two\nAKIA1234567890123456,sec/ret+x,us-west-2\nrefresh team\n{refresh}\n{refresh} id secret"
    );
    let social = json!({"kind": "kiro_social", "refresh_token": refresh});
    let oidc = json!({"kind": "oidc_refresh_token", "refresh_token": refresh, "client_id": "id",
        "client_secret": "secret"});
    let keys = json!({"kind": "access_key", "access_key_id": "AKIA1234567890123456",
        "secret_access_key": "sec/ret+x"});
    assert_eq!(
        told(&given),
        [
            json!(["", "amazon_q", "", {"kind": "kiro_api_key", "api_key": "ksk_one"}]),
            json!(["bob", "amazon_q", "", {"kind": "kiro_api_key", "api_key": "ksk_two"}]),
            json!(["", "bedrock", "us-west-2", keys]),
            json!(["#5", "import_line"]),
            json!(["", "amazon_q", "", social]),
            json!(["", "amazon_q", "", oidc]),
        ]
    );
    let ini = "[default]\naws_access_key_id = AKIA1\naws_secret_access_key=s1\n\n[profile two]\n\
               aws_access_key_id=AKIA2\naws_secret_access_key=s2\naws_session_token=t\nregion=eu-north-1\n[x]\nregion=a";
    let second = json!({"kind": "access_key", "access_key_id": "AKIA2", "secret_access_key": "s2",
        "session_token": "t"});
    assert_eq!(
        told(ini),
        [
            json!(["default", "bedrock", "eu-west-1",
                {"kind": "access_key", "access_key_id": "AKIA1", "secret_access_key": "s1"}]),
            json!(["two", "bedrock", "eu-north-1", second]),
            json!(["x", "import_no_credential"]),
        ]
    );
    let shell = "export AWS_ACCESS_KEY_ID=\"AKIA1\"\nexport AWS_SECRET_ACCESS_KEY='s1'";
    let keys = json!({"kind": "access_key", "access_key_id": "AKIA1", "secret_access_key": "s1"});
    assert_eq!(told(shell), [json!(["", "bedrock", "eu-west-1", keys])]);
}

#[test]
fn what_cannot_be_read_says_why_and_repeats_nothing() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (given, code) in [
        (r#"[{"refresh_token": "very-secret"},"#, "import_json"),
        (deep.as_str(), "import_json"),
        (r#"{"switchboard": "accounts", "version": 2, "accounts": []}"#, "import_newer"),
    ] {
        let why = text::read(given, "").err().unwrap();
        assert_eq!(why.code, code);
        assert!(!why.message.contains("very-secret"), "{}", why.message);
    }
    let misspelt = json!({"switchboard": "accounts", "version": 1, "accounts": [{"name": "a", "colour": 1}]});
    assert_eq!(told(&misspelt.to_string()), [json!(["a", "import_no_account"])]);
}

fn source(text: impl Into<String>) -> Source {
    Source { text: text.into(), region: String::new() }
}

fn findings(found: &[Listed]) -> Vec<(String, &'static str)> {
    let word = |finding: &Finding| match finding {
        Finding::New => "new",
        Finding::Duplicate { in_text: false, .. } => "duplicate",
        Finding::Duplicate { in_text: true, .. } => "twice",
        Finding::Unreadable { code, .. } => code,
    };
    found.iter().map(|found| (found.name.clone(), word(&found.finding))).collect()
}

#[tokio::test]
async fn what_was_exported_comes_back_elsewhere_and_is_known_where_it_came_from() {
    let world = World::new().await;
    let id = world.add("Work").await;
    let patch = Patch {
        tags: Some(vec!["team".into(), " team".into()]),
        note: Some("of the\nteam".into()),
        enabled: Some(false),
        ..Patch::default()
    };
    world.accounts.update(&id, patch).await.unwrap();
    let exported = world.accounts.export(None).unwrap();
    assert_eq!((exported.accounts, exported.left_out.len()), (1, 0));
    let text = exported.text.expose().to_owned();
    assert!(text.contains("first-secret") && !format!("{exported:?}").contains("first-secret"));

    let here = world.accounts.preview(source(&text)).await.unwrap();
    assert_eq!(findings(&here.found), [("Work (2)".into(), "duplicate")]);
    assert_eq!(here.found[0].finding, Finding::Duplicate { of: "Work".into(), in_text: false });
    let nothing = world.accounts.import(source(&text), Taking::default()).await.unwrap();
    assert_eq!((nothing.added.len(), nothing.skipped.len()), (0, 1));
    // A duplicate is the person's business: ticked, it comes in.
    let taking = Taking { take: Some(vec![0]), ..Taking::default() };
    let ticked = world.accounts.import(source(&text), taking).await.unwrap();
    assert_eq!(ticked.added[0].name, "Work (2)");

    let other = World::new().await;
    let imported = other.accounts.import(source(&text), Taking::default()).await.unwrap();
    let view = &imported.added[0];
    assert_eq!((view.name.as_str(), view.enabled, view.note.as_str()), ("Work", false, "of the\nteam"));
    assert_eq!(view.tags, ["team"]);
    assert_ne!(view.id, id);
    let other = other.restart().await;
    assert_eq!(other.accounts.list()[0].tags, ["team"]);
    assert_eq!(other.accounts.export(None).unwrap().accounts, 1);
}

fn ours(accounts: Vec<Value>) -> Source {
    source(json!({"switchboard": "accounts", "version": 1, "accounts": accounts}).to_string())
}

fn real(name: &str, key: &str) -> Value {
    json!({"name": name, "provider": "real", "region": "here", "credential": {"key": key, "api_key": key}})
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_asks_for_consent_first() {
    let world = World::new().await;
    world.add("a").await;
    let wild = json!({"name": "w", "provider": "wild", "region": "here", "credential": {"key": "k"}});
    let nobody = json!({"name": "n", "provider": "nobody", "credential": {"key": "k"}});
    let all = || ours(vec![real("A", "k1"), real("b", "k1"), wild.clone(), nobody.clone(), real("b", "k3")]);
    let preview = world.accounts.preview(all()).await.unwrap();
    assert_eq!(
        findings(&preview.found),
        [
            ("A (2)".into(), "new"),
            ("b".into(), "twice"),
            ("w".into(), "new"),
            ("n".into(), "provider_unknown"),
            ("b (2)".into(), "new"),
        ]
    );
    assert_eq!(preview.consents.len(), 1);
    let refused = world.accounts.import(all(), Taking::default()).await;
    assert!(matches!(refused, Err(Error::PolicyConsentRequired { provider: "wild", .. })));
    assert_eq!(world.core.accounts().await.unwrap().len(), 1);

    let accepted = Taking { policy_accepted: true, ..Taking::default() };
    let imported = world.accounts.import(all(), accepted).await.unwrap();
    let names: Vec<_> = imported.added.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["A (2)", "w", "b (2)"]);
    assert_eq!(findings(&imported.skipped), [("b".into(), "twice"), ("n".into(), "provider_unknown")]);
    assert!(world.accounts.consent("wild").is_some());
    assert_eq!(world.restart().await.accounts.list().len(), 4);
}

#[tokio::test]
async fn there_are_five_hundred_accounts_at_most() {
    let world = World::new().await;
    let many = |count: usize| ours((0..count).map(|n| real(&format!("n{n}"), &format!("k{n}"))).collect());
    let code = |refused: Result<TakenIn, Error>| refused.unwrap_err().code();
    let refused = world.accounts.import(many(MOST_ACCOUNTS + 1), Taking::default()).await;
    assert_eq!(code(refused), "import_too_many");
    let imported = world.accounts.import(many(MOST_ACCOUNTS), Taking::default()).await.unwrap();
    assert_eq!(imported.added.len(), MOST_ACCOUNTS);
    let one = ours(vec![real("one", "more")]);
    assert_eq!(code(world.accounts.import(one, Taking::default()).await), "import_too_many");
    assert_eq!(code(world.accounts.import(source(" "), Taking::default()).await), "import_empty");
}
