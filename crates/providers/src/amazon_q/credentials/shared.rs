//! A session from a login that another program of this machine keeps and renews. It is read again whenever a fresh token is
//! wanted and never renewed here: the program would be signed out by that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use llm::{Category, Error};
use sha2::{Digest, Sha256};

use crate::Why;
use crate::amazon_q::kept::{Kept, Shared, Trouble};
use crate::amazon_q::{AmazonQ, SignIn};

/// What tells the token that was last handed out from others without being it, by sign-in.
#[derive(Default)]
pub(in crate::amazon_q) struct Lent(Mutex<HashMap<SignIn, [u8; 32]>>);

impl Lent {
    /// Notes a token; `false` when it is the one of before.
    fn is_new(&self, whose: SignIn, kept: &Kept) -> bool {
        let mark = Sha256::digest(kept.token.expose()).into();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(whose, mark) != Some(mark)
    }

    pub(in crate::amazon_q) fn forget(&self, whose: SignIn) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&whose);
    }
}

impl AmazonQ {
    /// The login as its program keeps it now.
    ///
    /// # Errors
    /// [`Category::NoCredentials`] when the person must open that program, [`Category::Unavailable`] when it cannot be read
    /// now.
    pub(super) async fn lent(&self, shared: Shared, whose: SignIn, why: Why) -> Result<Kept, Error> {
        let elsewhere = self.elsewhere.clone();
        let look = move || {
            let places = elsewhere.places.as_deref().ok_or(Trouble::Absent)?;
            shared.look(places, elsewhere.databases.as_deref())
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let program = shared.program.name();
        let kept = match looked {
            Ok(Ok(kept)) => kept,
            Ok(Err(Trouble::Absent)) => return Err(open_it(program, "nobody is signed in there any more")),
            Ok(Err(Trouble::Unreadable(why))) => {
                tracing::warn!(program, %why, "a login of another program cannot be read");
                return Err(Error::new(
                    Category::Unavailable,
                    format!("The login of {program} cannot be read now. The log says why."),
                ));
            }
            Err(_) => {
                return Err(Error::new(Category::Internal, "Reading another program's login broke off."));
            }
        };
        let is_new = self.lent.is_new(whose, &kept);
        if kept.expires <= (self.clock)() {
            return Err(open_it(program, "its token has expired"));
        }
        if why == Why::Rejected && !is_new {
            return Err(open_it(program, "Kiro no longer accepts its token"));
        }
        Ok(kept)
    }
}

fn open_it(program: &str, why: &str) -> Error {
    Error::new(
        Category::NoCredentials,
        format!(
            "This account uses the login of {program}, and {why}. Open {program}, which renews it or asks you to sign in: the \
             account works again after. Or sign in to this account with Switchboard itself, which renews its own sign-ins."
        ),
    )
}
