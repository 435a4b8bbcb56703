//! One log row a request, whatever becomes of it.
//!
//! The recorder travels with the request and with the answer's body. It writes its row when it is dropped, so a
//! client that leaves, a handler that is cancelled and an answer that breaks off are all in the log; and the account
//! that answered is told how it went.

use std::sync::Arc;
use std::time::Instant;

use accounts::{Accounts, Entry, Outcome, Passed, Why};
use http::StatusCode;
use http::header::USER_AGENT;
use http::request::Parts;
use llm::{Block, Category, Chunk, Content, Error, Event, Model, Request, StopReason, Usage, Wire};
use providers::{Reply, Target};
use store::{LogRow, LogSink};
use wire::Stamp;
use wire::web_search::is_kept;

use crate::capture::{self, ASKED, Tape};
use crate::client;
use crate::keys::LocalKey;
use crate::route::{Refused, Stop};
use crate::state::Gateway;

/// Sent by nobody: what the row says of a request whose client left before a status was sent.
const CLIENT_LEFT: u16 = 499;

/// Accounts gone past that a row names; the first of them say what there is to say.
const NAMED: usize = 32;

/// Collects what a request's row will say.
pub(crate) struct Recorder {
    sink: LogSink,
    row: LogRow,
    began: Instant,
    stamp: Stamp,
    usage: Usage,
    model: Option<Arc<Model>>,
    accounts: Accounts,
    /// Keeps the wire, for a person who wants to see it.
    tape: Option<Arc<Tape>>,
    /// The account whose answer this is.
    entry: Option<Arc<Entry>>,
    /// The local key that was shown; told at the end what was spent with it.
    key: Option<Arc<LocalKey>>,
    /// The key has spent what it may.
    pub(crate) is_spent: bool,
    /// The answer ended as it should, or an error was told.
    settled: bool,
    first_content: bool,
}

impl Recorder {
    /// Starts the clock of a request.
    pub(crate) fn begin(gateway: &Gateway, dialect: Wire, head: &Parts) -> Box<Self> {
        let time_ms = gateway.now_ms();
        let id = uuid::Uuid::new_v4();
        let user_agent =
            head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Box::new(Self {
            sink: gateway.sink.clone(),
            row: LogRow {
                time_ms,
                request_id: format!("req_{}", id.simple()),
                client: client::name(user_agent, head.headers.contains_key(&ASKED)).to_owned(),
                user_agent: user_agent.chars().take(200).collect(),
                dialect: dialect.name().to_owned(),
                method: head.method.as_str().to_owned(),
                path: head.uri.path().chars().take(200).collect(),
                ..LogRow::default()
            },
            began: Instant::now(),
            stamp: Stamp { id: id.as_u128(), created: time_ms.unsigned_abs() / 1000 },
            usage: Usage::default(),
            model: None,
            accounts: gateway.accounts.clone(),
            tape: None,
            entry: None,
            key: None,
            is_spent: false,
            settled: false,
            first_content: false,
        })
    }

    /// Writes the row of a request that did not come in, under the id that its answer names.
    pub(crate) fn refused(
        gateway: &Gateway,
        dialect: Wire,
        head: &Parts,
        id: &str,
        error: &Error,
        status: StatusCode,
    ) {
        let mut recorder = Self::begin(gateway, dialect, head);
        id.clone_into(&mut recorder.row.request_id);
        recorder.failed(error);
        recorder.sent(status);
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.row.request_id
    }

    /// Who asks, as the log names it.
    pub(crate) fn client(&self) -> &str {
        &self.row.client
    }

    /// Id and time for the writers of this request.
    pub(crate) const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Which key was shown; hands it back.
    pub(crate) fn shown(&mut self, key: Option<Arc<LocalKey>>) -> Option<Arc<LocalKey>> {
        if let Some(key) = &key {
            self.row.key_id = Some(key.id.clone());
            self.row.key_name = Some(key.name.clone());
            self.key = Some(Arc::clone(key));
        }
        key
    }

    /// Keeps the wire of the request when the person wants that. `may_ask` says whether this client may want it.
    pub(crate) fn keep_wire(&mut self, gateway: &Gateway, head: &Parts, may_ask: bool) {
        let rule = self.key.as_ref().and_then(|key| key.rules.capture);
        self.tape = capture::tape(gateway, head, rule, may_ask, self.began, &self.row.request_id);
    }

    pub(crate) const fn tape(&self) -> Option<&Arc<Tape>> {
        self.tape.as_ref()
    }

    /// What the client asked for.
    pub(crate) fn asked(&mut self, asked: &Request) {
        self.row.model_asked = asked.model.chars().take(200).collect();
        self.row.stream = asked.stream;
    }

