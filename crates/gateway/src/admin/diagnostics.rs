//! `/api/diagnostics`: what commonly goes wrong, looked at one by one, and what can be put right with a click.

mod bundle;
mod checks;
mod clients;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::json::{Asked, Given};
use super::{Desk, Refusal, settings, trial};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Question {
    /// Send each account a request of one token; without it the accounts tell what they know.
    test: bool,
    /// The port to look at while the proxy does not listen; the one of the settings when left out.
    port: Option<u16>,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    checks: Vec<Check>,
}

/// One thing looked at.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Check {
    /// E.g. `port`, `account.4f3a…`.
    id: String,
    state: CheckState,
    /// The window's sentence, which `params` completes.
    title_code: &'static str,
    #[cfg_attr(feature = "types", ts(type = "Record<string, string | number>"))]
    params: Map<String, Value>,
    /// The same in English, for terminals.
    message: String,
    fix: Option<Fix>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) enum CheckState {
    Ok,
    /// Works, and is worth knowing.
    Warn,
    Fail,
}

/// What would put it right.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Fix {
    action: Action,
    #[serde(default)]
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>"))]
    params: Map<String, Value>,
}

/// What we can do at a click. What only the person can do opens the screen for it: `open_account`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) enum Action {
    /// `port`: moves the proxy there.
    MovePort,
    /// Serves clients again.
    Resume,
    /// Demands the local key again.
    RequireKey,
    /// `id`: asks the account once, which ends its rest when it answers.
    TestAccount,
    /// `id`: the window shows the account, for the person to sign in or to change it.
    OpenAccount,
    /// The window shows the clients, for the person to see what changes when one is connected again.
    OpenClients,
}

pub(super) async fn checks(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Json<Report>, Refusal> {
    let mut checks = checks::run(&desk.gateway, question.test, question.port).await;
    checks.extend(clients::checks(&desk).await);
    Ok(Json(Report { checks }))
}

/// Does what a check offered.
pub(super) async fn fix(
    State(desk): State<Arc<Desk>>,
    Given(fix): Given<Fix>,
) -> Result<Json<Value>, Refusal> {
    let gateway = &desk.gateway;
    let given = |name: &str| {
        let missing = || Refusal::invalid(format!("params needs {name}")).with("field", name);
        fix.params.get(name).cloned().ok_or_else(missing)
    };
    let change = |name: &str, value: Value| Given(Map::from_iter([(name.to_owned(), value)]));
    Ok(Json(match fix.action {
        Action::MovePort => {
            let port = given("port")?;
            let _ = settings::change(State(Arc::clone(&desk)), change("port", port)).await?;
            json!({"done": true})
        }
        Action::RequireKey => {
            let _ = settings::change(State(Arc::clone(&desk)), change("require_key", json!(true))).await?;
            json!({"done": true})
        }
        Action::Resume => {
            gateway.office.pause(false);
            json!({"done": true})
        }
        Action::TestAccount => {
            let id = given("id")?;
            let entry = id.as_str().and_then(|id| gateway.accounts.entry(id));
            let verdict = trial::try_out(gateway, &entry.ok_or(accounts::Error::NotFound)?, None).await?;
            json!({"done": verdict.is_ok()})
        }
        Action::OpenAccount | Action::OpenClients => {
            let message = "The window does this";
            return Err(Refusal::new(StatusCode::CONFLICT, "fix_in_window", message));
        }
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Download {
    /// `1`: as a file.
    download: u8,
}

/// Everything a person may send us with a question, to be read before it is sent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Bundle {
    files: Vec<BundleFile>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct BundleFile {
    name: &'static str,
    text: String,
}

pub(super) async fn bundle(
    State(desk): State<Arc<Desk>>,
    Asked(asked): Asked<Download>,
) -> Result<Response, Refusal> {
    let bundle = bundle::collect(&desk.gateway).await?;
    if asked.download == 0 {
        return Ok(Json(bundle).into_response());
    }
    let mut text = String::new();
    for file in &bundle.files {
        text.push_str(&format!("===== {} =====\n{}\n\n", file.name, file.text));
    }
    let mut answer = Response::new(Body::from(text));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"switchboard-support.txt\""),
    );
    Ok(answer)
}
