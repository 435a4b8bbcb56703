//! `switchboard accounts sign-in`: the person confirms in a browser, on this machine or another.

use std::io::IsTerminal;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::accounts::{provider_id, rows, text};
use super::admin::Admin;
use super::consent;

#[derive(Args)]
pub(crate) struct SignIn {
    /// The account to sign in to again, or a name for a new one
    account: String,
    /// `bedrock` or `amazon_q` (also `kiro`), for a new account
    #[arg(long)]
    provider: Option<String>,
    /// How: `builder-id`, `identity-center`, `google`, `github`, `external-idp`; what the account was signed in with when left
    /// out
    #[arg(long)]
    way: Option<String>,
    /// Let a browser of this machine bring the sign-in back, instead of confirming a code
    #[arg(long)]
    browser: bool,
    /// With identity-center: the organisation's start page, e.g. https://d-1234567890.awsapps.com/start
    #[arg(long)]
    start_url: Option<String>,
    /// With identity-center: the region of the directory, e.g. eu-central-1
    #[arg(long)]
    sso_region: Option<String>,
    /// With external-idp: the address of the identity provider
    #[arg(long)]
    issuer_url: Option<String>,
    /// With external-idp: the id of the application there
    #[arg(long)]
    client_id: Option<String>,
    /// With external-idp: scopes to ask for in place of the usual ones
    #[arg(long)]
    scopes: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// AWS region of a new account, e.g. us-east-1
    #[arg(long, default_value = "")]
    region: String,
    /// One address for all services of a new account (loopback or https)
    #[arg(long)]
    endpoint_url: Option<String>,
    /// You have read the provider's policy note and agree
    #[arg(long)]
    accept_policy: bool,
}

/// What the person has chosen before they are asked.
#[derive(Args, Default)]
pub(crate) struct Chosen {
    /// The AWS account to use, by its number, without being asked
    #[arg(long)]
    aws_account: Option<String>,
    /// The role to use, without being asked
    #[arg(long)]
    role: Option<String>,
}

/// Signs in, and tells the person what to do on the way. Who interrupts it cancels it.
pub(super) async fn run(admin: &Admin, sign_in: &SignIn) -> Result<()> {
    let body = body(admin, sign_in).await?;
    let begun = admin.ask("POST", "/api/signins", Some(&body)).await?;
    follow(admin, &sign_in.chosen, begun).await
}

/// Goes on with a sign-in to its end.
pub(super) async fn follow(admin: &Admin, chosen: &Chosen, begun: Value) -> Result<()> {
    let path = format!("/api/signins/{}", text(&begun["id"]));
    let outcome = tokio::select! {
        outcome = to_the_end(admin, chosen, &path, begun) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("the sign-in was cancelled")),
    };
    if outcome.is_err() {
        // It may be over by itself.
        let _ = admin.send("DELETE", &path, None).await;
    }
    outcome
}

