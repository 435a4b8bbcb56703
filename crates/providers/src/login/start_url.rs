//! The address at which an organisation's people start.

use llm::Error;
use url::{Host, Url};

use crate::fields::wrong;

/// Where people without an organisation start.
pub(crate) const BUILDER_ID: &str = "https://view.awsapps.com/start";

/// The start URL as the service knows it: https, a name and a path. Browsers show more behind it (`/#/`), which people
/// copy along. It is sent to the region's sign-in service and never dialled.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming `field`.
pub(crate) fn start_url(given: &str, field: &str) -> Result<String, Error> {
    let refuse = |why: &str| wrong(field, why);
    let mut url = Url::parse(given.trim())
        .map_err(|_| refuse("is not an address; it looks like https://d-1234567890.awsapps.com/start"))?;
    let named = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
    if url.scheme() != "https" || !named || url.port().is_some() {
        return Err(refuse(
            "must be an https address with a host name, like https://d-1234567890.awsapps.com/start",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(refuse("must not hold a user or a query"));
    }
    url.set_fragment(None);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_copy_becomes_what_the_service_knows() {
        for (given, read) in [
            (BUILDER_ID, BUILDER_ID),
            (" https://d-1234567890.awsapps.com/start/#/ ", "https://d-1234567890.awsapps.com/start"),
            ("https://Work.awsapps.com/start#/device?x=1", "https://work.awsapps.com/start"),
            ("https://ssoins-0.portal.us-east-1.app.aws", "https://ssoins-0.portal.us-east-1.app.aws"),
        ] {
            assert_eq!(start_url(given, "fields.start_url").unwrap(), read);
        }
        for bad in [
            "",
            "d-1234567890.awsapps.com/start",
            "http://d-1234567890.awsapps.com/start",
            "javascript:alert(1)",
            "https://127.0.0.1/start",
            "https://[::1]/start",
            "https://localhost/start",
            "https://d-1.awsapps.com:8443/start",
            "https://me@d-1.awsapps.com/start",
            "https://d-1.awsapps.com/start?to=https://evil.example",
        ] {
            let error = start_url(bad, "fields.start_url").expect_err(bad);
            assert_eq!(error.param.as_deref(), Some("fields.start_url"));
        }
    }
}
