//! Kiro's own sign-in, with Google or GitHub. Its page offers other ways too; who chooses one of them there goes on
//! with that one here.

use std::time::{Duration, SystemTime};

use llm::{Error, Secret};
use serde_json::{Map, Value, json};
use url::Url;

use super::external::External;
use super::{BUILDER_ID, HOME, HostTemplates, PORTS, directory, start_url};
use crate::Account;
use crate::address::{check_region, parse};
use crate::fields::wrong;
use crate::login::{
    Callback, Device, Doorway, Heard, Issuer, Proof, Question, Tokens, Told, answer, shown, text, told,
    with_query, written,
};

/// We say who we are: the name is ours.
const CLIENT: &str = "switchboard";

/// A browser may come back to either.
const PATHS: &[&str] = &["/oauth/callback", "/signin/callback"];

/// When the answer to a browser's code does not say how long its token lives.
const BROWSER_LIFE: Duration = Duration::from_secs(3600);

/// The answer to a device never says; the service refuses the token when it is over, and it is refreshed then.
const DEVICE_LIFE: Duration = Duration::from_secs(28_800);

/// One sign-in there.
#[derive(Debug)]
pub(super) struct Social {
    hosts: HostTemplates,
    account: Account,
    provider: &'static str,
    base: String,
    port: Option<u16>,
}

impl Social {
    pub(super) fn new(hosts: HostTemplates, account: Account, login: &str) -> Result<Self, Error> {
        let provider = match login {
            "google" => "Google",
            "github" => "Github",
            _ => return Err(wrong("login", "is not a sign-in of Kiro")),
        };
        let base = hosts.social(&account)?;
        Ok(Self { hosts, account, provider, base, port: None })
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        parse(&format!("{}{path}", self.base))
    }

    fn home(&self) -> String {
        format!("http://localhost:{}", self.port.unwrap_or_default())
    }
}

impl Issuer for Social {
    fn doorway(&self) -> Doorway {
        Doorway { ports: PORTS, both: true, paths: PATHS }
    }

    fn comes_back_to(&mut self, port: u16) {
        self.port = Some(port);
    }

    fn preparation(&self) -> Result<Option<Question>, Error> {
        Ok(None)
    }

    fn prepared(&mut self, _: &Heard) -> Result<(), Error> {
        Ok(())
    }

    fn device(&self) -> Result<Question, Error> {
        let body = json!({"clientId": CLIENT, "loginProvider": self.provider});
        Ok(Question::json(self.url("/oauth/device/authorization")?, &body))
    }

    fn read_device(&self, heard: &Heard) -> Result<Device, Error> {
        let answer = answer(heard)?;
        let whole = answer.get("verificationUriComplete").and_then(Value::as_str);
        let millis = |name: &str| answer.get(name).and_then(Value::as_u64).map(Duration::from_millis);
        Ok(Device {
            code: Secret::new(text(&answer, "deviceCode")?),
            user_code: text(&answer, "userCode")?.to_owned(),
            url: shown(whole.map_or_else(|| text(&answer, "verificationUri"), Ok)?)?,
            life: millis("expiresInMilliseconds").unwrap_or(crate::login::PATIENCE),
            interval: millis("intervalInMilliseconds"),
        })
    }

    fn poll(&self, code: &Secret) -> Result<Question, Error> {
        let body = json!({"clientId": CLIENT, "deviceCode": code.expose()});
        Ok(Question::json(self.url("/oauth/device/poll")?, &body))
    }

    fn page(&self, proof: &Proof) -> Result<Url, Error> {
        with_query(
            &format!("{}/signin", self.hosts.portal(&self.account)?),
            &[
                ("state", proof.state()),
                ("code_challenge", &proof.challenge()),
                ("code_challenge_method", "S256"),
                ("redirect_uri", &self.home()),
                ("redirect_from", CLIENT),
            ],
        )
    }

    fn redeem(&self, code: &str, callback: &Callback, proof: &Proof) -> Result<Question, Error> {
        // The address that the code was given for, as the service made it.
        let option = callback.get("login_option").unwrap_or_default();
        let back = with_query(&format!("{}{}", self.home(), callback.path), &[("login_option", option)])?;
        let body = json!({"code": code, "code_verifier": proof.verifier(), "redirect_uri": back.as_str()});
        Ok(Question::json(self.url("/oauth/token")?, &body))
    }

    fn read(&self, heard: &Heard) -> Told {
        if heard.status != 200 {
            return told(heard);
        }
        // A device's answer has a status of its own; what cannot be read is asked again.
        match heard.json().ok().as_ref().and_then(|answer| answer.get("status")?.as_str()) {
            None | Some("authorized") => told(heard),
            Some("expired_token") => Told::Expired,
            Some("invalid_token" | "access_denied") => Told::Denied,
            Some("slow_down") => Told::SlowDown,
            Some(_) => Told::Pending,
        }
    }

    fn referred(&self, callback: &Callback) -> Option<Result<Box<dyn Issuer>, Error>> {
        match callback.get("login_option")? {
            "builderid" => Some(
                directory(&self.hosts, &self.account, HOME, BUILDER_ID.to_owned())
                    .map(|oidc| Box::new(oidc) as Box<dyn Issuer>),
            ),
            "awsidc" => Some(self.directory_of(callback)),
            "external_idp" => {
                let member = |name: &str| callback.get(name).unwrap_or_default();
                let scopes = callback.get("scopes").map(str::to_owned);
                Some(
                    External::new(member("issuer_url"), member("client_id").to_owned(), scopes)
                        .map(|external| Box::new(external) as Box<dyn Issuer>),
                )
            }
            _ => None,
        }
    }

    fn credential(&self, tokens: &Tokens, now: SystemTime) -> Result<Map<String, Value>, Error> {
        let usual = if self.port.is_some() { BROWSER_LIFE } else { DEVICE_LIFE };
        let Value::Object(mut fields) = json!({
            "kind": "kiro_social",
            "refresh_token": tokens.lasting()?.expose(),
            "access_token": tokens.access.expose(),
            "expires_at": written(now + tokens.life.unwrap_or(usual)),
        }) else {
            return Ok(Map::new());
        };
        if let Some(arn) = &tokens.profile_arn {
            fields.insert("profile_arn".to_owned(), Value::from(arn.as_str()));
        }
        Ok(fields)
    }
}

impl Social {
    fn directory_of(&self, callback: &Callback) -> Result<Box<dyn Issuer>, Error> {
        let region = callback.get("idc_region").unwrap_or(HOME);
        check_region(region)?;
        let start = start_url(callback.get("issuer_url").unwrap_or_default(), "issuer_url")?;
        Ok(Box::new(directory(&self.hosts, &self.account, region, start)?))
    }
}
