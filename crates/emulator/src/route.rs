//! Which operation of which service a path asks for.

use http::Method;

use crate::bedrock;

/// An AWS operation that the emulator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    InvokeModel,
    InvokeModelWithResponseStream,
    Converse,
    ConverseStream,
    CountTokens,
    ListFoundationModels,
    ListInferenceProfiles,
    GetInferenceProfile,
}

impl Operation {
    /// Operations that generate: those that faults in prompts and model ids apply to.
    #[must_use]
    pub const fn generates(self) -> bool {
        matches!(
            self,
            Self::InvokeModel | Self::InvokeModelWithResponseStream | Self::Converse | Self::ConverseStream
        )
    }

    /// Operations that tell what there is.
    #[must_use]
    pub const fn lists(self) -> bool {
        matches!(self, Self::ListFoundationModels | Self::ListInferenceProfiles | Self::GetInferenceProfile)
    }

    /// The service name that requests must be signed for.
    pub(crate) const fn signing_name(self) -> &'static str {
        "bedrock"
    }
}

/// An operation and what its path names, percent-decoded: a model or profile id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) subject: String,
}

/// Asks each service in turn. Their paths do not overlap.
pub(crate) fn route(method: &Method, path: &str) -> Option<Call> {
    bedrock::route(method, path)
}
