//! Which operation of which service a request asks for.

use http::request::Parts;

use crate::refusal::Form;
use crate::{amazon_q, bedrock};

/// An AWS operation that the emulator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    InvokeModel,
    InvokeModelWithResponseStream,
    Converse,
    ConverseStream,
    CountTokens,
    /// Anthropic's own API on the runtime; its counting is not there, though the path answers.
    Messages,
    MessagesCountTokens,
    /// The same on the second inference service.
    MantleMessages,
    MantleCountTokens,
    /// OpenAI's own languages, for models of that kind.
    ChatCompletions,
    Responses,
    ListFoundationModels,
    ListInferenceProfiles,
    GetInferenceProfile,
    GetFoundationModelAvailability,
    /// Amazon Q and Kiro; SendMessage takes the same body.
    GenerateAssistantResponse,
    SendMessage,
    InvokeMcp,
    ListAvailableModels,
    GetUsageLimits,
    ListAvailableProfiles,
    GetProfile,
    /// The OIDC service of IAM Identity Center and Builder ID.
    RegisterClient,
    StartDeviceAuthorization,
    Authorize,
    CreateToken,
    /// The sign-in service of Kiro for Google and GitHub.
    SocialSignIn,
    SocialExchange,
    SocialRefresh,
    SocialDeviceAuthorization,
    SocialDevicePoll,
    /// The page where a person enters the code that a device shows.
    EnterDeviceCode,
    /// The token endpoint of an organisation's own identity provider.
    ExternalToken,
    /// The rest of it.
    ExternalDiscovery,
    ExternalDeviceAuthorization,
    ExternalAuthorize,
    /// The access portal of IAM Identity Center.
    ListAccounts,
    ListAccountRoles,
    GetRoleCredentials,
}

/// Who answers an operation, and who knows its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Bedrock,
    AmazonQ,
}

impl Operation {
    /// Operations that generate: those that faults in prompts and model ids apply to.
    #[must_use]
    pub const fn generates(self) -> bool {
        matches!(
            self,
            Self::InvokeModel
                | Self::InvokeModelWithResponseStream
                | Self::Converse
                | Self::ConverseStream
                | Self::Messages
                | Self::MantleMessages
                | Self::ChatCompletions
                | Self::Responses
                | Self::GenerateAssistantResponse
                | Self::SendMessage
        )
    }

    /// Operations whose model is in the body.
    pub(crate) const fn names_its_model_inside(self) -> bool {
        matches!(
            self,
            Self::Messages
                | Self::MessagesCountTokens
                | Self::MantleMessages
                | Self::MantleCountTokens
                | Self::ChatCompletions
                | Self::Responses
        )
    }

    /// Operations that tell what there is.
    #[must_use]
    pub const fn lists(self) -> bool {
        matches!(
            self,
            Self::ListFoundationModels
                | Self::ListInferenceProfiles
                | Self::GetInferenceProfile
                | Self::GetFoundationModelAvailability
                | Self::ListAvailableModels
                | Self::GetUsageLimits
                | Self::ListAvailableProfiles
                | Self::GetProfile
        )
    }

    /// Operations that give out tokens, and so have no caller to check before.
    #[must_use]
    pub const fn signs_in(self) -> bool {
        matches!(
            self,
            Self::RegisterClient
                | Self::StartDeviceAuthorization
                | Self::Authorize
                | Self::CreateToken
                | Self::SocialSignIn
                | Self::SocialExchange
                | Self::SocialRefresh
                | Self::SocialDeviceAuthorization
                | Self::SocialDevicePoll
                | Self::EnterDeviceCode
                | Self::ExternalToken
                | Self::ExternalDiscovery
                | Self::ExternalDeviceAuthorization
                | Self::ExternalAuthorize
        )
    }

    /// Operations of the access portal, which have a bearer of their own.
    #[must_use]
    pub const fn is_portal(self) -> bool {
        matches!(self, Self::ListAccounts | Self::ListAccountRoles | Self::GetRoleCredentials)
    }

    pub(crate) const fn service(self) -> Service {
        match self {
            Self::InvokeModel
            | Self::InvokeModelWithResponseStream
            | Self::Converse
            | Self::ConverseStream
            | Self::CountTokens
            | Self::Messages
            | Self::MessagesCountTokens
            | Self::MantleMessages
            | Self::MantleCountTokens
            | Self::ChatCompletions
            | Self::Responses
            | Self::ListFoundationModels
            | Self::ListInferenceProfiles
            | Self::GetInferenceProfile
            | Self::GetFoundationModelAvailability => Service::Bedrock,
            _ => Service::AmazonQ,
        }
    }
}

/// An operation, what its path names, percent-decoded (a model or profile id), and how its errors are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) subject: String,
    pub(crate) errors: Form,
}

impl Call {
    pub(crate) const fn new(operation: Operation, subject: String, errors: Form) -> Self {
        Self { operation, subject, errors }
    }
}

/// Asks each service in turn. Their paths do not overlap.
pub(crate) fn route(head: &Parts) -> Option<Call> {
    bedrock::route(head).or_else(|| amazon_q::route(head))
}
