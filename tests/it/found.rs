//! What other programs of the machine keep: listed without its secrets, taken into use when the person says so, read and
//! never renewed.

use std::fs;
use std::path::PathBuf;

use emulator::{KIRO_PROFILE, KiroConfig, Operation};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect};
use crate::harness::TestApp;

const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

fn hello() -> Value {
    Dialect::Messages.asking(CLAUDE, "hello", true)
}

/// A home in which Kiro's programs can be at home, too.
struct Home(PathBuf);

impl Home {
    /// The database of Kiro CLI, as it makes it.
    fn cli(&self) -> Connection {
        let folder = if cfg!(windows) {
            self.0.join("AppData/Local/Kiro-Cli")
        } else if cfg!(target_os = "macos") {
            self.0.join("Library/Application Support/kiro-cli")
        } else {
            self.0.join(".local/share/kiro-cli")
        };
        fs::create_dir_all(&folder).expect("a folder");
        let database = Connection::open(folder.join("data.sqlite3")).expect("a database");
        database
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS auth_kv (key TEXT PRIMARY KEY, value TEXT);
                 CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB);",
            )
            .expect("tables");
        database
    }

    /// Kiro CLI has this token now.
    fn cli_keeps(&self, key: &str, token: &Value) {
        let put = "INSERT OR REPLACE INTO auth_kv VALUES (?1, ?2)";
        self.cli().execute(put, (key, token.to_string())).expect("kept");
    }

    fn ide_keeps(&self, token: &Value) {
        self.put(".aws/sso/cache/kiro-auth-token.json", &token.to_string());
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("written");
    }
}

/// The product on a machine with a home.
async fn at_home() -> (TestApp, Home) {
    at_home_with(&[]).await
}

async fn at_home_with(variables: &[(&str, &str)]) -> (TestApp, Home) {
    let folder = tempfile::tempdir().expect("folder");
    let home = folder.path().join("home");
    fs::create_dir(&home).expect("home");
    let told = home.display().to_string();
    let variables = |name: &str| {
        let all = [(HOME, told.as_str())].into_iter().chain(variables.iter().copied());
        all.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
    };
    let app = TestApp::of(KiroConfig::default(), folder, variables).await;
    (app, Home(home))
}

impl TestApp {
    async fn found(&self) -> Vec<Value> {
        self.get("/api/found").await.json()["found"].as_array().expect("a list").clone()
    }

    async fn import(&self, items: &Value) -> Vec<Value> {
        let done = self.post("/api/found/import", &json!({"items": items, "policy_accepted": true})).await;
        assert_eq!(done.status, 200, "{}", done.text());
        done.json()["imported"].as_array().expect("a list").clone()
    }

    /// Takes one into use and lets it reach the emulator; the account's id.
    async fn taken(&self, id: &str) -> String {
        let imported = self.import(&json!([{"id": id, "endpoint_url": self.emulator.url()}])).await;
        let account =
            imported[0]["account"]["id"].as_str().unwrap_or_else(|| panic!("{imported:?}")).to_owned();
        self.activate(&account).await;
        account
    }
}

/// As Kiro CLI keeps the login of an organisation.
fn of_organisation(token: &str) -> Value {
    json!({"access_token": token, "expires_at": "2099-01-01T00:00:00.123456789Z", "refresh_token": "aor-hidden",
        "region": "eu-west-1", "start_url": "https://d-0000000000.awsapps.com/start", "oauth_flow": "DeviceCode"})
}

/// As Kiro IDE keeps a social one.
fn of_github(token: &str) -> Value {
    json!({"accessToken": token, "refreshToken": "aor-hidden", "expiresAt": "2099-01-01T00:00:00.000Z",
        "authMethod": "social", "provider": "Github", "profileArn": KIRO_PROFILE})
}

#[tokio::test]
async fn nothing_is_found_where_there_is_nothing_and_nothing_is_taken_unasked() {
    let (app, home) = at_home().await;
    assert!(app.found().await.is_empty());
    home.put(".aws/credentials", "[work]\naws_access_key_id = AKIAHIDDEN\naws_secret_access_key = s\n");
    home.ide_keeps(&of_github("aoa-hidden"));
    home.cli_keeps("kirocli:odic:token", &of_organisation("aoa-hidden"));
    let ids: Vec<_> = app.found().await.iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["kiro_ide", "kiro_cli:oidc", "aws_profile:work"]);
    let told = app.get("/api/found").await.text();
    assert!(!told.to_lowercase().contains("hidden"), "{told}");
    let accounts = app.get("/api/accounts").await.json()["accounts"].as_array().map(Vec::len);
    assert_eq!(accounts, Some(1), "the Sandbox alone");
    assert_eq!(app.emulator.journal().count(), 0, "nobody was asked");
    app.stop().await;
}

