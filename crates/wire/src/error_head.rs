//! The head of an answer that is not 200.

/// What of an answer's head matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorHead<'a> {
    pub status: u16,
    /// `x-amzn-errortype`.
    pub error_type: Option<&'a str>,
    /// `x-amzn-requestid`.
    pub request_id: Option<&'a str>,
    /// `retry-after` in seconds. A date is ignored: there is no clock here.
    pub retry_after: Option<&'a str>,
}
