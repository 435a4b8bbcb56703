//! What a person may do in a tray. All of it exists as admin API too.

use gateway::Gateway;
use llm::Secret;

/// A click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Go on to the next account when the first cannot answer.
    Automatic,
    /// Exactly this account answers, by its id.
    Account(String),
    /// Pause the proxy, or let it go on.
    Pause,
    Copy(Copied),
    Open(Place),
    /// Start at login, or no longer.
    Autostart,
    Quit,
}

/// What is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    AnthropicUrl,
    OpenAiUrl,
    LocalKey,
}

/// Where the window opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where it was left, at first at home.
    Last,
    Accounts,
    Logs,
    Diagnostics,
}

/// Before the id of an account that a click switches to.
const ACCOUNT: &str = "account:";

impl Action {
    /// The name of the menu's item; [`Self::of`] reads it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Automatic => "automatic",
            Self::Account(id) => return format!("{ACCOUNT}{id}"),
            Self::Pause => "pause",
            Self::Copy(Copied::AnthropicUrl) => "copy-anthropic",
            Self::Copy(Copied::OpenAiUrl) => "copy-openai",
            Self::Copy(Copied::LocalKey) => "copy-key",
            Self::Open(Place::Last) => "open",
            Self::Open(Place::Accounts) => "open-accounts",
            Self::Open(Place::Logs) => "open-logs",
            Self::Open(Place::Diagnostics) => "open-diagnostics",
            Self::Autostart => "autostart",
            Self::Quit => "quit",
        }
        .to_owned()
    }

    /// The action of a menu's item.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        if let Some(id) = name.strip_prefix(ACCOUNT) {
            return Some(Self::Account(id.to_owned()));
        }
        let all = [
            Self::Automatic,
            Self::Pause,
            Self::Copy(Copied::AnthropicUrl),
            Self::Copy(Copied::OpenAiUrl),
            Self::Copy(Copied::LocalKey),
            Self::Open(Place::Last),
            Self::Open(Place::Accounts),
            Self::Open(Place::Logs),
            Self::Open(Place::Diagnostics),
            Self::Autostart,
            Self::Quit,
        ];
        all.into_iter().find(|action| action.name() == name)
    }

    /// Does what concerns the proxy; what concerns the desktop is left to the host. The route of the window where it must
    /// open because only the person can go on.
    ///
    /// # Errors
    /// In words for the person.
    pub async fn take(&self, gateway: &Gateway) -> Result<Option<String>, String> {
        match self {
            Self::Account(id) => return choose(gateway, id).await,
            Self::Automatic => go_on(gateway, true).await?,
            Self::Pause => gateway.office.pause(!gateway.office.is_paused()),
            Self::Copy(_) | Self::Open(_) | Self::Autostart | Self::Quit => {}
        }
        Ok(None)
    }
}

/// From the next request on this account answers and no other. One that needs the person is not switched to: the window
/// shows what it needs, or lets them sign in at once.
async fn choose(gateway: &Gateway, id: &str) -> Result<Option<String>, String> {
    let view = gateway.accounts.get(id).ok_or_else(|| accounts::Error::NotFound.to_string())?;
    match view.state {
        accounts::StateView::NeedsSignIn if !view.ephemeral => {
            return Ok(Some(format!("/accounts/{id}/sign-in")));
        }
        accounts::StateView::NeedsSignIn | accounts::StateView::Suspended => {
            return Ok(Some(format!("/accounts/{id}")));
        }
        _ => {}
    }
    gateway.accounts.activate(id).await.map_err(|error| error.to_string())?;
    go_on(gateway, false).await?;
    Ok(None)
}

async fn go_on(gateway: &Gateway, enabled: bool) -> Result<(), String> {
    let failover = gateway.accounts.failover();
    if failover.enabled != enabled {
        let failover = gateway::Failover { enabled, ..failover };
        gateway.accounts.set_failover(failover).await.map_err(|error| error.to_string())?;
        // The window shows it among the settings.
        gateway.settings_changes.send_replace(());
    }
    Ok(())
}

impl Copied {
    /// What goes to the clipboard.
    #[must_use]
    pub fn text(self, base_url: &str, key: &Secret) -> String {
        match self {
            Self::AnthropicUrl => base_url.to_owned(),
            Self::OpenAiUrl => format!("{base_url}/v1"),
            Self::LocalKey => key.expose().to_owned(),
        }
    }
}

impl Place {
    /// The window's route; `None` leaves it where it is.
    #[must_use]
    pub const fn route(self) -> Option<&'static str> {
        match self {
            Self::Last => None,
            Self::Accounts => Some("/accounts"),
            Self::Logs => Some("/logs"),
            Self::Diagnostics => Some("/diagnostics"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_action() {
        for action in [
            Action::Account("env:a".to_owned()),
            Action::Automatic,
            Action::Copy(Copied::LocalKey),
            Action::Open(Place::Diagnostics),
            Action::Quit,
        ] {
            assert_eq!(Action::of(&action.name()), Some(action));
        }
        assert_eq!(Action::of("status"), None);
    }
}
