//! What a tray's menu says.

use accounts::StateView;

use super::words::Words;
use super::{Action, Glance, Line, Mood, Place, figures};

/// Characters of a name that a menu shows; longer ones would make it as wide as the screen.
const NAME: usize = 40;

/// Accounts that a menu shows; hundreds would be higher than any screen, and slow to draw. The window has all of them.
const ACCOUNTS: usize = 20;

/// The menu, top to bottom. Lines that never say anything else are left to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    pub mood: Mood,
    /// How it is, in one line.
    pub status: String,
    pub today: String,
    /// Going on to other accounts.
    pub automatic: Choice,
    pub accounts: Vec<Choice>,
    /// Pause or resume.
    pub pause: String,
}

/// A line that may have a mark before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub action: Action,
    pub text: String,
    pub chosen: bool,
}

impl Menu {
    #[must_use]
    pub fn of(glance: &Glance, words: &Words) -> Self {
        let fits = |place: usize, active: bool| active || place < ACCOUNTS;
        let shown = glance.accounts.iter().enumerate().filter(|(place, line)| fits(*place, line.active));
        let mut accounts: Vec<Choice> = shown
            .map(|(_, line)| Choice {
                action: Action::Account(line.id.clone()),
                text: format!("{}    {}", label(&line.name), detail(line, words)),
                chosen: line.active && !glance.automatic,
            })
            .collect();
        let hidden = glance.accounts.len() - accounts.len();
        if hidden > 0 {
            let text = words.count("tray.more", hidden as u64, &[]);
            accounts.push(Choice { action: Action::Open(Place::Accounts), text, chosen: false });
        }
        Self {
            mood: glance.mood,
            status: status(glance, words),
            today: today(glance, words),
            automatic: Choice {
                action: Action::Automatic,
                text: match glance.active().filter(|_| glance.automatic && glance.accounts.len() > 1) {
                    Some(first) => words.say("tray.automatic.first", &[("account", &label(&first.name))]),
                    None => words.say("tray.automatic", &[]),
                },
                chosen: glance.automatic,
            },
            accounts,
            pause: words.say(if glance.mood == Mood::Paused { "tray.resume" } else { "tray.pause" }, &[]),
        }
    }

    /// The menu of a proxy that does not run, and why.
    #[must_use]
    pub fn stopped(said: &str, words: &Words) -> Self {
        Self {
            mood: Mood::Stopped,
            status: words.say("tray.stopped", &[("reason", said)]),
            today: String::new(),
            automatic: Choice {
                action: Action::Automatic,
                text: words.say("tray.automatic", &[]),
                chosen: false,
            },
            accounts: Vec::new(),
            pause: words.say("tray.pause", &[]),
        }
    }

    /// Whether `other` has the same lines, whatever they say: then an open menu can stay.
    #[must_use]
    pub fn has_lines_of(&self, other: &Self) -> bool {
        let ids = |menu: &Self| menu.accounts.iter().map(|choice| choice.action.clone()).collect::<Vec<_>>();
        ids(self) == ids(other)
    }
}

fn status(glance: &Glance, words: &Words) -> String {
    let address = glance.address.as_str();
    match glance.mood {
        Mood::Running => words.say("tray.running", &[("address", address)]),
        Mood::Paused => words.say("tray.paused", &[("address", address)]),
        Mood::Stopped => words.say("tray.stopped", &[("reason", address)]),
        Mood::Attention => words.say("tray.attention", &[("reason", &reason(glance, words))]),
    }
}

fn reason(glance: &Glance, words: &Words) -> String {
    if let Some(problem) = &glance.port_problem {
        let port = problem.port.to_string();
        return match &problem.owner {
            Some(owner) => words.say("tray.reason.portOf", &[("port", &port), ("owner", &label(owner))]),
            None => words.say("tray.reason.port", &[("port", &port)]),
        };
    }
    match glance.active() {
        _ if glance.locked => words.say("tray.reason.locked", &[]),
        Some(line) => format!("{}: {}", label(&line.name), state(line, words)),
        None => words.say("tray.reason.nobody", &[]),
    }
}

fn today(glance: &Glance, words: &Words) -> String {
    let today = &glance.today;
    let tokens =
        today.input_tokens + today.output_tokens + today.cache_read_tokens + today.cache_write_tokens;
    let tokens = figures::compact(tokens, words.locale());
    let cost = figures::usd(today.cost_usd);
    words.count("tray.today", today.requests, &[("tokens", &tokens), ("cost", &cost)])
}

/// Where an account's requests go, and how it is unless it is well.
fn detail(line: &Line, words: &Words) -> String {
    if line.provider == "sandbox" {
        return words.say("tray.offline", &[]);
    }
    let provider = match line.provider.as_str() {
        "bedrock" => "Bedrock",
        "amazon_q" => "Kiro",
        other => other,
    };
    let place =
        if line.region.is_empty() { provider.to_owned() } else { format!("{provider} {}", line.region) };
    match line.state {
        StateView::Ready => match line.left {
            Some(left) => format!("{place} · {}", words.say("tray.left", &[("percent", &left.to_string())])),
            None => place,
        },
        _ => format!("{place} · {}", state(line, words)),
    }
}

fn state(line: &Line, words: &Words) -> String {
    let key = match line.state {
        StateView::Ready => "state.ready",
        StateView::Cooling { .. } => "state.cooling",
        StateView::Exhausted { .. } => "state.exhausted",
        StateView::NeedsSignIn => "tray.signIn",
        StateView::Suspended => "state.suspended",
        StateView::Disabled => "state.disabled",
    };
    words.say(key, &[])
}

/// A name as a menu can show it: on one line and not too long.
fn label(name: &str) -> String {
    let mut plain: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NAME).collect();
    if name.chars().count() > NAME {
        plain.pop();
        plain.push('…');
    }
    plain
}