    /// An account is next, in the place of those that rest. What an earlier one answered with is over.
    pub(crate) fn turned_to(&mut self, stop: &Stop) {
        let Stop { entry, target, passed, unsuited } = stop;
        self.passed_over(passed);
        for account in unsuited {
            let category = Category::ModelNotFound.name();
            self.went_past(serde_json::json!({
                "account": account.name, "category": category, "skipped": "model",
            }));
        }
        self.row.upstream_wire = None;
        self.row.upstream_request_id = None;
        self.row.adjustments.clear();
        self.row.dropped_opaque = 0;
        self.model = None;
        self.row.account_id = Some(entry.account.id.clone());
        self.row.account_name = Some(entry.account.name.clone());
        self.row.provider = Some(entry.account.provider.clone());
        self.row.model_served = Some(target.model.id.clone());
        if let Some(tape) = &self.tape {
            tape.turned_to(&entry.account.name, &target.model.id);
        }
    }

    /// Nobody can be asked. The error, for whoever writes it.
    pub(crate) fn refused_by(&mut self, refused: Refused) -> Error {
        self.passed_over(&refused.passed);
        refused.error
    }

    fn passed_over(&mut self, passed: &[Passed]) {
        for Passed { account, why, .. } in passed {
            self.went_past(match why {
                Why::Rests(category) => serde_json::json!({
                    "account": account.name, "category": category.name(), "resting": true,
                }),
                // Nothing is the matter with it.
                Why::Stays => serde_json::json!({"account": account.name, "skipped": "conversation"}),
            });
        }
    }

    /// A request goes upstream. From here on the account is told how it went, also when the client leaves.
    pub(crate) fn trying(&mut self, entry: &Arc<Entry>) {
        self.row.attempts += 1;
        self.entry = Some(Arc::clone(entry));
    }

    /// An attempt failed. What that means for the account is the caller's to tell.
    pub(crate) fn attempt_failed(&mut self, entry: &Entry, target: &Target, error: &Error) {
        self.entry = None;
        // An answer that turned out to be none by its end was an answer to something.
        if is_unsent(error) && self.row.upstream_wire.is_none() {
            self.row.attempts = self.row.attempts.saturating_sub(1);
            return;
        }
        let tried = serde_json::json!({
            "account": entry.account.name,
            "model": target.model.id,
            "category": error.category.name(),
            "status": error.upstream.as_ref().map(|upstream| upstream.status),
            "after_ms": self.began.elapsed().as_millis() as u64,
        });
        self.went_past(tried);
    }

    fn went_past(&mut self, account: serde_json::Value) {
        match &mut self.row.failover_from {
            Some(serde_json::Value::Array(before)) if before.len() >= NAMED => {}
            Some(serde_json::Value::Array(before)) => before.push(account),
            other => *other = Some(serde_json::Value::Array(vec![account])),
        }
    }

    /// An account said yes.
    pub(crate) fn answered(&mut self, target: &Target, asked: &Request, reply: &mut Reply) {
        if let Some(entry) = &self.entry {
            self.accounts.note(entry, Outcome::Answered);
        }
        // The first of them was counted when it went out.
        self.row.attempts += reply.attempts.saturating_sub(1);
        self.row.upstream_wire = Some(reply.wire.name().to_owned());
        self.row.upstream_request_id = reply.request_id.clone();
        self.row.adjustments = std::mem::take(&mut reply.adjustments);
        self.model = Some(Arc::clone(&target.model));
        if reply.wire != asked.wire
            && let Ok(meaning) = asked.meaning()
        {
            let opaque = meaning.messages.iter().flat_map(|message| &message.content);
            // To Kiro earlier searches go as ordinary calls.
            let kept = |block: &Block| reply.wire == Wire::AmazonQ && is_kept(block);
            let opaque = opaque.filter(|block| {
                matches!(&block.content, Content::Opaque { wire, .. } if *wire != reply.wire) && !kept(block)
            });
            self.row.dropped_opaque = u32::try_from(opaque.count()).unwrap_or(u32::MAX);
        }
    }

    /// The model by whose prices the answer is paid.
    pub(crate) fn priced(&mut self, model: &Arc<Model>) {
        self.model = Some(Arc::clone(model));
    }

    /// Looks at a chunk on its way to the client.
    pub(crate) fn tap(&mut self, chunk: &Chunk) {
        if chunk.content && !self.first_content {
            self.first_byte();
        }
        for event in &chunk.events {
            match event {
                Event::Usage(usage) => self.usage.merge(usage),
                Event::Stop { reason, .. } => self.row.stop_reason = Some(reason.anthropic().to_owned()),
                _ => {}
            }
        }
    }

    /// Looks at an answer in one piece.
    pub(crate) fn tap_whole(&mut self, usage: Usage, stop: Option<&StopReason>) {
        self.first_byte();
        self.usage.merge(&usage);
        self.row.stop_reason = stop.map(|reason| reason.anthropic().to_owned());
    }

