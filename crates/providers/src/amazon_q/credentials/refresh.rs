//! A fresh token for a refresh token, at the three kinds of sign-in.

use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use llm::{Category, Error, Payload, Secret};
use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use super::stored::{Way, is_profile_arn};
use super::{ended, refusal};
use crate::Account;
use crate::address::parse;
use crate::amazon_q::AmazonQ;
use crate::http::Outgoing;

/// For one exchange with a token endpoint: requests wait for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer holds a few tokens.
const LONGEST: usize = 256 * 1024;

/// When the answer does not say how long its token lives.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// No vendor gives out tokens that live longer; the number is theirs, so it is bounded.
const LONGEST_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// What a refresh gave.
pub(super) struct Fresh {
    pub(super) token: Secret,
    pub(super) life: Duration,
    /// The next one, when the old one was used up.
    pub(super) refresh_token: Option<Secret>,
    pub(super) profile_arn: Option<String>,
}

/// An answer of any of the three. The old refresh token may be void by now, so whatever holds a token is taken: a
/// member of a kind that nobody expects must not cost the sign-in.
struct Answer(Map<String, Value>);

impl Answer {
    fn member(&self, names: [&str; 2]) -> Option<&Value> {
        names.into_iter().filter_map(|name| self.0.get(name)).find(|value| !value.is_null())
    }

    /// Empty when there is none.
    fn text(&self, names: [&str; 2]) -> &str {
        self.member(names).and_then(Value::as_str).unwrap_or_default()
    }

    /// Some identity providers write seconds as text.
    fn life(&self) -> Duration {
        let seconds = match self.member(["expiresIn", "expires_in"]) {
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(number) => number.as_f64(),
            None => None,
        };
        let life = seconds.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds.trunc()).ok());
        life.unwrap_or(USUAL_LIFE).min(LONGEST_LIFE)
    }
}

impl AmazonQ {
    /// Gets a fresh token. With a sign-in that has ended nobody is asked again for an hour.
    ///
    /// # Errors
    /// [`Category::NoCredentials`] when the person must sign in again, others when it may work later.
    pub(super) async fn refresh(&self, account: &Account, way: &Way) -> Result<Fresh, Error> {
        let mark = ended::mark(account, way);
        if let Some(error) = self.ended.find(&mark, (self.clock)()) {
            return Err(error);
        }
        let outgoing = match way {
            Way::Oidc { refresh_token, client_id, client_secret, region } => {
                let url = parse(&format!("{}/token", self.hosts.oidc(account, region)?))?;
                let body = json!({
                    "clientId": client_id,
                    "clientSecret": client_secret.expose(),
                    "grantType": "refresh_token",
                    "refreshToken": refresh_token.expose(),
                });
                post(url, JSON, body.to_string())
            }
            Way::Social { refresh_token } => {
                let url = parse(&format!("{}/refreshToken", self.hosts.social(account)?))?;
                post(url, JSON, json!({"refreshToken": refresh_token.expose()}).to_string())
            }
            Way::External { refresh_token, token_endpoint, client_id, scopes, .. } => {
                let mut form = Serializer::new(String::new());
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", refresh_token.expose());
                if let Some(id) = client_id {
                    form.append_pair("client_id", id);
                }
                if let Some(scopes) = scopes {
                    form.append_pair("scope", scopes);
                }
                post(token_endpoint.clone(), FORM, form.finish())
            }
            // A key is its own token, and another program's login is that program's to refresh.
            Way::ApiKey(_) | Way::Shared(_) => {
                return Err(Error::new(Category::Internal, "This credential cannot be refreshed."));
            }
        };
        match tokio::time::timeout(PATIENCE, self.token(account, outgoing, way)).await {
            Ok(Err(error)) if error.category == Category::NoCredentials => {
                self.ended.keep(mark, (self.clock)(), &error);
                Err(error)
            }
            Ok(fresh) => fresh,
            Err(_) => Err(Error::new(
                Category::Timeout,
                format!("The sign-in service did not answer within {} s.", PATIENCE.as_secs()),
            )),
        }
    }

    async fn token(&self, account: &Account, outgoing: Outgoing, way: &Way) -> Result<Fresh, Error> {
        let incoming = self.http.of(account).send(outgoing).await?;
        let status = incoming.status();
        let error_type = incoming.header("x-amzn-errortype").map(str::to_owned);
        let body = incoming.read(LONGEST).await?;
        if status != 200 {
            return Err(refusal::read(way, status, error_type.as_deref(), &body));
        }
        // The text of an error would quote the answer, which holds tokens.
        let answer = serde_json::from_slice(&body)
            .map(Answer)
            .map_err(|_| Error::new(Category::Upstream, "The sign-in service's answer cannot be read."))?;
        let token = answer.text(["accessToken", "access_token"]);
        if token.is_empty() {
            return Err(Error::new(Category::Upstream, "The sign-in service answered without a token."));
        }
        let refresh_token = Some(answer.text(["refreshToken", "refresh_token"]));
        let profile_arn = Some(answer.text(["profileArn", "profile_arn"]));
        Ok(Fresh {
            token: Secret::new(token),
            life: answer.life(),
            refresh_token: refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
            profile_arn: profile_arn.filter(|arn| is_profile_arn(arn)).map(str::to_owned),
        })
    }
}

fn post(url: url::Url, content_type: HeaderValue, body: String) -> Outgoing {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ACCEPT, JSON);
    Outgoing { method: Method::POST, url, headers, payload: Payload::from(body.into_bytes()) }
}
