//! What hundreds of accounts cost: the same steps with one account and with five hundred. `cargo xtask bench --accounts`
//! runs it.

use std::path::Path;
use std::time::{Duration, Instant};

use accounts::{MOST_ACCOUNTS, Source, Taking};
use anyhow::Result;
use serde_json::json;
use switchboard::tray::{Glance, Locale, Menu, Words};
use switchboard::{App, Config, KeychainUse};

/// How often each step is done; the quickest counts, for others share the machine.
const TIMES: usize = 7;
/// What hundreds may take longer than one.
const BAR: Duration = Duration::from_millis(100);

/// A step and how long it took.
type Figures = Vec<(&'static str, Duration)>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (one, all) = (measure(1).await?, measure(MOST_ACCOUNTS).await?);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("| | 1 account | {MOST_ACCOUNTS} accounts | more |\n|---|---|---|---|");
    let mut missed = false;
    for ((name, one), (_, all)) in one.into_iter().zip(all) {
        let more = all.saturating_sub(one);
        missed |= more > BAR;
        println!("| {name} | {:.2} ms | {:.2} ms | {:.2} ms |", ms(one), ms(all), ms(more));
    }
    anyhow::ensure!(!missed, "more than {} ms are too many", BAR.as_millis());
    Ok(())
}

async fn measure(count: usize) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let config = config(folder.path());
    let app = App::open(&config).await?;
    let ids = fill(&app, count).await?;
    let gateway = app.gateway();
    let mut figures = vec![
        quickest("list", || serde_json::to_string(&gateway.accounts.list()).map(drop).unwrap_or_default()),
        quickest("whom to ask", || drop(gateway.accounts.plan(&[], || None))),
    ];
    let words = Words::new(Locale::English);
    let (mut menu, mut switch) = (Duration::MAX, Duration::MAX);
    for turn in 0..TIMES {
        let began = Instant::now();
        gateway.accounts.activate(&ids[(turn * 97) % ids.len()]).await?;
        switch = switch.min(began.elapsed());
        let began = Instant::now();
        let glance = Glance::of(gateway).await?;
        std::hint::black_box(Menu::of(&glance, &words));
        menu = menu.min(began.elapsed());
    }
    figures.extend([("switch", switch), ("tray menu", menu)]);
    app.close().await;
    let mut start = Duration::MAX;
    for _ in 0..TIMES {
        let began = Instant::now();
        let app = App::open(&config).await?;
        start = start.min(began.elapsed());
        app.close().await;
    }
    figures.push(("start", start));
    Ok(figures)
}

fn quickest(name: &'static str, mut step: impl FnMut()) -> (&'static str, Duration) {
    let once = |_| {
        let began = Instant::now();
        step();
        began.elapsed()
    };
    (name, (0..TIMES).map(once).min().unwrap_or_default())
}

/// Adds accounts of both vendors, and an order of all of them, which is the longest way through them.
async fn fill(app: &App, count: usize) -> Result<Vec<String>> {
    let account = |number: usize| match number % 2 {
        0 => json!({"name": format!("Bedrock {number}"), "provider": "bedrock", "region": "us-east-1",
            "credential": {"kind": "bedrock_api_key", "api_key": format!("ABSKexample{number}")}}),
        _ => json!({"name": format!("Kiro {number}"), "provider": "amazon_q",
            "credential": {"kind": "kiro_api_key", "api_key": format!("ksk_example{number}")}}),
    };
    let list: Vec<_> = (0..count).map(account).collect();
    let text = json!({"switchboard": "accounts", "version": 1, "accounts": list}).to_string();
    let accounts = &app.gateway().accounts;
    let taking = Taking { policy_accepted: true, ..Taking::default() };
    let imported = accounts.import(Source { text, region: String::new() }, taking).await?;
    anyhow::ensure!(imported.added.len() == count, "{} were left out", imported.skipped.len());
    let ids: Vec<String> = imported.added.into_iter().map(|view| view.id).collect();
    let order: Vec<String> = ids.iter().rev().cloned().collect();
    accounts.set_order(order.clone()).await?;
    accounts.set_failover(gateway::Failover { order, ..gateway::Failover::default() }).await?;
    Ok(ids)
}

fn config(folder: &Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        config_dir: folder.join("config"),
        keychain: KeychainUse::Off,
        master_key_file: None,
        port: Some(0),
        bind: None,
        allow_lan: false,
        admin_port: None,
        local_key: None,
        environment: switchboard::environment::read(|_| None),
    }
}
