//! The support bundle: how it is here, without a secret, without a word of a conversation, without names of accounts.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bundle, BundleFile, checks};
use crate::Gateway;
use crate::admin::{Refusal, settings, status};

/// Failed rows that are told of.
const FAILURES: u32 = 50;

pub(super) async fn collect(gateway: &Arc<Gateway>) -> Result<Bundle, Refusal> {
    let accounts = gateway.accounts.list();
    // People name accounts after customers and employers.
    let mut names: HashMap<String, String> = accounts
        .iter()
        .enumerate()
        .flat_map(|(at, account)| {
            let alias = format!("account-{}", at + 1);
            [(account.name.clone(), alias.clone()), (account.id.clone(), alias)]
        })
        .collect();
    // So does the path of a home folder name somebody, and the name of a proxy.
    names.insert(gateway.office.folder.display().to_string(), "<data folder>".to_owned());
    names.extend(gateway.settings.load().upstream_proxy.clone().map(|proxy| (proxy, "<proxy>".to_owned())));
    let shown = accounts.iter().enumerate().map(|(at, account)| {
        json!({
            "account": format!("account-{}", at + 1),
            "provider": account.provider,
            "region": account.region,
            "custom_endpoint": account.endpoint_url.is_some(),
            "credential": account.credential.kind,
            "enabled": account.enabled,
            "ephemeral": account.ephemeral,
            "active": account.active,
            "state": account.state,
            "last_error": account.last_error.as_ref().map(|last| &last.category),
        })
    });
    let report = checks::run(gateway, false, None).await;
    let system = json!({
        "version": gateway.version,
        "system": std::env::consts::OS,
        "processor": std::env::consts::ARCH,
        "shell": gateway.office.shell.capabilities(),
        "pages": gateway.office.pages.len(),
    });
    let files = [
        ("system.json", system),
        ("status.json", written(&status::of(gateway, None).await?)),
        ("settings.json", redacted(settings::current(gateway))),
        ("accounts.json", Value::Array(shown.collect())),
        ("checks.json", written(&report)),
        ("failures.json", failures(gateway).await?),
    ];
    let file = |(name, value): (&'static str, Value)| BundleFile { name, text: without(value, &names) };
    Ok(Bundle { files: files.into_iter().map(file).collect() })
}

fn written(value: &impl serde::Serialize) -> Value {
    // Plain data always serialises.
    serde_json::to_value(value).unwrap_or_default()
}

/// Settings without names of machines, files and models of the person's.
fn redacted(settings: crate::Settings) -> Value {
    let mut value = written(&settings);
    for name in ["extra_hosts", "allowed_origins", "model_rules"] {
        let count = value[name].as_array().map_or(0, Vec::len);
        value[name] = json!(format!("{count} entries"));
    }
    for name in ["upstream_proxy", "ca_file", "default_model"] {
        value[name] = json!(!value[name].is_null());
    }
    value
}

/// The last requests that failed: what kind, where, how long; not what was said.
async fn failures(gateway: &Gateway) -> Result<Value, Refusal> {
    let filter = store::Filter { errors: true, ..store::Filter::default() };
    let rows = gateway.logs.page(filter, None, FAILURES).await?.rows;
    let shown = rows.into_iter().map(|row| {
        json!({
            "time_ms": row.time_ms,
            "client": row.client,
            "dialect": row.dialect,
            "account": row.account_id,
            "model_served": row.model_served,
            "stream": row.stream,
            "attempts": row.attempts,
            "status": row.status,
            "error_category": row.error_category,
            "upstream_status": row.upstream_status,
            "upstream_code": row.upstream_code,
            "upstream_request_id": row.upstream_request_id,
            "first_byte_ms": row.first_byte_ms,
            "total_ms": row.total_ms,
            "incomplete": row.incomplete,
        })
    });
    Ok(Value::Array(shown.collect()))
}

/// As text, with the accounts' names and ids replaced, also within sentences. Longer ones first: one may be part of
/// another.
fn without(value: Value, names: &HashMap<String, String>) -> String {
    let mut value = value;
    let mut names: Vec<_> = names.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    replace(&mut value, &names);
    format!("{value:#}")
}

fn replace(value: &mut Value, names: &[(&String, &String)]) {
    match value {
        Value::String(text) => {
            for (name, alias) in names {
                if text.contains(name.as_str()) {
                    *text = text.replace(name.as_str(), alias);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, names)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, names)),
        _ => {}
    }
}
