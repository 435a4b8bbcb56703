//! Where Bedrock lives: hosts by region, and what may stand in their place.

use llm::Error;
use url::Url;

use crate::Account;
use crate::address::domain;
pub(crate) use crate::address::{check_custom, check_region, parse, segment};

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

#[cfg(test)]
mod tests;
