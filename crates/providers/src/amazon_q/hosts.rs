//! Where Kiro and Amazon Q Developer live: one host for each role and region, in two generations.
//!
//! The vendor is moving from `q.{region}.amazonaws.com` to `*.{region}.kiro.dev`, and reports contradict each other on
//! which of them takes which sign-in. So both are known, the order is the person's to choose, and what worked is
//! remembered for the account.

use std::collections::HashMap;

use arc_swap::ArcSwap;
use llm::Error;

use super::SignIn;
use crate::Account;
use crate::address::{check_custom, check_region};

/// The regions that Kiro is served in. The region of a profile may be a newer one.
pub(super) const REGIONS: &[&str] = &["us-east-1", "eu-central-1", "us-gov-east-1", "us-gov-west-1"];

/// Where an account without a profile and without a region of its own is served.
pub(super) const HOME: &str = "us-east-1";

/// What a host is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// Conversations.
    Streaming,
    /// Models, profiles, usage.
    Control,
}

/// Which of the two generations of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// `kiro.dev`.
    Kiro,
    /// `amazonaws.com`.
    Legacy,
}

/// Which generation is asked first: the account option `hosts`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Order {
    #[default]
    KiroFirst,
    LegacyFirst,
}

/// Address templates, `{region}` standing for the region. Only tests replace them: a request never chooses its host,
/// and an account chooses one address for all roles at most.
#[derive(Clone, Debug)]
pub struct HostTemplates {
    pub kiro_streaming: String,
    pub kiro_control: String,
    /// Serves both roles.
    pub legacy: String,
    /// Sign-in of AWS Builder ID and IAM Identity Center, in the region of the directory.
    pub oidc: String,
    /// Sign-in with Google or GitHub; one for the world.
    pub social: String,
    /// The page where people choose how to sign in; one for the world.
    pub portal: String,
}

impl Default for HostTemplates {
    fn default() -> Self {
        Self {
            kiro_streaming: "https://runtime.{region}.kiro.dev".to_owned(),
            kiro_control: "https://management.{region}.kiro.dev".to_owned(),
            legacy: "https://q.{region}.amazonaws.com".to_owned(),
            oidc: "https://oidc.{region}.amazonaws.com".to_owned(),
            social: "https://prod.us-east-1.auth.desktop.kiro.dev".to_owned(),
            portal: "https://app.kiro.dev".to_owned(),
        }
    }
}

/// A host to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) generation: Generation,
    /// Without a final slash.
    pub(super) base: String,
}

impl HostTemplates {
    /// The hosts of a role, best first; one only when the account has an address of its own.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] when region or address are not what they must be.
    pub(super) fn of(
        &self,
        account: &Account,
        role: Role,
        region: &str,
        first: Generation,
    ) -> Result<Vec<Host>, Error> {
        if let Some(base) = own(account)? {
            return Ok(vec![Host { generation: Generation::Kiro, base }]);
        }
        check_region(region)?;
        let host = |generation| {
            let template = match (generation, role) {
                (Generation::Kiro, Role::Streaming) => &self.kiro_streaming,
                (Generation::Kiro, Role::Control) => &self.kiro_control,
                (Generation::Legacy, _) => &self.legacy,
            };
            Host { generation, base: filled(template, region) }
        };
        let second = match first {
            Generation::Kiro => Generation::Legacy,
            Generation::Legacy => Generation::Kiro,
        };
        Ok(vec![host(first), host(second)])
    }

    /// The sign-in host of a directory's region.
    pub(super) fn oidc(&self, account: &Account, region: &str) -> Result<String, Error> {
        if let Some(base) = own(account)? {
            return Ok(base);
        }
        check_region(region)?;
        Ok(filled(&self.oidc, region))
    }

    /// The sign-in host for Google and GitHub.
    pub(super) fn social(&self, account: &Account) -> Result<String, Error> {
        Ok(own(account)?.unwrap_or_else(|| self.social.clone()))
    }

    /// The page for all ways to sign in.
    pub(super) fn portal(&self, account: &Account) -> Result<String, Error> {
        Ok(own(account)?.unwrap_or_else(|| self.portal.clone()))
    }
}

fn own(account: &Account) -> Result<Option<String>, Error> {
    let Some(custom) = &account.endpoint_url else { return Ok(None) };
    check_custom(custom)?;
    Ok(Some(custom.trim_end_matches('/').to_owned()))
}

fn filled(template: &str, region: &str) -> String {
    template.replace("{region}", region)
}

/// The region to ask for an account: its profile's, else its own, else the vendor's first.
pub(super) fn region<'a>(account: &'a Account, profile_arn: Option<&'a str>) -> &'a str {
    let own = Some(account.region.as_str()).filter(|region| !region.is_empty());
    profile_arn.and_then(|arn| arn.split(':').nth(3)).or(own).unwrap_or(HOME)
}

/// Which generation answered a sign-in last. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Worked(ArcSwap<HashMap<Asked, Generation>>);

/// A changed order starts anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    whose: SignIn,
    role: Role,
    order: Order,
}

impl Worked {
    /// The generation to ask first.
    pub(super) fn first(&self, whose: SignIn, role: Role, order: Order) -> Generation {
        let asked = Asked { whose, role, order };
        self.0.load().get(&asked).copied().unwrap_or(order.first())
    }

