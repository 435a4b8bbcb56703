//! `switchboard run -- claude ...`: starts a client that asks us, and changes no file for it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::admin::Admin;
use crate::config::Config;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The model to ask; one that the active account has when left out
    #[arg(long)]
    model: Option<String>,
    /// The program and what it is told
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// A client to be started.
pub(crate) struct Start {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, String)>,
    /// Variables that would lead it elsewhere.
    without: &'static [&'static str],
}

/// What it needs of us.
struct Own {
    key: String,
    root: String,
    model: String,
}

impl Start {
    /// Asks the running instance for a key of the client's own.
    pub(crate) async fn prepare(config: Config, args: Args) -> Result<Self> {
        let (program, arguments) = args.program.split_first().context("name a program to start")?;
        let name = Path::new(program)
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let client = match name.as_str() {
            "codex" | "opencode" | "aider" => name.as_str(),
            "qwen" => "qwen_code",
            // Whatever else it is, it may understand the same variables.
            _ => "claude_code",
        };
        let admin = Admin::reach(&config).await?;
        if admin.url().is_none() {
            admin.done().await;
            bail!("Switchboard does not run. Start it with `switchboard serve`");
        }
        let wish = args.model.as_ref().map_or_else(|| json!({}), |model| json!({"model": model}));
        let own = admin.ask("POST", &format!("/api/clients/{client}/key"), Some(&wish)).await;
        admin.done().await;
        let own = own?;
        let word = |name: &str| own[name].as_str().unwrap_or_default().to_owned();
        let own = Own { key: word("key"), root: word("root"), model: word("model") };
        Ok(Self::of(client, program.clone(), arguments.to_vec(), &own, args.model.is_some()))
    }

    fn of(client: &str, program: OsString, given: Vec<OsString>, own: &Own, chosen: bool) -> Self {
        let Own { key, root, model } = own;
        let v1 = format!("{root}/v1");
        let mut arguments = Vec::new();
        let (mut variables, without): (Vec<_>, &[_]) = match client {
            "codex" => {
                // What it takes for itself, before what it was told. The key stays off the command line.
                let provider = format!(
                    "{{name=\"Switchboard\",base_url=\"{v1}\",wire_api=\"responses\",env_key=\"SWITCHBOARD_KEY\"}}"
                );
                for setting in [
                    "model_provider=\"switchboard\"".to_owned(),
                    format!("model_providers.switchboard={provider}"),
                    format!("model=\"{model}\""),
                ] {
                    arguments.extend([OsString::from("-c"), setting.into()]);
                }
                (vec![("SWITCHBOARD_KEY", key.clone())], &[])
            }
            "opencode" => (vec![("OPENCODE_CONFIG_CONTENT", opencode(own).to_string())], &[]),
            "aider" => (
                vec![
                    ("OPENAI_API_BASE", v1),
                    ("OPENAI_API_KEY", key.clone()),
                    ("AIDER_MODEL", format!("openai/{model}")),
                ],
                &[],
            ),
            "qwen_code" => (
                vec![
                    ("OPENAI_BASE_URL", v1),
                    ("OPENAI_API_KEY", key.clone()),
                    ("OPENAI_MODEL", model.clone()),
                ],
                &[],
            ),
            _ => (
                vec![("ANTHROPIC_BASE_URL", root.clone()), ("ANTHROPIC_AUTH_TOKEN", key.clone())],
                &["ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"],
            ),
        };
        if client == "claude_code" && chosen {
            variables.push(("ANTHROPIC_MODEL", model.clone()));
        }
        arguments.extend(given);
        Self { program, arguments, variables, without }
    }

    /// Becomes the client where a process can, so that signals and the exit code are its own; else waits for it.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables);
        for name in self.without {
            command.env_remove(name);
        }
        let what = || format!("cannot start {}", self.program.display());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            Err(command.exec()).with_context(what)
        }
        #[cfg(not(unix))]
        {
            // What the person types to interrupt reaches the client too, which decides what it means.
            let status = command.status().with_context(what)?;
            Ok(status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .map_or(ExitCode::FAILURE, ExitCode::from))
        }
    }
}

fn opencode(own: &Own) -> Value {
    let Own { key, root, model } = own;
    json!({
        "provider": {"switchboard": {
            "npm": "@ai-sdk/anthropic",
            "name": "Switchboard",
            "options": {"baseURL": format!("{root}/v1"), "apiKey": key},
            "models": {model.as_str(): {"name": model}},
        }},
        "model": format!("switchboard/{model}"),
        "small_model": format!("switchboard/{model}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(client: &str) -> Start {
        let own = Own { key: "sk-1".to_owned(), root: "http://h".to_owned(), model: "m".to_owned() };
        Start::of(client, client.into(), vec!["exec".into(), "-c".into()], &own, true)
    }

    #[test]
    fn keys_stay_off_the_command_line() {
        for client in ["claude_code", "codex", "opencode", "aider", "qwen_code"] {
            let start = of(client);
            assert!(start.arguments.iter().all(|word| !word.to_string_lossy().contains("sk-1")), "{client}");
            assert!(start.variables.iter().any(|(_, value)| value.contains("sk-1")), "{client}");
            let said = start.arguments.len();
            assert_eq!(start.arguments[said - 2..], ["exec", "-c"], "what the person said comes last");
        }
    }

    #[test]
    fn each_is_told_where_to_ask() {
        let codex = of("codex");
        let said: Vec<_> = codex.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(said[1], "model_provider=\"switchboard\"");
        assert!(
            said[3].contains("base_url=\"http://h/v1\"") && said[3].contains("env_key=\"SWITCHBOARD_KEY\"")
        );
        let claude = of("claude_code");
        assert!(claude.variables.contains(&("ANTHROPIC_MODEL", "m".to_owned())));
        assert!(claude.without.contains(&"ANTHROPIC_API_KEY"), "it would be sent beside ours");
    }
}
