//! Work with an account that is not a client's request: a test, a count of tokens, a list of models.

use std::future::Future;
use std::sync::Arc;

use accounts::{Entry, Outcome};
use llm::{Category, Error};
use providers::Session;

use crate::state::Gateway;

/// Does `work` with a fresh session. An expired credential or a wrong clock is put right once, as it is for requests;
/// otherwise the account is told nothing of how it went.
///
/// # Errors
/// What the session or the work came to.
pub(crate) async fn run<T, F>(
    gateway: &Gateway,
    entry: &Arc<Entry>,
    work: impl Fn(Arc<Session>) -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let accounts = &gateway.accounts;
    let session = accounts.session_aside(entry).await?;
    let session = match work(Arc::clone(&session)).await {
        Err(error) if error.category == Category::Expired => accounts.rejected(entry, &session).await?,
        Err(error) if error.category == Category::Signature => {
            // Noting it keeps the upstream's clock, by which the next session is corrected.
            accounts.note(entry, Outcome::Failure(&error));
            accounts.session_aside(entry).await?
        }
        done => return done,
    };
    work(session).await
}
