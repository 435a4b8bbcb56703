//! From the name a client asked for to the id Bedrock wants.
//!
//! Clients use Anthropic's public names, Bedrock ids with and without a region in front, ARNs, Cursor's names
//! with effort in them, and short names of open models. Nothing here asks AWS: what the control plane told
//! before comes in as [`Available`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use llm::{Category, Error, Model, Wire};

use super::catalog::{Catalog, Entry, unlisted};
use super::claude_name::ClaudeName;
use super::geo::{self, Residency};
use crate::suffix::Suffixes;
use crate::{Target, nearest};

/// The ids an account can use, as the control plane listed them.
#[derive(Clone, Debug, Default)]
pub struct Available {
    /// Ids of inference profiles; `None` when the account may not list them.
    pub profiles: Option<HashSet<Box<str>>>,
    /// Foundation ids that work without a profile; `None` when the account may not list them.
    pub on_demand: Option<HashSet<Box<str>>>,
    /// The foundation id behind the ARN of an application inference profile or a provisioned model.
    pub behind_arn: HashMap<Box<str>, Box<str>>,
}

impl Available {
    /// `None` when nobody knows.
    fn has(&self, prefix: Option<&str>, id: &str) -> Option<bool> {
        match prefix {
            Some(prefix) => self.profiles.as_ref().map(|ids| ids.contains(format!("{prefix}.{id}").as_str())),
            None => self.on_demand.as_ref().map(|ids| ids.contains(id)),
        }
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().flatten().chain(self.on_demand.iter().flatten()).map(AsRef::as_ref)
    }
}

/// Finds models for one account.
#[derive(Clone, Copy, Debug)]
pub struct Resolver<'a> {
    /// AWS region of the account.
    pub region: &'a str,
    pub residency: Residency,
    pub available: Option<&'a Available>,
    /// The person's own names, lower-case; `*` stands for every name that is not known.
    pub aliases: &'a BTreeMap<String, String>,
    /// Today as an ISO date; models past their last day are not offered.
    pub today: &'a str,
}

