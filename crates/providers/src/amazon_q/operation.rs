//! The operations of the service, each in the two forms that it is reached in, and the headers of both.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{HeaderName as Name, Method};
use llm::{Category, Error, Payload};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;
use wire::amazon_q::Shape;

use super::bearer::{Bearer, TokenKind};
use super::hosts::Role;
use crate::address::{parse, segment};
use crate::http::Outgoing;

const TARGET: HeaderName = Name::from_static("x-amz-target");
const OPT_OUT: HeaderName = Name::from_static("x-amzn-codewhisperer-optout");
const AGENT_MODE: HeaderName = Name::from_static("x-amzn-kiro-agent-mode");
const PROFILE_ARN: HeaderName = Name::from_static("x-amzn-kiro-profile-arn");
const TOKEN_TYPE: HeaderName = Name::from_static("tokentype");
const INVOCATION_ID: HeaderName = Name::from_static("amz-sdk-invocation-id");
const SDK_REQUEST: HeaderName = Name::from_static("amz-sdk-request");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AWS_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
const VIBE: HeaderValue = HeaderValue::from_static("vibe");

/// Times one request is sent at most, and said to be.
pub(super) const MOST_SENDS: u32 = 3;

/// How operations are put into HTTP: the account option `binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// Everything is `POST /` with the operation in a header.
    AwsJson,
    /// Methods and paths.
    Rest,
}

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    GenerateAssistantResponse,
    ListAvailableModels,
    ListAvailableProfiles,
    GetUsageLimits,
    GetProfile,
    /// Tools that run at the service.
    InvokeMcp,
}

impl Operation {
    pub(super) const fn role(self) -> Role {
        match self {
            Self::GenerateAssistantResponse | Self::InvokeMcp => Role::Streaming,
            _ => Role::Control,
        }
    }

    /// The binding that the operation is known in, where it is not known in both.
    pub(super) const fn binding(self, wished: Binding) -> Binding {
        match self {
            Self::GetProfile => Binding::AwsJson,
            Self::InvokeMcp => Binding::Rest,
            _ => wished,
        }
    }

    const fn target(self) -> &'static str {
        match self {
            Self::GenerateAssistantResponse => {
                "AmazonCodeWhispererStreamingService.GenerateAssistantResponse"
            }
            Self::ListAvailableModels => "AmazonCodeWhispererService.ListAvailableModels",
            Self::ListAvailableProfiles => "AmazonCodeWhispererService.ListAvailableProfiles",
            Self::GetUsageLimits => "AmazonCodeWhispererService.GetUsageLimits",
            Self::GetProfile => "AmazonCodeWhispererService.GetProfile",
            Self::InvokeMcp => "AmazonCodeWhispererStreamingService.InvokeMCP",
        }
    }

    const fn rest(self) -> (Method, &'static str) {
        match self {
            Self::GenerateAssistantResponse => (Method::POST, "/generateAssistantResponse"),
            Self::ListAvailableModels => (Method::GET, "/ListAvailableModels"),
            Self::ListAvailableProfiles => (Method::POST, "/ListAvailableProfiles"),
            Self::GetUsageLimits => (Method::GET, "/getUsageLimits"),
            Self::GetProfile => (Method::POST, "/"),
            Self::InvokeMcp => (Method::POST, "/mcp"),
        }
    }
}

/// One call, however often it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    id: Uuid,
    /// From 1.
    pub(super) attempt: u32,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { id: Uuid::new_v4(), attempt: 0 }
    }
}

/// Who asks, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    pub(super) bearer: &'a Bearer,
    pub(super) binding: Binding,
    pub(super) share_content: bool,
}

/// A request of the control plane. With methods and paths its members are query parameters.
pub(super) fn control(
    asker: &Asker<'_>,
    base: &str,
    operation: Operation,
    members: &Map<String, Value>,
    trace: &Trace,
) -> Result<Outgoing, Error> {
    let (method, path) = operation.rest();
    let body = || Payload::from(Value::Object(members.clone()).to_string().into_bytes());
    let (method, url, payload) = match asker.binding {
        Binding::AwsJson => (Method::POST, parse(&format!("{base}/"))?, body()),
        Binding::Rest if method == Method::GET => {
            let url = format!("{base}{path}{}", query(members));
            (method, parse(&url)?, Payload::new())
        }
        Binding::Rest => (method, parse(&format!("{base}{path}"))?, body()),
    };
    let mut headers = headers(asker, operation, !payload.is_empty(), trace)?;
    headers.insert(ACCEPT, JSON);
    Ok(Outgoing { method, url, headers, payload })
}

