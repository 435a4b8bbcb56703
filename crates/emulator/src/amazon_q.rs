//! Amazon Q Developer and Kiro: the chat, what the control plane tells, and every service that gives out tokens.
//!
//! One address plays all hosts: the operation follows from `x-amz-target` for `POST /` (AWS JSON 1.0) and from the
//! path otherwise (REST), and errors are told in the binding that was used.

mod account;
mod chat;
mod check;
mod control;
mod door;
mod errors;
mod external;
mod ledger;
mod mcp;
mod model;
mod oidc;
mod person;
mod portal;
mod profile;
mod roles;
mod sign_in;
mod social;
mod streams;

use std::time::SystemTime;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde_json::Value;

pub use account::{KIRO_PROFILE, KiroAccount, KiroConfig, KiroKind, Workplace};
pub(crate) use errors::refusal;
pub use ledger::Kiro;
pub(crate) use streams::{canned, frames};

use crate::auth::Caller;
use crate::dice::Dice;
use crate::refusal::Form;
use crate::reply::Reply;
use crate::route::{Call, Operation};
use crate::{AccessKey, Config, Refusal};

/// The binding of the paths.
const REST: Form = Form::Header("internal.amazon.com/coral/com.amazon.aws.codewhisperer");
/// The binding of `x-amz-target`. The namespace differs between hosts; readers must not care.
const TARGET: Form = Form::Type("com.amazon.aws.codewhisperer");
/// How the access portal tells errors.
const PORTAL: Form = Form::Header("internal.amazon.com/coral/com.amazon.switchboard.portal");
const KIRO_TARGET: Form = Form::Type("com.amazon.kiro.controlplane");

/// Everything of the service that is not the request's own.
pub(crate) struct AmazonQ {
    kiro: Kiro,
    settings: KiroConfig,
    strict: bool,
}

/// What an operation may look at.
struct Invocation<'a> {
    settings: &'a KiroConfig,
    strict: bool,
    call: &'a Call,
    account: KiroAccount,
    kiro: &'a Kiro,
    head: &'a Parts,
    body: &'a Bytes,
    now: SystemTime,
}

/// Reads the target or the path; the letter case of paths does not matter.
pub(crate) fn route(head: &Parts) -> Option<Call> {
    let path = head.uri.path().to_ascii_lowercase();
    if head.method == Method::POST {
        if path == "/" {
            return targeted(head.headers.get("x-amz-target")?.to_str().ok()?);
        }
        let (operation, errors) = match path.as_str() {
            "/generateassistantresponse" => (Operation::GenerateAssistantResponse, REST),
            "/sendmessagestreaming" => (Operation::SendMessage, REST),
            "/mcp" => (Operation::InvokeMcp, REST),
            "/listavailableprofiles" | "/list-available-profiles" => (Operation::ListAvailableProfiles, REST),
            "/client/register" => (Operation::RegisterClient, Form::OAuth),
            "/device_authorization" => (Operation::StartDeviceAuthorization, Form::OAuth),
            "/token" => (Operation::CreateToken, Form::OAuth),
            "/device" => (Operation::EnterDeviceCode, Form::Bare),
            "/idp/token" => (Operation::ExternalToken, Form::OAuth),
            "/idp/device_authorization" => (Operation::ExternalDeviceAuthorization, Form::OAuth),
            "/oauth/token" => (Operation::SocialExchange, Form::Bare),
            "/refreshtoken" => (Operation::SocialRefresh, Form::Bare),
            "/oauth/device/authorization" => (Operation::SocialDeviceAuthorization, Form::Bare),
            "/oauth/device/poll" => (Operation::SocialDevicePoll, Form::Bare),
            _ => return None,
        };
        return Some(Call::new(operation, String::new(), errors));
    }
    if head.method != Method::GET {
        return None;
    }
    let (operation, errors) = match path.as_str() {
        "/listavailablemodels" | "/list-available-models" => (Operation::ListAvailableModels, REST),
        "/getusagelimits" => (Operation::GetUsageLimits, REST),
        "/authorize" => (Operation::Authorize, Form::OAuth),
        "/signin" => (Operation::SocialSignIn, Form::Bare),
        "/device" => (Operation::EnterDeviceCode, Form::Bare),
        "/idp/.well-known/openid-configuration" => (Operation::ExternalDiscovery, Form::OAuth),
        "/idp/authorize" => (Operation::ExternalAuthorize, Form::OAuth),
        "/assignment/accounts" => (Operation::ListAccounts, PORTAL),
        "/assignment/roles" => (Operation::ListAccountRoles, PORTAL),
        "/federation/credentials" => (Operation::GetRoleCredentials, PORTAL),
        _ => return None,
    };
    Some(Call::new(operation, String::new(), errors))
}

fn targeted(target: &str) -> Option<Call> {
    let (service, name) = target.split_once('.')?;
    let (operation, errors) = match (service, name) {
        ("AmazonCodeWhispererStreamingService", "GenerateAssistantResponse") => {
            (Operation::GenerateAssistantResponse, TARGET)
        }
        ("AmazonCodeWhispererStreamingService" | "AmazonQDeveloperStreamingService", "SendMessage") => {
            (Operation::SendMessage, TARGET)
        }
        ("AmazonCodeWhispererStreamingService", "InvokeMCP") => (Operation::InvokeMcp, TARGET),
        ("AmazonCodeWhispererService", "ListAvailableModels") => (Operation::ListAvailableModels, TARGET),
        ("AmazonCodeWhispererService", "GetUsageLimits") => (Operation::GetUsageLimits, TARGET),
        ("AmazonCodeWhispererService", "ListAvailableProfiles") => (Operation::ListAvailableProfiles, TARGET),
        ("AmazonCodeWhispererService", "GetProfile") => (Operation::GetProfile, TARGET),
        ("KiroControlPlaneBearerService", "ListAvailableModels") => {
            (Operation::ListAvailableModels, KIRO_TARGET)
        }
        ("KiroControlPlaneBearerService", "GetUsageLimits") => (Operation::GetUsageLimits, KIRO_TARGET),
        _ => return None,
    };
    Some(Call::new(operation, String::new(), errors))
}

