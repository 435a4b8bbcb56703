//! The AWS and Kiro variables of the process: where to send, and accounts of their own.

use std::path::Path;

use clients::{Connections, Machine, System};
use providers::{Account, EndpointEnvironment, FoundKind, Places, Variables};
use serde_json::{Value, json};

/// Where an account goes when neither it nor the environment names a region.
const DEFAULT_REGION: &str = "us-east-1";

/// What the environment says. `Debug` leaves credentials out.
#[derive(Clone, Default)]
pub struct Environment {
    /// `AWS_ENDPOINT_URL_*`.
    pub endpoints: EndpointEnvironment,
    /// `AWS_CA_BUNDLE`.
    pub ca_bundle: Option<std::path::PathBuf>,
    /// An account for each credential the environment holds: of Bedrock in the order in which AWS's own tools prefer
    /// them, then of Kiro.
    pub accounts: Vec<(Account, Value)>,
    /// Where other programs of this person keep their logins; `None` when home is unknown.
    pub places: Option<Places>,
    /// Where editors and tools of this person keep their configuration; `None` when home is unknown.
    pub machine: Option<Machine>,
}

impl Environment {
    /// The files of editors and tools, for an instance on this data folder.
    pub(crate) fn clients(&self, data_dir: &Path) -> Option<Connections> {
        self.machine.clone().map(|machine| Connections::new(machine, &data_dir.join("clients")))
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

/// Reads the variables with `get`.
pub fn read(get: impl Fn(&str) -> Option<String>) -> Environment {
    let get = |name: &str| get(name).filter(|value| !value.is_empty());
    let region = get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION"));
    let account = |id: &str, name: &str, region: Option<&str>| Account {
        id: id.to_owned(),
        name: name.to_owned(),
        provider: "bedrock".to_owned(),
        region: region.unwrap_or_default().to_owned(),
        endpoint_url: None,
        options: json!({}),
    };
    let fixed = region.as_deref().unwrap_or(DEFAULT_REGION);
    let mut accounts = Vec::new();
    if let Some(key) = get("AWS_BEARER_TOKEN_BEDROCK") {
        let credential = json!({"kind": "bedrock_api_key", "api_key": key});
        accounts.push((account("env-bedrock-api-key", "Environment (API key)", Some(fixed)), credential));
    }
    if let (Some(id), Some(secret)) = (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
        let mut credential = json!({"kind": "access_key", "access_key_id": id, "secret_access_key": secret});
        if let Some(token) = get("AWS_SESSION_TOKEN") {
            credential["session_token"] = json!(token);
        }
        accounts.push((account("env-access-key", "Environment (access key)", Some(fixed)), credential));
    }
    if let Some(profile) = get("AWS_PROFILE") {
        // Its region is the profile's own unless the environment says otherwise.
        let credential = json!({"kind": "aws_profile", "profile": profile});
        accounts.push((account("env-profile", &format!("Profile {profile}"), region.as_deref()), credential));
    }
    accounts.extend(kiro(&get));
    let machine = Machine::read(System::own(), get);
    let places = Places::read(get).map(|places| Places { environment: variables(&get, &accounts), ..places });
    Environment {
        places,
        machine,
        endpoints: EndpointEnvironment::read(get),
        ca_bundle: get("AWS_CA_BUNDLE").map(Into::into),
        accounts,
    }
}

/// The Kiro accounts. Their region is the one of their profile unless the environment says otherwise.
fn kiro(get: &impl Fn(&str) -> Option<String>) -> Vec<(Account, Value)> {
    let account = |id: &str, name: &str| Account {
        id: id.to_owned(),
        name: name.to_owned(),
        provider: "amazon_q".to_owned(),
        region: get("AMAZONQ_REGION").unwrap_or_default(),
        endpoint_url: get("AMAZONQ_ENDPOINT_URL"),
        options: json!({}),
    };
    let mut accounts = Vec::new();
    if let Some(token) = get("AMAZONQ_REFRESH_TOKEN") {
        let mut credential = json!({"kind": "kiro_social", "refresh_token": token});
        // A token that a client was registered for is refreshed by that client; half of one is said to be incomplete.
        for (variable, member) in
            [("AMAZONQ_CLIENT_ID", "client_id"), ("AMAZONQ_CLIENT_SECRET", "client_secret")]
        {
            if let Some(value) = get(variable) {
                credential["kind"] = json!("oidc_refresh_token");
                credential[member] = json!(value);
            }
        }
        if let Some(region) =
            get("AMAZONQ_OIDC_REGION").filter(|_| credential["kind"] == "oidc_refresh_token")
        {
            credential["oidc_region"] = json!(region);
        }
        if let Some(arn) = get("AMAZONQ_PROFILE_ARN") {
            credential["profile_arn"] = json!(arn);
        }
        accounts.push((account("env-amazonq", "Environment (Kiro)"), credential));
    }
    if let Some(key) = get("KIRO_API_KEY") {
        let credential = json!({"kind": "kiro_api_key", "api_key": key});
        accounts.push((account("env-kiro-api-key", "Environment (Kiro API key)"), credential));
    }
    accounts
}

/// What of the variables can be told: the accounts that were made of them, and what AWS's default chain would find.
fn variables(get: &impl Fn(&str) -> Option<String>, accounts: &[(Account, Value)]) -> Vec<Variables> {
    let brought = accounts.iter().filter_map(|(account, _)| {
        let (provider, kind, names): (_, _, &[&'static str]) = match account.id.as_str() {
            "env-bedrock-api-key" => ("bedrock", FoundKind::ApiKey, &["AWS_BEARER_TOKEN_BEDROCK"]),
            "env-access-key" => {
                ("bedrock", FoundKind::AccessKey, &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
            }
            "env-profile" => ("bedrock", FoundKind::Profile, &["AWS_PROFILE"]),
            "env-amazonq" => ("amazon_q", FoundKind::RefreshToken, &["AMAZONQ_REFRESH_TOKEN"]),
            "env-kiro-api-key" => ("amazon_q", FoundKind::ApiKey, &["KIRO_API_KEY"]),
            _ => return None,
        };
        let (name, account) = (account.name.clone(), Some(account.id.clone()));
        Some(Variables { provider, kind, name, names: names.to_vec(), account, credential: None })
    });
    let identity = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    let chain = |kind, names: Vec<&'static str>| Variables {
        provider: "bedrock",
        kind,
        name: "AWS".to_owned(),
        names,
        account: None,
        credential: Some(json!({"kind": "aws_default"})),
    };
    let chained = if identity.iter().all(|name| get(name).is_some()) {
        Some(chain(FoundKind::WebIdentity, identity.to_vec()))
    } else {
        let name = container.into_iter().find(|name| get(name).is_some());
        name.map(|name| chain(FoundKind::Container, vec![name]))
    };
    brought.chain(chained).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn every_credential_becomes_an_account() {
        let found = environment(&[
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_BEARER_TOKEN_BEDROCK", "key"),
            ("AWS_PROFILE", "work"),
            ("AWS_REGION", "eu-west-1"),
        ]);
        let kinds: Vec<_> = found.accounts.iter().map(|(_, credential)| credential["kind"].clone()).collect();
        assert_eq!(kinds, ["bedrock_api_key", "access_key", "aws_profile"]);
        assert!(found.accounts.iter().all(|(account, _)| account.region == "eu-west-1"));
        assert_eq!(found.accounts[1].1["session_token"], "token");
    }

    #[test]
    fn kiro_accounts_come_after_those_of_bedrock() {
        let found = environment(&[
            ("KIRO_API_KEY", "ksk_1"),
            ("AMAZONQ_REFRESH_TOKEN", "aor1"),
            ("AMAZONQ_PROFILE_ARN", "arn:p"),
            ("AMAZONQ_OIDC_REGION", "eu-west-1"),
            ("AMAZONQ_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_PROFILE", "work"),
        ]);
        let ids: Vec<_> = found.accounts.iter().map(|(account, _)| account.id.as_str()).collect();
        assert_eq!(ids, ["env-profile", "env-amazonq", "env-kiro-api-key"]);
        let (social, key) = (&found.accounts[1], &found.accounts[2]);
        let expected = json!({"kind": "kiro_social", "refresh_token": "aor1", "profile_arn": "arn:p"});
        assert_eq!((social.0.provider.as_str(), &social.1), ("amazon_q", &expected));
        assert_eq!(social.0.endpoint_url.as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!((social.0.region.as_str(), &key.1["api_key"]), ("", &json!("ksk_1")));
    }

    #[test]
    fn a_token_of_a_registered_client_is_refreshed_by_it() {
        let client = [("AMAZONQ_REFRESH_TOKEN", "aor1"), ("AMAZONQ_CLIENT_ID", "id")];
        let whole = [
            ("AMAZONQ_CLIENT_SECRET", "secret"),
            ("AMAZONQ_OIDC_REGION", "eu-west-1"),
            ("AMAZONQ_REGION", "eu-central-1"),
        ];
        let found = environment(&[&client[..], &whole].concat());
        let expected = json!({
            "kind": "oidc_refresh_token", "refresh_token": "aor1", "client_id": "id", "client_secret": "secret",
            "oidc_region": "eu-west-1",
        });
        assert_eq!(found.accounts[0].1, expected);
        assert_eq!(found.accounts[0].0.region, "eu-central-1");
        // What is missing is named when the account is checked.
        assert_eq!(environment(&client).accounts[0].1["kind"], "oidc_refresh_token");
        assert!(environment(&client[1..]).accounts.is_empty());
    }

    #[test]
    fn what_the_variables_hold_is_named_and_not_told() {
        let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let found = environment(&[
            (home, "/h"),
            ("KIRO_API_KEY", "ksk_hidden"),
            ("AWS_ROLE_ARN", "arn:r"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"),
        ]);
        let places = found.places.expect("a home");
        let lines: Vec<_> = places
            .environment
            .iter()
            .map(|one| (one.names.join("+"), one.account.as_deref(), one.credential.is_some()))
            .collect();
        assert_eq!(
            lines,
            [
                ("KIRO_API_KEY".to_owned(), Some("env-kiro-api-key"), false),
                ("AWS_ROLE_ARN+AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(), None, true),
            ]
        );
        assert!(!format!("{places:?}").contains("hidden"));
        assert!(environment(&[("KIRO_API_KEY", "ksk_hidden")]).places.is_none());
    }

    #[test]
    fn half_a_credential_is_none() {
        assert!(
            environment(&[("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_BEARER_TOKEN_BEDROCK", "")])
                .accounts
                .is_empty()
        );
    }

    #[test]
    fn secrets_stay_out_of_debug() {
        let found = environment(&[("AWS_BEARER_TOKEN_BEDROCK", "very-secret")]);
        assert!(!format!("{found:?}").contains("very-secret"));
    }
}