/// A request to a model, whose body is written already.
pub(super) fn conversation(
    asker: &Asker<'_>,
    shape: Shape,
    base: &str,
    payload: Payload,
    trace: &Trace,
) -> Result<Outgoing, Error> {
    let operation = Operation::GenerateAssistantResponse;
    let url: Url = match asker.binding {
        Binding::AwsJson => parse(&format!("{base}/"))?,
        Binding::Rest => parse(&format!("{base}{}", operation.rest().1))?,
    };
    let mut headers = headers(asker, operation, true, trace)?;
    headers.insert(ACCEPT, EVENT_STREAM);
    if shape == Shape::Ide {
        headers.insert(AGENT_MODE, VIBE);
        if let Some(arn) = &asker.bearer.profile_arn {
            headers.insert(PROFILE_ARN, plain(arn)?);
        }
    }
    Ok(Outgoing { method: Method::POST, url, headers, payload })
}

/// A call of a tool that runs at the service, whose body is written already.
pub(super) fn tool(
    asker: &Asker<'_>,
    base: &str,
    payload: Payload,
    trace: &Trace,
) -> Result<Outgoing, Error> {
    let operation = Operation::InvokeMcp;
    let url = parse(&format!("{base}{}", operation.rest().1))?;
    let mut headers = headers(asker, operation, true, trace)?;
    headers.insert(ACCEPT, JSON);
    // Here the profile is known by the header alone.
    if let Some(arn) = &asker.bearer.profile_arn {
        headers.insert(PROFILE_ARN, plain(arn)?);
    }
    Ok(Outgoing { method: Method::POST, url, headers, payload })
}

fn headers(asker: &Asker<'_>, operation: Operation, body: bool, trace: &Trace) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::with_capacity(12);
    let mut token =
        HeaderValue::try_from(format!("Bearer {}", asker.bearer.token.expose())).map_err(|_| {
            Error::new(Category::NoCredentials, "The Kiro token holds characters that no token has.")
        })?;
    token.set_sensitive(true);
    headers.insert(AUTHORIZATION, token);
    if let Some(kind) = token_type(asker.bearer.kind) {
        headers.insert(TOKEN_TYPE, HeaderValue::from_static(kind));
    }
    let opt_out = if asker.share_content { "false" } else { "true" };
    headers.insert(OPT_OUT, HeaderValue::from_static(opt_out));
    match asker.binding {
        Binding::AwsJson => {
            headers.insert(CONTENT_TYPE, AWS_JSON);
            headers.insert(TARGET, HeaderValue::from_static(operation.target()));
        }
        Binding::Rest if body => {
            headers.insert(CONTENT_TYPE, JSON);
        }
        Binding::Rest => {}
    }
    headers.insert(INVOCATION_ID, plain(&trace.id.to_string())?);
    headers.insert(SDK_REQUEST, plain(&format!("attempt={}; max={MOST_SENDS}", trace.attempt))?);
    Ok(headers)
}

/// The value of the `tokentype` header: every token but AWS's and Kiro's own must be announced.
const fn token_type(kind: TokenKind) -> Option<&'static str> {
    match kind {
        TokenKind::Aws => None,
        TokenKind::ApiKey => Some("API_KEY"),
        TokenKind::ExternalIdp => Some("EXTERNAL_IDP"),
    }
}

fn plain(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(text)
        .map_err(|_| Error::new(Category::Internal, "A header would hold characters that none may have."))
}

fn query(members: &Map<String, Value>) -> String {
    let mut query = String::new();
    for (name, value) in members {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(name);
        query.push('=');
        query.push_str(&segment(&value));
    }
    query
}

#[cfg(test)]
mod tests;
