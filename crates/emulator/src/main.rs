//! The emulator alone, for a shell with curl or an SDK pointed at it.

use clap::Parser;
use emulator::{AccessKey, Config, Emulator, SANDBOX_BEARER_KEY};

/// A strict stand-in for AWS on 127.0.0.1: Bedrock runtime and control plane, canned answers, scripted faults.
#[derive(Parser)]
#[command(version)]
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
}

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
    let emulator = Emulator::start(Config {
        port: arguments.port,
        access_keys: vec![key.clone()],
        bearer_keys: vec![arguments.bearer_key.clone()],
        strict: !arguments.lenient,
        record: false,
    })?;
    let url = emulator.url();
    println!("listening on {url}");
    println!("export AWS_ENDPOINT_URL={url} AWS_REGION=us-east-1");
    println!("export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}", key.id, key.secret);
    println!("export AWS_BEARER_TOKEN_BEDROCK={}", arguments.bearer_key);
    println!(
        "curl -s {url}/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse -H 'authorization: Bearer {}' \
         -H 'content-type: application/json' -d '{{\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"hi\"}}]}}]}}'",
        arguments.bearer_key
    );
    tokio::signal::ctrl_c().await?;
    emulator.shutdown().await;
    Ok(())
}
