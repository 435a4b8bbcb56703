//! The logins of Kiro CLI and Amazon Q CLI: JSON under keys of a SQLite database.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Entry, Kept, Shared, Trouble, directory, social, text};
use crate::amazon_q::bearer::TokenKind;
use crate::amazon_q::credentials::{access_of, is_profile_arn};
use crate::found::{Databases, FoundKind, Places, Program, checked};

const TOKENS: &str = "auth_kv";
const STATE: &str = "state";
const PROFILE: &str = "api.codewhisperer.profile";

pub(super) fn look(shared: Shared, places: &Places, databases: &dyn Databases) -> Result<Kept, Trouble> {
    let place = database(shared.program, places);
    let unreadable = |why: &str| Trouble::Unreadable(format!("{}: {why}", place.display()));
    let real = checked(&place, &places.home).map_err(|error| unreadable(&error.to_string()))?;
    let real = real.ok_or(Trouble::Absent)?;
    // The letters are theirs.
    let keys: &[&str] = match (shared.program, shared.login) {
        (_, Entry::Social) => &["kirocli:social:token"],
        (_, Entry::External) => &["kirocli:external-idp:token"],
        (Program::KiroCli, _) => &["kirocli:odic:token", "codewhisperer:odic:token"],
        _ => &["codewhisperer:odic:token"],
    };
    let found = databases.texts(&real, TOKENS, keys).map_err(|error| unreadable(&error.to_string()))?;
    let token = found.into_iter().flatten().next().ok_or(Trouble::Absent)?;
    // The text of an error would quote the token.
    let fields: Map<String, Value> =
        serde_json::from_str(&token).map_err(|_| unreadable("its token is no object of JSON"))?;
    let member = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let access = access_of(member("access_token"), member("expires_at"));
    let access = access.ok_or_else(|| unreadable("it holds no token with an end"))?;
    let start_url = text(&fields, "start_url");
    let kind = match shared.login {
        Entry::Social => social(text(&fields, "provider").as_deref()),
        Entry::External => FoundKind::ExternalIdp,
        Entry::Oidc | Entry::Only => directory(start_url.as_deref()),
    };
    let profile = text(&fields, "profile_arn").or_else(|| {
        let state = databases.texts(&real, STATE, &[PROFILE]).ok()?.into_iter().next()??;
        text(&serde_json::from_str(&state).ok()?, "arn")
    });
    Ok(Kept {
        token: access.token,
        expires: access.expires,
        token_kind: if kind == FoundKind::ExternalIdp { TokenKind::ExternalIdp } else { TokenKind::Aws },
        // A Builder ID has none of its own, whatever was chosen before.
        profile_arn: profile.filter(|arn| kind != FoundKind::BuilderId && is_profile_arn(arn)),
        kind,
        region: text(&fields, "region"),
        start_url,
        issuer_url: text(&fields, "issuer_url"),
        client_id: text(&fields, "client_id"),
        place,
    })
}

fn database(program: Program, places: &Places) -> PathBuf {
    let folder = match program {
        Program::KiroCli if cfg!(windows) => "Kiro-Cli",
        Program::KiroCli => "kiro-cli",
        _ => "amazon-q",
    };
    places.local_data.join(folder).join("data.sqlite3")
}
