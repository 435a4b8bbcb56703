//! What the terminal says once the proxy listens: everything one needs to point an editor at it.

use std::path::Path;

use crate::Running;

/// A model that the Sandbox and every Bedrock account with Claude know.
const MODEL: &str = "claude-sonnet-4-5";

/// Prints addresses, key, a line to paste a dialect, and the data folder.
pub(crate) fn print(running: &Running, data_dir: &Path) {
    let url = running.url();
    let key = running.key();
    let key = key.as_ref().map_or("(locked)", |key| key.expose());
    let window = running.window().unwrap_or_else(|| running.admin_url());
    let active = running.active_account().unwrap_or_else(|| "none".to_owned());
    println!(
        "
Switchboard {version} is listening.

  Window               {window}
  Anthropic base URL   {url}
  OpenAI base URL      {url}/v1
  Local key            {key}
  Active account       {active}
  Data                 {data}

Try it:

  curl {url}/v1/messages -H 'x-api-key: {key}' -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' -d '{{\"model\":\"{MODEL}\",\"max_tokens\":256,\"messages\":[{{\"role\":\"user\",\"content\":\"hello\"}}]}}'

  curl {url}/v1/chat/completions -H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{{\"model\":\"{MODEL}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hello\"}}]}}'

  curl {url}/v1/completions -H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{{\"model\":\"{MODEL}\",\"prompt\":\"hello\"}}'
",
        version = env!("CARGO_PKG_VERSION"),
        data = data_dir.display(),
    );
}
