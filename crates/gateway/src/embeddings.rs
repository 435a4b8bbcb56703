//! `POST /v1/embeddings`: texts as vectors. Accounts are chosen, rested and asked again as they are for answers.

use std::net::IpAddr;
use std::sync::Arc;

use http::Response;
use http::request::Parts;
use http_body::Body;
use llm::{Category, Error, Request, Wire};
use providers::Embed;
use wire::openai::embeddings::{self, Form};

use crate::dialect::CHAT;
use crate::dispatch::{self, Started};
use crate::limits::Permit;
use crate::record::Recorder;
use crate::reply::ReplyBody;
use crate::state::Gateway;
use crate::{admission, body, pipeline, route};

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
    let Taken { asked, form, course, _permit } =
        match take(gateway, peer, &head, incoming, &mut recorder).await {
            Ok(taken) => taken,
            Err(error) => return pipeline::rescue(&CHAT, recorder, &error),
        };
    let seeking = dispatch::seek(Arc::clone(gateway), Arc::clone(&asked), course, recorder);
    let (mut recorder, started) = Box::pin(seeking).await;
    match started {
        Ok(Started::Vectors(embedded)) => {
            recorder.tap_whole(embedded.usage, None);
            let tokens = embedded.usage.input.unwrap_or(0);
            pipeline::done(recorder, embeddings::write(&asked.model, form, &embedded.vectors, tokens))
        }
        Ok(_) => {
            let error = Error::new(Category::Internal, "Something else was left where vectors were asked.");
            pipeline::rescue(&CHAT, recorder, &error)
        }
        Err(error) => pipeline::rescue(&CHAT, recorder, &error),
    }
}
/// A request that may be answered.
struct Taken {
    asked: Arc<Request>,
    form: Form,
    course: route::Course,
    _permit: Permit,
}

/// Who asks, what, may they now, where may it go.
async fn take<B>(
    gateway: &Gateway,
    peer: IpAddr,
    head: &Parts,
    incoming: B,
    recorder: &mut Recorder,
) -> Result<Taken, Error>
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
    let permit = gateway.limits.enter()?;
    let texts = Embed { texts: asked.texts, dimensions: asked.dimensions };
    let wanted = route::Wanted::new(gateway, &asked.request.model, recorder.client(), pinned, key)?;
    let course = route::Course::new(gateway, &asked.request, wanted.wanting_vectors(texts))
        .map_err(|refused| recorder.refused_by(refused))?;
    Ok(Taken { asked: Arc::new(asked.request), form: asked.form, course, _permit: permit })
}
