//! Settings as they are stored: all but what this version cannot take.

use serde_json::{Map, Value, json};
use store::Core;

use super::{SETTINGS_KEY, Settings, SettingsError};

/// What rules for names of models were before they had patterns: names of one's own for models.
const ALIASES: &str = "model_aliases";

impl Settings {
    /// The stored settings; what cannot be taken is logged and left at its default.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(core: &Core) -> Result<Self, store::Error> {
        let stored = core.settings().await?;
        let Some(value) = stored.get(SETTINGS_KEY) else { return Ok(Self::default()) };
        let (settings, problems) = Self::stored(&value.to_string());
        for problem in problems {
            tracing::warn!(%problem, "a stored setting was left at its default");
        }
        Ok(settings)
    }

    /// What is stored: all but the failover, which the accounts store themselves.
    #[must_use]
    pub fn storable(&self) -> Value {
        // Plain fields always serialise.
        let mut document = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = document.as_object_mut() {
            members.remove("failover");
        }
        document
    }

    /// Reads what was stored. A member that this version does not know or cannot take is left at its default and
    /// reported, so that neither a downgrade nor a damaged row keeps the proxy from starting.
    #[must_use]
    pub fn stored(text: &str) -> (Self, Vec<SettingsError>) {
        let mut members: Map<String, Value> = match serde_json::from_str(text) {
            Ok(members) => members,
            Err(error) => {
                let problem = SettingsError { field: String::new(), message: error.to_string() };
                return (Self::default(), vec![problem]);
            }
        };
        if let Some(Value::Object(aliases)) = members.remove(ALIASES) {
            members.entry("model_rules").or_insert_with(|| rules_of(aliases));
        }
        let mut settings = Self::default();
        let mut problems = Vec::new();
        // What widens access is only good together with its precondition: settle that before judging one by one.
        for (name, value) in &members {
            match settings.with(name, value) {
                Ok(changed) => settings = changed,
                Err(problem) => problems.push(problem),
            }
        }
        while let Err(problem) = settings.check() {
            let Some(repaired) = settings.without(&problem.field) else {
                return (Self::default(), vec![problem]);
            };
            settings = repaired;
            problems.push(problem);
        }
        (settings, problems)
    }

    /// The settings with the member of `field` back at its default; `None` when that changes nothing.
    fn without(&self, field: &str) -> Option<Self> {
        let name = field.split('.').next().unwrap_or(field);
        let Ok(Value::Object(defaults)) = serde_json::to_value(Self::default()) else { return None };
        let repaired = self.with(name, defaults.get(name)?).ok()?;
        (repaired != *self).then_some(repaired)
    }
}

/// Names of one's own for models, as the rules that mean the same.
fn rules_of(aliases: Map<String, Value>) -> Value {
    aliases.into_iter().map(|(name, model)| json!({"name": name, "model": model})).collect()
}