/// The current message's text, when it spells a fault. Reads the body only if the marker is in it at all.
pub(crate) fn prompt_with_faults(body: &[u8]) -> Option<String> {
    const MARK: &str = "[[fault:";
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains(MARK))?;
    let body: Value = serde_json::from_str(text).ok()?;
    let prompt = body.pointer("/conversationState/currentMessage/userInputMessage/content")?.as_str()?;
    prompt.contains(MARK).then(|| prompt.to_owned())
}

impl AmazonQ {
    pub(crate) fn new(config: &Config, seed: u64) -> Self {
        Self { kiro: Kiro::new(&config.kiro, seed), settings: config.kiro.clone(), strict: config.strict }
    }

    /// The accounts, for a test's hand.
    pub(crate) fn kiro(&self) -> Kiro {
        self.kiro.clone()
    }

    /// The account that a request claims to be of, before anything is verified.
    pub(crate) fn claimed(&self, call: &Call, head: &Parts, body: &Bytes) -> Option<String> {
        if call.operation.signs_in() {
            return self.kiro.owner_of(&refresh_token(call.operation, body)?);
        }
        if call.operation.is_portal() {
            return self.kiro.owner_of(head.headers.get(portal::BEARER)?.to_str().ok()?);
        }
        self.kiro.owner_of(door::bearer(head)?)
    }

    /// Accepts a request or says what the service would say.
    pub(crate) fn admit(
        &self,
        call: &Call,
        head: &Parts,
        body: &Bytes,
        now: SystemTime,
    ) -> Result<Caller, Refusal> {
        if call.operation.signs_in() || call.operation.is_portal() {
            let key = self.claimed(call, head, body).unwrap_or_default();
            return Ok(Caller { key, region: None });
        }
        door::admit(&self.kiro, call, head, now)
    }

    /// Keys that roles were taken with.
    pub(crate) fn role_keys(&self, now: SystemTime) -> Vec<AccessKey> {
        self.kiro.role_keys(now)
    }

    pub(crate) fn answer(
        &self,
        call: &Call,
        caller: &Caller,
        head: &Parts,
        body: &Bytes,
        now: SystemTime,
        dice: &mut Dice,
    ) -> Result<Reply, Refusal> {
        let kiro = &self.kiro;
        let told = match call.operation {
            Operation::Authorize => return oidc::authorize(kiro, self.settings.ask, head, now),
            Operation::SocialSignIn => return social::portal(kiro, self.settings.ask, head, now),
            Operation::ExternalAuthorize => return external::authorize(kiro, self.settings.ask, head, now),
            Operation::EnterDeviceCode if head.method == Method::GET => return Ok(person::device(head)),
            Operation::EnterDeviceCode => return person::decided(kiro, body),
            Operation::ExternalDiscovery => Ok(external::discovery(head)),
            Operation::ExternalDeviceAuthorization => external::device(kiro, head, body, now),
            portal if portal.is_portal() => portal::answer(kiro, &self.settings, portal, head, now),
            Operation::RegisterClient => oidc::register(kiro, body, now),
            Operation::StartDeviceAuthorization => oidc::device(kiro, head, body, now),
            Operation::CreateToken => oidc::token(kiro, body, now),
            Operation::SocialExchange => social::exchange(kiro, body, now),
            Operation::SocialRefresh => social::refresh(kiro, body, now),
            Operation::SocialDeviceAuthorization => social::device(kiro, head, body, now),
            Operation::SocialDevicePoll => social::poll(kiro, body, now),
            Operation::ExternalToken => external::token(kiro, head, body, now),
            _ => {
                let Some(account) = self.kiro.account(&caller.key) else {
                    return Err(errors::case("token_rejected"));
                };
                let invocation = Invocation {
                    settings: &self.settings,
                    strict: self.strict,
                    call,
                    account,
                    kiro: &self.kiro,
                    head,
                    body,
                    now,
                };
                return invocation.answer(dice);
            }
        };
        told.map(|told| Reply::json(&told))
    }
}

impl Invocation<'_> {
    fn answer(&self, dice: &mut Dice) -> Result<Reply, Refusal> {
        let told = match self.call.operation {
            Operation::ListAvailableModels => control::models(self),
            Operation::GetUsageLimits => control::usage(self),
            Operation::ListAvailableProfiles => control::profiles(self),
            Operation::GetProfile => control::profile(self),
            Operation::InvokeMcp => mcp::answer(self),
            _ => return chat::answer(self, dice),
        };
        told.map(|value| match self.call.errors {
            Form::Type(_) => Reply::json(&value).with_type("application/x-amz-json-1.0"),
            _ => Reply::json(&value),
        })
    }
}

/// The refresh token in a request to a token endpoint.
fn refresh_token(operation: Operation, body: &Bytes) -> Option<String> {
    if operation == Operation::ExternalToken {
        return external::member(body, "refresh_token");
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    body["refreshToken"].as_str().map(str::to_owned)
}
