//! An organisation's own identity provider, such as Entra ID or Okta: plain OAuth (RFC 8628, RFC 7636) at the addresses
//! that its discovery document names. All of them must be on the issuer's host: the document may not send a token
//! elsewhere.

use std::time::{Duration, SystemTime};

use llm::{Category, Error, Secret};
use serde_json::{Map, Value, json};
use url::Url;

use super::PORTS;
use crate::address::{check_custom, parse};
use crate::fields::wrong;
use crate::login::{
    Callback, Device, Doorway, Heard, Issuer, Proof, Question, Tokens, Told, answer, shown, text, told,
    with_query, written,
};

/// Without `offline_access` there is no refresh token.
const SCOPES: &str = "openid profile offline_access";

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

const PATH: &str = "/oauth/callback";

const USUAL_TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// One sign-in there.
#[derive(Debug)]
pub(super) struct External {
    issuer: Url,
    client: String,
    scopes: String,
    port: Option<u16>,
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    token: Url,
    device: Option<Url>,
    authorize: Option<Url>,
}

impl External {
    pub(super) fn new(issuer: &str, client: String, scopes: Option<String>) -> Result<Self, Error> {
        let bad = |_| wrong("fields.issuer_url", "must be an https address, without user name or query");
        check_custom(issuer).map_err(bad)?;
        let issuer = parse(issuer)?;
        if client.is_empty() {
            return Err(wrong("fields.client_id", "is missing"));
        }
        Ok(Self {
            issuer,
            client,
            scopes: scopes.unwrap_or_else(|| SCOPES.to_owned()),
            port: None,
            found: None,
        })
    }

    fn found(&self) -> Result<&Found, Error> {
        let nothing = || Error::new(Category::Internal, "The identity provider was not looked up.");
        self.found.as_ref().ok_or_else(nothing)
    }

    /// An address of the discovery document, when it names one.
    fn place(&self, document: &Value, name: &str) -> Result<Option<Url>, Error> {
        let Some(text) = document.get(name).and_then(Value::as_str) else { return Ok(None) };
        let url = Url::parse(text)
            .ok()
            .filter(|url| url.scheme() == self.issuer.scheme() && url.host_str() == self.issuer.host_str());
        url.map(Some).ok_or_else(|| {
            Error::new(Category::Upstream, format!("The identity provider's {name} is not on its own host."))
        })
    }

    fn back(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port.unwrap_or_default())
    }
}

impl Issuer for External {
    fn doorway(&self) -> Doorway {
        Doorway { ports: PORTS, both: true, paths: &[PATH] }
    }

    fn comes_back_to(&mut self, port: u16) {
        self.port = Some(port);
    }

    fn preparation(&self) -> Result<Option<Question>, Error> {
        if self.found.is_some() {
            return Ok(None);
        }
        let base = self.issuer.as_str().trim_end_matches('/');
        Ok(Some(Question::get(parse(&format!("{base}/.well-known/openid-configuration"))?, None)))
    }

    fn prepared(&mut self, heard: &Heard) -> Result<(), Error> {
        let document = answer(heard)?;
        let missing = || Error::new(Category::Upstream, "The identity provider names no token endpoint.");
        self.found = Some(Found {
            token: self.place(&document, "token_endpoint")?.ok_or_else(missing)?,
            device: self.place(&document, "device_authorization_endpoint")?,
            authorize: self.place(&document, "authorization_endpoint")?,
        });
        Ok(())
    }

    fn device(&self) -> Result<Question, Error> {
        let url = self.found()?.device.clone().ok_or_else(|| {
            Error::new(
                Category::Unsupported,
                "This identity provider knows no codes for devices. Sign in with the browser instead.",
            )
        })?;
        Ok(Question::form(url, &[("client_id", &self.client), ("scope", &self.scopes)]))
    }

    fn read_device(&self, heard: &Heard) -> Result<Device, Error> {
        let answer = answer(heard)?;
        let whole = answer.get("verification_uri_complete").and_then(Value::as_str);
        let seconds = |name: &str| answer.get(name).and_then(Value::as_u64).map(Duration::from_secs);
        Ok(Device {
            code: Secret::new(text(&answer, "device_code")?),
            user_code: text(&answer, "user_code")?.to_owned(),
            url: shown(whole.map_or_else(|| text(&answer, "verification_uri"), Ok)?)?,
            life: seconds("expires_in").unwrap_or(crate::login::PATIENCE),
            interval: seconds("interval"),
        })
    }

    fn poll(&self, code: &Secret) -> Result<Question, Error> {
        let members =
            [("grant_type", DEVICE_GRANT), ("device_code", code.expose()), ("client_id", &self.client)];
        Ok(Question::form(self.found()?.token.clone(), &members))
    }

    fn page(&self, proof: &Proof) -> Result<Url, Error> {
        let none = || Error::new(Category::Upstream, "The identity provider names no page to sign in on.");
        with_query(
            self.found()?.authorize.as_ref().ok_or_else(none)?.as_str(),
            &[
                ("response_type", "code"),
                ("client_id", &self.client),
                ("redirect_uri", &self.back()),
                ("scope", &self.scopes),
                ("state", proof.state()),
                ("code_challenge", &proof.challenge()),
                ("code_challenge_method", "S256"),
            ],
        )
    }

    fn redeem(&self, code: &str, _: &Callback, proof: &Proof) -> Result<Question, Error> {
        let members = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", proof.verifier()),
            ("redirect_uri", &self.back()),
            ("client_id", &self.client),
        ];
        Ok(Question::form(self.found()?.token.clone(), &members))
    }

    fn read(&self, heard: &Heard) -> Told {
        told(heard)
    }

    fn credential(&self, tokens: &Tokens, now: SystemTime) -> Result<Map<String, Value>, Error> {
        let Value::Object(fields) = json!({
            "kind": "external_idp",
            "refresh_token": tokens.lasting()?.expose(),
            "token_endpoint": self.found()?.token.as_str(),
            "issuer_url": self.issuer.as_str(),
            "client_id": self.client,
            "scopes": self.scopes,
            "access_token": tokens.access.expose(),
            "expires_at": written(now + tokens.life.unwrap_or(USUAL_TOKEN_LIFE)),
        }) else {
            return Ok(Map::new());
        };
        Ok(fields)
    }
}
