//! The checks. Each looks at one thing and says it in one sentence.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use accounts::{AccountView, StateView};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::{Action, Check, CheckState, Fix};
use crate::admin::trial;
use crate::{Gateway, owner_of, preferred};

/// Wrong clocks beyond this are refused by AWS, in seconds.
const SKEW: i64 = 300;
/// A name or a neighbour that does not answer by then does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Id of the provider whose accounts reach no network.
const SANDBOX: &str = "sandbox";

pub(super) async fn run(gateway: &Arc<Gateway>, test: bool, port: Option<u16>) -> Vec<Check> {
    let mut checks = vec![data_folder(gateway).await];
    checks.extend(proxy(gateway, port).await);
    checks.extend(protection(gateway));
    checks.extend(log(gateway));
    checks.extend(disk(gateway));
    checks.extend(tray(gateway));
    checks.extend(way_out(gateway).await);
    checks.extend(accounts(gateway, test).await);
    checks
}

impl Check {
    pub(super) fn new(
        id: impl Into<String>,
        state: CheckState,
        title_code: &'static str,
        message: String,
    ) -> Self {
        Self { id: id.into(), state, title_code, params: Map::new(), message, fix: None }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn fixed_by(mut self, action: Action, params: Value) -> Self {
        let params = if let Value::Object(params) = params { params } else { Map::new() };
        self.fix = Some(Fix { action, params });
        self
    }
}

async fn data_folder(gateway: &Gateway) -> Check {
    let folder = gateway.office.folder.clone();
    let shown = folder.display().to_string();
    let probe = move || {
        let file = folder.join(".doctor");
        std::fs::write(&file, b"ok").and_then(|()| std::fs::remove_file(&file))
    };
    let written =
        tokio::task::spawn_blocking(probe).await.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
    match written {
        Ok(()) => {
            let message = format!("data folder: {shown} can be written");
            Check::new("data_folder", CheckState::Ok, "check_data_folder_ok", message).with("path", shown)
        }
        Err(error) => {
            let message = format!("data folder: {shown}: {error}");
            let check = Check::new("data_folder", CheckState::Fail, "check_data_folder_failed", message);
            check.with("path", shown).with("said", error.to_string())
        }
    }
}

async fn proxy(gateway: &Arc<Gateway>, port: Option<u16>) -> Vec<Check> {
    let addresses = gateway.addresses.load_full();
    if let Some(problem) = gateway.office.port_problem() {
        return vec![taken(problem.port, problem.owner.as_deref(), true)];
    }
    if addresses.is_empty() {
        let port = port.unwrap_or_else(|| gateway.settings.load().port);
        return vec![free(port).await];
    }
    let address = preferred(&addresses);
    let url = crate::url_of(address);
    let mut checks = vec![match reach(address).await {
        Ok(()) => Check::new("proxy", CheckState::Ok, "check_proxy_ok", format!("proxy: runs at {url}"))
            .with("url", url),
        Err(said) => {
            let message = format!("proxy: {url} does not answer: {said}");
            Check::new("proxy", CheckState::Fail, "check_proxy_unreachable", message)
                .with("url", url)
                .with("said", said)
        }
    }];
    if gateway.office.is_paused() {
        let message = "proxy: is paused; clients are refused".to_owned();
        let check = Check::new("paused", CheckState::Warn, "check_paused", message);
        checks.push(check.fixed_by(Action::Resume, json!({})));
    }
    checks
}

/// Asks ourselves, as a client would.
async fn reach(address: SocketAddr) -> Result<(), String> {
    let port = address.port();
    let home = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
    let asking = async {
        let mut stream = TcpStream::connect((home, port)).await?;
        let head = format!("GET /health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut answer = [0_u8; 12];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match timeout(PATIENCE, asking).await {
        Ok(Ok(answer)) if answer.ends_with(b" 200") => Ok(()),
        Ok(Ok(answer)) => Err(String::from_utf8_lossy(&answer).into_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer".to_owned()),
    }
}

/// The port of a proxy that does not run.
async fn free(port: u16) -> Check {
    let looking = tokio::task::spawn_blocking(move || {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop);
        let owner = if bound.is_err() { owner_of(port) } else { None };
        (bound, owner)
    });
    match looking.await {
        Ok((Ok(()), _)) => {
            let message = format!("port: {port} is free; the proxy does not run");
            Check::new("port", CheckState::Ok, "check_port_free", message).with("port", port)
        }
        Ok((Err(error), None)) => {
            let message = format!("port: {port} cannot be used: {error}. Another program may hold it.");
            Check::new("port", CheckState::Fail, "check_port_refused", message)
                .with("port", port)
                .with("said", error.to_string())
        }
        Ok((Err(_), owner)) => taken(port, owner.as_deref(), false),
        Err(_) => Check::new("port", CheckState::Fail, "check_port_refused", format!("port: {port}"))
            .with("port", port),
    }
}

fn taken(port: u16, owner: Option<&str>, movable: bool) -> Check {
    let who = owner.unwrap_or("another program");
    let message = format!("port: {port} cannot be used: {who} has it");
    let check = Check::new("port", CheckState::Fail, "check_port_taken", message).with("port", port);
    let check = check.with("owner", owner.unwrap_or_default());
    // The neighbour is easy to remember, and the window can name another.
    if movable { check.fixed_by(Action::MovePort, json!({"port": port.saturating_add(1)})) } else { check }
}

fn protection(gateway: &Gateway) -> Vec<Check> {
    let mut checks = Vec::new();
    if !gateway.demands_key() {
        let message =
            "key: every program of this machine may use your accounts without the local key".to_owned();
        let check = Check::new("key", CheckState::Warn, "check_key_waived", message);
        checks.push(check.fixed_by(Action::RequireKey, json!({})));
    }
    let addresses = gateway.addresses.load();
    if addresses.iter().any(|address| !address.ip().is_loopback()) {
        let message = "network: other machines can reach the proxy".to_owned();
        checks.push(Check::new("network", CheckState::Warn, "check_network_wide", message));
    }
    match gateway.core.condition() {
        store::Condition::ReadOnly { .. } => {
            let message = "data: was written by a newer version and is not changed".to_owned();
            checks.push(Check::new("data", CheckState::Fail, "check_data_newer", message));
        }
        store::Condition::Restored { .. } => {
            let message = "data: was damaged; a backup took its place at the start".to_owned();
            checks.push(Check::new("data", CheckState::Warn, "check_data_restored", message));
        }
        store::Condition::Fresh | store::Condition::Good => {}
    }
    checks
}

fn log(gateway: &Gateway) -> Option<Check> {
    let dropped = gateway.sink.dropped();
    (dropped > 0).then(|| {
        let message = format!("log: {dropped} rows were lost because the disk could not keep up");
        Check::new("log", CheckState::Warn, "check_log_dropped", message).with("rows", dropped)
    })
}

/// Nothing while there is room.
fn disk(gateway: &Gateway) -> Option<Check> {
    let waiting = gateway.accounts.unsaved();
    if waiting > 0 {
        let message = format!(
            "disk: {waiting} renewed credentials wait in memory until they can be stored; do not end Switchboard before"
        );
        return Some(
            Check::new("disk", CheckState::Fail, "check_disk_unsaved", message).with("count", waiting),
        );
    }
    gateway.disk_full().then(|| {
        let message = "disk: is full; requests are answered, but nothing can be stored".to_owned();
        Check::new("disk", CheckState::Fail, "check_disk_full", message)
    })
}

/// Nothing where there is no desktop.
fn tray(gateway: &Gateway) -> Option<Check> {
    gateway.office.shell.tray().map(|seen| {
        if seen {
            Check::new("tray", CheckState::Ok, "check_tray_ok", "tray: our icon is there".to_owned())
        } else {
            let message =
                "tray: this desktop shows no tray icons; start Switchboard again to open its window";
            Check::new("tray", CheckState::Warn, "check_tray_missing", message.to_owned())
        }
    })
}

/// Whether names are found and the person's proxy answers; nothing is asked of a vendor.
async fn way_out(gateway: &Gateway) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(proxy) = gateway.settings.load().upstream_proxy.clone() {
        let host = proxy.split("://").nth(1).unwrap_or_default().trim_end_matches('/').to_owned();
        let host = if host.rsplit_once(':').is_some() { host } else { format!("{host}:80") };
        let reached = timeout(PATIENCE, TcpStream::connect(host)).await.is_ok_and(|reached| reached.is_ok());
        let (state, code, said) = if reached {
            (CheckState::Ok, "check_upstream_proxy_ok", "answers")
        } else {
            (CheckState::Fail, "check_upstream_proxy_failed", "does not answer")
        };
        checks.push(
            Check::new("upstream_proxy", state, code, format!("proxy of the network: {proxy} {said}"))
                .with("proxy", proxy),
        );
        return checks;
    }
    let list = gateway.accounts.list();
    let away = list.iter().find(|account| {
        account.enabled
            && account.provider != SANDBOX
            && account.endpoint_url.is_none()
            && !account.region.is_empty()
    });
    if let Some(account) = away {
        let name = format!("bedrock-runtime.{}.amazonaws.com", account.region);
        let found = timeout(PATIENCE, lookup_host((name.as_str(), 443))).await;
        let found = found.is_ok_and(|found| found.is_ok_and(|mut addresses| addresses.next().is_some()));
        let (state, code, said) = if found {
            (CheckState::Ok, "check_dns_ok", "is found")
        } else {
            (CheckState::Warn, "check_dns_failed", "is not found: there is no network, or no name service")
        };
        checks.push(Check::new("dns", state, code, format!("names: {name} {said}")).with("name", name));
    }
    checks
}

async fn accounts(gateway: &Arc<Gateway>, test: bool) -> Vec<Check> {
    let list = gateway.accounts.list();
    let looks = list.into_iter().map(|account| async move {
        if test { tried(gateway, &account).await } else { vec![known(&account)] }
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// What is known of an account without asking it.
fn known(account: &AccountView) -> Check {
    let AccountView { id, name, .. } = account;
    let (state, code, said) = match account.state {
        StateView::Ready => (CheckState::Ok, "check_account_ready", "is ready"),
        StateView::Disabled => (CheckState::Ok, "check_account_off", "is switched off"),
        StateView::Cooling { .. } => (CheckState::Warn, "check_account_cooling", "rests after failures"),
        StateView::Exhausted { .. } => {
            (CheckState::Warn, "check_account_exhausted", "has used up its allowance")
        }
        StateView::NeedsSignIn => (CheckState::Fail, "check_account_sign_in", "must be signed in to again"),
        StateView::Suspended => (CheckState::Fail, "check_account_suspended", "is suspended by its vendor"),
    };
    let last = account.last_error.as_ref().filter(|_| state != CheckState::Ok);
    let mut message = format!("account {name}: {said}");
    if let Some(last) = last {
        message.push_str(&format!(" ({})", last.message));
    }
    let check = Check::new(format!("account.{id}"), state, code, message).with("name", name.as_str());
    let check = check
        .with("said", last.map(|last| last.message.clone()).unwrap_or_default())
        .with("category", last.map(|last| last.category.clone()).unwrap_or_default());
    match state {
        CheckState::Ok => check,
        CheckState::Warn => check.fixed_by(Action::TestAccount, json!({"id": id})),
        CheckState::Fail => check.fixed_by(Action::OpenAccount, json!({"id": id})),
    }
}

/// One real request of one token, and what its answer tells of the clock.
async fn tried(gateway: &Arc<Gateway>, account: &AccountView) -> Vec<Check> {
    let AccountView { id, name, .. } = account;
    let Some(entry) = gateway.accounts.entry(id) else { return Vec::new() };
    let failed = |said: &str| {
        Check::new(
            format!("account.{id}"),
            CheckState::Fail,
            "check_account_failed",
            format!("account {name}: {said}"),
        )
        .with("name", name.as_str())
        .with("said", said)
        .fixed_by(Action::OpenAccount, json!({"id": id}))
    };
    let verdict = match trial::try_out(gateway, &entry, None).await {
        Ok(verdict) => verdict,
        Err(refusal) => return vec![failed(refusal.message())],
    };
    let mut checks = vec![match verdict.failure() {
        None => {
            let message = format!("account {name}: answers ({})", verdict.model());
            Check::new(format!("account.{id}"), CheckState::Ok, "check_account_answers", message)
                .with("name", name.as_str())
                .with("model", verdict.model())
        }
        Some(said) => failed(said),
    }];
    // A key that is sent as it is needs no clock.
    let signed = account.provider == "bedrock" && account.credential.kind != "bedrock_api_key";
    match verdict.clock_offset_s() {
        Some(offset) => checks.push(clock(id, offset)),
        None if signed && verdict.is_ok() => {
            let message = "clock: AWS accepts the time of signatures".to_owned();
            checks.push(Check::new(format!("clock.{id}"), CheckState::Ok, "check_clock_accepted", message));
        }
        None => {}
    }
    checks
}

fn clock(account: &str, offset: i64) -> Check {
    let (state, code, said) = if offset.abs() >= SKEW {
        (CheckState::Fail, "check_clock_wrong", "; set it right")
    } else {
        (CheckState::Ok, "check_clock_ok", "")
    };
    let message = format!("clock: differs from AWS by {offset} s{said}");
    Check::new(format!("clock.{account}"), state, code, message).with("seconds", offset)
}
