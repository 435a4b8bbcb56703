//! `switchboard export` and `switchboard import`: accounts out of here and into here.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::accounts::{rows, text};
use super::admin::Admin;
use super::{consent, typed};
use crate::config::Config;

/// Larger files are refused by the admin API too.
const LARGEST: u64 = 5 * 1024 * 1024;

#[derive(Args)]
pub(crate) struct Export {
    /// The file to make; it must not exist yet
    file: PathBuf,
    /// Do not encrypt it: whoever reads the file has the accounts
    #[arg(long)]
    plain: bool,
    /// You know what --plain means
    #[arg(long, requires = "plain")]
    yes: bool,
}

#[derive(Args)]
pub(crate) struct Import {
    /// A file of Switchboard, a list of accounts, a token file of Kiro, or a list of keys
    file: PathBuf,
    /// Only show what would be added
    #[arg(long)]
    preview: bool,
    /// Add also what is there already
    #[arg(long)]
    duplicates: bool,
    /// AWS region of Bedrock accounts that bring none
    #[arg(long, default_value = "")]
    region: String,
    /// You have read the providers' policy notes and agree
    #[arg(long)]
    accept_policy: bool,
}

/// Writes every account into a file, encrypted with a passphrase unless told otherwise.
pub(crate) async fn export(config: Config, asked: Export) -> Result<ExitCode> {
    if asked.plain && !asked.yes {
        bail!("a plain file holds every key and token as it is; say --yes if that is what you want");
    }
    if asked.file.exists() {
        bail!("{} exists already", asked.file.display());
    }
    let body = if asked.plain {
        json!({"plain": true})
    } else {
        json!({"passphrase": typed::new_secret("Passphrase of the file")?.expose()})
    };
    let admin = Admin::reach(&config).await?;
    let made = admin.ask("POST", "/api/accounts/export", Some(&body)).await;
    admin.done().await;
    let made = made?;
    private(&asked.file)?
        .write_all(text(&made["content"]).as_bytes())
        .with_context(|| format!("cannot write {}", asked.file.display()))?;
    println!("{} accounts are in {}.", made["accounts"], asked.file.display());
    for name in rows(&made["left_out"], "left_out") {
        eprintln!("{} is not: its credential cannot be read.", text(name));
    }
    Ok(ExitCode::SUCCESS)
}

/// A new file that nobody else may read.
fn private(path: &Path) -> Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("cannot make {}", path.display()))
}

/// Adds the accounts of a file.
pub(crate) async fn import(config: Config, asked: Import) -> Result<ExitCode> {
    let cannot = || format!("cannot read {}", asked.file.display());
    let mut content = String::new();
    let file = std::fs::File::open(&asked.file).with_context(cannot)?;
    file.take(LARGEST + 1).read_to_string(&mut content).with_context(cannot)?;
    if content.len() as u64 > LARGEST {
        bail!("{} is larger than 5 MiB", asked.file.display());
    }
    let mut body = json!({"content": content, "region": asked.region, "preview": true});
    if ::secrets::is_parcel(&content) {
        body["passphrase"] = json!(typed::secret("Passphrase of the file")?.expose());
    }
    let admin = Admin::reach(&config).await?;
    let done = act(&admin, &asked, body).await;
    admin.done().await;
    done
}

async fn act(admin: &Admin, asked: &Import, mut body: Value) -> Result<ExitCode> {
    let preview = admin.ask("POST", "/api/accounts/import", Some(&body)).await?;
    let found = rows(&preview, "found");
    for one in found {
        println!("{:<28} {:<10} {}", text(&one["name"]), text(&one["provider"]), finding(&one["finding"]));
    }
    if asked.preview {
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |one: &&Value| {
        let kind = text(&one["finding"]["kind"]);
        kind == "new" || (asked.duplicates && kind == "duplicate")
    };
    let take: Vec<&Value> = found.iter().filter(wanted).map(|one| &one["index"]).collect();
    if take.is_empty() {
        println!("Nothing was added.");
        return Ok(ExitCode::SUCCESS);
    }
    for open in rows(&preview, "consents") {
        if consent::get(admin, &text(&open["provider"]), asked.accept_policy).await? {
            body["policy_accepted"] = json!(true);
            body["policy_accepted_by"] = json!("command_line");
        }
    }
    body["take"] = json!(take);
    body["preview"] = json!(false);
    let imported = admin.ask("POST", "/api/accounts/import", Some(&body)).await?;
    println!("Added {} accounts.", rows(&imported, "added").len());
    Ok(ExitCode::SUCCESS)
}

fn finding(finding: &Value) -> String {
    match finding["kind"].as_str() {
        Some("new") => "new".to_owned(),
        Some("duplicate") if finding["in_text"] == true => {
            format!("the same as {} of this file", text(&finding["of"]))
        }
        Some("duplicate") => format!("the same as {}, which is there", text(&finding["of"])),
        _ => format!("left out: {}", text(&finding["message"])),
    }
}
