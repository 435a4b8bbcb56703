//! A fresh token for a refresh token, at the three kinds of sign-in.

use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use llm::{Category, Error, Payload, Secret};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::Serializer;

use super::refusal;
use super::stored::{Way, is_profile_arn};
use crate::Account;
use crate::address::parse;
use crate::amazon_q::AmazonQ;
use crate::http::Outgoing;

/// For one exchange with a token endpoint: requests wait for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer holds a few tokens.
const LONGEST: usize = 256 * 1024;

/// When the answer does not say how long its token lives.
const USUAL_LIFE: u64 = 3600;

/// No vendor gives out tokens that live longer; the number is theirs, so it is bounded.
const LONGEST_LIFE: u64 = 90 * 24 * 3600;

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

/// Answers of all three.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(alias = "access_token")]
    access_token: String,
    #[serde(alias = "refresh_token")]
    refresh_token: Option<String>,
    #[serde(alias = "expires_in")]
    expires_in: Option<u64>,
    profile_arn: Option<String>,
}

impl AmazonQ {
    /// Gets a fresh token.
    ///
    /// # Errors
    /// [`Category::NoCredentials`] when the person must sign in again, others when it may work later.
    pub(super) async fn refresh(&self, account: &Account, way: &Way) -> Result<Fresh, Error> {
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
            // A key is its own token.
            Way::ApiKey(_) => {
                return Err(Error::new(Category::Internal, "An API key cannot be refreshed."));
            }
        };
        match tokio::time::timeout(PATIENCE, self.token(outgoing, way)).await {
            Ok(fresh) => fresh,
            Err(_) => Err(Error::new(
                Category::Timeout,
                format!("The sign-in service did not answer within {} s.", PATIENCE.as_secs()),
            )),
        }
    }

    async fn token(&self, outgoing: Outgoing, way: &Way) -> Result<Fresh, Error> {
        let incoming = self.http.send(outgoing).await?;
        let status = incoming.status();
        let error_type = incoming.header("x-amzn-errortype").map(str::to_owned);
        let body = incoming.read(LONGEST).await?;
        if status != 200 {
            return Err(refusal::read(way, status, error_type.as_deref(), &body));
        }
        // The text of an error would quote the answer, which holds tokens.
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| Error::new(Category::Upstream, "The sign-in service's answer cannot be read."))?;
        if answer.access_token.is_empty() {
            return Err(Error::new(Category::Upstream, "The sign-in service answered without a token."));
        }
        Ok(Fresh {
            token: Secret::new(answer.access_token),
            life: Duration::from_secs(answer.expires_in.unwrap_or(USUAL_LIFE).min(LONGEST_LIFE)),
            refresh_token: answer.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
            profile_arn: answer.profile_arn.filter(|arn| is_profile_arn(arn)),
        })
    }
}

fn post(url: url::Url, content_type: HeaderValue, body: String) -> Outgoing {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ACCEPT, JSON);
    Outgoing { method: Method::POST, url, headers, payload: Payload::from(body.into_bytes()) }
}
