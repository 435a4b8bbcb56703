//! Credentials of profiles and of AWS's default chain, found by AWS's own library, which knows assumed roles, IAM
//! Identity Center, web identities, containers and external processes.
//!
//! It talks through our HTTP client, so there is one TLS stack and one proxy setting. It keeps what it once read of
//! the profile files for ever; therefore every search starts anew.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use llm::{Category, Error};

use crate::Account;
use crate::bedrock::endpoint;
use crate::http::{AwsConnector, Http, error_chain};

/// Where profiles are and how long to look.
#[derive(Clone, Debug)]
pub struct ProfileOptions {
    /// In place of `~/.aws/config` and `AWS_CONFIG_FILE`.
    pub config_file: Option<PathBuf>,
    /// In place of `~/.aws/credentials` and `AWS_SHARED_CREDENTIALS_FILE`.
    pub credentials_file: Option<PathBuf>,
    /// For one search, external processes included.
    pub timeout: Duration,
}

impl Default for ProfileOptions {
    fn default() -> Self {
        Self { config_file: None, credentials_file: None, timeout: Duration::from_secs(10) }
    }
}

/// Finds credentials by name.
#[derive(Debug)]
pub(crate) struct Profiles {
    options: ProfileOptions,
    http: Http,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    /// `None` is the default chain.
    pub(crate) profile: Option<&'a str>,
    /// The account's, empty when the profile shall bring it.
    pub(crate) region: &'a str,
    /// Ask the metadata service of EC2 last, in the default chain. Anywhere but on EC2 that costs seconds.
    pub(crate) instance: bool,
    /// In whose name; it may have a proxy of its own.
    pub(crate) account: &'a Account,
}

/// What a search found.
pub(crate) struct Found {
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
}

impl Profiles {
    pub(crate) fn new(http: Http, options: ProfileOptions) -> Self {
        Self { options, http }
    }

    /// Looks for credentials.
    ///
    /// # Errors
    /// [`Category::NoCredentials`] with the fix when the person must act, [`Category::Unreachable`] when it may
    /// work later.
    pub(crate) async fn find(&self, search: Search<'_>) -> Result<Found, Error> {
        let profile = search.profile;
        match tokio::time::timeout(self.options.timeout, self.search(search)).await {
            Ok(found) => found,
            Err(_) => Err(Error::new(
                Category::Unreachable,
                format!(
                    "{} gave no credentials within {} s.",
                    named(profile),
                    self.options.timeout.as_secs()
                ),
            )),
        }
    }

    async fn search(&self, search: Search<'_>) -> Result<Found, Error> {
        let Search { profile, region, instance, account } = search;
        let config = ProviderConfig::without_region()
            .with_http_client(AwsConnector::new(self.http.of(account)))
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_retry_config(RetryConfig::standard().with_max_attempts(2));
        let region = if region.is_empty() {
            self.region(profile, &config).await
        } else {
            Some(Region::new(region.to_owned()))
        };
        let config = config.with_region(region.clone());
        let credentials = match profile {
            Some(_) => self.profile(profile, &config).provide_credentials().await,
            None => self.chain(&config, instance).provide_credentials().await,
        }
        .map_err(|error| explain(profile, &error))?;
        let Some(region) = region else {
            return Err(Error::new(
                Category::NoCredentials,
                format!("{} names no region. Set one for this account.", named(profile)),
            ));
        };
        endpoint::check_region(region.as_ref())
            .map_err(|error| Error::new(Category::NoCredentials, error.message))?;
        Ok(Found { credentials, region: region.as_ref().to_owned() })
    }

    async fn region(&self, profile: Option<&str>, config: &ProviderConfig) -> Option<Region> {
        if profile.is_none()
            && let Some(region) = EnvironmentVariableRegionProvider::new().region().await
        {
            return Some(region);
        }
        let mut builder = ProfileFileRegionProvider::builder().configure(config);
        if let Some(name) = profile {
            builder = builder.profile_name(name);
        }
        if let Some(files) = self.files() {
            builder = builder.profile_files(files);
        }
        builder.build().region().await
    }

    fn profile(&self, profile: Option<&str>, config: &ProviderConfig) -> ProfileFileCredentialsProvider {
        let mut builder = ProfileFileCredentialsProvider::builder().configure(config);
        if let Some(name) = profile {
            builder = builder.profile_name(name);
        }
        if let Some(files) = self.files() {
            builder = builder.profile_files(files);
        }
        builder.build()
    }

    /// The order of AWS's tools.
    fn chain(&self, config: &ProviderConfig, instance: bool) -> CredentialsProviderChain {
        let chain =
            CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
                .or_else("Profile", self.profile(None, config))
                .or_else(
                    "WebIdentity",
                    WebIdentityTokenCredentialsProvider::builder().configure(config).build(),
                )
                .or_else("Container", EcsCredentialsProvider::builder().configure(config).build());
        if instance {
            chain.or_else("Instance", ImdsCredentialsProvider::builder().configure(config).build())
        } else {
            chain
        }
    }

    #[expect(deprecated, reason = "the other way to name these types is a crate of internals")]
    fn files(&self) -> Option<aws_config::profile::profile_file::ProfileFiles> {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        let (config, credentials) = (&self.options.config_file, &self.options.credentials_file);
        if config.is_none() && credentials.is_none() {
            return None;
        }
        let mut files = ProfileFiles::builder();
        files = match config {
            Some(path) => files.with_file(ProfileFileKind::Config, path),
            None => files.include_default_config_file(true),
        };
        files = match credentials {
            Some(path) => files.with_file(ProfileFileKind::Credentials, path),
            None => files.include_default_credentials_file(true),
        };
        Some(files.build())
    }
}

fn named(profile: Option<&str>) -> String {
    match profile {
        Some(name) => format!("The AWS profile `{name}`"),
        None => "The AWS default chain".to_owned(),
    }
}

/// Says what the person can do. AWS's library has no codes for these failures, only words.
fn explain(profile: Option<&str>, error: &CredentialsError) -> Error {
    let words = error_chain(error);
    if unreachable(error) || matches!(error, CredentialsError::ProviderTimedOut(_)) {
        return Error::new(Category::Unreachable, format!("{} cannot be asked: {words}.", named(profile)));
    }
    let lower = words.to_lowercase();
    // Before the words are looked at: a name that is not there may itself have "sso" in it.
    let missing = matches!(error, CredentialsError::CredentialsNotLoaded(_));
    if let Some(name) = profile.filter(|_| missing) {
        let message = format!(
            "There are no credentials for the AWS profile `{name}` ({words}). Check its name, `~/.aws/config` and \
             `~/.aws/credentials`."
        );
        return Error::new(Category::NoCredentials, message);
    }
    let fix = if lower.contains("sso") {
        match profile {
            Some(name) => format!("Run `aws sso login --profile {name}`."),
            None => "Run `aws sso login`.".to_owned(),
        }
    } else if lower.contains("was not defined") || lower.contains("no profiles") {
        "Check its name and `~/.aws/config`.".to_owned()
    } else if missing {
        "Set access keys in the environment, or a default profile with `aws configure`.".to_owned()
    } else {
        "Check it with `aws sts get-caller-identity`.".to_owned()
    };
    Error::new(
        Category::NoCredentials,
        format!("{} has no usable credentials: {words}. {fix}", named(profile)),
    )
}

/// True when the search failed for want of a connection.
fn unreachable(error: &CredentialsError) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<ConnectorError>().is_some() {
            return true;
        }
        next = cause.source();
    }
    false
}