/// The programs keep their logins; what they renew is used, and they are never signed out.
#[tokio::test]
async fn logins_of_kiros_programs_are_used_and_never_renewed() {
    let (app, home) = at_home().await;
    // The other one is not to answer for it.
    app.set(&json!({"failover": {"enabled": false}})).await;
    let kiro = app.emulator.kiro();
    for (id, program, person) in
        [("kiro_ide", "Kiro IDE", "social"), ("kiro_cli:oidc", "Kiro CLI", "identity-center")]
    {
        let keep = |token: &str| match id {
            "kiro_ide" => home.ide_keeps(&of_github(token)),
            _ => home.cli_keeps("kirocli:odic:token", &of_organisation(token)),
        };
        keep(&kiro.access_token(person));
        let account = app.taken(id).await;
        let view = app.account(&account).await;
        assert_eq!(view["credential"], json!({"kind": "shared_login", "label": program}));
        app.said(Dialect::Messages, &hello()).await;
        assert_eq!(app.state(&account).await, "ready");
        // It cannot be taken twice.
        let again = app.import(&json!([{"id": id}])).await;
        assert_eq!(again[0]["problem"]["code"], "found_in_use", "{again:?}");

        // The token is over before its time: the program has to do something about it.
        kiro.expire(person);
        let refused = app.ask(Dialect::Messages, &hello()).await;
        assert_eq!(refused.status, 401, "{}", refused.text());
        assert!(refused.text().contains(&format!("Open {program}")), "{}", refused.text());
        assert_eq!(app.state(&account).await, "needs_sign_in");
        // It did.
        keep(&kiro.access_token(person));
        app.activate(&account).await;
        app.said(Dialect::Messages, &hello()).await;
        assert_eq!(app.state(&account).await, "ready");
        // And while it is open, a token that is refused has been renewed already.
        kiro.expire(person);
        keep(&kiro.access_token(person));
        app.said(Dialect::Messages, &hello()).await;
        assert_eq!(kiro.refreshes(person), 0);
    }
    let renewing = [Operation::CreateToken, Operation::SocialRefresh, Operation::ExternalToken];
    let requests = app.emulator.journal().requests();
    assert!(!requests.iter().any(|row| row.operation.is_some_and(|asked| renewing.contains(&asked))));
    app.stop().await;
}

#[tokio::test]
async fn every_sort_of_login_of_the_command_line_works() {
    let (app, home) = at_home().await;
    let kiro = app.emulator.kiro();
    let base = |person: &str| json!({"access_token": kiro.access_token(person), "expires_at": "2099-01-01T00:00:00Z"});
    let with = |person: &str, more: &Value| {
        let mut token = base(person);
        token.as_object_mut().expect("an object").extend(more.as_object().expect("members").clone());
        token
    };
    home.cli_keeps(
        "kirocli:social:token",
        &with("social", &json!({"provider": "google", "profile_arn": KIRO_PROFILE})),
    );
    home.cli_keeps("kirocli:external-idp:token", &with("external", &json!({"profile_arn": KIRO_PROFILE})));
    home.cli_keeps(
        "codewhisperer:odic:token",
        &with("builder-id", &json!({"start_url": "https://view.awsapps.com/start"})),
    );
    for id in ["kiro_cli:social", "kiro_cli:external_idp", "kiro_cli:oidc"] {
        let account = app.taken(id).await;
        app.said(Dialect::Messages, &hello()).await;
        assert_eq!(app.state(&account).await, "ready", "{id}");
    }
    // Another person signed in there, with a profile that was chosen in the program.
    kiro.expire("builder-id");
    home.cli_keeps("kirocli:odic:token", &of_organisation(&kiro.access_token("identity-center")));
    let profile = json!({"arn": KIRO_PROFILE, "profile_name": "Work"}).to_string();
    home.cli()
        .execute("INSERT INTO state VALUES ('api.codewhisperer.profile', ?1)", [profile])
        .expect("kept");
    app.said(Dialect::Messages, &hello()).await;
    app.stop().await;
}

#[tokio::test]
async fn a_sign_in_of_our_own_leaves_the_other_program_alone() {
    let (app, home) = at_home().await;
    let start = "https://d-0000000000.awsapps.com/start";
    home.put(
        ".aws/config",
        &format!("[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = {start}\n[default]\nregion = us-east-1\n"),
    );
    home.cli_keeps("kirocli:odic:token", &of_organisation("aoa-hidden"));
    let at = app.emulator.url();
    let wishes = json!([
        {"id": "kiro_cli:oidc", "own": true, "endpoint_url": at}, {"id": "sso_session:corp", "endpoint_url": at},
    ]);
    let imported = app.import(&wishes).await;
    for (one, provider) in imported.iter().zip(["amazon_q", "bedrock"]) {
        let sign_in = &one["sign_in"];
        assert_eq!(
            (&sign_in["provider"], &sign_in["login"]),
            (&json!(provider), &json!("identity_center")),
            "{one}"
        );
        assert!(one["account"].is_null() && one["problem"].is_null(), "{one}");
        let id = sign_in["id"].as_str().expect("an id");
        let waiting = app.signing_in(id, "waiting").await;
        app.confirm(&waiting["prompt"]);
        if provider == "amazon_q" {
            let done = app.signing_in(id, "done").await;
            let account = done["account"].as_str().expect("an account");
            assert_eq!(app.account(account).await["credential"]["kind"], "oidc_refresh_token");
            app.activate(account).await;
            app.said(Dialect::Messages, &hello()).await;
        }
    }
    let requests = app.emulator.journal().requests();
    let hidden = |row: &emulator::Recorded| String::from_utf8_lossy(&row.body).contains("hidden");
    assert!(!requests.iter().any(hidden), "the other program's token went nowhere");
    app.stop().await;
}

