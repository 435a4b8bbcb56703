//! `switchboard keys ...`

use std::process::ExitCode;
use std::str::FromStr;

use ::accounts::{Clock, SystemClock};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::accounts::{rows, text};
use super::admin::Admin;
use crate::config::Config;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// All keys, what each may and what it has spent
    List {
        #[arg(long)]
        json: bool,
    },
    /// Make a key; it is printed once, alone on standard output
    Add {
        /// A name of your choice
        name: String,
        #[command(flatten)]
        rules: Rules,
    },
    /// Change what a key may, from the next request on; what is not named stays
    Edit {
        key: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        rules: Rules,
    },
    /// Remove a key: who sends it is refused from now on
    Remove { key: String },
    /// Replace a key's text, which is printed once; name, limits and sums stay
    Rotate { key: String },
}

/// What a key may. `none` lifts a limit.
#[derive(Args, Default)]
pub(crate) struct Rules {
    /// A model it may ask, with * and ?; may be given several times
    #[arg(long = "model", value_name = "PATTERN")]
    models: Vec<String>,
    /// An account that may answer it, by name or id, or #TAG for all with that tag; may be given several times
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<String>,
    /// Service tier asked for where the client asks for none: default, flex, priority or reserved
    #[arg(long)]
    tier: Option<Or<Tier>>,
    /// Answers it may ask for in a minute
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<Or<u32>>,
    /// Tokens of a day (UTC); what is read from a cache does not count
    #[arg(long, value_name = "N")]
    tokens_per_day: Option<Or<u64>>,
    /// Estimated cost of a month (UTC)
    #[arg(long, value_name = "USD")]
    usd_per_month: Option<Or<f64>>,
    /// The day after which it is no longer good (2027-01-31), or in how many days (30d)
    #[arg(long, value_name = "DATE|DAYS")]
    expires: Option<Or<Until>>,
    /// Whether the wire of its requests is kept: on, off, or as the settings say (none)
    #[arg(long)]
    capture: Option<Or<Switch>>,
}

/// A value, or the word `none`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Or<T> {
    None,
    Some(T),
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Tier {
    Default,
    Flex,
    Priority,
    Reserved,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// When a key ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    /// With this day of UTC.
    Day(Date),
    /// So many days from now.
    Days(u32),
}

impl<T: FromStr<Err: std::fmt::Display>> FromStr for Or<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            text => text.parse().map(Self::Some).map_err(|error: T::Err| error.to_string()),
        }
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ValueEnum::from_str(text, true)
    }
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ValueEnum::from_str(text, true)
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse().ok()) {
            return Ok(Self::Days(days));
        }
        let date = Date::parse(text, format_description!("[year]-[month]-[day]"));
        date.map(Self::Day).map_err(|_| "is neither a date like 2027-01-31 nor a span like 30d".to_owned())
    }
}

impl<T> Or<T> {
    fn json(self, write: impl FnOnce(T) -> Value) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Some(value) => write(value),
        }
    }
}

impl Until {
    fn millis(self, now_ms: i64) -> i64 {
        match self {
            Self::Days(days) => now_ms + i64::from(days) * DAY_MS,
            Self::Day(day) => day.midnight().assume_utc().unix_timestamp() * 1000 + DAY_MS,
        }
    }
}

