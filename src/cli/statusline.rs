//! `switchboard statusline`: one line for the status line of Claude Code. Whatever goes wrong is one quiet line too, for
//! it is asked again and again while somebody works.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use ::accounts::{Clock, SystemClock};
use serde_json::Value;
use time::OffsetDateTime;

use super::accounts::{rows, text};
use crate::config::Config;
use crate::lock;

/// How long the instance may take to answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// How long whoever starts us may take to say what they know.
const LISTENING: Duration = Duration::from_millis(150);

/// Longest that is read of it, in bytes.
const LONGEST: u64 = 1024 * 1024;

const MINUTE_MS: i64 = 60_000;

/// Prints the line. It never fails.
pub(crate) async fn print(config: Config) -> ExitCode {
    let session = session();
    let told = tokio::time::timeout(PATIENCE, ask(&config.data_dir)).await;
    let now = OffsetDateTime::from(SystemClock.now());
    let line = match told {
        Ok(Some((status, accounts))) => line(&status, &accounts, now.unix_timestamp() * 1000),
        Ok(None) => "Switchboard does not run".to_owned(),
        Err(_) => "Switchboard is busy".to_owned(),
    };
    let model = session["model"]["display_name"].as_str().map(plain).filter(|model| !model.is_empty());
    println!("{}", [model, Some(line)].into_iter().flatten().collect::<Vec<_>>().join(" · "));
    ExitCode::SUCCESS
}

/// For a machine on which it is not even known where we are.
pub(crate) fn silent() -> ExitCode {
    println!("Switchboard does not run");
    ExitCode::SUCCESS
}

/// What Claude Code says of its session; null when it says nothing in time.
fn session() -> Value {
    if std::io::stdin().is_terminal() {
        return Value::Null;
    }
    let (sender, heard) = mpsc::channel();
    // Ends with the process, should nobody ever close our input.
    std::thread::spawn(move || {
        let mut said = Vec::new();
        if std::io::stdin().lock().take(LONGEST).read_to_end(&mut said).is_ok() {
            let _ = sender.send(said);
        }
    });
    let said = heard.recv_timeout(LISTENING).unwrap_or_default();
    serde_json::from_slice(&said).unwrap_or(Value::Null)
}

async fn ask(data_dir: &Path) -> Option<(Value, Value)> {
    let holder = lock::holder(data_dir)?;
    let http = providers::local_client().ok()?;
    let get = async |path: &str| {
        let request = http.get(format!("{}{path}", holder.url)).bearer_auth(&holder.pass);
        request.send().await.ok()?.error_for_status().ok()?.json::<Value>().await.ok()
    };
    // The person's day, as their window counts it.
    let offset = chrono::Local::now().offset().local_minus_utc();
    let now = OffsetDateTime::from(SystemClock.now()).unix_timestamp();
    let local = now + i64::from(offset);
    let today = (now - local.rem_euclid(86_400)) * 1000;
    let path = format!("/api/status?today_ms={today}");
    let (status, accounts) = tokio::join!(get(&path), get("/api/accounts"));
    Some((status?, accounts?))
}

/// Account, what is left of its sign-in, what the day has cost.
fn line(status: &Value, accounts: &Value, now_ms: i64) -> String {
    if status["paused"] == true {
        return "Switchboard is paused".to_owned();
    }
    let active = rows(accounts, "accounts").iter().find(|account| account["active"] == true);
    let mut parts =
        vec![active.map_or_else(|| "no account".to_owned(), |account| plain(&text(&account["name"])))];
    if let Some(account) = active {
        parts.extend(match account["state"]["kind"].as_str() {
            Some("needs_sign_in") => Some("sign in again".to_owned()),
            Some("ready") | None => None,
            Some(other) => Some(other.replace('_', " ")),
        });
        let ends = account["sign_in_ends_ms"].as_i64().filter(|ends| *ends > now_ms);
        parts.extend(ends.map(|ends| format!("sign-in {}", left(ends - now_ms))));
    }
    let cost = status["today"]["cost_usd"].as_f64().unwrap_or_default();
    parts.push(format!("today ${cost:.2}"));
    parts.join(" · ")
}

/// A span as `5h12m`.
fn left(ms: i64) -> String {
    let minutes = ms / MINUTE_MS;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h{minutes:02}m"),
        (days, hours, _) => format!("{days}d{hours}h"),
    }
}

/// A name of somebody else's choice, fit for a terminal.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_says_who_answers_for_how_long_and_what_it_cost() {
        let account = |state: &str, ends: Value| json!({"accounts": [{"name": "other"}, {"name": "work\u{1b}[31m", "active": true, "state": {"kind": state}, "sign_in_ends_ms": ends}]});
        let status = json!({"paused": false, "today": {"cost_usd": 4.123}});
        let ends = json!(5 * 60 * MINUTE_MS + 12 * MINUTE_MS + 7);
        assert_eq!(line(&status, &account("ready", ends), 0), "work[31m · sign-in 5h12m · today $4.12");
        assert_eq!(line(&status, &account("ready", json!(null)), 0), "work[31m · today $4.12");
        assert_eq!(
            line(&status, &account("needs_sign_in", json!(1)), 9),
            "work[31m · sign in again · today $4.12"
        );
        assert_eq!(line(&json!({}), &json!({}), 0), "no account · today $0.00");
        assert_eq!(line(&json!({"paused": true}), &json!({}), 0), "Switchboard is paused");
        assert_eq!((left(59_000), left(3 * 86_400_000)), ("0m".to_owned(), "3d0h".to_owned()));
    }
}
