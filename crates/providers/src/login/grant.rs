//! The way from nothing to tokens, at any of the services: by a code that the person confirms, or by a browser that
//! comes back.

#[cfg(test)]
mod tests;

use std::time::Instant;

use llm::{Error, Secret};
use serde_json::{Map, Value};

use super::pace::Pace;
use super::{
    Callback, Device, Failure, Flow, Heard, Issuer, Moment, Next, PATIENCE, Prompt, Proof, Tokens, Told,
};

/// The machine.
#[derive(Debug)]
pub(crate) struct Grant {
    issuer: Box<dyn Issuer>,
    flow: Flow,
    proof: Proof,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No listener yet.
    Door,
    /// The service wants something first.
    Preparing,
    /// A code for the person is asked for.
    Starting,
    /// The person has a code. `asked` while the service is being asked what they did with it.
    Confirming {
        device: Device,
        pace: Pace,
        asked: bool,
    },
    /// The person is away with a browser.
    Away {
        url: String,
        ends: Instant,
    },
    /// A browser brought a code back.
    Redeeming {
        code: Secret,
        callback: Callback,
    },
    Granted(Tokens),
    Over(Failure),
}

impl Grant {
    pub(crate) fn new(issuer: Box<dyn Issuer>, flow: Flow, proof: Proof) -> Self {
        let state = match flow {
            Flow::Device => State::Preparing,
            Flow::Browser => State::Door,
        };
        Self { issuer, flow, proof, state }
    }

    /// What is to be done; `None` once there are tokens.
    pub(crate) fn next(&mut self, now: Moment) -> Option<Next> {
        self.step(now).unwrap_or_else(|error| {
            self.state = State::Over(Failure::Refused(error.clone()));
            Some(Next::Over(Failure::Refused(error)))
        })
    }

    fn step(&mut self, now: Moment) -> Result<Option<Next>, Error> {
        loop {
            let next = match &mut self.state {
                State::Door => Next::Listen(self.issuer.doorway()),
                State::Preparing => match self.issuer.preparation()? {
                    Some(question) => Next::Ask(question),
                    None => {
                        self.state = match self.flow {
                            Flow::Device => State::Starting,
                            Flow::Browser => {
                                let url = self.issuer.page(&self.proof)?.into();
                                State::Away { url, ends: now.instant + PATIENCE }
                            }
                        };
                        continue;
                    }
                },
                State::Starting => Next::Ask(self.issuer.device()?),
                State::Confirming { pace, .. } if pace.is_over(now.instant) => {
                    self.state = State::Over(Failure::Expired);
                    continue;
                }
                State::Confirming { device, pace, asked } => {
                    if pace.is_due(now.instant) && !*asked {
                        *asked = true;
                        Next::Ask(self.issuer.poll(&device.code)?)
                    } else {
                        let prompt =
                            Prompt::Device { url: device.url.clone(), user_code: device.user_code.clone() };
                        let ends = pace.ends();
                        Next::Wait { prompt, until: if *asked { ends } else { pace.next() }, ends }
                    }
                }
                State::Away { ends, .. } if *ends <= now.instant => {
                    self.state = State::Over(Failure::Expired);
                    continue;
                }
                State::Away { url, ends } => {
                    Next::Wait { prompt: Prompt::Browser { url: url.clone() }, until: *ends, ends: *ends }
                }
                State::Redeeming { code, callback } => {
                    Next::Ask(self.issuer.redeem(code.expose(), callback, &self.proof)?)
                }
                State::Granted(_) => return Ok(None),
                State::Over(failure) => Next::Over(failure.clone()),
            };
            return Ok(Some(next));
        }
    }

    /// The credential of a sign-in that was granted.
    pub(crate) fn credential(&self, now: Moment) -> Option<Result<Map<String, Value>, Error>> {
        match &self.state {
            State::Granted(tokens) => Some(self.issuer.credential(tokens, now.wall)),
            _ => None,
        }
    }

    pub(crate) fn listening(&mut self, port: Option<u16>) {
        if let State::Door = self.state {
            self.state = match port {
                Some(port) => {
                    self.issuer.comes_back_to(port);
                    State::Preparing
                }
                None => State::Over(Failure::NoPort),
            };
        }
    }

    pub(crate) fn heard(&mut self, heard: Result<Heard, Error>, now: Moment) {
        let state = std::mem::replace(&mut self.state, State::Preparing);
        self.state = match (state, heard) {
            (State::Preparing, heard) => match heard.and_then(|heard| self.issuer.prepared(&heard)) {
                Ok(()) => State::Preparing,
                Err(error) => State::Over(Failure::Refused(error)),
            },
            (State::Starting, heard) => match heard.and_then(|heard| self.issuer.read_device(&heard)) {
                Ok(device) => {
                    let pace = Pace::new(device.interval, device.life, now.instant);
                    State::Confirming { device, pace, asked: false }
                }
                Err(error) => State::Over(Failure::Refused(error)),
            },
            (State::Confirming { device, mut pace, .. }, heard) => {
                let told = heard.map_or_else(Told::Trouble, |heard| self.issuer.read(&heard));
                match told {
                    Told::Tokens(tokens) => State::Granted(tokens),
                    Told::Denied => State::Over(Failure::Denied),
                    Told::Expired => State::Over(Failure::Expired),
                    Told::Refused(error) => State::Over(Failure::Refused(error)),
                    Told::SlowDown => {
                        pace.slow_down(now.instant);
                        State::Confirming { device, pace, asked: false }
                    }
                    // The person is at it: a service in trouble, or a cable that was pulled, costs them nothing.
                    Told::Pending | Told::Trouble(_) => {
                        pace.again(now.instant);
                        State::Confirming { device, pace, asked: false }
                    }
                }
            }
            (State::Redeeming { .. }, heard) => {
                match heard.map_or_else(Told::Refused, |heard| self.issuer.read(&heard)) {
                    Told::Tokens(tokens) => State::Granted(tokens),
                    Told::Denied => State::Over(Failure::Denied),
                    Told::Expired | Told::Pending | Told::SlowDown => State::Over(Failure::Expired),
                    // A code counts once.
                    Told::Refused(error) | Told::Trouble(error) => State::Over(Failure::Refused(error)),
                }
            }
            (state, _) => state,
        };
    }

    /// Takes a browser that came back, when it shows the state that it was sent away with.
    pub(crate) fn returned(&mut self, callback: &Callback) -> bool {
        if !matches!(self.state, State::Away { .. }) || !self.proof.is_ours(callback.get("state")) {
            return false;
        }
        self.state = if let Some(error) = callback.get("error") {
            State::Over(match error {
                "access_denied" => Failure::Denied,
                _ => Failure::Refused(declined(error, callback.get("error_description"))),
            })
        } else {
            match self.issuer.referred(callback) {
                Some(Ok(other)) => {
                    self.issuer = other;
                    self.flow = Flow::Device;
                    State::Preparing
                }
                Some(Err(error)) => State::Over(Failure::Refused(error)),
                None => match callback.get("code") {
                    Some(code) => State::Redeeming { code: Secret::new(code), callback: callback.clone() },
                    None => State::Over(Failure::Refused(declined("no code", None))),
                },
            }
        };
        true
    }
}

fn declined(error: &str, said: Option<&str>) -> Error {
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    let words = format!("The sign-in page sent the browser back with: {}.", cut(error));
    let words = said.map_or_else(|| words.clone(), |said| format!("{words} It said: {}", cut(said)));
    Error::new(llm::Category::NoCredentials, words)
}
