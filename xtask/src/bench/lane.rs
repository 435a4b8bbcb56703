//! The ways through a target.

use clap::ValueEnum;

/// Which interface of the stand-in answers in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Invoke,
    Converse,
    Kiro,
}

/// Whose interfaces are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    Bedrock,
    Kiro,
}

/// One way through a target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    /// What the client speaks, as `bench-load` calls it.
    pub(crate) dialect: &'static str,
    pub(crate) model: &'static str,
    pub(crate) interface: Interface,
    /// The same wire on both sides: the stricter bars hold.
    pub(crate) same_wire: bool,
}

const CLAUDE: &str = "claude-sonnet-4-5-20250929";
const NOVA: &str = "amazon.nova-pro-v1:0";

impl Interface {
    pub(crate) fn service(self) -> Service {
        match self {
            Interface::Invoke | Interface::Converse => Service::Bedrock,
            Interface::Kiro => Service::Kiro,
        }
    }

    /// Asked in its own words, as `bench-load` knows them.
    pub(crate) fn itself(self, name: &'static str) -> Lane {
        let (dialect, model) = match self {
            Interface::Invoke => ("invoke", CLAUDE),
            Interface::Converse => ("converse", NOVA),
            Interface::Kiro => ("amazon-q", CLAUDE),
        };
        Lane { name, dialect, model, interface: self, same_wire: true }
    }

    /// Asked by a client of Anthropic's Messages.
    pub(crate) fn anthropic(self, name: &'static str) -> Lane {
        Lane { dialect: "anthropic", same_wire: self == Interface::Invoke, ..self.itself(name) }
    }

    /// Asked by a client of `OpenAI`'s Chat Completions.
    pub(crate) fn openai(self, name: &'static str) -> Lane {
        Lane { dialect: "openai", same_wire: false, ..self.itself(name) }
    }
}