/// Runs a keys command.
pub(crate) async fn run(config: Config, command: Command) -> Result<ExitCode> {
    let admin = Admin::reach(&config).await?;
    let result = act(&admin, command).await;
    admin.done().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn act(admin: &Admin, command: Command) -> Result<()> {
    match command {
        Command::List { json } => list(admin, json).await?,
        Command::Add { name, rules } => {
            let body = json!({"name": name, "rules": rules.read(admin).await?});
            let made = admin.ask("POST", "/api/keys", Some(&body)).await?;
            eprintln!("This is the key of {}. It is not shown again.", text(&made["name"]));
            println!("{}", text(&made["key"]));
        }
        Command::Edit { key, name, rules } => {
            let mut body = json!({"rules": rules.read(admin).await?});
            if let Some(name) = name {
                body["name"] = json!(name);
            }
            let changed = admin.ask("PATCH", &path(admin, &key).await?, Some(&body)).await?;
            println!("{}: {}", text(&changed["name"]), rules_of(&changed["rules"]));
        }
        Command::Remove { key } => {
            admin.ask("DELETE", &path(admin, &key).await?, None).await?;
            println!("Removed {key}. Who sends it is refused.");
        }
        Command::Rotate { key } => {
            let path = path(admin, &key).await?;
            let rotated = admin.ask("POST", &format!("{path}/rotate"), None).await?;
            eprintln!(
                "The old key of {key} is worth nothing any more. This is the new one; it is not shown again."
            );
            println!("{}", text(&rotated["key"]));
        }
    }
    Ok(())
}

async fn list(admin: &Admin, json: bool) -> Result<()> {
    let all = admin.ask("GET", "/api/keys", None).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for key in rows(&all, "keys") {
        println!(
            "{:<20} {:<6} today {} tokens, month {:.2} USD, last used {}; {}",
            text(&key["name"]),
            text(&key["hint"]),
            text(&key["tokens_today"]),
            key["usd_this_month"].as_f64().unwrap_or(0.0),
            key["last_used_ms"].as_i64().and_then(date).unwrap_or_else(|| "never".to_owned()),
            rules_of(&key["rules"]),
        );
    }
    Ok(())
}

/// Where the key with this name or id is.
async fn path(admin: &Admin, wanted: &str) -> Result<String> {
    let all = admin.ask("GET", "/api/keys", None).await?;
    let found = rows(&all, "keys")
        .iter()
        .find(|key| key["id"] == wanted || text(&key["name"]).to_lowercase() == wanted.to_lowercase())
        .with_context(|| format!("there is no key {wanted:?}; see `switchboard keys list`"))?;
    Ok(format!("/api/keys/{}", text(&found["id"])))
}

/// Rules in one line.
fn rules_of(rules: &Value) -> String {
    let mut said = Vec::new();
    let list = |member: &str| {
        let entries = rows(rules, member).iter().map(text).collect::<Vec<_>>();
        (!entries.is_empty()).then(|| entries.join(" "))
    };
    said.extend(list("models").map(|models| format!("models {models}")));
    said.extend(list("accounts").map(|accounts| format!("accounts {accounts}")));
    for (member, before, after) in [
        ("tier", "tier ", ""),
        ("requests_per_minute", "", " requests a minute"),
        ("tokens_per_day", "", " tokens a day"),
        ("usd_per_month", "", " USD a month"),
        ("capture", "capture ", ""),
    ] {
        if !rules[member].is_null() {
            said.push(format!("{before}{}{after}", text(&rules[member])));
        }
    }
    // The last day on which it is good.
    if let Some(end) = rules["expires_ms"].as_i64().and_then(|end| date(end - 1)) {
        said.push(format!("until {end}"));
    }
    if said.is_empty() { "no limits".to_owned() } else { said.join(", ") }
}

fn date(time_ms: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(time_ms / 1000).ok().map(|time| time.date().to_string())
}

impl Rules {
    /// The rules that were named, as the admin API takes them.
    async fn read(self, admin: &Admin) -> Result<Map<String, Value>> {
        let mut rules = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                rules.insert(name.to_owned(), value);
            }
        };
        put("models", several(&self.models));
        put("tier", self.tier.map(|tier| tier.json(|tier| word(&tier))));
        put("requests_per_minute", self.requests_per_minute.map(|most| most.json(Value::from)));
        put("tokens_per_day", self.tokens_per_day.map(|most| most.json(Value::from)));
        put("usd_per_month", self.usd_per_month.map(|most| most.json(Value::from)));
        put("capture", self.capture.map(|capture| capture.json(|capture| (capture == Switch::On).into())));
        let now_ms = OffsetDateTime::from(SystemClock.now()).unix_timestamp() * 1000;
        put("expires_ms", self.expires.map(|until| until.json(|until| until.millis(now_ms).into())));
        let mut ids = Vec::new();
        for account in &self.accounts {
            ids.push(if account == "none" || account.starts_with('#') {
                account.clone()
            } else {
                super::accounts::find(admin, account).await?
            });
        }
        put("accounts", several(&ids));
        Ok(rules)
    }
}

/// A list that was given; `none` alone empties it.
fn several(given: &[String]) -> Option<Value> {
    match given {
        [] => None,
        [none] if none == "none" => Some(json!([])),
        some => Some(json!(some)),
    }
}

fn word(tier: &Tier) -> Value {
    tier.to_possible_value().map_or(Value::Null, |word| json!(word.get_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_lifted() {
        assert_eq!("none".parse::<Or<u32>>(), Ok(Or::None));
        assert_eq!("5".parse::<Or<u32>>(), Ok(Or::Some(5)));
        assert!("five".parse::<Or<u32>>().is_err());
        assert_eq!("FLEX".parse::<Or<Tier>>(), Ok(Or::Some(Tier::Flex)));
        assert_eq!(several(&["none".to_owned()]), Some(json!([])));
        assert_eq!(several(&[]), None);
    }

    #[test]
    fn a_key_is_good_on_its_last_day() {
        let day = "1970-01-02".parse::<Until>().unwrap();
        assert_eq!(day.millis(0), 2 * DAY_MS);
        assert_eq!("30d".parse::<Until>().unwrap().millis(7), 30 * DAY_MS + 7);
        assert!("soon".parse::<Until>().is_err());
    }

    #[test]
    fn rules_are_one_line() {
        let rules = json!({"models": ["claude-*", "nova-*"], "accounts": [], "tier": null, "tokens_per_day": 9,
            "usd_per_month": 2.5, "expires_ms": DAY_MS, "requests_per_minute": null, "capture": false});
        assert_eq!(
            rules_of(&rules),
            "models claude-* nova-*, 9 tokens a day, 2.5 USD a month, capture false, until 1970-01-01"
        );
        assert_eq!(rules_of(&json!({})), "no limits");
    }
}
