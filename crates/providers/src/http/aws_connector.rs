//! Our client as AWS's library wants it, for the requests it makes to find credentials.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use llm::{Category, Error, Payload};

use super::{Http, Outgoing};

/// Token and role answers are a few kilobytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Lends [`Http`] to AWS's library.
#[derive(Clone, Debug)]
pub(crate) struct AwsConnector {
    http: Http,
    /// For connecting and for the answer's head together.
    patience: Option<Duration>,
}

impl AwsConnector {
    pub(crate) const fn new(http: Http) -> Self {
        Self { http, patience: None }
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (head, body) = request.into_parts();
        // Requests for credentials are small and never streamed.
        let body = body
            .bytes()
            .map(Bytes::copy_from_slice)
            .ok_or_else(|| ConnectorError::user("the request has no body in memory".into()))?;
        let outgoing = Outgoing {
            method: head.method,
            url: head
                .uri
                .to_string()
                .parse()
                .map_err(|error: url::ParseError| ConnectorError::user(error.into()))?,
            headers: head.headers,
            payload: Payload::from(body),
        };
        let exchange = async {
            let incoming = self.http.send(outgoing).await?;
            let mut response = http::Response::builder().status(incoming.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(incoming.headers());
            }
            let body = incoming.read(LONGEST_ANSWER).await?;
            Ok((response, body))
        };
        let (response, body) = match self.patience {
            None => exchange.await,
            Some(patience) => tokio::time::timeout(patience, exchange)
                .await
                .unwrap_or_else(|_| Err(Error::new(Category::Timeout, "no answer in time"))),
        }
        .map_err(failed)?;
        response
            .body(SdkBody::from(body))
            .map_err(|error| ConnectorError::other(error.into(), None))
            .and_then(|response| {
                HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
            })
    }
}

fn failed(error: Error) -> ConnectorError {
    match error.category {
        Category::Timeout => ConnectorError::timeout(error.into()),
        Category::Internal => ConnectorError::other(error.into(), None),
        _ => ConnectorError::io(error.into()),
    }
}

impl HttpConnector for AwsConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl HttpClient for AwsConnector {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let patience = match (settings.connect_timeout(), settings.read_timeout()) {
            (None, None) => None,
            (connect, read) => Some(connect.unwrap_or_default() + read.unwrap_or_default()),
        };
        SharedHttpConnector::new(Self { patience, ..self.clone() })
    }
}
