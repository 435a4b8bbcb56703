//! Why a model is refused: GetFoundationModelAvailability of the control plane, in whose members AWS says what is
//! still to be done.

use llm::{Category, Error, Model};
use serde::Deserialize;

use super::Bedrock;

use super::endpoint::{self, Service, segment};
use super::route::bare_id;
use crate::{Hurdle, Session};

const LONGEST: usize = 64 * 1024;

/// Words that do not stand in the way; an unknown one may.
const GOOD: [&str; 2] = ["AVAILABLE", "AUTHORIZED"];

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Availability {
    agreement_availability: Agreement,
    authorization_status: Option<String>,
    entitlement_availability: Option<String>,
    region_availability: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Agreement {
    status: Option<String>,
}

impl Bedrock {
    pub(super) async fn ask_hurdles(&self, session: &Session, model: &Model) -> Result<Vec<Hurdle>, Error> {
        let base = endpoint::base(Service::Control, &session.account, &self.endpoints)?;
        let id = segment(bare_id(model));
        let url = endpoint::parse(&format!("{base}/foundation-model-availability/{id}"))?;
        let json = self.get(session, url).await?.read(LONGEST).await?;
        let said: Availability = serde_json::from_slice(&json).map_err(|error| {
            Error::new(
                Category::Upstream,
                format!("Bedrock's answer about the model cannot be read: {error}."),
            )
        })?;
        let all = [
            (Hurdle::Agreement, said.agreement_availability.status),
            (Hurdle::Authorization, said.authorization_status),
            (Hurdle::Entitlement, said.entitlement_availability),
            (Hurdle::Region, said.region_availability),
        ];
        let stands = |status: &Option<String>| {
            status.as_deref().is_some_and(|status| !GOOD.contains(&status.to_ascii_uppercase().as_str()))
        };
        Ok(all.into_iter().filter(|(_, status)| stands(status)).map(|(hurdle, _)| hurdle).collect())
    }
}