    fn first_byte(&mut self) {
        if let Some(tape) = &self.tape {
            tape.content();
        }
        self.first_content = true;
        self.row.first_byte_ms = Some(self.began.elapsed().as_secs_f64() * 1e3);
    }

    /// The status that went to the client.
    pub(crate) fn sent(&mut self, status: StatusCode) {
        self.row.status = status.as_u16();
    }

    /// The answer ended as it should.
    pub(crate) fn complete(&mut self) {
        self.settled = true;
        if let Some(entry) = self.entry.take() {
            self.accounts.note(&entry, Outcome::Success);
        }
    }

    /// The request failed, before or within the answer.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.settled = true;
        if let Some(entry) = self.entry.take() {
            self.accounts.note(&entry, Outcome::Failure(error));
        }
        self.row.incomplete = self.first_content;
        self.row.error_category = Some(error.category.name().to_owned());
        self.row.error_message = Some(error.message.chars().take(2000).collect());
        if let Some(upstream) = &error.upstream {
            self.row.upstream_status = Some(upstream.status);
            self.row.upstream_code = Some(upstream.code.clone()).filter(|code| !code.is_empty());
            if upstream.request_id.is_some() {
                self.row.upstream_request_id.clone_from(&upstream.request_id);
            }
        }
    }

    /// Account and model that answered.
    pub(crate) fn served(&self) -> Option<(&str, &str)> {
        Some((self.row.account_name.as_deref()?, self.row.model_served.as_deref()?))
    }

    /// The id of the account that answered, or was asked last.
    pub(crate) fn label(&self) -> Option<&str> {
        self.row.account_id.as_deref()
    }

    /// The other accounts that should have answered, and for what category they did not: what each said last.
    pub(crate) fn past(&self) -> Vec<(&str, &str)> {
        let gone_past = self.row.failover_from.as_ref().and_then(serde_json::Value::as_array);
        let mut past: Vec<(&str, &str)> = Vec::new();
        for other in gone_past.into_iter().flatten().filter(|other| other["skipped"].is_null()) {
            let (Some(account), Some(category)) = (other["account"].as_str(), other["category"].as_str())
            else {
                continue;
            };
            past.retain(|(known, _)| *known != account);
            if self.row.account_name.as_deref() != Some(account) {
                past.push((account, category));
            }
        }
        past
    }

    pub(crate) fn adjustments(&self) -> &[String] {
        &self.row.adjustments
    }

    /// Requests sent upstream.
    pub(crate) const fn attempts(&self) -> u32 {
        self.row.attempts
    }

    /// Whether the client had better not try again by itself: more than one request went upstream already, or none of
    /// its requests goes there for long.
    pub(crate) const fn is_final(&self) -> bool {
        self.row.attempts > 1 || self.is_spent
    }
}

/// True when the request was refused while it was put into the upstream's words, so that nothing was sent.
fn is_unsent(error: &Error) -> bool {
    use Category::{ContextLength, InvalidRequest, ModelNotFound, TooLarge, Unsupported};
    error.upstream.is_none()
        && matches!(error.category, InvalidRequest | ContextLength | Unsupported | ModelNotFound | TooLarge)
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let mut row = std::mem::take(&mut self.row);
        row.total_ms = self.began.elapsed().as_secs_f64() * 1e3;
        if !self.settled {
            if let Some(entry) = self.entry.take() {
                self.accounts.note(&entry, Outcome::Abandoned);
            }
            row.error_category = Some(Category::Cancelled.name().to_owned());
            row.error_message = Some("The client left before the answer was complete.".to_owned());
            row.incomplete = true;
        }
        if row.status == 0 {
            row.status = if self.settled { StatusCode::OK.as_u16() } else { CLIENT_LEFT };
        }
        row.input_tokens = self.usage.input;
        row.output_tokens = self.usage.output;
        row.cache_read_tokens = self.usage.cache_read;
        row.cache_write_tokens = self.usage.cache_write;
        row.usage_estimated = self.usage.estimated;
        row.credits = self.usage.credits;
        let price = self.model.as_ref().and_then(|model| model.price);
        if self.usage != Usage::default() {
            row.cost_usd = price.map(|price| price.cost(&self.usage));
        }
        if let Some(key) = self.key.take() {
            let Usage { input, output, cache_write, .. } = &self.usage;
            let tokens = [input, output, cache_write].into_iter().flatten().sum();
            key.meter.spent(row.time_ms, tokens, row.cost_usd);
        }
        if let Some(tape) = self.tape.take() {
            tape.done();
            if let Some(keep_mb) = tape.keep_mb {
                self.sink.keep(capture::document(tape, row.request_id.clone(), row.time_ms, keep_mb));
            }
        }
        self.sink.record(row);
    }
}
