//! What to do in each client, as its makers document it.

use serde_json::{Value, json};

use super::{ClientStep, StepKind};

/// What every configuration needs.
pub(super) struct Words {
    /// Base URL without `/v1`.
    pub(super) root: String,
    pub(super) key: String,
    /// A model that is there.
    pub(super) model: String,
}

fn file(path: &str, content: &str) -> ClientStep {
    ClientStep {
        os: None,
        kind: StepKind::File,
        text: path.to_owned(),
        code: None,
        copy: Some(content.to_owned()),
    }
}

fn json_file(path: &str, content: &Value) -> ClientStep {
    file(path, &format!("{content:#}"))
}

fn say(code: &'static str, text: &str, copy: Option<&str>) -> ClientStep {
    let copy = copy.map(str::to_owned);
    ClientStep { os: None, kind: StepKind::Text, text: text.to_owned(), code: Some(code), copy }
}

/// Variables for the shell of each system.
fn variables(name: &str, pairs: &[(&str, &str)]) -> Vec<ClientStep> {
    let lines = |line: &dyn Fn(&str, &str) -> String| {
        pairs.iter().map(|(name, value)| line(name, value)).collect::<Vec<_>>().join("\n")
    };
    let posix = lines(&|name, value| format!("export {name}='{value}'"));
    let windows = lines(&|name, value| format!("$env:{name} = '{value}'"));
    [("linux", &posix), ("macos", &posix), ("windows", &windows)]
        .map(|(os, copy)| ClientStep {
            os: Some(os),
            kind: StepKind::Env,
            text: name.to_owned(),
            code: None,
            copy: Some(copy.clone()),
        })
        .into()
}

pub(super) fn claude_code(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, .. } = words;
    let settings = json!({"env": {"ANTHROPIC_BASE_URL": root, "ANTHROPIC_AUTH_TOKEN": key}});
    let mut steps = vec![json_file("~/.claude/settings.json", &settings)];
    steps.extend(variables(
        "ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN",
        &[("ANTHROPIC_BASE_URL", root), ("ANTHROPIC_AUTH_TOKEN", key)],
    ));
    steps.push(say("try", "Try it", Some("claude -p hi")));
    steps
}

pub(super) fn codex(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    // Top-level members must stand before the first table; the name `OpenAI` would switch the vendor's extras on.
    vec![file(
        "~/.codex/config.toml",
        &format!(
            "model = \"{model}\"\nmodel_provider = \"switchboard\"\n\n[model_providers.switchboard]\nname = \"Switchboard\"\nbase_url = \"{root}/v1\"\nwire_api = \"responses\"\nexperimental_bearer_token = \"{key}\"\n"
        ),
    )]
}

pub(super) fn opencode(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    let modalities = json!({"input": ["text", "image"], "output": ["text"]});
    let content = json!({
        "provider": {"switchboard": {
            "npm": "@ai-sdk/anthropic",
            "name": "Switchboard",
            "options": {"baseURL": format!("{root}/v1"), "apiKey": key},
            "models": {model.as_str(): {"name": model, "attachment": true, "modalities": modalities}},
        }},
        "model": format!("switchboard/{model}"),
        "small_model": format!("switchboard/{model}"),
    });
    vec![json_file("~/.config/opencode/opencode.json", &content)]
}

pub(super) fn continue_dev(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    vec![file(
        "~/.continue/config.yaml",
        &format!(
            "name: Switchboard\nversion: 1.0.0\nschema: v1\nmodels:\n  - name: Switchboard\n    provider: anthropic\n    model: {model}\n    apiBase: {root}/v1/\n    apiKey: {key}\n    roles: [chat, edit, apply]\n"
        ),
    )]
}

pub(super) fn cline(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    vec![
        say(
            "cline_provider",
            "In Cline's settings choose the API provider \"OpenAI Compatible\" and fill in:",
            None,
        ),
        say("base_url", "Base URL", Some(&format!("{root}/v1"))),
        say("api_key", "API key", Some(key)),
        say("model_id", "Model ID", Some(model)),
    ]
}

pub(super) fn zed(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    let capabilities = json!({"tools": true, "images": true, "prompt_caching": true});
    let content = json!({"language_models": {"anthropic_compatible": {"switchboard": {
        "api_url": root,
        "available_models": [{
            "name": model, "display_name": model, "max_tokens": 200_000, "max_output_tokens": 32_000,
            "capabilities": capabilities,
        }],
    }}}});
    let at = |os: &'static str, path: &str| ClientStep { os: Some(os), ..json_file(path, &content) };
    vec![
        at("linux", "~/.config/zed/settings.json"),
        at("macos", "~/.config/zed/settings.json"),
        at("windows", "%APPDATA%\\Zed\\settings.json"),
        say(
            "zed_key",
            "Enter the key in Zed's settings of the provider \"switchboard\"; it is kept in the keychain",
            Some(key),
        ),
    ]
}

pub(super) fn aider(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    vec![
        file(
            "~/.aider.conf.yml",
            &format!("openai-api-base: {root}/v1\nopenai-api-key: {key}\nmodel: openai/{model}\n"),
        ),
        say("try", "Try it", Some("aider --message hi")),
    ]
}

pub(super) fn qwen_code(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    let provider = json!({
        "id": model, "name": "Switchboard", "baseUrl": format!("{root}/v1"), "envKey": "SWITCHBOARD_KEY",
    });
    let content = json!({
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": model},
        "modelProviders": {"openai": [provider]},
        "env": {"SWITCHBOARD_KEY": key},
    });
    vec![json_file("~/.qwen/settings.json", &content)]
}

pub(super) fn crush(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    let content = json!({"providers": {"switchboard": {
        "name": "Switchboard",
        "type": "anthropic",
        "base_url": root,
        "api_key": key,
        "models": [{"id": model, "name": model, "context_window": 200_000, "default_max_tokens": 32_000}],
    }}});
    vec![json_file("~/.config/crush/crush.json", &content)]
}

pub(super) fn vscode(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    let content = json!([{
        "name": "Switchboard",
        "vendor": "customendpoint",
        "apiType": "messages",
        "models": [{
            "id": model, "name": model, "url": format!("{root}/v1/messages"), "toolCalling": true, "vision": true,
            "maxInputTokens": 168_000, "maxOutputTokens": 32_000,
        }],
    }]);
    let at = |os: &'static str, path: &str| ClientStep { os: Some(os), ..json_file(path, &content) };
    vec![
        at("linux", "~/.config/Code/User/chatLanguageModels.json"),
        at("macos", "~/Library/Application Support/Code/User/chatLanguageModels.json"),
        at("windows", "%APPDATA%\\Code\\User\\chatLanguageModels.json"),
        say("vscode_key", "Enter the key where VS Code asks for it (Manage Language Models)", Some(key)),
    ]
}

pub(super) fn jetbrains(words: &Words) -> Vec<ClientStep> {
    let Words { root, key, model } = words;
    vec![
        say(
            "jetbrains_provider",
            "Settings > Tools > AI Assistant > Providers & API keys > OpenAI-compatible:",
            None,
        ),
        say("url", "URL", Some(&format!("{root}/v1"))),
        say("api_key", "API key", Some(key)),
        say("model", "Model", Some(model)),
    ]
}

pub(super) fn cursor(_: &Words) -> Vec<ClientStep> {
    vec![say(
        "cursor_address",
        "Cursor sends requests through its own servers, which cannot reach an address of this machine. Only a public address would work, and putting one in front of your accounts is not advised.",
        None,
    )]
}
