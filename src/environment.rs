//! The AWS variables of the process: where to send, and accounts of their own.

use providers::{Account, EndpointEnvironment};
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
    /// An account for each credential the environment holds, in the order in which AWS's own tools prefer them.
    pub accounts: Vec<(Account, Value)>,
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
    Environment {
        endpoints: EndpointEnvironment::read(get),
        ca_bundle: get("AWS_CA_BUNDLE").map(Into::into),
        accounts,
    }
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
