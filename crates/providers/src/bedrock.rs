//! Amazon Bedrock.

mod credentials;
mod endpoint;
mod sign;

pub use credentials::ProfileOptions;
pub use endpoint::EndpointEnvironment;
