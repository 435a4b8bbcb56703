//! One exchange with the service, and a question to its control plane, which goes on to the next host where that
//! can help.

use std::time::Duration;

use llm::{Category, Error};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wire::amazon_q::{Refused, Repair, read_error};

use super::AmazonQ;
use super::bearer::Bearer;
use super::hosts::Role;
use super::operation::{Asker, Operation, Trace, control};
use super::options::Options;
use crate::Account;
use crate::http::{Incoming, Outgoing};
use crate::told::{Refusal, is_answer};

/// A list of all models with their schemas is some ten kilobytes.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// For one question to the control plane, at the last host there is.
const PATIENCE: Duration = Duration::from_secs(20);

/// For one that another host may answer: less than anybody waits for what is asked here.
pub(super) const HOST_PATIENCE: Duration = Duration::from_secs(4);

/// Whether another host may know better: this one is not there, or does not know the operation. Never after a
/// refused token, a throttle or a limit.
pub(super) fn elsewhere(refused: &Refused) -> bool {
    refused.error.category == Category::Unreachable || refused.repair == Some(Repair::OtherHost)
}

/// Of two hosts' refusals the one that tells more: a host that is not there tells nothing.
pub(super) fn telling(earlier: Option<Error>, later: Error) -> Error {
    match earlier {
        Some(earlier) if matches!(later.category, Category::Unreachable | Category::Timeout) => earlier,
        _ => later,
    }
}

impl AmazonQ {
    /// Sends a request and returns its answer, whose status was good.
    pub(super) async fn exchange(&self, account: &Account, outgoing: Outgoing) -> Result<Incoming, Refused> {
        let incoming =
            self.http.of(account).send(outgoing).await.map_err(|error| Refused { error, repair: None })?;
        if is_answer(&incoming) {
            return Ok(incoming);
        }
        Err(self.refusal(incoming).await)
    }

    /// Reads an answer that is an error.
    async fn refusal(&self, incoming: Incoming) -> Refused {
        let refusal = Refusal::read(incoming).await;
        let mut refused = read_error(&refusal.head(), &refusal.body);
        if let Some(upstream) = &mut refused.error.upstream {
            upstream.clock_offset = refusal.clock_offset((self.clock)());
        }
        refused
    }

    /// Asks the control plane.
    ///
    /// # Errors
    /// What the service said, classified; [`Category::Timeout`] when it takes too long.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        account: &Account,
        bearer: &Bearer,
        region: &str,
        operation: Operation,
        members: &Map<String, Value>,
    ) -> Result<T, Error> {
        let outgoing =
            |asker: &Asker<'_>, base: &str, trace: &Trace| control(asker, base, operation, members, trace);
        let read = |body: &[u8]| {
            serde_json::from_slice(body).map_err(|error| {
                Error::new(Category::Upstream, format!("Kiro's answer cannot be read: {error}."))
            })
        };
        self.ask_hosts(account, bearer, region, operation, outgoing, read).await
    }

    /// Sends what `outgoing` makes to one host after the other until one knows the operation, and has the answer read.
    ///
    /// # Errors
    /// What the service said, classified, or what `read` said; [`Category::Timeout`] when it takes too long.
    pub(super) async fn ask_hosts<T>(
        &self,
        account: &Account,
        bearer: &Bearer,
        region: &str,
        operation: Operation,
        outgoing: impl Fn(&Asker<'_>, &str, &Trace) -> Result<Outgoing, Error>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let options = Options::of(&account.options);
        let binding = operation.binding(options.binding);
        let asker = Asker { bearer, binding, share_content: options.share_content };
        let first = self.worked.first(bearer.sign_in, operation.role(), options.order);
        let mut trace = Trace::new();
        let mut last: Option<Error> = None;
        let mut hosts = self.hosts.of(account, operation.role(), region, first)?.into_iter().peekable();
        while let Some(host) = hosts.next() {
            // A tool that runs there takes its time on every host.
            let is_short = operation.role() == Role::Control && hosts.peek().is_some();
            let patience = if is_short { self.host_patience } else { PATIENCE };
            trace.attempt += 1;
            let question = self.question(account, outgoing(&asker, &host.base, &trace)?, &read);
            match tokio::time::timeout(patience, question).await {
                Ok(Ok(answer)) => {
                    self.worked.note(
                        account,
                        bearer.sign_in,
                        operation.role(),
                        options.order,
                        host.generation,
                    );
                    return Ok(answer);
                }
                Ok(Err(refused)) if elsewhere(&refused) => last = Some(telling(last, refused.error)),
                Ok(Err(refused)) => return Err(refused.error),
                // As good as not there.
                Err(_) => {
                    let words = format!("Kiro did not answer within {} s.", patience.as_secs());
                    last = Some(telling(last, Error::new(Category::Timeout, words)));
                }
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Category::Internal, "There is no host to ask.")))
    }

    async fn question<T>(
        &self,
        account: &Account,
        outgoing: Outgoing,
        read: &impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Refused> {
        let plain = |error| Refused { error, repair: None };
        let body = self.exchange(account, outgoing).await?.read(LONGEST_ANSWER).await.map_err(plain)?;
        read(&body).map_err(plain)
    }
}
