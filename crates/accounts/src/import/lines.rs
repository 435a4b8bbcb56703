//! Lists that people paste: a key or a token a line, `.aws/credentials`, lines for a shell.

use serde_json::{Map, Value, json};

use super::draft::{Draft, Piece};
use super::object::Fields;

/// Reads a text that is not JSON.
pub(super) fn read(text: &str, region: &str) -> Vec<Piece> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']))
        .collect();
    if lines.iter().any(|(_, line)| pair(line).is_some()) {
        return sections(&lines, region);
    }
    lines.into_iter().map(|(at, line)| token(at, line, region)).collect()
}

/// `name = value` as ini files and shells have it, for names that mean something to us.
fn pair(line: &str) -> Option<(String, &str)> {
    let line = ["export ", "set ", "$Env:"].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim().to_lowercase();
    let known = name.starts_with("aws_")
        || name == "kiro_api_key"
        || matches!(name.as_str(), "region" | "output" | "refresh_token" | "client_id" | "client_secret");
    known.then(|| (name, value.trim().trim_matches(['"', '\''])))
}

/// `[name]` and pairs below it; pairs before the first name are an account too.
fn sections(lines: &[(usize, &str)], region: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut place = String::new();
    let mut fields = Map::new();
    let mut finish = |place: &str, fields: &mut Map<String, Value>| {
        if fields.is_empty() {
            return;
        }
        let mut fields = Fields::of(&std::mem::take(fields));
        if !place.is_empty() {
            fields.put("name", place);
        }
        if let Some(key) = fields.text("kiro_api_key").map(str::to_owned) {
            fields.put("api_key", &key);
        }
        pieces.push(match fields.draft(region) {
            Ok(draft) => Piece::of(draft),
            Err(why) => Piece::not(place.to_owned(), why.code, why.message),
        });
    };
    for (_, line) in lines {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            finish(&place, &mut fields);
            let name = name.trim();
            place = name.strip_prefix("profile ").unwrap_or(name).trim().to_owned();
        } else if let Some((name, value)) = pair(line) {
            fields.insert(name, Value::from(value));
        }
    }
    finish(&place, &mut fields);
    pieces
}

/// One account a line: `[name,] key [, secret [, session token]] [, region]`.
fn token(at: usize, line: &str, region: &str) -> Piece {
    let parts: Vec<&str> =
        line.split([',', ';', '\t', '|', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let place = || format!("#{at}");
    let Some(key_at) = parts.iter().position(|part| kind(part).is_some()) else {
        let message = "no key or token was found in this line";
        return Piece::not(place(), "import_line", message);
    };
    let (key, rest) = (parts[key_at], &parts[key_at + 1..]);
    let name = parts[..key_at].join(" ");
    let is_region = |part: &&str| providers::is_region(part);
    let region = rest.iter().copied().find(is_region).unwrap_or(region).to_owned();
    let mut others = rest.iter().copied().filter(|part| !is_region(part));
    let (provider, credential) = match kind(key) {
        Some("access_key") => {
            let Some(secret) = others.next() else {
                let message = "the secret of the access key is missing in this line";
                return Piece::not(place(), "import_line", message);
            };
            let mut credential =
                json!({"kind": "access_key", "access_key_id": key, "secret_access_key": secret});
            if let Some(token) = others.next() {
                credential["session_token"] = Value::from(token);
            }
            ("bedrock", credential)
        }
        Some("bedrock_api_key") => ("bedrock", json!({"kind": "bedrock_api_key", "api_key": key})),
        Some("kiro_api_key") => ("amazon_q", json!({"kind": "kiro_api_key", "api_key": key})),
        _ => match (others.next(), others.next()) {
            (Some(client), Some(secret)) => (
                "amazon_q",
                json!({"kind": "oidc_refresh_token", "refresh_token": key, "client_id": client,
                    "client_secret": secret}),
            ),
            _ => ("amazon_q", json!({"kind": "kiro_social", "refresh_token": key})),
        },
    };
    let region = if provider == "bedrock" { region } else { String::new() };
    Piece::of(Draft { name, provider: provider.into(), region, credential, ..Draft::default() })
}

/// What a word is, by how it looks; AWS gives each kind a beginning of its own.
fn kind(word: &str) -> Option<&'static str> {
    let plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if (word.starts_with("AKIA") || word.starts_with("ASIA")) && word.len() >= 16 && plain(word) {
        Some("access_key")
    } else if word.starts_with("ksk_") {
        Some("kiro_api_key")
    } else if (word.starts_with("ABSK") || word.starts_with("bedrock-api-key-")) && word.len() >= 20 {
        Some("bedrock_api_key")
    } else if word.starts_with("aor") && word.len() >= 40 {
        Some("refresh_token")
    } else {
        None
    }
}
