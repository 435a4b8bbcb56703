//! The OIDC service of AWS Builder ID and IAM Identity Center. Every sign-in registers a client of its own: a
//! registration is one session there, and a second sign-in with it would end the first.

use std::time::{Duration, SystemTime};

use llm::{Error, Secret};
use serde_json::{Map, Value, json};
use url::Url;

use super::issuer::{Device, Issuer, Tokens, Told, answer, shown, text, told, with_query};
use super::{Callback, Doorway, Heard, Proof, Question, written};
use crate::address::parse;

/// Shown to the person on the consent page.
const CLIENT_NAME: &str = "Switchboard";

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// When the answer does not say how long a code lives.
const USUAL_LIFE: u64 = 600;

/// When the answer does not say how long a token lives.
const USUAL_TOKEN_LIFE: Duration = Duration::from_secs(3600);

const PATH: &str = "/oauth/callback";

/// Which directory, and for what.
#[derive(Clone, Debug)]
pub(crate) struct OidcOptions {
    /// The service's address, without a final slash.
    pub(crate) base: String,
    /// Region of the directory.
    pub(crate) region: String,
    pub(crate) start_url: String,
    pub(crate) scopes: &'static [&'static str],
    /// The `kind` of the credential that comes of it.
    pub(crate) kind: &'static str,
}

/// One sign-in there.
#[derive(Debug)]
pub(crate) struct Oidc {
    options: OidcOptions,
    back: Option<String>,
    client: Option<Client>,
}

#[derive(Debug)]
struct Client {
    id: String,
    secret: Secret,
    /// Seconds since 1970.
    expires: Option<i64>,
}

impl Oidc {
    pub(crate) const fn new(options: OidcOptions) -> Self {
        Self { options, back: None, client: None }
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        parse(&format!("{}{path}", self.options.base))
    }

    fn client(&self) -> Result<&Client, Error> {
        self.client.as_ref().ok_or_else(|| {
            Error::new(llm::Category::Internal, "A sign-in was asked for before its client was registered.")
        })
    }

    fn grant(&self, kind: &str, members: Value) -> Result<Question, Error> {
        let client = self.client()?;
        let mut body = json!({
            "clientId": client.id, "clientSecret": client.secret.expose(), "grantType": kind,
        });
        if let (Value::Object(body), Value::Object(members)) = (&mut body, members) {
            body.extend(members);
        }
        Ok(Question::json(self.url("/token")?, &body))
    }
}

impl Issuer for Oidc {
    fn doorway(&self) -> Doorway {
        Doorway { ports: &[], both: false, paths: &[PATH] }
    }

    fn comes_back_to(&mut self, port: u16) {
        self.back = Some(format!("http://127.0.0.1:{port}{PATH}"));
    }

    fn preparation(&self) -> Result<Option<Question>, Error> {
        if self.client.is_some() {
            return Ok(None);
        }
        let mut body = json!({
            "clientName": CLIENT_NAME, "clientType": "public", "scopes": self.options.scopes,
        });
        if let Some(back) = &self.back {
            body["grantTypes"] = json!(["authorization_code", "refresh_token"]);
            body["redirectUris"] = json!([back]);
            body["issuerUrl"] = json!(self.options.start_url);
        }
        Ok(Some(Question::json(self.url("/client/register")?, &body)))
    }

    fn prepared(&mut self, heard: &Heard) -> Result<(), Error> {
        let answer = answer(heard)?;
        self.client = Some(Client {
            id: text(&answer, "clientId")?.to_owned(),
            secret: Secret::new(text(&answer, "clientSecret")?),
            expires: answer.get("clientSecretExpiresAt").and_then(Value::as_i64).filter(|at| *at > 0),
        });
        Ok(())
    }

    fn device(&self) -> Result<Question, Error> {
        let client = self.client()?;
        let body = json!({
            "clientId": client.id, "clientSecret": client.secret.expose(),
            "startUrl": self.options.start_url,
        });
        Ok(Question::json(self.url("/device_authorization")?, &body))
    }

    fn read_device(&self, heard: &Heard) -> Result<Device, Error> {
        let answer = answer(heard)?;
        let whole = answer.get("verificationUriComplete").and_then(Value::as_str);
        let seconds = |name: &str| answer.get(name).and_then(Value::as_u64);
        Ok(Device {
            code: Secret::new(text(&answer, "deviceCode")?),
            user_code: text(&answer, "userCode")?.to_owned(),
            url: shown(whole.map_or_else(|| text(&answer, "verificationUri"), Ok)?)?,
            life: Duration::from_secs(seconds("expiresIn").unwrap_or(USUAL_LIFE)),
            interval: seconds("interval").map(Duration::from_secs),
        })
    }

    fn poll(&self, code: &Secret) -> Result<Question, Error> {
        self.grant(DEVICE_GRANT, json!({"deviceCode": code.expose()}))
    }

    fn page(&self, proof: &Proof) -> Result<Url, Error> {
        let client = self.client()?;
        with_query(
            self.url("/authorize")?.as_str(),
            &[
                ("response_type", "code"),
                ("client_id", &client.id),
                ("redirect_uri", self.back.as_deref().unwrap_or_default()),
                // AWS's own name for it: everybody else calls it `scope`.
                ("scopes", &self.options.scopes.join(" ")),
                ("state", proof.state()),
                ("code_challenge", &proof.challenge()),
                ("code_challenge_method", "S256"),
            ],
        )
    }

    fn redeem(&self, code: &str, _: &Callback, proof: &Proof) -> Result<Question, Error> {
        let members = json!({"code": code, "codeVerifier": proof.verifier(), "redirectUri": self.back});
        self.grant("authorization_code", members)
    }

    fn read(&self, heard: &Heard) -> Told {
        told(heard)
    }

    fn credential(&self, tokens: &Tokens, now: SystemTime) -> Result<Map<String, Value>, Error> {
        let client = self.client()?;
        let Value::Object(mut fields) = json!({
            "kind": self.options.kind,
            "start_url": self.options.start_url,
            "oidc_region": self.options.region,
            "client_id": client.id,
            "client_secret": client.secret.expose(),
            "access_token": tokens.access.expose(),
            "expires_at": written(now + tokens.life.unwrap_or(USUAL_TOKEN_LIFE)),
        }) else {
            return Ok(Map::new());
        };
        if let Some(refresh) = &tokens.refresh {
            fields.insert("refresh_token".to_owned(), Value::from(refresh.expose()));
        }
        if let Some(expires) = client.expires {
            fields.insert("client_expires_at".to_owned(), Value::from(expires));
        }
        Ok(fields)
    }
}
