//! `POST /v1/messages/count_tokens` and `/v1/responses/input_tokens`. Claude Code fires some thirty of them at once and gives up on none, so an
//! estimate beats an error.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::Body;
use llm::{Error, Wire};
use providers::{Call, Session, TokenCount};
use wire::{Detail, ServerCodec, anthropic, openai};

use crate::record::Recorder;
use crate::reply::{ReplyBody, plain};
use crate::state::Gateway;
use crate::{admission, body, errand, kept, pipeline, route};

/// Says that the number is ours and not the upstream's.
const ESTIMATE: HeaderName = HeaderName::from_static("x-proxy-estimate");

/// Counts the input of a request without answering it.
pub(crate) async fn count<B>(
    gateway: &Arc<Gateway>,
    codec: &'static dyn ServerCodec,
    head: Parts,
    incoming: B,
) -> Response<ReplyBody>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut recorder = Recorder::begin(gateway, codec.wire(), &head);
    match counted(gateway, codec, &head, incoming, &mut recorder).await {
        Ok(count) => {
            recorder.sent(StatusCode::OK);
            recorder.complete();
            let written = match codec.wire() {
                Wire::OpenAiResponses => openai::responses::write_token_count(count.input),
                _ => anthropic::server::write_token_count(count.input),
            };
            let mut response = plain(StatusCode::OK, written);
            if count.estimated {
                response.headers_mut().insert(ESTIMATE, HeaderValue::from_static("1"));
            }
            response
        }
        Err(error) => pipeline::rescue(codec, recorder, &error),
    }
}

async fn counted<B>(
    gateway: &Arc<Gateway>,
    codec: &dyn ServerCodec,
    head: &Parts,
    incoming: B,
    recorder: &mut Recorder,
) -> Result<TokenCount, Error>
where
    B: Body + Send + Unpin,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Clients count thirty times at once before they ask once: what a key may spend is held against answers.
    let key = recorder.shown(admission::check(gateway, &head.headers)?);
    admission::open(gateway)?;
    let body = body::read(&head.headers, incoming).await?;
    let mut asked = codec.read_request(&head.headers, body)?;
    recorder.asked(&asked);
    let _permit = gateway.limits.enter()?;
    // Counted with the conversation that it goes on with; there is no answer to keep.
    kept::recall(gateway, &mut asked, key.as_deref(), recorder.stamp()).await?;
    let wanted = route::Wanted::new(gateway, &asked.model, recorder.client(), None, key)?;
    let mut plan = route::plan(gateway, &asked, &wanted).map_err(|refused| recorder.refused_by(refused))?;
    let mut last = None;
    while let Some(stop) = plan.take() {
        recorder.turned_to(&stop);
        let call = Call { asked: &asked, target: &stop.target, detail: Detail::Control };
        let provider = &stop.entry.provider;
        let work = |session: Arc<Session>| async move { provider.count_tokens(&session, call).await };
        match errand::run(gateway, &stop.entry, work).await {
            Ok(count) => return Ok(count),
            Err(error) => {
                recorder.attempt_failed(&stop.entry, &stop.target, &error);
                last = Some(error);
            }
        }
    }
    // A plan is never empty.
    Err(last.unwrap_or_else(|| Error::new(llm::Category::Internal, "No account was asked.")))
}
