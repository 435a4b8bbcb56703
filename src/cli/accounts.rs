//! `switchboard accounts ...`

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::admin::Admin;
use super::consent;
use super::found::{self, Found};
use super::sign_in::{self, SignIn};
use super::typed::secret;
use crate::config::Config;

/// Id of the provider of Amazon Q Developer and Kiro.
const KIRO: &str = "amazon_q";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// All accounts, the active one marked
    List {
        #[arg(long)]
        json: bool,
    },
    /// Add an account; secrets are read from standard input, never from arguments
    Add(Add),
    /// Replace an account's credential: name, order and options stay; secrets are read from standard input
    Credential {
        account: String,
        #[command(flatten)]
        how: How,
    },
    /// Sign in with a browser: a new account, or again where a sign-in has ended; name, order and options stay
    SignIn(Box<SignIn>),
    /// What AWS's tools, Kiro and the environment of this machine have; take it into use with --import
    Found(Found),
    /// Make an account the active one
    Use { account: String },
    /// Ask the account for one token
    Test { account: String },
    /// How much of the account's allowance is used, where its vendor tells
    Quota { account: String },
    /// Remove an account and its credential
    Remove { account: String },
}

#[derive(Args)]
pub(crate) struct Add {
    /// A name of your choice
    name: String,
    /// `bedrock` or `amazon_q` (also `kiro`); what the other flags say when left out
    #[arg(long)]
    provider: Option<String>,
    /// AWS region, e.g. us-east-1; a Kiro profile brings its own
    #[arg(long, default_value = "")]
    region: String,
    /// One address for all services of this account (loopback or https)
    #[arg(long)]
    endpoint_url: Option<String>,
    #[command(flatten)]
    how: How,
    /// You have read the provider's policy note and agree
    #[arg(long)]
    accept_policy: bool,
}

/// How to sign in.
#[derive(Args)]
pub(crate) struct How {
    /// Use a profile of ~/.aws
    #[arg(long, group = "how", value_name = "PROFILE")]
    profile: Option<String>,
    /// Use the default chain of AWS: environment, ~/.aws, web identity, container
    #[arg(long, group = "how")]
    aws_default: bool,
    /// With --aws-default, on an EC2 instance: its role too
    #[arg(long, requires = "aws_default")]
    instance_metadata: bool,
    /// Use an access key; its secret is read from standard input
    #[arg(long, group = "how", value_name = "AKIA...")]
    access_key_id: Option<String>,
    /// Use a Bedrock API key, read from standard input
    #[arg(long, group = "how")]
    api_key: bool,
    /// Use a Kiro API key (ksk_...), read from standard input
    #[arg(long, group = "how")]
    kiro_api_key: bool,
    /// Read the whole credential as JSON from standard input, e.g. {"kind":"kiro_social","refresh_token":"..."}
    #[arg(long, group = "how")]
    credential_json: bool,
}

impl Add {
    fn provider(&self) -> &str {
        match self.provider.as_deref() {
            Some(provider) => provider_id(provider),
            None if self.how.kiro_api_key => KIRO,
            None => "bedrock",
        }
    }
}

/// The id of a provider as people may write it.
pub(super) fn provider_id(given: &str) -> &str {
    if given == "kiro" { KIRO } else { given }
}

/// Runs an accounts command.
pub(crate) async fn run(config: Config, command: Command) -> Result<ExitCode> {
    // Secrets are asked for before anything is opened, so that a slow typist holds no lock.
    let body = match &command {
        Command::Add(add) => Some(body_of(add)?),
        Command::Credential { how, .. } => Some(json!({"credential": how.credential()?})),
        _ => None,
    };
    let admin = Admin::reach(&config).await?;
    let result = act(&admin, command, body).await;
    admin.done().await;
    result
}

