//! `switchboard accounts found`: what other programs of this machine keep, and taking it into use.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::accounts::{rows, text};
use super::admin::Admin;
use super::consent;
use super::sign_in::{self, Chosen};

#[derive(Args)]
pub(crate) struct Found {
    #[arg(long, conflicts_with = "import")]
    json: bool,
    /// Take these into use, by name as listed; may be given several times
    #[arg(long, value_name = "NAME", num_args = 1..)]
    import: Vec<String>,
    /// Sign in to the same place with Switchboard itself, instead of using another program's login
    #[arg(long, requires = "import")]
    own: bool,
    /// You have read the providers' policy notes and agree
    #[arg(long)]
    accept_policy: bool,
}

pub(super) async fn run(admin: &Admin, found: &Found) -> Result<()> {
    let all = admin.ask("GET", "/api/found", None).await?;
    if found.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let all = rows(&all, "found");
    if found.import.is_empty() { list(admin, all).await } else { import(admin, all, found).await }
}

async fn list(admin: &Admin, all: &[Value]) -> Result<()> {
    if all.is_empty() {
        println!("Nothing was found on this machine.");
        return Ok(());
    }
    let accounts = admin.ask("GET", "/api/accounts", None).await?;
    for one in all {
        let owner = rows(&accounts, "accounts").iter().find(|account| account["id"] == one["account"]);
        println!(
            "{:<28} {}",
            text(&one["id"]),
            line(one, owner.map(|account| text(&account["name"])).as_deref())
        );
    }
    println!(
        "\nTake into use with `switchboard accounts found --import NAME`; nothing is changed where it is kept."
    );
    Ok(())
}

/// What is told of one, after its name.
fn line(one: &Value, owner: Option<&str>) -> String {
    let mut parts = vec![text(&one["kind"]).replace('_', " ")];
    for member in ["region", "start_url"] {
        parts.extend(one[member].as_str().map(str::to_owned));
    }
    let ends =
        one["expires_ms"].as_i64().and_then(|ms| time::OffsetDateTime::from_unix_timestamp(ms / 1000).ok());
    if let Some(ends) = ends {
        let end = ends.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        parts.push(format!("good until {end}"));
    }
    parts.push(text(&one["place"]));
    parts.extend(match (owner, one["usable"] == true, one["sign_in"].is_null()) {
        (Some(owner), ..) => Some(format!("in use by {owner}")),
        (None, true, _) => None,
        (None, false, false) => Some("to sign in to".to_owned()),
        (None, false, true) => Some("cannot be used".to_owned()),
    });
    parts.join(" · ")
}

async fn import(admin: &Admin, all: &[Value], found: &Found) -> Result<()> {
    let mut wanted: Vec<&Value> = Vec::new();
    for name in &found.import {
        let low = name.to_lowercase();
        let is = |one: &&Value| ["id", "name"].iter().any(|member| text(&one[*member]).to_lowercase() == low);
        let mut same = all.iter().filter(is);
        let one =
            same.next().with_context(|| format!("there is no {name:?}; see `switchboard accounts found`"))?;
        if same.next().is_some() {
            bail!("there are several called {name:?}; use the name in the first column");
        }
        wanted.push(one);
    }
    let mut accepted = false;
    let mut providers: Vec<_> = wanted.iter().map(|one| text(&one["provider"])).collect();
    providers.sort();
    providers.dedup();
    for provider in providers {
        accepted |= consent::get(admin, &provider, found.accept_policy).await?;
    }
    let items: Vec<_> = wanted.iter().map(|one| json!({"id": one["id"], "own": found.own})).collect();
    let mut body = json!({"items": items});
    if accepted {
        body["policy_accepted"] = json!(true);
        body["policy_accepted_by"] = json!("command_line");
    }
    let done = admin.ask("POST", "/api/found/import", Some(&body)).await?;
    let mut failed = 0;
    for one in rows(&done, "imported") {
        if let Some(problem) = one["problem"]["message"].as_str() {
            eprintln!("{}: {problem}", text(&one["id"]));
            failed += 1;
        } else if one["sign_in"].is_object() {
            sign_in::follow(admin, &Chosen::default(), one["sign_in"].clone()).await?;
        } else {
            println!("Added {} ({}).", text(&one["account"]["name"]), text(&one["account"]["id"]));
        }
    }
    if failed > 0 {
        bail!("{failed} of {} could not be taken into use", items.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_tells_what_was_read_and_what_can_be_done() {
        let one = json!({"kind": "sso_session", "region": "eu-central-1", "start_url": "https://c.awsapps.com/start",
            "expires_ms": 1_795_262_400_000_i64, "place": "/h/.aws/config", "usable": false, "sign_in": {}});
        assert_eq!(
            line(&one, None),
            "sso session · eu-central-1 · https://c.awsapps.com/start · good until 2026-11-21T12:00:00Z · /h/.aws/config · to \
             sign in to"
        );
        let key = json!({"kind": "api_key", "region": null, "place": "KIRO_API_KEY", "usable": false, "sign_in": null});
        assert_eq!(line(&key, Some("Environment")), "api key · KIRO_API_KEY · in use by Environment");
        assert_eq!(line(&key, None), "api key · KIRO_API_KEY · cannot be used");
    }
}
