//! `switchboard clients ...`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::accounts::{rows, text};
use super::admin::Admin;
use crate::config::Config;
use crate::lock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The editors and tools that can be connected, and how each stands
    List {
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Point a client at Switchboard: shows what would change in its file, then writes it
    Connect {
        client: String,
        /// The model to ask; one that the active account has when left out
        #[arg(long)]
        model: Option<String>,
        /// Write without asking
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// What connecting a client would change in its file, or with --undo what taking it back would
    Diff {
        client: String,
        #[arg(long)]
        undo: bool,
        #[arg(long, conflicts_with = "undo")]
        model: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Put a client's file back, without what the person wrote into it since
    Undo {
        client: String,
        /// Write without asking
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Put every file back that Switchboard changed; works without anything else of it
    Restore,
}

#[derive(clap::Args)]
pub(crate) struct Whose {
    /// Another home than yours, as `list` names it: of a Linux within Windows, or of the Windows around a Linux
    #[arg(long)]
    home: Option<String>,
}

impl Whose {
    /// As a query, with a model where one is named.
    fn query(&self, model: Option<&str>) -> String {
        let told = [("home", self.home.as_deref()), ("model", model)];
        let told = told.iter().filter_map(|(name, value)| Some(format!("{name}={}", url_words((*value)?))));
        format!("?{}", told.collect::<Vec<_>>().join("&"))
    }

    /// As the body of a request that writes what was looked at.
    fn order(&self, preview: &Value, model: Option<&str>) -> Value {
        let mut order = json!({"fingerprint": preview["fingerprint"]});
        for (name, value) in [("home", self.home.as_deref()), ("model", model)] {
            if let Some(value) = value {
                order[name] = json!(value);
            }
        }
        order
    }
}

/// Runs a clients command.
pub(crate) async fn run(config: Config, command: Command) -> Result<ExitCode> {
    if let Command::Restore = command {
        return restore(&config).await;
    }
    let admin = Admin::reach(&config).await?;
    let result = act(&admin, command).await;
    admin.done().await;
    result
}

async fn act(admin: &Admin, command: Command) -> Result<ExitCode> {
    match command {
        Command::List { json, whose } => list(admin, json, &whose).await?,
        Command::Diff { client, undo, model, whose } => {
            let what = if undo { "undo" } else { "connect" };
            let preview = preview(admin, &client, what, &whose.query(model.as_deref())).await?;
            show(&preview);
        }
        Command::Connect { client, model, yes, whose } => {
            let preview = preview(admin, &client, "connect", &whose.query(model.as_deref())).await?;
            show(&preview);
            if !may(yes, "Write this?")? {
                return Ok(ExitCode::FAILURE);
            }
            let order = whose.order(&preview, model.as_deref());
            let done = admin.ask("POST", &path(&client, "connect"), Some(&order)).await?;
            println!(
                "{} is connected. Take it back with `switchboard clients undo {client}`.",
                text(&done["client"]["name"])
            );
            if let Some(key) = done["key"].as_str() {
                println!("Enter this key where it asks for one: {key}");
            }
        }
        Command::Undo { client, yes, whose } => {
            let preview = preview(admin, &client, "undo", &whose.query(None)).await?;
            show(&preview);
            if !may(yes, "Write this?")? {
                return Ok(ExitCode::FAILURE);
            }
            let order = whose.order(&preview, None);
            let done = admin.ask("POST", &path(&client, "undo"), Some(&order)).await?;
            println!("{} is as it was, and its local key is gone.", text(&done["name"]));
        }
        Command::Restore => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn path(client: &str, what: &str) -> String {
    let plain: String = client.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("/api/clients/{plain}/{what}")
}

async fn preview(admin: &Admin, client: &str, what: &str, query: &str) -> Result<Value> {
    admin.ask("GET", &format!("{}{query}", path(client, what)), None).await
}

fn url_words(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn show(preview: &Value) {
    println!("{}", text(&preview["file"]));
    match preview["diff"].as_str() {
        Some(diff) if !diff.is_empty() => println!("{}", diff.trim_end()),
        _ => println!("Nothing would change."),
    }
}

/// Asks the person, who must be there to answer.
fn may(yes: bool, question: &str) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to ask; add --yes to write it");
    }
    print!("{question} [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

async fn list(admin: &Admin, json: bool, whose: &Whose) -> Result<()> {
    let all = admin.ask("GET", &format!("/api/clients{}", whose.query(None)), None).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for client in rows(&all, "clients") {
        println!("{:<16} {:<32} {}", text(&client["id"]), text(&client["name"]), line(client));
    }
    for home in rows(&all, "homes") {
        println!(
            "{}: clients of {} are listed and connected with `--home {0}`.",
            text(&home["id"]),
            text(&home["name"])
        );
    }
    Ok(())
}

/// How a client stands, in words.
fn line(client: &Value) -> String {
    let state = match text(&client["state"]).as_str() {
        "connected" if client["proof"].is_null() => "connected, no request yet".to_owned(),
        "connected" => "connected and proven".to_owned(),
        other => other.replace('_', " "),
    };
    let file = client["file"].as_str().map(str::to_owned);
    [Some(state), file].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Puts everything back: by the running instance, which takes the keys away too, else from the journal alone.
async fn restore(config: &Config) -> Result<ExitCode> {
    if lock::holder(&config.data_dir).is_some()
        && let Ok(admin) = Admin::reach_locked(config).await
        && let Ok(done) = admin.ask("POST", "/api/clients/restore", None).await
    {
        let outcome =
            |one: &Value| (text(&one["file"]), one["problem"]["message"].as_str().map(str::to_owned));
        return tell(rows(&done, "restored").iter().map(outcome).collect());
    }
    let connections =
        config.environment.clients(&config.data_dir).context("the home folder is unknown; set HOME")?;
    let outcome = |one: clients::Restored| {
        (connections.shown(&one.path), one.result.err().map(|error| error.to_string()))
    };
    let restored = connections.restore()?.into_iter().map(outcome).collect::<Vec<_>>();
    if !restored.is_empty() {
        eprintln!("Their local keys are still good; remove them with `switchboard keys remove`.");
    }
    tell(restored)
}

fn tell(restored: Vec<(String, Option<String>)>) -> Result<ExitCode> {
    if restored.is_empty() {
        println!("No file was changed by Switchboard.");
    }
    let mut code = ExitCode::SUCCESS;
    for (file, problem) in restored {
        match problem {
            None => println!("{file} is as it was."),
            Some(problem) => {
                eprintln!("{problem}");
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
