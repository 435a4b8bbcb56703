//! Regions and addresses: what may become part of a host name, and which addresses a person may set.

use std::borrow::Cow;

use llm::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

use crate::http::is_localhost;

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

/// Whether a word is the name of an AWS region.
#[must_use]
pub fn is_region(word: &str) -> bool {
    domain(word).is_ok()
}

/// The domain of the partition that a region belongs to.
pub(crate) fn domain(region: &str) -> Result<&'static str, Error> {
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
