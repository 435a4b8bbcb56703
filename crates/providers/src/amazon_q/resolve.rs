//! From the name a client asked for to the id Kiro wants. Never to another model than the one that was named.

use std::sync::Arc;

use llm::{Category, Error, Model};
use serde_json::Value;

use super::list::Listed;
use super::name::{self, Asked};
use crate::{Target, nearest};

/// Finds models for one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver<'a> {
    /// The account's list, or the built-in table while there is none.
    pub(super) models: &'a [Listed],
    /// The account's options, whose `aliases` are the person's own names; `*` stands for every name that is not known.
    pub(super) options: &'a Value,
}

impl Resolver<'_> {
    /// Finds the model that `asked` means.
    ///
    /// # Errors
    /// [`Category::ModelNotFound`], with up to three names that are near.
    pub(super) fn resolve(&self, asked: &str) -> Result<Target, Error> {
        let meant = self.alias(asked.trim()).unwrap_or(asked);
        if let Some(target) = self.find(meant) {
            return Ok(target);
        }
        match self.alias("*") {
            Some(any) => self.find(any).ok_or_else(|| self.unknown(any)),
            None => Err(self.unknown(asked)),
        }
    }

    /// The models to list for this account, in the service's order.
    pub(super) fn known_models(&self) -> Vec<Arc<Model>> {
        self.models.iter().filter(|listed| listed.offered).map(|listed| listed.model.clone()).collect()
    }

    fn alias(&self, name: &str) -> Option<&str> {
        let own = self.options.get("aliases")?.as_object()?;
        own.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name))?.1.as_str()
    }

    fn find(&self, asked: &str) -> Option<Target> {
        if let Some(exact) = self.models.iter().find(|listed| listed.model.id == asked.trim()) {
            return Some(Target { model: exact.model.clone(), effort: None, long_context: false });
        }
        name::readings(asked).into_iter().find_map(|Asked { key, effort, long_context }| {
            let named = |listed: &&Listed| listed.key == key || listed.named == key;
            let listed = self.models.iter().find(named)?;
            Some(Target { model: listed.model.clone(), effort, long_context })
        })
    }

    fn unknown(&self, asked: &str) -> Error {
        let known = self.known_models();
        let hint = nearest::question(asked, known.iter().map(|model| model.name.as_str()));
        let shown: String = asked.chars().take(100).collect();
        Error::new(Category::ModelNotFound, format!("No model `{shown}` on Kiro for this account.{hint}"))
            .with_param("model")
    }
}

#[cfg(test)]
mod tests;
