//! `POST /v1/embeddings`: texts as vectors, from the first account that has the model.

use std::net::IpAddr;
use std::sync::Arc;

use accounts::Entry;
use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::Body;
use llm::{Category, Error, Model, OtherAccount, Wire};
use providers::{Embed, Session, Target};
use wire::openai::embeddings::{self, Asked};

use crate::dialect::CHAT;
use crate::keys::LocalKey;
use crate::record::Recorder;
use crate::reply::{ReplyBody, plain};
use crate::route::Stop;
use crate::state::Gateway;
use crate::{admission, body, errand, model_rules, pipeline};

/// Serves one request.
pub(crate) async fn handle<B>(
    gateway: &Arc<Gateway>,
    peer: IpAddr,
    head: Parts,
    incoming: B,
) -> Response<ReplyBody>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut recorder = Recorder::begin(gateway, Wire::OpenAiEmbeddings, &head);
    match embedded(gateway, peer, &head, incoming, &mut recorder).await {
        Ok(body) => {
            recorder.sent(StatusCode::OK);
            recorder.complete();
            plain(StatusCode::OK, body)
        }
        Err(error) => pipeline::rescue(&CHAT, recorder, &error),
    }
}

async fn embedded<B>(
    gateway: &Gateway,
    peer: IpAddr,
    head: &Parts,
    incoming: B,
    recorder: &mut Recorder,
) -> Result<Bytes, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let key = recorder.shown(admission::check(gateway, &head.headers)?);
    admission::open(gateway)?;
    let pinned = admission::pinned(gateway, &head.headers, key.as_deref(), peer)?;
    if let Err(error) = admission::afford(gateway, key.as_deref()) {
        recorder.is_spent = error.category == Category::Quota;
        return Err(error);
    }
    let body = body::read(&head.headers, incoming).await?;
    let asked = embeddings::read(&head.headers, &body)?;
    recorder.asked(&asked.request);
    let _permit = gateway.limits.enter()?;
    let wanted = Embed { texts: asked.texts.clone(), dimensions: asked.dimensions };
    let mut last = None;
    for (entry, model) in able(gateway, &asked, recorder.client(), pinned, key.as_deref()) {
        let target = Target { model: Arc::clone(&model), effort: None, long_context: false };
        recorder.turned_to(&Stop {
            entry: Arc::clone(&entry),
            target,
            passed: Vec::new(),
            unsuited: Vec::new(),
        });
        recorder.trying(&entry);
        let (provider, wanted, id) = (&entry.provider, &wanted, model.id.as_str());
        let work = |session: Arc<Session>| async move { provider.embed(&session, id, wanted).await };
        match errand::run(gateway, &entry, work).await {
            Ok(embedded) => {
                recorder.priced(&model);
                recorder.tap_whole(embedded.usage, None);
                let tokens = embedded.usage.input.unwrap_or(0);
                return Ok(embeddings::write(&asked, &embedded.vectors, tokens));
            }
            Err(error) if error.category.retry().other_account == OtherAccount::Yes => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| {
        let message = format!(
            "No account makes embeddings with the model {}. Bedrock accounts have amazon.titan-embed-text-v2:0, \
             cohere.embed-v4:0 and amazon.nova-2-multimodal-embeddings-v1:0.",
            asked.request.model.chars().take(200).collect::<String>()
        );
        Error::new(Category::ModelNotFound, message).with_param("model")
    }))
}

/// The accounts that have the model and may be asked, the active one first.
fn able(
    gateway: &Gateway,
    asked: &Asked,
    client: &str,
    pinned: Option<&str>,
    key: Option<&LocalKey>,
) -> Vec<(Arc<Entry>, Arc<Model>)> {
    let settings = gateway.settings.load();
    let name = asked.request.model.as_str();
    let rule = model_rules::followed(&settings.model_rules, name, client).map(|(_, rule)| rule);
    let meant = rule.and_then(|rule| rule.model.as_deref()).unwrap_or(name);
    let only = pinned.or_else(|| rule.and_then(|rule| rule.account.as_deref()));
    let active = gateway.accounts.active();
    let mut entries = gateway.accounts.entries();
    entries.sort_by_key(|entry| Some(&entry.account.id) != active.as_ref());
    let fits = |entry: Arc<Entry>| {
        let id = entry.account.id.as_str();
        if only.is_some_and(|only| only != id)
            || key.is_some_and(|key| !gateway.accounts.is_among(id, &key.rules.accounts))
        {
            return None;
        }
        let model = entry.provider.embedder(&entry.account, meant)?;
        let allowed = key.is_none_or(|key| key.rules.allow_model(&model, Some(name)));
        allowed.then_some((entry, model))
    };
    entries.into_iter().filter_map(fits).collect()
}
