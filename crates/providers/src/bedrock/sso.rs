//! IAM Identity Center: where its services are, and what its access portal is asked.

use http::{HeaderName, HeaderValue};
use llm::{Category, Error, Secret};
use serde_json::Value;
use url::{Host, Url};

use crate::Account;
use crate::address::{domain, parse, segment};
use crate::http::is_localhost;
use crate::login::{Complaint, Heard, Question};

/// Proves who asks the portal.
const BEARER: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");

/// The most that a page may hold.
const PAGE: &str = "100";

/// The services of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Gives out tokens. Without a final slash.
    pub(super) oidc: String,
    /// Gives out roles' keys.
    pub(super) portal: String,
}

impl Places {
    /// Those of a region. An account's own address stands for them when it is on this machine, where something plays
    /// all of AWS; another one is Bedrock's alone.
    pub(super) fn of(account: &Account, region: &str) -> Result<Self, Error> {
        let domain = domain(region)?;
        if let Some(own) = account.endpoint_url.as_deref().filter(|own| is_here(own)) {
            let own = own.trim_end_matches('/').to_owned();
            return Ok(Self { oidc: own.clone(), portal: own });
        }
        Ok(Self {
            oidc: format!("https://oidc.{region}.{domain}"),
            portal: format!("https://portal.sso.{region}.{domain}"),
        })
    }

    /// One page of the AWS accounts of a person.
    pub(super) fn accounts(&self, token: &Secret, page: Option<&str>) -> Result<Question, Error> {
        self.ask("/assignment/accounts", &[("max_result", Some(PAGE)), ("next_token", page)], token)
    }

    /// One page of their roles in one.
    pub(super) fn roles(&self, token: &Secret, account: &str, page: Option<&str>) -> Result<Question, Error> {
        let members = [("account_id", Some(account)), ("max_result", Some(PAGE)), ("next_token", page)];
        self.ask("/assignment/roles", &members, token)
    }

    /// Keys of a role.
    pub(super) fn keys(&self, token: &Secret, account: &str, role: &str) -> Result<Question, Error> {
        let members = [("account_id", Some(account)), ("role_name", Some(role))];
        self.ask("/federation/credentials", &members, token)
    }

    fn ask(&self, path: &str, members: &[(&str, Option<&str>)], token: &Secret) -> Result<Question, Error> {
        let given = members.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        let query: Vec<_> = given.map(|(name, value)| format!("{name}={}", segment(value))).collect();
        let url = parse(&format!("{}{path}?{}", self.portal, query.join("&")))?;
        let token = HeaderValue::from_str(token.expose())
            .map_err(|_| Error::new(Category::NoCredentials, "The sign-in's token is not a text."))?;
        Ok(Question::get(url, Some((BEARER, token))))
    }
}

fn is_here(address: &str) -> bool {
    match Url::parse(address).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}

/// What the portal said no with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token is not accepted.
    Token,
    /// The person has no such account or role (any more).
    Access,
    /// It may work later.
    Other,
}

/// A page's entries and the token of the next page.
pub(super) fn page(heard: &Heard, name: &str) -> Result<(Vec<Value>, Option<String>), Error> {
    let mut answer = read(heard).map_err(|(_, error)| error)?;
    let next = answer.get("nextToken").and_then(Value::as_str).filter(|token| !token.is_empty());
    let next = next.map(str::to_owned);
    let Some(Value::Array(entries)) = answer.get_mut(name).map(Value::take) else {
        return Err(Error::new(Category::Upstream, format!("The access portal answered without {name}.")));
    };
    Ok((entries, next))
}

/// An answer's members.
pub(super) fn read(heard: &Heard) -> Result<Value, (Refused, Error)> {
    if heard.status == 200 {
        return heard.json().map_err(|error| (Refused::Other, error));
    }
    let Complaint { code, said, .. } = Complaint::read(heard.header("x-amzn-errortype"), &heard.body);
    let said = if said.is_empty() { String::new() } else { format!(" It said: {said}") };
    let (refused, category, words) = match (heard.status, code.as_str()) {
        (_, "unauthorized") | (401, _) => {
            (Refused::Token, Category::NoCredentials, "The access portal no longer accepts this sign-in.")
        }
        (_, "forbidden" | "resource_not_found") | (403 | 404, _) => (
            Refused::Access,
            Category::NoCredentials,
            "This role is no longer yours. Sign in again and choose another.",
        ),
        (_, "too_many_requests") | (429, _) => {
            (Refused::Other, Category::RateLimited, "The access portal asks to slow down.")
        }
        _ => (Refused::Other, Category::Upstream, "The access portal failed."),
    };
    let words = format!("{words}{said}");
    Err((refused, Error::new(category, words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(endpoint: Option<&str>) -> Account {
        Account {
            id: "a".into(),
            name: "A".into(),
            provider: "bedrock".into(),
            region: "us-east-1".into(),
            endpoint_url: endpoint.map(str::to_owned),
            options: Value::Null,
        }
    }

    #[test]
    fn services_follow_the_directorys_region() {
        let far = Places::of(&account(None), "eu-central-1").unwrap();
        assert_eq!(far.oidc, "https://oidc.eu-central-1.amazonaws.com");
        assert_eq!(far.portal, "https://portal.sso.eu-central-1.amazonaws.com");
        let private = Places::of(&account(Some("https://vpce-1.example.com")), "eu-central-1").unwrap();
        assert_eq!(private, far, "a private address of Bedrock is no sign-in service");
        let here = Places::of(&account(Some("http://127.0.0.1:9/")), "eu-central-1").unwrap();
        assert_eq!((here.oidc.as_str(), here.portal.as_str()), ("http://127.0.0.1:9", "http://127.0.0.1:9"));
        assert_eq!(
            Places::of(&account(None), "cn-north-1").unwrap().oidc,
            "https://oidc.cn-north-1.amazonaws.com.cn"
        );
        assert!(Places::of(&account(None), "evil.example/").is_err());
    }
}