async fn body(admin: &Admin, sign_in: &SignIn) -> Result<Value> {
    let mut fields = Map::new();
    for (name, given) in [
        ("start_url", &sign_in.start_url),
        ("oidc_region", &sign_in.sso_region),
        ("issuer_url", &sign_in.issuer_url),
        ("client_id", &sign_in.client_id),
        ("scopes", &sign_in.scopes),
    ] {
        if let Some(value) = given {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    let mut body = json!({"fields": fields});
    if sign_in.browser {
        body["flow"] = json!("browser");
    }
    let login = sign_in.way.as_ref().map(|way| way.replace('-', "_"));
    let all = admin.ask("GET", "/api/accounts", None).await?;
    let wanted = sign_in.account.to_lowercase();
    let known = rows(&all, "accounts")
        .iter()
        .find(|account| account["id"] == *sign_in.account || text(&account["name"]).to_lowercase() == wanted);
    if let Some(account) = known {
        body["account"] = account["id"].clone();
        if let Some(login) = login {
            body["login"] = json!(login);
        }
        return Ok(body);
    }
    let provider = provider_id(sign_in.provider.as_deref().unwrap_or("bedrock"));
    body["login"] = json!(match login {
        Some(login) => login,
        None => only_way(admin, provider).await?,
    });
    body["provider"] = json!(provider);
    body["name"] = json!(sign_in.account);
    body["region"] = json!(sign_in.region);
    if let Some(url) = &sign_in.endpoint_url {
        body["endpoint_url"] = json!(url);
    }
    if consent::get(admin, provider, sign_in.accept_policy).await? {
        body["policy_accepted"] = json!(true);
        body["policy_accepted_by"] = json!("command_line");
    }
    Ok(body)
}

/// The way of a provider that has one.
async fn only_way(admin: &Admin, provider: &str) -> Result<String> {
    let all = admin.ask("GET", "/api/providers", None).await?;
    let offer = rows(&all, "providers").iter().find(|offer| offer["id"] == provider);
    let offer = offer.with_context(|| format!("there is no provider {provider:?}"))?;
    match rows(offer, "logins") {
        [] => bail!("{provider} has no sign-in with a browser; see `switchboard accounts add --help`"),
        [only] => Ok(text(&only["id"])),
        several => {
            let names: Vec<_> = several.iter().map(|way| text(&way["id"]).replace('_', "-")).collect();
            bail!("say how with --way: {}", names.join(", "))
        }
    }
}

async fn to_the_end(admin: &Admin, chosen: &Chosen, path: &str, mut view: Value) -> Result<()> {
    let mut shown = Value::Null;
    loop {
        match view["state"].as_str() {
            Some("done") => {
                println!("{} is signed in.", text(&view["name"]));
                return Ok(());
            }
            Some("failed") => bail!("{}", text(&view["problem"]["message"])),
            _ => {}
        }
        let prompt = view["prompt"].clone();
        if prompt != shown {
            if prompt["kind"] == "choose" {
                let choice = choose(chosen, &prompt)?;
                view = admin.ask("POST", &format!("{path}/choice"), Some(&json!({"choice": choice}))).await?;
                shown = prompt;
                continue;
            }
            show(&prompt);
            shown = prompt;
        }
        view = admin.ask("GET", &format!("{path}?version={}", view["version"]), None).await?;
    }
}

fn show(prompt: &Value) {
    match prompt["kind"].as_str() {
        Some("device") => eprintln!(
            "Open this page in any browser, see that it shows the code, and confirm:\n\n    {}\n    {}\n",
            text(&prompt["url"]),
            text(&prompt["user_code"])
        ),
        Some("browser") => {
            eprintln!("Open this page in a browser of this machine:\n\n    {}\n", text(&prompt["url"]));
        }
        _ => {}
    }
}

/// What the flags say, or the person.
fn choose(chosen: &Chosen, prompt: &Value) -> Result<String> {
    let (given, flag, what) = match prompt["what"].as_str() {
        Some("role") => (&chosen.role, "--role", "role"),
        _ => (&chosen.aws_account, "--aws-account", "AWS account"),
    };
    let options = rows(prompt, "options");
    if let Some(given) = given {
        let found = options.iter().find(|option| option["id"] == *given || option["label"] == *given);
        let found = found.with_context(|| format!("there is no {what} {given:?} for you"))?;
        return Ok(text(&found["id"]));
    }
    for (number, option) in (1..).zip(options) {
        eprintln!("{number:>4}  {}", text(&option["label"]));
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("say which {what} to use with {flag}");
    }
    eprint!("Which {what}? [1-{}] ", options.len());
    let mut said = String::new();
    stdin.read_line(&mut said)?;
    let option = said.trim().parse::<usize>().ok().and_then(|number| options.get(number.checked_sub(1)?));
    Ok(text(&option.with_context(|| format!("that is no {what} of the list"))?["id"]))
}
