//! Where Bedrock lives: hosts by region, and what may stand in their place.

use llm::Error;
use serde_json::Value;
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

/// The option of an account that says where its second inference service is.
pub(crate) const MANTLE_ENDPOINT: &str = "mantle_endpoint";

/// The services behind the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Answers requests to models.
    Runtime,
    /// Answers them in the words of their vendors alone, under foundation ids.
    Mantle,
    /// Lists models and inference profiles.
    Control,
}

impl Service {
    /// The name in the scope of a signature. The runtime and the control plane share one.
    pub(crate) const fn signing_name(self) -> &'static str {
        match self {
            Self::Runtime | Self::Control => "bedrock",
            Self::Mantle => "bedrock-mantle",
        }
    }
}

/// Addresses set in the environment, by the variables all AWS tools share. Read once, at the rim.
#[derive(Clone, Debug, Default)]
pub struct EndpointEnvironment {
    /// `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`.
    pub runtime: Option<String>,
    /// `AWS_ENDPOINT_URL_BEDROCK_MANTLE`.
    pub mantle: Option<String>,
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
            mantle: get("AWS_ENDPOINT_URL_BEDROCK_MANTLE"),
            control: get("AWS_ENDPOINT_URL_BEDROCK"),
            any: get("AWS_ENDPOINT_URL"),
        }
    }
}

/// Where the requests of a service go, without a final slash: the account's own address, else the environment's,
/// else the region's. The account's `mantle_endpoint` beats its address, which stands for every service.
pub(crate) fn base(
    service: Service,
    account: &Account,
    environment: &EndpointEnvironment,
) -> Result<String, Error> {
    let by_service = match service {
        Service::Runtime => &environment.runtime,
        Service::Mantle => &environment.mantle,
        Service::Control => &environment.control,
    };
    let own = (service == Service::Mantle).then(|| account.options.get(MANTLE_ENDPOINT)).flatten();
    let custom = own
        .and_then(Value::as_str)
        .or(account.endpoint_url.as_deref())
        .or(by_service.as_deref())
        .or(environment.any.as_deref());
    if let Some(custom) = custom {
        check_custom(custom)?;
        return Ok(custom.trim_end_matches('/').to_owned());
    }
    let domain = domain(&account.region)?;
    let (host, domain) = match service {
        Service::Runtime => ("bedrock-runtime", domain),
        Service::Mantle => ("bedrock-mantle", newer(domain)),
        Service::Control => ("bedrock", domain),
    };
    Ok(format!("https://{host}.{}.{domain}", account.region))
}

/// The domain that newer services of a partition have.
fn newer(domain: &'static str) -> &'static str {
    match domain {
        "amazonaws.com" => "api.aws",
        "amazonaws.com.cn" => "api.amazonwebservices.com.cn",
        "amazonaws.eu" => "api.amazonwebservices.eu",
        other => other,
    }
}

/// What is wrong with a value of the option `mantle_endpoint`, if anything.
pub(super) fn complaint(given: &Value) -> Option<&'static str> {
    let good = given.as_str().is_some_and(|address| check_custom(address).is_ok());
    (!good).then_some("must be an address with https://, or with http:// when it is on this machine")
}

/// An operation on a model. `model` becomes one path segment, whatever is in it.
pub(crate) fn model_url(base: &str, model: &str, operation: &str) -> Result<Url, Error> {
    parse(&format!("{base}/model/{}/{operation}", segment(model)))
}

#[cfg(test)]
mod tests;