async fn act(admin: &Admin, command: Command, body: Option<Value>) -> Result<ExitCode> {
    match command {
        Command::List { json } => list(admin, json).await?,
        Command::Add(add) => {
            let mut body = body.unwrap_or_default();
            if consent::get(admin, add.provider(), add.accept_policy).await? {
                body["policy_accepted"] = json!(true);
                body["policy_accepted_by"] = json!("command_line");
            }
            let added = admin.ask("POST", "/api/accounts", Some(&body)).await?;
            println!("Added {} ({}).", text(&added["name"]), text(&added["id"]));
        }
        Command::Credential { account, how } => {
            let mut body = body.unwrap_or_default();
            let old = row(admin, &account).await?;
            if how.instance_metadata {
                // Options are replaced as a whole.
                body["options"] = old["options"].clone();
                body["options"]["instance_metadata"] = json!(true);
            }
            let path = format!("/api/accounts/{}", text(&old["id"]));
            let view = admin.ask("PATCH", &path, Some(&body)).await?;
            println!("{} has another credential from the next request on.", text(&view["name"]));
        }
        Command::Found(found) => found::run(admin, &found).await?,
        Command::SignIn(sign_in) => sign_in::run(admin, &sign_in).await?,
        Command::Use { account } => {
            let id = find(admin, &account).await?;
            let view = admin.ask("POST", &format!("/api/accounts/{id}/activate"), None).await?;
            println!("{} answers from the next request on.", text(&view["name"]));
        }
        Command::Test { account } => {
            let id = find(admin, &account).await?;
            let result = admin.ask("POST", &format!("/api/accounts/{id}/test"), None).await?;
            let good = result["ok"].as_bool().unwrap_or(false);
            if good {
                println!(
                    "{account} works: {} in {} ms.",
                    text(&result["model"]),
                    number(&result["latency_ms"])
                );
            } else {
                println!("{account} does not work: {}", text(&result["error"]["message"]));
            }
            return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Quota { account } => {
            let id = find(admin, &account).await?;
            let answer = admin.ask("GET", &format!("/api/accounts/{id}/quota"), None).await?;
            println!("{account}: {}", used(&answer["quota"]));
        }
        Command::Remove { account } => {
            let id = find(admin, &account).await?;
            admin.ask("DELETE", &format!("/api/accounts/{id}"), None).await?;
            println!("Removed {account}.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(admin: &Admin, json: bool) -> Result<()> {
    let all = admin.ask("GET", "/api/accounts", None).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for account in rows(&all, "accounts") {
        let mark = if account["active"].as_bool().unwrap_or(false) { "*" } else { " " };
        println!(
            "{mark} {:<20} {:<10} {:<14} {:<28} {}",
            text(&account["name"]),
            text(&account["provider"]),
            text(&account["region"]),
            text(&account["credential"]["label"]),
            text(&account["state"]["kind"]),
        );
    }
    Ok(())
}

/// The id of the account with this name or id.
pub(crate) async fn find(admin: &Admin, wanted: &str) -> Result<String> {
    Ok(text(&row(admin, wanted).await?["id"]))
}

/// The account with this name or id.
async fn row(admin: &Admin, wanted: &str) -> Result<Value> {
    let all = admin.ask("GET", "/api/accounts", None).await?;
    rows(&all, "accounts")
        .iter()
        .find(|account| {
            account["id"] == wanted || text(&account["name"]).to_lowercase() == wanted.to_lowercase()
        })
        .cloned()
        .with_context(|| format!("there is no account {wanted:?}; see `switchboard accounts list`"))
}

impl How {
    fn credential(&self) -> Result<Value> {
        Ok(if let Some(profile) = &self.profile {
            json!({"kind": "aws_profile", "profile": profile})
        } else if self.aws_default {
            json!({"kind": "aws_default"})
        } else if let Some(id) = &self.access_key_id {
            json!({"kind": "access_key", "access_key_id": id, "secret_access_key": secret("Secret access key")?.expose()})
        } else if self.api_key {
            json!({"kind": "bedrock_api_key", "api_key": secret("Bedrock API key")?.expose()})
        } else if self.kiro_api_key {
            json!({"kind": "kiro_api_key", "api_key": secret("Kiro API key")?.expose()})
        } else if self.credential_json {
            serde_json::from_str(secret("Credential (JSON)")?.expose())
                .context("the credential is not JSON")?
        } else {
            bail!(
                "say how to sign in: --profile, --aws-default, --access-key-id, --api-key, --kiro-api-key or \
             --credential-json"
            );
        })
    }
}

fn body_of(add: &Add) -> Result<Value> {
    let credential = add.how.credential()?;
    let mut body = json!({
        "name": add.name, "provider": add.provider(), "region": add.region, "credential": credential,
    });
    if add.how.instance_metadata {
        body["options"] = json!({"instance_metadata": true});
    }
    if let Some(url) = &add.endpoint_url {
        body["endpoint_url"] = json!(url);
    }
    Ok(body)
}

/// The array under `name`, or the answer itself when it is an array.
pub(crate) fn rows<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.as_array().or_else(|| answer[name].as_array()).map_or(&[], Vec::as_slice)
}

/// A JSON value as people read it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An allowance in one line.
fn used(quota: &Value) -> String {
    if quota.is_null() {
        return "its vendor tells no allowance".to_owned();
    }
    let [used, limit, left] = ["used", "limit", "remaining"].map(|name| amount(&quota[name]));
    let mut line = format!("{used} of {limit} {} used, {left} left", text(&quota["unit"]));
    let resets =
        quota["resets"].as_i64().and_then(|time| time::OffsetDateTime::from_unix_timestamp(time).ok());
    if let Some(time) = resets {
        line.push_str(&format!(", resets {}", time.date()));
    }
    if let Some(plan) = quota["plan"].as_str() {
        line.push_str(&format!(" ({plan})"));
    }
    line
}

/// Two digits after the point at most, as vendors show credits.
fn amount(value: &Value) -> String {
    let text = value.as_f64().map_or_else(|| "?".to_owned(), |number| format!("{number:.2}"));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn number(value: &Value) -> String {
    value.as_f64().map_or_else(|| "?".to_owned(), |number| format!("{number:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_one_line() {
        let quota = json!({"plan": "KIRO PRO", "unit": "credits", "used": 312.5, "limit": 1000.0,
            "remaining": 687.5, "resets": 1_796_083_200, "overage": null, "parts": []});
        assert_eq!(used(&quota), "312.5 of 1000 credits used, 687.5 left, resets 2026-12-01 (KIRO PRO)");
        let bare = json!({"plan": null, "unit": "credits", "used": 0.0, "limit": 50.0, "remaining": 50.0,
            "resets": null});
        assert_eq!(used(&bare), "0 of 50 credits used, 50 left");
        assert_eq!(used(&Value::Null), "its vendor tells no allowance");
    }
}
