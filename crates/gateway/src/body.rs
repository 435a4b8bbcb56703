//! Reading a request's body.

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use llm::{Category, Error};

/// Largest body in bytes, before and after inflation.
pub(crate) const LIMIT: usize = 32 * 1024 * 1024;

/// Collects a body.
///
/// # Errors
/// [`Category::TooLarge`], or [`Category::Cancelled`] when the client left.
pub(crate) async fn read<B>(_headers: &HeaderMap, body: B) -> Result<Bytes, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::new(Category::TooLarge, format!("The request body is larger than {LIMIT} bytes.")))
        }
        Err(error) => Err(Error::new(Category::Cancelled, format!("The request body did not arrive: {error}"))),
    }
}
