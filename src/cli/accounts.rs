//! `switchboard accounts ...`

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::admin::Admin;
use crate::config::Config;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// All accounts, the active one marked
    List {
        #[arg(long)]
        json: bool,
    },
    /// Add an account; secrets are read from standard input, never from arguments
    Add(Add),
    /// Make an account the active one
    Use { account: String },
    /// Ask the account for one token
    Test { account: String },
    /// Remove an account and its credential
    Remove { account: String },
}

#[derive(Args)]
pub(crate) struct Add {
    /// A name of your choice
    name: String,
    /// `bedrock`
    #[arg(long, default_value = "bedrock")]
    provider: String,
    /// AWS region, e.g. us-east-1
    #[arg(long, default_value = "")]
    region: String,
    /// One address for all services of this account (loopback or https)
    #[arg(long)]
    endpoint_url: Option<String>,
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
    /// Read the whole credential as JSON from standard input, e.g. {"kind":"access_key",...}
    #[arg(long, group = "how")]
    credential_json: bool,
}

/// Runs an accounts command.
pub(crate) async fn run(config: Config, command: Command) -> Result<ExitCode> {
    // Secrets are asked for before anything is opened, so that a slow typist holds no lock.
    let addition = match &command {
        Command::Add(add) => Some(body_of(add)?),
        _ => None,
    };
    let admin = Admin::reach(&config).await?;
    let result = act(&admin, command, addition).await;
    admin.done().await;
    result
}

async fn act(admin: &Admin, command: Command, addition: Option<Value>) -> Result<ExitCode> {
    match command {
        Command::List { json } => list(admin, json).await?,
        Command::Add(_) => {
            let added = admin.ask("POST", "/api/accounts", addition.as_ref()).await?;
            println!("Added {} ({}).", text(&added["name"]), text(&added["id"]));
        }
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
async fn find(admin: &Admin, wanted: &str) -> Result<String> {
    let all = admin.ask("GET", "/api/accounts", None).await?;
    rows(&all, "accounts")
        .iter()
        .find(|account| {
            account["id"] == wanted || text(&account["name"]).to_lowercase() == wanted.to_lowercase()
        })
        .map(|account| text(&account["id"]))
        .with_context(|| format!("there is no account {wanted:?}; see `switchboard accounts list`"))
}

fn body_of(add: &Add) -> Result<Value> {
    let credential = if let Some(profile) = &add.profile {
        json!({"kind": "aws_profile", "profile": profile})
    } else if add.aws_default {
        json!({"kind": "aws_default"})
    } else if let Some(id) = &add.access_key_id {
        json!({"kind": "access_key", "access_key_id": id, "secret_access_key": secret("Secret access key")?})
    } else if add.api_key {
        json!({"kind": "bedrock_api_key", "api_key": secret("Bedrock API key")?})
    } else if add.credential_json {
        serde_json::from_str(&secret("Credential (JSON)")?).context("the credential is not JSON")?
    } else {
        bail!(
            "say how to sign in: --profile, --aws-default, --access-key-id, --api-key or --credential-json"
        );
    };
    let mut body = json!({
        "name": add.name, "provider": add.provider, "region": add.region, "credential": credential,
    });
    if add.instance_metadata {
        body["options"] = json!({"instance_metadata": true});
    }
    if let Some(url) = &add.endpoint_url {
        body["endpoint_url"] = json!(url);
    }
    Ok(body)
}

/// One line of standard input, or all of it when it is a pipe.
fn secret(what: &str) -> Result<String> {
    let mut stdin = std::io::stdin();
    let mut text = String::new();
    if stdin.is_terminal() {
        eprint!("{what}: ");
        stdin.read_line(&mut text)?;
    } else {
        stdin.read_to_string(&mut text)?;
    }
    let text = text.trim().to_owned();
    if text.is_empty() {
        bail!("{what}: nothing was given on standard input");
    }
    Ok(text)
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

fn number(value: &Value) -> String {
    value.as_f64().map_or_else(|| "?".to_owned(), |number| format!("{number:.0}"))
}
