//! Pictures by address: whoever fetches them can be sent anywhere.

use anyhow::Result;
use serde_json::{Value, json};

use super::Case;
use crate::checks::Checks;
use crate::machine::Stage;
use crate::process::MODEL;
use crate::vitals::{Trap, Vitals};

const CHAT: &str = "Chat Completions answers 400 and says what to send instead";
const MESSAGES: &str = "Messages answers 400 and says what to send instead";
const SOCKETS: &str = "no socket was opened but to the upstream";
const TRAP: &str = "nobody came to the address";
const UPSTREAM: &str = "no upstream was asked";

pub(super) const CASE: Case = Case {
    id: "C4",
    fault: "pictures by address",
    checks: &[CHAT, MESSAGES, SOCKETS, TRAP, UPSTREAM],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    let trap = Trap::set().await?;
    let port = trap.port;
    let asked = house.emulator.journal().count();
    let watch = Vitals::of(serving.pid()).watch();
    for address in [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        "http://169.254.170.2/v2/credentials".to_owned(),
        format!("http://127.1:{port}/a.png"),
        format!("http://2130706433:{port}/a.png"),
        format!("http://0x7f000001:{port}/a.png"),
        format!("http://0177.0.0.1:{port}/a.png"),
        format!("http://[::ffff:127.0.0.1]:{port}/a.png"),
        format!("http://[::ffff:7f00:1]:{port}/a.png"),
        format!("http://127.0.0.1:{port}/redirect?to=http://169.254.169.254/"),
        format!("http://localhost:{port}/a.png"),
        format!("http://evil.test\\@127.0.0.1:{port}/a.png"),
        format!("http:\\\\127.0.0.1:{port}\\a.png"),
        format!("HTTP://127.0.0.1:{port}/a.png"),
        format!(" http://127.0.0.1:{port}/a.png"),
        format!("//127.0.0.1:{port}/a.png"),
        format!("ftp://127.0.0.1:{port}/a.png"),
        format!("gopher://127.0.0.1:{port}/a"),
        "file:///etc/passwd".to_owned(),
        "file://localhost/etc/passwd".to_owned(),
        "/etc/passwd".to_owned(),
        "https://example.com/a.png".to_owned(),
    ] {
        for stream in [false, true] {
            let part = json!({"type": "image_url", "image_url": {"url": address}});
            refused(CHAT, "/v1/chat/completions", part, stream, &address, serving, checks).await?;
            let part = json!({"type": "image", "source": {"type": "url", "url": address}});
            refused(MESSAGES, "/v1/messages", part, stream, &address, serving, checks).await?;
        }
    }
    let strange = watch.strange(&[house.emulator.addr()]);
    checks.that(SOCKETS, strange.is_empty(), format!("{strange:?}"));
    checks.that(TRAP, trap.caught() == 0, format!("{} times", trap.caught()));
    checks.that(UPSTREAM, house.emulator.journal().count() == asked, "the emulator was asked");
    Ok(())
}

async fn refused(
    check: &'static str,
    path: &str,
    part: Value,
    stream: bool,
    address: &str,
    serving: &crate::process::Serving,
    checks: &Checks,
) -> Result<()> {
    let content = json!([{"type": "text", "text": "look"}, part]);
    let body = json!({
        "model": MODEL, "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": content}],
    });
    let answer = serving.post(path, &body).await?;
    let so = answer.status == 400 && answer.text().contains("base64");
    checks.that(check, so, format!("{address}: {answer:?}"));
    Ok(())
}