impl Resolver<'_> {
    /// Finds the model that `asked` means.
    ///
    /// # Errors
    /// [`Category::ModelNotFound`], with the successor of a retired model or up to three names that are near.
    pub fn resolve(&self, asked: &str) -> Result<Target, Error> {
        let asked = asked.trim();
        let lower = asked.to_ascii_lowercase();
        let meant = self.aliases.get(&lower).map_or(asked, String::as_str);
        match self.find(meant)? {
            Some(target) => Ok(target),
            None => match self.aliases.get("*") {
                Some(any) => self.find(any)?.ok_or_else(|| self.unknown(any)),
                None => Err(self.unknown(asked)),
            },
        }
    }

    /// The models to list for this account, Claude first and newest first, each under one id.
    #[must_use]
    pub fn known_models(&self) -> Vec<Arc<Model>> {
        let mut entries: Vec<&Entry> = Catalog::built_in().iter().filter(|entry| entry.conversing).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.claude.map(|name| name.rank())));
        let mut models: Vec<Arc<Model>> = entries
            .into_iter()
            .filter(|entry| self.is_alive(entry))
            .filter_map(|entry| self.place(entry))
            .collect();
        let mut new: Vec<&str> = self.available.into_iter().flat_map(Available::ids).collect();
        new.sort_unstable();
        for id in new {
            let (prefix, bare) = geo::split(id);
            if Catalog::built_in().get(bare).is_some()
                || models.iter().any(|model| geo::split(&model.id).1 == bare)
            {
                continue;
            }
            if prefix.is_none()
                || geo::order(self.region, self.residency).contains(&prefix.unwrap_or_default())
            {
                models.push(Arc::new(unlisted(bare, prefix)));
            }
        }
        models
    }

    fn find(&self, asked: &str) -> Result<Option<Target>, Error> {
        if asked.starts_with("arn:") {
            return Ok(Some(self.by_arn(asked)));
        }
        let (name, long_context) = plain(asked);
        if let Some(model) = self.by_id(&name)? {
            return Ok(Some(Target { model, effort: None, long_context }));
        }
        if let Some(model) = self.by_short_name(&name) {
            return Ok(Some(Target { model, effort: None, long_context }));
        }
        let (base, suffixes) = Suffixes::strip(&name);
        let target = |model| Target {
            model,
            effort: suffixes.effort(),
            long_context: long_context || suffixes.long_context,
        };
        if let Some(claude) = ClaudeName::parse(base) {
            return self.by_claude_name(&claude, asked).map(target).map(Some);
        }
        if base.len() == name.len() {
            return Ok(None);
        }
        Ok(self.by_id(base)?.or_else(|| self.by_short_name(base)).map(target))
    }

    /// ARNs are used as they are; what stands behind one is known from the id in it or from the control plane.
    fn by_arn(&self, arn: &str) -> Target {
        let behind = self.available.and_then(|available| available.behind_arn.get(arn)).map(AsRef::as_ref);
        let named = arn.rsplit_once('/').map(|(_, id)| id).filter(|id| id.contains('.'));
        let model = match behind.or(named).map(geo::split) {
            Some(known) => behind_arn(arn, known),
            // Converse speaks to every model, so it is the wire to use until we know more.
            None => Model { wire: Wire::BedrockConverse, id: arn.to_owned(), ..unlisted(arn, None) },
        };
        Target { model: Arc::new(model), effort: None, long_context: false }
    }

    /// Bedrock ids. One with a prefix goes out as it is; a bare one gets the prefix it needs.
    fn by_id(&self, name: &str) -> Result<Option<Arc<Model>>, Error> {
        let (prefix, bare) = geo::split(name);
        if let Some(entry) = Catalog::built_in().get(bare) {
            if !entry.conversing {
                return Ok(None);
            }
            // Whoever names an exact id may know better than a list that has no date for its end.
            if !entry.retired && !self.is_alive(entry) {
                return Err(self.gone(name, entry));
            }
            return Ok(match prefix {
                Some(_) => Some(entry.served(prefix)),
                None => Some(self.place(entry).unwrap_or_else(|| entry.served(None))),
            });
        }
        let known_vendor = bare.split_once('.').is_some_and(|(vendor, _)| {
            Catalog::built_in()
                .iter()
                .any(|entry| entry.model.vendor == vendor || entry.model.id.split('.').next() == Some(vendor))
        });
        if !known_vendor {
            return Ok(None);
        }
        if prefix.is_some() {
            return Ok(Some(Arc::new(unlisted(bare, prefix))));
        }
        if let Some(claude) = ClaudeName::parse(bare) {
            return self.by_claude_name(&claude, name).map(Some);
        }
        let refused = self.available.is_some_and(|available| available.has(None, bare) == Some(false));
        Ok(if refused { self.place_unlisted(bare) } else { Some(Arc::new(unlisted(bare, None))) })
    }

    fn by_claude_name(&self, name: &ClaudeName, asked: &str) -> Result<Arc<Model>, Error> {
        let family = || {
            Catalog::built_in().iter().filter_map(|entry| {
                Some((entry, entry.claude.filter(|claude| claude.family == name.family)?))
            })
        };
        if name.version.is_none() && !name.preview {
            let mut newest: Vec<_> = family().filter(|(entry, _)| self.is_alive(entry)).collect();
            newest.sort_by_key(|(_, claude)| std::cmp::Reverse(claude.rank()));
            return newest
                .into_iter()
                .find_map(|(entry, _)| self.place(entry))
                .ok_or_else(|| self.unknown(asked));
        }
        // Dates tell two models of one version apart; where none fits, any of that version will do.
        let same =
            family().filter(|(_, claude)| claude.version == name.version && claude.preview == name.preview);
        let best = same.max_by_key(|(entry, claude)| {
            (name.date.is_some() && claude.date == name.date, self.is_alive(entry), claude.date)
        });
        if let Some((entry, _)) = best {
            if !self.is_alive(entry) {
                return Err(self.gone(asked, entry));
            }
            return self.place(entry).ok_or_else(|| self.unknown(asked));
        }
        let newest = family().map(|(_, claude)| claude.rank()).max().unwrap_or_default();
        if name.rank() > newest {
            let bare = format!("anthropic.{}", name.friendly());
            return self.place_unlisted(&bare).ok_or_else(|| self.unknown(asked));
        }
        Err(self.unknown(asked))
    }

    /// Names without a vendor: the friendly name, or the beginning of one up to a dash.
    fn by_short_name(&self, name: &str) -> Option<Arc<Model>> {
        if name.is_empty() {
            return None;
        }
        let open = || Catalog::built_in().iter().filter(|entry| entry.claude.is_none() && entry.conversing);
        let exact = open().find(|entry| entry.model.name == name && self.is_alive(entry));
        let begins = |entry: &&Entry| {
            let whole = entry.model.id.split_once('.').map_or("", |(_, rest)| rest);
            let named = [whole, &entry.model.name]
                .iter()
                .any(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with(['-', ':'])));
            // Dear with a long list of what is available, so it comes last.
            named && self.is_alive(entry)
        };
        let entry = exact.or_else(|| open().filter(begins).min_by_key(|entry| entry.model.id.len()))?;
        self.place(entry)
    }

    /// A model as this account reaches it: the first prefix of its region that serves it, or the bare id.
    fn place(&self, entry: &Entry) -> Option<Arc<Model>> {
        let prefixes = geo::order(self.region, self.residency);
        let listed = |prefix: &str| entry.profiles.iter().any(|profile| **profile == *prefix);
        let Some(available) = self.available else {
            return Some(entry.served(prefixes.into_iter().find(|prefix| listed(prefix))));
        };
        let has = |prefix: Option<&str>| available.has(prefix, &entry.model.id);
        let candidates = || prefixes.iter().map(|prefix| Some(*prefix)).chain([None]);
        candidates()
            .find(|prefix| has(*prefix) == Some(true))
            .or_else(|| candidates().find(|prefix| has(*prefix).is_none() && prefix.is_none_or(listed)))
            .map(|prefix| entry.served(prefix))
    }

    /// The same for an id that is not in the list. Dates and revisions are unknown, so what the control plane
    /// told is searched by beginning.
    fn place_unlisted(&self, bare: &str) -> Option<Arc<Model>> {
        let prefixes = geo::order(self.region, self.residency);
        let found = self.available.and_then(|available| {
            let fits = |id: &&str| {
                let (prefix, id) = geo::split(id);
                let rest = id.strip_prefix(bare);
                prefix.is_none_or(|prefix| prefixes.contains(&prefix))
                    && rest.is_some_and(|rest| {
                        rest.is_empty() || rest.starts_with("-v") || rest.starts_with("-20")
                    })
            };
            let rank = |id: &&str| {
                let prefix = geo::split(id).0;
                prefixes.iter().position(|known| Some(*known) == prefix).unwrap_or(prefixes.len())
            };
            available.ids().filter(fits).min_by_key(rank)
        });
        let known = self.available.is_some_and(|available| available.profiles.is_some());
        match found {
            Some(id) => {
                let (prefix, id) = geo::split(id);
                Some(Arc::new(unlisted(id, prefix)))
            }
            None if known => None,
            None => Some(Arc::new(unlisted(bare, prefixes.first().copied()))),
        }
    }

    /// What the control plane lists is alive, whatever a date says.
    fn is_alive(&self, entry: &Entry) -> bool {
        let listed = self.available.is_some_and(|available| {
            let id = &entry.model.id;
            available.ids().any(|known| geo::split(known).1 == id)
        });
        listed || !entry.is_retired(self.today)
    }

    fn gone(&self, asked: &str, entry: &Entry) -> Error {
        let when = entry.model.end_of_life.as_deref().map(|date| format!(" on {date}")).unwrap_or_default();
        let successor = entry.claude.and_then(|old| self.successor(&old));
        let hint = successor.map(|name| format!(" Use `{name}` instead.")).unwrap_or_default();
        not_found(format!("{} (`{asked}`) was retired{when}.{hint}", entry.model.display_name))
    }

    /// The newest of the same generation that still works, else the newest of the family.
    fn successor(&self, old: &ClaudeName) -> Option<&'static str> {
        let living = || {
            Catalog::built_in().iter().filter(|entry| self.is_alive(entry)).filter_map(|entry| {
                let name = entry.claude.filter(|name| name.family == old.family)?;
                Some((name.rank(), entry.model.name.as_str()))
            })
        };
        living()
            .filter(|(rank, _)| rank.0 == old.rank().0)
            .max()
            .or_else(|| living().max())
            .map(|(_, name)| name)
    }

    fn unknown(&self, asked: &str) -> Error {
        let models = self.known_models();
        let hint = nearest::question(asked, models.iter().map(|model| model.name.as_str()));
        let shown: String = asked.chars().take(100).collect();
        not_found(format!("No model `{shown}` on Amazon Bedrock in {}.{hint}", self.region))
    }
}

