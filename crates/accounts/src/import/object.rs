//! One JSON object as other programs write accounts down: Kiro's token files, lists of `account.json`, AWS's own tools.
//! Such files have members of which nobody here knows; those are passed over.

use serde_json::{Map, Value, json};

use super::draft::{Draft, Unreadable};

const KIRO: &str = "amazon_q";
const BEDROCK: &str = "bedrock";

/// Members of a Kiro credential that are taken as they are.
const KEPT: [&str; 6] =
    ["refresh_token", "access_token", "expires_at", "profile_arn", "client_id", "client_secret"];

/// An object with names in one spelling.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// `accessToken`, `AccessToken` and `access_token` are one name; `aws_` before it says nothing.
    pub(super) fn of(object: &Map<String, Value>) -> Self {
        let mut fields = Map::new();
        for (name, value) in object {
            let name = spelt(name);
            let bare = name.strip_prefix("aws_").unwrap_or(&name).to_owned();
            fields.entry(bare).or_insert_with(|| value.clone());
        }
        // What `aws sts` and its like answer.
        if let Some(Value::Object(inner)) = fields.remove("credentials") {
            fields.extend(Self::of(&inner).0);
        }
        Self(fields)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), Value::from(value));
    }

    /// A client registration of IAM Identity Center without a token: Kiro keeps it in a file beside.
    pub(super) fn is_registration(&self) -> bool {
        self.text("client_id").is_some()
            && self.text("client_secret").is_some()
            && self.text("refresh_token").is_none()
            && self.text("access_key_id").is_none()
    }

    /// A token whose registration is in another file.
    pub(super) fn wants_registration(&self) -> bool {
        self.text("refresh_token").is_some()
            && self.text("client_id_hash").is_some()
            && self.text("client_secret").is_none()
    }

    pub(super) fn name(&self) -> String {
        let name =
            ["name", "label", "email", "account_name", "id"].into_iter().find_map(|name| self.text(name));
        name.unwrap_or_default().to_owned()
    }

    fn enabled(&self) -> Option<bool> {
        let flag = self.0.get("is_active").or_else(|| self.0.get("enabled"))?;
        match flag {
            Value::Bool(on) => Some(*on),
            Value::Number(number) => Some(number.as_f64() != Some(0.0)),
            Value::String(word) => Some(!matches!(word.to_lowercase().as_str(), "false" | "0" | "no")),
            _ => None,
        }
    }

    fn tags(&self) -> Vec<String> {
        let tags = self.0.get("tags").and_then(Value::as_array).into_iter().flatten();
        tags.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The account that the object means. `region` is for Bedrock accounts that bring none.
    pub(super) fn draft(&self, region: &str) -> Result<Draft, Unreadable> {
        let draft = Draft {
            name: self.name(),
            enabled: self.enabled(),
            tags: self.tags(),
            note: self.text("note").unwrap_or_default().to_owned(),
            ..Draft::default()
        };
        if self.text("refresh_token").is_some() {
            let credential = self.kiro()?;
            return Ok(Draft { provider: KIRO.into(), credential, ..draft });
        }
        let region = self.text("region").or_else(|| self.text("default_region")).unwrap_or(region).to_owned();
        let bedrock = |credential| Draft { provider: BEDROCK.into(), region, credential, ..draft.clone() };
        if let (Some(id), Some(secret)) = (self.text("access_key_id"), self.text("secret_access_key")) {
            let mut credential =
                json!({"kind": "access_key", "access_key_id": id, "secret_access_key": secret});
            if let Some(token) = self.text("session_token") {
                credential["session_token"] = Value::from(token);
            }
            return Ok(bedrock(credential));
        }
        match self.text("api_key").or_else(|| self.text("bearer_token_bedrock")) {
            Some(key) if key.starts_with("ksk_") => {
                let credential = json!({"kind": "kiro_api_key", "api_key": key});
                Ok(Draft { provider: KIRO.into(), credential, ..draft })
            }
            Some(key) => Ok(bedrock(json!({"kind": "bedrock_api_key", "api_key": key}))),
            None => Err(Unreadable::new(
                "import_no_credential",
                "there is neither a refresh_token, nor an access key with its secret, nor an api_key",
            )),
        }
    }

    /// A credential with a refresh token, by how it was got.
    fn kiro(&self) -> Result<Value, Unreadable> {
        let has = |name| self.text(name).is_some();
        let way =
            self.text("auth_method").or_else(|| self.text("auth_type")).unwrap_or_default().to_lowercase();
        let kind = match way.as_str() {
            "external_idp" | "externalidp" => "external_idp",
            "social" => "kiro_social",
            _ if has("token_endpoint") => "external_idp",
            _ if has("client_id") || has("client_id_hash") || matches!(way.as_str(), "idc" | "builderid") => {
                "oidc_refresh_token"
            }
            _ => "kiro_social",
        };
        if kind == "oidc_refresh_token" && !(has("client_id") && has("client_secret")) {
            return Err(Unreadable::new(
                "import_no_registration",
                "client_id and client_secret are missing; Kiro keeps them in a file beside this one, which its \
                 clientIdHash names: paste both",
            ));
        }
        let mut credential = Map::from_iter([("kind".to_owned(), Value::from(kind))]);
        for name in KEPT {
            let fits = kind == "oidc_refresh_token" || name != "client_secret";
            let fits = fits && (kind != "kiro_social" || name != "client_id");
            if let Some(value) = self.0.get(name).filter(|value| fits && !value.is_null() && *value != "") {
                credential.insert(name.to_owned(), value.clone());
            }
        }
        match kind {
            "oidc_refresh_token" => {
                if let Some(region) = self.text("oidc_region").or_else(|| self.text("region")) {
                    credential.insert("oidc_region".to_owned(), Value::from(region));
                }
            }
            "external_idp" => {
                for name in ["token_endpoint", "issuer_url", "scopes"] {
                    if let Some(value) = self.0.get(name).filter(|value| !value.is_null()) {
                        credential.insert(name.to_owned(), value.clone());
                    }
                }
            }
            _ => {}
        }
        Ok(Value::Object(credential))
    }
}

/// `AccessKeyId` as `access_key_id`.
fn spelt(name: &str) -> String {
    let mut spelt = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.trim().chars() {
        if c.is_ascii_uppercase() {
            if small {
                spelt.push('_');
            }
            small = false;
            spelt.push(c.to_ascii_lowercase());
        } else {
            small = c.is_ascii_lowercase() || c.is_ascii_digit();
            spelt.push(if c == '-' || c == ' ' { '_' } else { c });
        }
    }
    spelt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_alike() {
        for (given, expected) in [
            ("accessToken", "access_token"),
            ("AccessKeyId", "access_key_id"),
            ("access_token", "access_token"),
            ("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"),
            ("clientIdHash", "client_id_hash"),
            ("session-token", "session_token"),
        ] {
            assert_eq!(spelt(given), expected);
        }
    }
}
