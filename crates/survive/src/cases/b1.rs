//! A first start without a password is closed to everybody but who reads the terminal.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::exchange::Question;
use crate::machine::Stage;
use crate::session::{Session, sign_in};

const GUESSES: &str = "admin/admin, the empty password and other guesses open nothing";
const CLOSED: &str = "no route of the window answers without a session";
const ONCE: &str = "the one-time token is printed once";
const NOWHERE: &str = "the token is nowhere else: no file, no log, no answer";
const OPENS: &str = "the token opens one session, and no second one";

pub(super) const CASE: Case = Case {
    id: "B1",
    fault: "a fresh headless start without a password",
    checks: &[GUESSES, CLOSED, ONCE, NOWHERE, OPENS],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

/// All files below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let machine = stage.machine()?.with("SWITCHBOARD_LOG", "trace");
    let serving = machine.serve(&[]).await?;
    let token = serving.token()?;
    // Four: a fifth would close the door to the right token too, which is another case.
    for proof in [
        json!({"password": "admin"}),
        json!({"password": ""}),
        json!({"token": ""}),
        json!({"password": serving.key}),
    ] {
        let answer = sign_in(&serving, &proof).await?;
        checks.that(GUESSES, answer.status == 401, format!("{proof}: {answer:?}"));
        checks.that(GUESSES, answer.headers("set-cookie").is_empty(), format!("{proof} gets a cookie"));
    }
    let basic = Question::new("GET", "/api/accounts").header("authorization", "Basic YWRtaW46YWRtaW4=");
    let answer = serving.send(basic).await?;
    checks.that(GUESSES, answer.status == 401, format!("Basic admin:admin: {answer:?}"));
    for path in [
        "/api/accounts",
        "/api/settings",
        "/api/logs",
        "/api/status",
        "/api/events",
        "/api/keys/local",
        "/api/diagnostics",
        "/api/secrets",
        "/api/conversations",
        "/api/logs/export",
    ] {
        let answer = serving.send(Question::new("GET", path)).await?;
        checks.that(CLOSED, answer.status == 401, format!("{path}: {answer:?}"));
    }
    for path in ["/", "/health", "/api/hello", "/api/session", "/v1/models", "/no/such/path"] {
        for question in [Question::new("GET", path), serving.ask("GET", path)] {
            let answer = serving.send(question).await?;
            let told = holds(&answer.body, &token) || answer.head.contains(&token.to_lowercase());
            checks.that(NOWHERE, !told, format!("{path} tells it"));
        }
    }
    let session = Session::open(&serving, &json!({"token": token})).await?;
    checks.that(OPENS, session.lives(&serving).await?, "the session is not open");
    let again = sign_in(&serving, &json!({"token": token})).await?;
    checks.that(OPENS, again.status == 401, format!("{again:?}"));
    let ended = serving.terminate().await?;
    let printed = ended.stdout.matches(&token).count();
    checks.that(ONCE, printed == 1, format!("{printed} times"));
    checks.that(NOWHERE, !holds(ended.stderr.as_bytes(), &token), "the error output has it");
    for file in files(machine.home()) {
        let found = holds(&std::fs::read(&file).unwrap_or_default(), &token);
        checks.that(NOWHERE, !found, format!("{} has it", file.display()));
    }
    Ok(())
}
