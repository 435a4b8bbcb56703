//! Amazon Bedrock.

mod catalog;
mod claude;
mod claude_name;
mod credentials;
mod endpoint;
mod facts;
mod geo;
mod resolve;
mod sign;

pub use catalog::{Catalog, Entry};
pub use claude::{Prepared, Terms, prepare};
pub use credentials::ProfileOptions;
pub use endpoint::EndpointEnvironment;
pub use geo::Residency;
pub use resolve::{Available, Resolver};
