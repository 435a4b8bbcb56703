//! The login of Kiro IDE: a token file in the cache that AWS's tools share.

use serde_json::{Map, Value};

use super::{Kept, Trouble, social, text};
use crate::amazon_q::bearer::TokenKind;
use crate::amazon_q::credentials::{access_of, is_profile_arn};
use crate::found::{FoundKind, Places, read};

const FILE: &str = "kiro-auth-token.json";

pub(super) fn look(places: &Places) -> Result<Kept, Trouble> {
    let place = places.sso_cache().join(FILE);
    let unreadable = |why: &str| Trouble::Unreadable(format!("{}: {why}", place.display()));
    let content = read(&place, &places.home).map_err(|error| unreadable(&error.to_string()))?;
    let content = content.ok_or(Trouble::Absent)?;
    // The text of an error would quote the token.
    let fields: Map<String, Value> =
        serde_json::from_slice(&content).map_err(|_| unreadable("it is no object of JSON"))?;
    let member = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let access = access_of(member("accessToken"), member("expiresAt"));
    let access = access.ok_or_else(|| unreadable("it holds no token with an end"))?;
    let method = text(&fields, "authMethod").unwrap_or_default().to_lowercase();
    let provider = text(&fields, "provider");
    let kind = match method.as_str() {
        "social" => social(provider.as_deref()),
        "external_idp" => FoundKind::ExternalIdp,
        _ if provider.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("Enterprise")) => {
            FoundKind::IdentityCenter
        }
        _ => FoundKind::BuilderId,
    };
    let profile_arn = text(&fields, "profileArn").or_else(|| chosen_profile(places));
    Ok(Kept {
        token: access.token,
        expires: access.expires,
        token_kind: if kind == FoundKind::ExternalIdp { TokenKind::ExternalIdp } else { TokenKind::Aws },
        // A Builder ID has none of its own, whatever was chosen before.
        profile_arn: profile_arn.filter(|arn| kind != FoundKind::BuilderId && is_profile_arn(arn)),
        kind,
        region: text(&fields, "region"),
        start_url: text(&fields, "startUrl"),
        issuer_url: text(&fields, "issuerUrl"),
        client_id: text(&fields, "clientId"),
        place,
    })
}

/// The profile that the person chose in the editor.
fn chosen_profile(places: &Places) -> Option<String> {
    let file = places.settings.join("Kiro").join("User").join("globalStorage").join("kiro.kiroagent");
    let content = read(&file.join("profile.json"), &places.home).ok()??;
    let fields: Map<String, Value> = serde_json::from_slice(&content).ok()?;
    text(&fields, "arn")
}
