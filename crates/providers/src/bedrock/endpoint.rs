//! Where Bedrock lives: hosts by region, and what may stand in their place.

use std::borrow::Cow;

use llm::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

use crate::{Account, http::is_localhost};

/// The regions offered in the UI: those in which AWS sells Bedrock. Others are accepted when they look like a
/// region, so that a new one needs no release.
pub(crate) const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "ca-west-1",
    "mx-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "us-gov-east-1",
    "us-gov-west-1",
    "eusc-de-east-1",
    "cn-north-1",
    "cn-northwest-1",
];

/// First words of region names and the domain of the partition they belong to, longest first.
const PARTITIONS: &[(&str, &str)] = &[
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-gov-", "amazonaws.com"),
    ("eusc-de-", "amazonaws.eu"),
    ("cn-", "amazonaws.com.cn"),
    ("us-", "amazonaws.com"),
    ("ca-", "amazonaws.com"),
    ("mx-", "amazonaws.com"),
    ("sa-", "amazonaws.com"),
    ("eu-", "amazonaws.com"),
    ("il-", "amazonaws.com"),
    ("me-", "amazonaws.com"),
    ("af-", "amazonaws.com"),
    ("ap-", "amazonaws.com"),
];

const DIRECTIONS: &[&str] =
    &["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// Kept as they are in a path segment; everything else is encoded (RFC 3986 "unreserved"), as AWS's own clients do
/// with the `:` and `/` of model ids.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The two services behind the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Answers requests to models.
    Runtime,
    /// Lists models and inference profiles.
    Control,
}

/// Addresses set in the environment, by the variables all AWS tools share. Read once, at the rim.
#[derive(Clone, Debug, Default)]
pub struct EndpointEnvironment {
    /// `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`.
    pub runtime: Option<String>,
    /// `AWS_ENDPOINT_URL_BEDROCK`.
    pub control: Option<String>,
    /// `AWS_ENDPOINT_URL`.
    pub any: Option<String>,
}

impl EndpointEnvironment {
    /// Reads the variables with `get`. Nothing is taken when `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        if get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return Self::default();
        }
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        Self {
            runtime: get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
            control: get("AWS_ENDPOINT_URL_BEDROCK"),
            any: get("AWS_ENDPOINT_URL"),
        }
    }
}

/// Where the requests of a service go, without a final slash: the account's own address, else the environment's,
/// else the region's.
pub(crate) fn base(
    service: Service,
    account: &Account,
    environment: &EndpointEnvironment,
) -> Result<String, Error> {
    let by_service = match service {
        Service::Runtime => &environment.runtime,
        Service::Control => &environment.control,
    };
    if let Some(custom) = account.endpoint_url.as_ref().or(by_service.as_ref()).or(environment.any.as_ref()) {
        check_custom(custom)?;
        return Ok(custom.trim_end_matches('/').to_owned());
    }
    let domain = domain(&account.region)?;
    let host = match service {
        Service::Runtime => "bedrock-runtime",
        Service::Control => "bedrock",
    };
    Ok(format!("https://{host}.{}.{domain}", account.region))
}

/// An operation on a model. `model` becomes one path segment, whatever is in it.
pub(crate) fn model_url(base: &str, model: &str, operation: &str) -> Result<Url, Error> {
    parse(&format!("{base}/model/{}/{operation}", segment(model)))
}

/// Parses an address that needs no more encoding.
pub(crate) fn parse(url: &str) -> Result<Url, Error> {
    Url::parse(url).map_err(|error| Error::invalid(format!("The endpoint is not an address: {error}.")))
}

/// One encoded path segment or query value.
pub(crate) fn segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, SEGMENT).into()
}

/// Refuses what is not a region: it becomes part of a host name, and no request may choose its own host.
pub(crate) fn check_region(region: &str) -> Result<(), Error> {
    domain(region).map(|_| ())
}

fn domain(region: &str) -> Result<&'static str, Error> {
    let known = PARTITIONS.iter().find_map(|(start, domain)| Some((region.strip_prefix(start)?, *domain)));
    let looks_right = |rest: &str| {
        rest.split_once('-').is_some_and(|(direction, number)| {
            DIRECTIONS.contains(&direction) && matches!(number.as_bytes(), [b'1'..=b'9'])
        })
    };
    match known {
        Some((rest, domain)) if looks_right(rest) => Ok(domain),
        _ if region.is_empty() => {
            Err(Error::invalid("The account needs an AWS region.").with_param("region"))
        }
        _ => {
            Err(Error::invalid("This is not an AWS region. Regions look like `us-east-1`.")
                .with_param("region"))
        }
    }
}

/// Accepts https anywhere and plain http on this machine alone: requests carry signatures and conversations.
pub(crate) fn check_custom(endpoint: &str) -> Result<(), Error> {
    let refuse = |why: &str| Error::invalid(format!("The endpoint {why}.")).with_param("endpoint_url");
    let url = Url::parse(endpoint).map_err(|_| refuse("is not an address"))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(refuse("must be a plain address without user name, query or fragment"));
    }
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err(refuse("must start with https://, or with http:// when it is on this machine")),
    }
}

#[cfg(test)]
mod tests;
