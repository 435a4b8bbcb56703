//! Every way in which AWS's tools get keys, from a profile or the environment to an answer that was signed with them.

use emulator::{AccessKey, Config, Emulator, Fault, Operation, Refusal, When};
use serde_json::{Value, json};

use super::{Machine, Serving};
use crate::upstream::{Prepared, Upstream};

const FAR: &str = "2099-01-01T00:00:00Z";

/// Whose keys lead to a role.
fn source() -> AccessKey {
    AccessKey::new("AKIASOURCE0000000000", "secret/of+the/source")
}

/// The keys of a role.
fn role() -> AccessKey {
    AccessKey::new("ASIAROLE000000000000", "secret/of+the/role").with_token("token+of/the=role")
}

fn emulator() -> Emulator {
    let config = Config { record: true, access_keys: vec![source(), role()], ..Config::default() };
    Emulator::start(config).expect("emulator")
}

impl Machine {
    fn put(&self, file: &str, text: &str) {
        let path = self.home().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("written");
    }

    /// Keys in the usual file.
    fn put_source(&self) {
        let AccessKey { id, secret, .. } = source();
        let text = format!("[source]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        self.put(".aws/credentials", &text);
    }

    /// Takes what was found into use and asks it.
    async fn answers(&self, serving: &Serving, profile: &str) {
        let added =
            self.run(&["accounts", "found", "--import", &format!("aws_profile:{profile}")]).await.good();
        assert!(added.contains(&format!("Added {profile} (")), "{added}");
        self.run(&["accounts", "use", profile]).await.good();
        assert_eq!(serving.caller.served_by("hello").await, profile);
    }
}

/// The key of the last request that the emulator accepted.
fn last_key(emulator: &Emulator) -> Option<String> {
    emulator.journal().requests().last().and_then(|request| request.key.clone())
}

/// What the token service answers to `operation`.
fn assumed(operation: &str) -> Prepared {
    let AccessKey { id, secret, token, .. } = role();
    Prepared::json(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{}</SessionToken>\
         <Expiration>{FAR}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
         <AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></{operation}Result></{operation}Response>",
        token.unwrap_or_default()
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_are_assumed_with_keys_and_with_a_web_identity() {
    let (emulator, service) = (emulator(), Upstream::start().await);
    let machine =
        Machine::new().with("AWS_ENDPOINT_URL", emulator.url()).with("AWS_ENDPOINT_URL_STS", service.url());
    machine.put_source();
    machine.put("token", "web+identity");
    let token = machine.home().join("token");
    machine.put(
        ".aws/config",
        &format!(
            "[profile team]\nrole_arn = arn:aws:iam::111122223333:role/team\nsource_profile = source\n\
             region = eu-west-1\n[profile pod]\nrole_arn = arn:aws:iam::111122223333:role/pod\nregion = eu-west-1\n\
             web_identity_token_file = {}\n",
            token.display()
        ),
    );
    let serving = machine.serve().await;
    for (profile, operation, words) in [
        ("team", "AssumeRole", "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam"),
        ("pod", "AssumeRoleWithWebIdentity", "WebIdentityToken=web%2Bidentity"),
    ] {
        service.prepare(assumed(operation));
        machine.answers(&serving, profile).await;
        assert_eq!(last_key(&emulator), Some(role().id));
        let asked = service.received().pop().expect("a question");
        assert!(asked.text().contains(&format!("Action={operation}&")), "{}", asked.text());
        assert!(asked.text().contains(words), "{}", asked.text());
        let signature =
            asked.headers.get("authorization").map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(signature.is_some_and(|text| text.contains(&source().id)), profile == "team");
    }
    // A role that may not be taken is said, and nothing else of it.
    service.prepare(Prepared::refusal(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"));
    let said = machine.run(&["accounts", "add", "other", "--profile", "team"]).await.good();
    assert!(said.contains("Added other"), "{said}");
    let said = machine.run(&["accounts", "test", "other"]).await.bad();
    assert!(said.contains("`team`") && said.contains("aws sts get-caller-identity"), "{said}");
    assert!(!said.contains(&source().secret), "{said}");
    serving.terminate().await;
}

/// A session that AWS's own tools signed in to: its token is in their cache, in a file named by the SHA-1 of `corp`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_identity_center_gives_keys_until_it_ends() {
    let emulator = emulator();
    let machine = Machine::new().with("AWS_ENDPOINT_URL", emulator.url());
    let start = "https://d-0000000000.awsapps.com/start";
    machine.put(
        ".aws/config",
        &format!(
            "[profile work]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Developer\n\
             region = eu-west-1\n[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = {start}\n\
             sso_registration_scopes = sso:account:access\n"
        ),
    );
    let keep = |end: &str| {
        let token = json!({"startUrl": start, "region": "eu-central-1", "expiresAt": end,
            "accessToken": emulator.kiro().access_token("workforce")});
        machine.put(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", &token.to_string());
    };
    keep(FAR);
    let serving = machine.serve().await;
    let list = machine.run(&["accounts", "found"]).await.good();
    assert!(list.contains("sso_session:corp") && list.contains(&format!("good until {FAR}")), "{list}");
    machine.answers(&serving, "work").await;
    assert_eq!(emulator.kiro().roles_taken(), 1);
    // Its keys are over: fresh ones, with the same token.
    emulator.kiro().expire_roles();
    assert_eq!(serving.caller.served_by("hello").await, "work");
    assert_eq!(emulator.kiro().roles_taken(), 2);
    // The sign-in is over: the person is told the command of the tool whose sign-in it is.
    emulator.kiro().expire_roles();
    keep("2020-01-01T00:00:00Z");
    let answer = serving.caller.post("/v1/messages", &super::ask("hello")).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(answer.text().contains("aws sso login --profile work"), "{}", answer.text());
    // They signed in there.
    keep(FAR);
    machine.run(&["accounts", "use", "work"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "work");
    // A role that was taken away.
    emulator.kiro().expire_roles();
    let gone = Refusal::new(403, "ForbiddenException", "No access");
    emulator.script().push_when(When::operation(Operation::GetRoleCredentials), Fault::Refuse(gone));
    let answer = serving.caller.post("/v1/messages", &super::ask("hello")).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    serving.terminate().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_gives_keys_and_what_it_complains_of_is_said() {
    let emulator = emulator();
    let machine = Machine::new().with("AWS_ENDPOINT_URL", emulator.url());
    let AccessKey { id, secret, token, .. } = role();
    let keys = json!({"Version": 1, "AccessKeyId": id, "SecretAccessKey": secret, "SessionToken": token, "Expiration": FAR});
    machine.put("keys.json", &keys.to_string());
    let file = machine.home().join("keys.json");
    machine.put(
        ".aws/config",
        &format!(
            "[profile tool]\nregion = eu-west-1\ncredential_process = cat {}\n\
             [profile broken]\nregion = eu-west-1\ncredential_process = cat /nowhere\n",
            file.display()
        ),
    );
    let serving = machine.serve().await;
    machine.answers(&serving, "tool").await;
    assert_eq!(last_key(&emulator), Some(id));
    machine.run(&["accounts", "found", "--import", "broken"]).await.good();
    let said = machine.run(&["accounts", "test", "broken"]).await.bad();
    assert!(said.contains("`broken`") && !said.contains(&secret), "{said}");
    serving.terminate().await;
}

/// Only where the person turned it on: elsewhere the question costs seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_has_a_role() {
    let (emulator, metadata) = (emulator(), Upstream::start().await);
    let machine = Machine::new()
        .with("AWS_ENDPOINT_URL", emulator.url())
        .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url());
    let AccessKey { id, secret, token, .. } = role();
    let keys: Value = json!({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": id, "SecretAccessKey": secret,
        "Token": token, "Expiration": FAR, "LastUpdated": "2026-01-01T00:00:00Z"});
    let life = "x-aws-ec2-metadata-token-ttl-seconds";
    metadata.prepare(Prepared::json("the+token").with(life, "21600"));
    metadata.prepare(Prepared::json("web-role"));
    metadata.prepare(Prepared::json(keys.to_string()));
    let serving = machine.serve().await;
    let add = ["accounts", "add", "plain", "--region", "us-east-1", "--aws-default"];
    machine.run(&add).await.good();
    let said = machine.run(&["accounts", "test", "plain"]).await.bad();
    assert!(said.contains("default chain"), "{said}");
    assert!(metadata.received().is_empty(), "nobody turned it on");
    let add =
        ["accounts", "add", "instance", "--region", "us-east-1", "--aws-default", "--instance-metadata"];
    machine.run(&add).await.good();
    machine.run(&["accounts", "use", "instance"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "instance");
    assert_eq!(last_key(&emulator), Some(id));
    let paths: Vec<_> = metadata.received().into_iter().map(|asked| asked.path).collect();
    let base = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(paths, ["/latest/api/token", base, &format!("{base}web-role")]);
    serving.terminate().await;
}