/// The model that `arn` stands for, by the prefix and foundation id behind it.
pub(super) fn behind_arn(arn: &str, (prefix, id): (Option<&str>, &str)) -> Model {
    let model = match Catalog::built_in().get(id) {
        Some(entry) => Model::clone(&entry.served(prefix)),
        None => unlisted(id, prefix),
    };
    Model { id: arn.to_owned(), ..model }
}

fn not_found(message: String) -> Error {
    Error::new(Category::ModelNotFound, message).with_param("model")
}

/// The name without what routers and editors put around it, and whether `[1m]` was there.
fn plain(asked: &str) -> (String, bool) {
    let mut name = asked.to_ascii_lowercase();
    let long_context = name.contains("[1m]");
    if long_context {
        name = name.replace("[1m]", "");
    }
    while let Some(rest) = ["anthropic/", "bedrock/", "openai/", "converse/", "invoke/", "aws/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
    {
        name = rest.to_owned();
    }
    name = name.replace('@', "-");
    if name.contains("claude") {
        let bytes = name.as_bytes();
        let between_digits = |at: usize| {
            at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        };
        name =
            name.char_indices().map(|(at, c)| if c == '.' && between_digits(at) { '-' } else { c }).collect();
    }
    (name.trim().to_owned(), long_context)
}

#[cfg(test)]
mod tests;