#[tokio::test]
async fn consent_comes_first_and_each_wish_has_an_answer_of_its_own() {
    let (app, home) = at_home_with(&[("KIRO_API_KEY", "ksk_hidden")]).await;
    home.ide_keeps(&of_github("aoa-hidden"));
    home.put(
        ".aws/config",
        "[profile a]\nregion = eu-west-1\ncredential_process = true\n[profile c]\nlogin_session = x\n",
    );
    let environment = app.found().await.iter().find(|one| one["program"] == "environment").cloned();
    let environment = environment.expect("of the environment");
    assert_eq!(
        (&environment["place"], &environment["account"]),
        (&json!("KIRO_API_KEY"), &json!("env-kiro-api-key"))
    );

    let wishes = json!([
        {"id": "aws_profile:a"}, {"id": "aws_profile:c"}, {"id": "aws_profile:gone"},
        {"id": "environment:KIRO_API_KEY"}, {"id": "aws_profile:a", "name": "Sandbox"},
    ]);
    let done = app.import(&wishes).await;
    let told: Vec<_> =
        done.iter().map(|one| (one["account"]["name"].clone(), one["problem"]["code"].clone())).collect();
    let problem = |code: &str| (Value::Null, json!(code));
    assert_eq!(
        told,
        [
            (json!("a"), Value::Null),
            problem("found_unusable"),
            problem("found_gone"),
            problem("found_in_use"),
            problem("account_name_taken"),
        ]
    );
    app.stop().await;

    let (app, home) = at_home().await;
    home.ide_keeps(&of_github("aoa-hidden"));
    home.put(".aws/config", "[profile a]\nregion = eu-west-1\ncredential_process = true\n");
    let both = json!({"items": [{"id": "aws_profile:a"}, {"id": "kiro_ide"}]});
    let refused = app.post("/api/found/import", &both).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("policy_consent_required")));
    assert_eq!(
        app.get("/api/accounts").await.json()["accounts"].as_array().map(Vec::len),
        Some(1),
        "none of them"
    );
    for bad in
        [json!({}), json!({"items": [{"id": "kiro_ide", "path": "/etc/passwd"}]}), json!({"items": "all"})]
    {
        assert_eq!(app.post("/api/found/import", &bad).await.status, 400, "{bad}");
    }
    app.stop().await;
}

/// Who no longer wants to depend on the other program signs in to the same place, and the account stays.
#[tokio::test]
async fn an_account_of_another_program_becomes_our_own() {
    let (app, home) = at_home().await;
    let kiro = app.emulator.kiro();
    home.cli_keeps("kirocli:odic:token", &of_organisation(&kiro.access_token("identity-center")));
    let account = app.taken("kiro_cli:oidc").await;
    let before = app.account(&account).await;
    assert_eq!(app.signed_in_by_code(&json!({"account": account})).await, account);
    let after = app.account(&account).await;
    assert_eq!(after["credential"]["kind"], "oidc_refresh_token");
    for member in ["id", "name", "position", "endpoint_url", "active"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    app.said(Dialect::Messages, &hello()).await;
    // How the editor was signed in to with an organisation is not known: the person must say.
    home.ide_keeps(&json!({"accessToken": "aoa", "expiresAt": "2099-01-01T00:00:00Z", "authMethod": "IdC",
        "provider": "Enterprise", "region": "eu-west-1"}));
    let account = app.taken("kiro_ide").await;
    let refused = app.post("/api/signins", &json!({"account": account})).await;
    assert_eq!(refused.json()["code"], "sign_in_way_unknown", "{}", refused.text());
    app.stop().await;
}

/// What stands where everybody may write is somebody else's: it is not looked at.
#[cfg(unix)]
#[tokio::test]
async fn a_link_to_where_everybody_may_write_is_not_followed() {
    let (app, home) = at_home().await;
    let planted = tempfile::tempdir().expect("a folder");
    let file = planted.path().join("token.json");
    fs::write(&file, of_github("aoa-planted").to_string()).expect("written");
    let cache = home.0.join(".aws/sso/cache");
    fs::create_dir_all(&cache).expect("folders");
    link(&file, &cache.join("kiro-auth-token.json"));
    assert!(app.found().await.is_empty());
    fs::remove_file(cache.join("kiro-auth-token.json")).expect("removed");
    home.put("own.json", &of_github("aoa-own").to_string());
    link(&home.0.join("own.json"), &cache.join("kiro-auth-token.json"));
    assert_eq!(app.found().await.len(), 1);
    app.stop().await;
}

#[cfg(unix)]
fn link(to: &std::path::Path, from: &std::path::Path) {
    std::os::unix::fs::symlink(to, from).expect("a link");
}
