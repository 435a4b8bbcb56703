//! A keychain that may hang without holding up anybody.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::Keychain;
use crate::Trouble;

/// Asks another keychain on a thread of its own and waits so long. What does not answer goes on being waited for by the
/// next call: asking again would put a second prompt before the person.
#[derive(Debug)]
pub struct Patient {
    keychain: Arc<dyn Keychain>,
    patience: Duration,
    pending: Mutex<Option<Pending>>,
}

#[derive(Debug)]
struct Pending {
    asked: Asked,
    answer: Receiver<Answer>,
}

type Answer = Result<Zeroizing<Vec<u8>>, Trouble>;

#[derive(Clone, PartialEq, Eq)]
enum Asked {
    Read(String),
    Write(String, Zeroizing<Vec<u8>>),
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Read(_)) { "Read" } else { "Write" })
    }
}

impl Patient {
    #[must_use]
    pub fn new(keychain: Arc<dyn Keychain>, patience: Duration) -> Self {
        Self { keychain, patience, pending: Mutex::default() }
    }

    fn ask(&self, asked: Asked) -> Answer {
        let mut pending = self.lock();
        if let Some(before) = pending.take() {
            match before.answer.recv_timeout(self.patience) {
                Err(RecvTimeoutError::Timeout) => {
                    *pending = Some(before);
                    return Err(Trouble::Waits);
                }
                Ok(answer) if before.asked == asked => return answer,
                // Another question was answered; this one is still open.
                Ok(_) | Err(RecvTimeoutError::Disconnected) => {}
            }
        }
        let (sender, answer) = channel();
        let (keychain, question) = (Arc::clone(&self.keychain), asked.clone());
        // Not joined: who waits for a person must not keep the program from ending.
        let started = thread::Builder::new().name("keychain".into()).spawn(move || {
            let answer = match question {
                Asked::Read(kid) => keychain.read(&kid),
                Asked::Write(kid, secret) => keychain.write(&kid, &secret).map(|()| Zeroizing::default()),
            };
            // Whoever asked may be gone.
            let _ = sender.send(answer);
        });
        if started.is_err() {
            return Err(Trouble::Unavailable);
        }
        match answer.recv_timeout(self.patience) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err(Trouble::Unavailable),
            Err(RecvTimeoutError::Timeout) => {
                *pending = Some(Pending { asked, answer });
                Err(Trouble::Waits)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keychain for Patient {
    fn read(&self, kid: &str) -> Answer {
        self.ask(Asked::Read(kid.to_owned()))
    }

    fn write(&self, kid: &str, secret: &[u8]) -> Result<(), Trouble> {
        self.ask(Asked::Write(kid.to_owned(), Zeroizing::new(secret.to_vec()))).map(drop)
    }
}