    pub(super) fn forget(&self, whose: SignIn) {
        self.0.rcu(|all| {
            let others = all.iter().filter(|(asked, _)| asked.whose != whose);
            others.map(|(asked, generation)| (asked.clone(), *generation)).collect::<HashMap<_, _>>()
        });
    }

    /// Remembers which one answered.
    pub(super) fn note(
        &self,
        account: &Account,
        whose: SignIn,
        role: Role,
        order: Order,
        generation: Generation,
    ) {
        if account.endpoint_url.is_some() || self.first(whose, role, order) == generation {
            return;
        }
        let asked = Asked { whose, role, order };
        self.0.rcu(|all| {
            let mut next = HashMap::clone(all);
            next.insert(asked.clone(), generation);
            next
        });
    }
}

impl Order {
    const fn first(self) -> Generation {
        match self {
            Self::KiroFirst => Generation::Kiro,
            Self::LegacyFirst => Generation::Legacy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amazon_q::fixture::account;
    use crate::amazon_q::sign_ins::SignIns;

    fn bases(account: &Account, role: Role, arn: Option<&str>, first: Generation) -> Vec<String> {
        let hosts = HostTemplates::default().of(account, role, region(account, arn), first).unwrap();
        hosts.into_iter().map(|host| host.base).collect()
    }

    #[test]
    fn hosts_follow_role_region_and_order() {
        let here = Account { endpoint_url: None, region: String::new(), ..account("") };
        let frankfurt = "arn:aws:codewhisperer:eu-central-1:000011112222:profile/EXAMPLE";
        let gov = Account { region: "us-gov-west-1".into(), ..here.clone() };
        for (account, role, arn, first, hosts) in [
            (
                &here,
                Role::Streaming,
                None,
                Generation::Kiro,
                ["https://runtime.us-east-1.kiro.dev", "https://q.us-east-1.amazonaws.com"],
            ),
            (
                &here,
                Role::Control,
                Some(frankfurt),
                Generation::Kiro,
                ["https://management.eu-central-1.kiro.dev", "https://q.eu-central-1.amazonaws.com"],
            ),
            (
                &gov,
                Role::Streaming,
                None,
                Generation::Legacy,
                ["https://q.us-gov-west-1.amazonaws.com", "https://runtime.us-gov-west-1.kiro.dev"],
            ),
            (
                &gov,
                Role::Streaming,
                Some(frankfurt),
                Generation::Kiro,
                ["https://runtime.eu-central-1.kiro.dev", "https://q.eu-central-1.amazonaws.com"],
            ),
        ] {
            assert_eq!(bases(account, role, arn, first), hosts);
        }
        let templates = HostTemplates::default();
        assert_eq!(
            templates.oidc(&here, "ap-southeast-1").unwrap(),
            "https://oidc.ap-southeast-1.amazonaws.com"
        );
        assert_eq!(templates.social(&here).unwrap(), "https://prod.us-east-1.auth.desktop.kiro.dev");
    }

    #[test]
    fn one_address_stands_for_all_and_must_be_safe() {
        let own = account("http://127.0.0.1:9/");
        assert_eq!(bases(&own, Role::Streaming, None, Generation::Legacy), ["http://127.0.0.1:9"]);
        let templates = HostTemplates::default();
        assert_eq!(templates.oidc(&own, "us-east-1").unwrap(), "http://127.0.0.1:9");
        assert_eq!(templates.social(&own).unwrap(), "http://127.0.0.1:9");
        assert!(templates.social(&account("http://kiro.example")).is_err());
    }

    #[test]
    fn a_region_cannot_choose_the_host() {
        let here = Account { endpoint_url: None, ..account("") };
        let evil = "arn:aws:codewhisperer:evil.example/x:000011112222:profile/EXAMPLE";
        let templates = HostTemplates::default();
        assert!(templates.of(&here, Role::Control, region(&here, Some(evil)), Generation::Kiro).is_err());
        assert!(templates.oidc(&here, "evil.example#").is_err());
    }

    #[test]
    fn what_worked_comes_first_until_the_order_is_changed() {
        let worked = Worked::default();
        let at_home = Account { endpoint_url: None, ..account("") };
        let here = SignIn::default();
        let first = |role, order| worked.first(here, role, order);
        assert_eq!(first(Role::Streaming, Order::KiroFirst), Generation::Kiro);
        worked.note(&at_home, here, Role::Streaming, Order::KiroFirst, Generation::Legacy);
        assert_eq!(first(Role::Streaming, Order::KiroFirst), Generation::Legacy);
        assert_eq!(first(Role::Control, Order::KiroFirst), Generation::Kiro);
        worked.note(&at_home, here, Role::Streaming, Order::KiroFirst, Generation::Kiro);
        assert_eq!(first(Role::Streaming, Order::KiroFirst), Generation::Kiro);
        assert_eq!(first(Role::Streaming, Order::LegacyFirst), Generation::Legacy);
        worked.note(&at_home, here, Role::Streaming, Order::KiroFirst, Generation::Legacy);
        let (other, _) = SignIns::default().opened(&account(""), &serde_json::Map::new());
        assert_eq!(worked.first(other, Role::Streaming, Order::KiroFirst), Generation::Kiro);
        worked.forget(here);
        assert_eq!(first(Role::Streaming, Order::KiroFirst), Generation::Kiro);
    }
}
