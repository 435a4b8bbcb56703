//! The emulator alone, for a shell with curl or an SDK pointed at it, or for a program that reads what it saw.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Parser;
use emulator::{AccessKey, Config, Emulator, Event, KiroConfig, Recorded, SANDBOX_BEARER_KEY, Verdict};
use serde_json::{Value, json};

/// A strict stand-in for AWS on 127.0.0.1: Bedrock, Amazon Q and Kiro, canned answers, scripted faults.
#[derive(Parser)]
#[command(version, after_help = KIRO)]
struct Arguments {
    /// Port on 127.0.0.1; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Answer also what the service would refuse.
    #[arg(long)]
    lenient: bool,
    /// Access key id to accept instead of the built-in one; needs --secret-access-key.
    #[arg(long, requires = "secret_access_key")]
    access_key_id: Option<String>,
    #[arg(long, requires = "access_key_id")]
    secret_access_key: Option<String>,
    #[arg(long, requires = "access_key_id")]
    session_token: Option<String>,
    /// Bedrock API key to accept instead of the built-in one.
    #[arg(long, default_value = SANDBOX_BEARER_KEY)]
    bearer_key: String,
    /// Seconds that an access token of a Kiro account lives.
    #[arg(long, default_value_t = 3600)]
    token_life: u64,
    /// Credits that each Kiro account has; without it they never end.
    #[arg(long)]
    credits: Option<f64>,
    /// Credits that each Kiro account has used before.
    #[arg(long, default_value_t = 0.0)]
    spent: f64,
    /// Tell the reasons of refused Kiro requests, as newer stacks do.
    #[arg(long)]
    precise_reasons: bool,
    /// Ask on a page before a browser is sent back, instead of agreeing at once.
    #[arg(long)]
    ask: bool,
    /// Seconds that the keys of a role live.
    #[arg(long, default_value_t = 3600)]
    role_life: u64,
    /// Refuse tool schemas that constrain values.
    #[arg(long)]
    strict_schemas: bool,
    /// Print what happens instead, one JSON object a line: where it listens, each request with its body in base64,
    /// and how each answer ended.
    #[arg(long)]
    json_lines: bool,
}

/// Every host of Kiro is at the one address.
const KIRO: &str = "\
Kiro accounts, each for the POST of its kind:
  builder-id       /token         refresh token aor-builder-id, client client-builder-id, secret-builder-id
  identity-center  /token         refresh token aor-identity-center, client client-identity-center,
                                  secret-identity-center
  social           /refreshToken  refresh token aor-social
  external         /idp/token     refresh token aor-external, client client-external; a form
  api-key          none           ksk_api-key
Refresh tokens rotate: each counts once. The first and the last account have no profile, the others have
  arn:aws:codewhisperer:us-east-1:000011112222:profile/EXAMPLEPROF01
Sign-ins: /client/register, /device_authorization and /authorize; /oauth/device/authorization and /signin;
  /idp/.well-known/openid-configuration. Who presses the button on a device's page agrees for the first account
  of its kind. A client with the scope sso:account:access gets a token for /assignment/accounts,
  /assignment/roles and /federation/credentials, whose keys Bedrock takes.
A prompt with [[fault:q_throttled 2]] is refused twice, then answered.";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let key = match (arguments.access_key_id, arguments.secret_access_key) {
        (Some(id), Some(secret)) => {
            AccessKey { token: arguments.session_token, ..AccessKey::new(id, secret) }
        }
        _ => AccessKey::sandbox(),
    };
    let mut kiro = KiroConfig {
        token_life: Duration::from_secs(arguments.token_life),
        ask: arguments.ask,
        role_life: Duration::from_secs(arguments.role_life),
        precise_reasons: arguments.precise_reasons,
        strict_schemas: arguments.strict_schemas,
        ..KiroConfig::default()
    };
    for account in &mut kiro.accounts {
        (account.credits, account.spent) = (arguments.credits, arguments.spent);
    }
    let emulator = Emulator::start(Config {
        port: arguments.port,
        access_keys: vec![key.clone()],
        bearer_keys: vec![arguments.bearer_key.clone()],
        strict: !arguments.lenient,
        record: false,
        kiro,
    })?;
    let url = emulator.url();
    if arguments.json_lines {
        tell(&emulator).await?;
        emulator.shutdown().await;
        return Ok(());
    }
    println!("listening on {url}");
    println!("export AWS_ENDPOINT_URL={url} AWS_REGION=us-east-1");
    println!("export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}", key.id, key.secret);
    println!("export AWS_BEARER_TOKEN_BEDROCK={}", arguments.bearer_key);
    println!(
        "curl -s {url}/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse -H 'authorization: Bearer {}' \
         -H 'content-type: application/json' -d '{{\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"hi\"}}]}}]}}'",
        arguments.bearer_key
    );
    println!("{KIRO}");
    tokio::signal::ctrl_c().await?;
    emulator.shutdown().await;
    Ok(())
}

/// Prints events until the process is told to end, or nobody reads any more.
async fn tell(emulator: &Emulator) -> anyhow::Result<()> {
    let mut events = emulator.journal().follow();
    print(&json!({ "event": "listening", "url": emulator.url() }))?;
    loop {
        let event = tokio::select! {
            ended = tokio::signal::ctrl_c() => return Ok(ended?),
            event = events.recv() => event,
        };
        match event {
            Some(Event::Judged { number, request }) => print(&described(number, &request))?,
            Some(Event::Over { number, complete }) => {
                print(&json!({ "event": "over", "number": number, "complete": complete }))?;
            }
            None => return Ok(()),
        }
    }
}

fn print(line: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

fn described(number: u64, request: &Recorded) -> Value {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let refused = match &request.verdict {
        Verdict::Answered => Value::Null,
        Verdict::Refused { status, code, message } => {
            json!({ "status": status, "code": code, "message": message })
        }
    };
    json!({
        "event": "request",
        "number": number,
        "method": request.method.as_str(),
        "path": request.path,
        "headers": headers,
        "body": BASE64_STANDARD.encode(&request.body),
        "operation": request.operation.map(|operation| format!("{operation:?}")),
        "caller": request.key,
        "refused": refused,
        "why": request.why,
    })
}
