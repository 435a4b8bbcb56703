//! The listener, and a request's way through: route, faults, caller, operation, body.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::amazon_q::{self, AmazonQ};
use crate::auth::{self, Caller};
use crate::bedrock::{self, Bedrock};
use crate::dice::Dice;
use crate::fault::{self, Spelled};
use crate::journal::{Journal, Recorded, Verdict, Visit};
use crate::play::Play;
use crate::reply::{Body, Reply};
use crate::route::{Call, Service, route};
use crate::{Config, Fault, Kiro, Refusal, Script, clock};

/// The most that InvokeModel takes as a body.
const MOST_BODY: usize = 25_000_000;

/// A running emulator. Dropping it stops it without waiting; [`Emulator::shutdown`] waits.
#[derive(Debug)]
pub struct Emulator {
    addr: SocketAddr,
    script: Script,
    journal: Journal,
    kiro: Kiro,
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct Stage {
    config: Config,
    script: Script,
    journal: Journal,
    bedrock: Bedrock,
    amazon_q: AmazonQ,
    seed: u64,
    requests: AtomicU64,
}

impl Emulator {
    /// Listens on 127.0.0.1 and serves until [`Emulator::shutdown`] or drop. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The port is taken or cannot be bound.
    pub fn start(config: Config) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let addr = listener.local_addr()?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|_| io::Error::other("no randomness"))?;
        let script = Script::default();
        let journal = Journal::new(config.record);
        let seed = u64::from_ne_bytes(seed);
        let amazon_q = AmazonQ::new(&config, seed);
        let kiro = amazon_q.kiro();
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let stage = Arc::new(Stage {
            config,
            script: script.clone(),
            journal: journal.clone(),
            bedrock: Bedrock::default(),
            amazon_q,
            seed,
            requests: AtomicU64::new(0),
        });
        tasks.spawn(accept(listener, stage, stop.clone(), tasks.clone()));
        Ok(Self { addr, script, journal, kiro, stop, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, one endpoint for every host role.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The faults ahead.
    #[must_use]
    pub fn script(&self) -> Script {
        self.script.clone()
    }

    /// What it saw.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.journal.clone()
    }

    /// The Kiro accounts: their tokens and credits.
    #[must_use]
    pub fn kiro(&self) -> Kiro {
        self.kiro.clone()
    }

    /// Stops accepting, drops running answers, and returns when every task has ended.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let stopped = stop.clone();
                let serving = serve(stream, stage.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = stopped.cancelled() => {}
                        () = serving => {}
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: others must close first.
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, stage: Arc<Stage>) {
    // Frames are small and must not wait for each other.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let stage = stage.clone();
        async move { Ok::<_, Infallible>(stage.answer(request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "connection ended early");
    }
}

impl Stage {
    async fn answer(&self, request: Request<Incoming>) -> Response<Play> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let visit = self.journal.visit(number);
        let (head, body) = request.into_parts();
        // A body that is too long is not kept: the signature over it cannot be checked, so its length is told first.
        let body =
            Limited::new(body, MOST_BODY).collect().await.ok().map(http_body_util::Collected::to_bytes);
        let mut dice = Dice::new(self.seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let request_id = dice.uuid();
        let mut call = route(&head);
        if let (Some(call), Some(body)) = (&mut call, &body)
            && call.operation.names_its_model_inside()
        {
            call.subject = bedrock::model_inside(body);
        }
        let held = call.as_ref().and_then(|call| self.script.hold(call.operation));
        if let Some(time) = held {
            tokio::time::sleep(time).await;
        }
        let scene = match &body {
            Some(body) => self.play(&head, body, call.as_ref(), &mut dice),
            None => Scene::refused(Refusal::validation(format!(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length \
                 less than or equal to {MOST_BODY}"
            ))),
        };
        let errors = call.as_ref().map_or(bedrock::ERRORS, |call| call.errors);
        self.note(number, head, body.unwrap_or_default(), call, &scene);
        let Scene { outcome, faults, skew, .. } = scene;
        let (in_body, before): (Vec<_>, Vec<_>) = faults.into_iter().partition(Fault::is_in_body);
        for fault in before {
            if let Fault::Delay(time) = fault {
                tokio::time::sleep(time).await;
            }
        }
        let reply = match outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Refused(refusal) => refusal.into_reply(errors),
            Outcome::Html => gateway_page(),
        };
        respond(reply, in_body, skew, &request_id, visit)
    }

    /// Everything that needs no waiting: which faults strike, who calls, and what the operation answers.
    fn play(&self, head: &Parts, body: &Bytes, call: Option<&Call>, dice: &mut Dice) -> Scene {
        let Some(call) = call else {
            return Scene::refused(Refusal::unknown_operation());
        };
        let service = call.operation.service();
        let mut faults: Vec<Fault> = Vec::new();
        let mut strike = |spelled: Spelled, prompt: &str| {
            if spelled.is_for(service) && self.script.strikes(&spelled, prompt) {
                faults.push(spelled.fault);
            }
        };
        if call.operation.generates() {
            fault::in_model(&call.subject).into_iter().for_each(|spelled| strike(spelled, &call.subject));
            let prompt = match service {
                Service::Bedrock => bedrock::prompt_with_faults(body),
                Service::AmazonQ => amazon_q::prompt_with_faults(body),
            };
            if let Some(prompt) = prompt {
                fault::in_text(&prompt).for_each(|spelled| strike(spelled, &prompt));
            }
        }
        let claimed = match service {
            Service::Bedrock => auth::claimed_key(&head.headers).map(str::to_owned),
            Service::AmazonQ => self.amazon_q.claimed(call, head, body),
        };
        faults.extend(self.script.take(call.operation, claimed.as_deref()));
        let skew = faults.iter().find_map(|fault| if let Fault::Skew(by) = fault { Some(*by) } else { None });
        let now = clock::now(skew.unwrap_or(0));
        let caller = match service {
            Service::Bedrock => {
                let roles = self.amazon_q.role_keys(now);
                auth::admit(&self.config, &roles, bedrock::signing_name(head), head, body, now)
            }
            Service::AmazonQ => self.amazon_q.admit(call, head, body, now),
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(refusal) => return Scene { skew, ..Scene::refused(refusal) },
        };
        let refused = faults.iter().find_map(|fault| match fault {
            Fault::Refuse(refusal) => Some(Outcome::Refused(refusal.clone())),
            Fault::Html => Some(Outcome::Html),
            _ => None,
        });
        let outcome = refused.unwrap_or_else(|| {
            let answer = match service {
                Service::Bedrock => self.bedrock.answer(&self.config, call, &caller, head, body, dice),
                Service::AmazonQ => self.amazon_q.answer(call, &caller, head, body, now, dice),
            };
            match answer {
                Ok(reply) => Outcome::Reply(reply.replaced(&faults)),
                Err(refusal) => Outcome::Refused(refusal),
            }
        });
        Scene { outcome, faults, skew, caller: Some(caller) }
    }

    fn note(&self, number: u64, head: Parts, body: Bytes, call: Option<Call>, scene: &Scene) {
        let operation = call.as_ref().map(|call| call.operation);
        let why = match &scene.outcome {
            Outcome::Refused(refusal) => refusal.why.clone(),
            Outcome::Reply(_) | Outcome::Html => None,
        };
        let row = self.journal.recording().then(|| Recorded {
            path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            method: head.method,
            headers: head.headers,
            body,
            operation,
            subject: call.map(|call| call.subject).unwrap_or_default(),
            key: scene.caller.as_ref().map(|caller| caller.key.clone()).filter(|key| !key.is_empty()),
            verdict: match &scene.outcome {
                Outcome::Reply(_) => Verdict::Answered,
                Outcome::Refused(Refusal { status, code, message, .. }) => {
                    Verdict::Refused { status: *status, code: code.clone(), message: message.clone() }
                }
                Outcome::Html => {
                    Verdict::Refused { status: 502, code: String::new(), message: String::new() }
                }
            },
            why,
        });
        self.journal.judged(number, operation, row);
    }
}

/// What was decided about a request.
struct Scene {
    outcome: Outcome,
    faults: Vec<Fault>,
    skew: Option<i64>,
    caller: Option<Caller>,
}

enum Outcome {
    Reply(Reply),
    Refused(Refusal),
    Html,
}

impl Scene {
    const fn refused(refusal: Refusal) -> Self {
        Self { outcome: Outcome::Refused(refusal), faults: Vec::new(), skew: None, caller: None }
    }
}

fn gateway_page() -> Reply {
    let page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>";
    let mut reply = Reply::whole(502, Bytes::from_static(page.as_bytes()));
    reply.headers = vec![("content-type", "text/html".into())];
    reply
}

fn respond(
    reply: Reply,
    faults: Vec<Fault>,
    skew: Option<i64>,
    request_id: &str,
    visit: Visit,
) -> Response<Play> {
    let mut response = Response::builder().status(reply.status).header("x-amzn-requestid", request_id);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    if let Some(skew) = skew {
        response = response.header("date", clock::http_date(clock::now(skew)));
    }
    let play = match reply.body {
        Body::Whole(bytes) => Play::whole(bytes, faults, visit),
        Body::Frames(frames) => Play::frames(frames, faults, (reply.ragged, reply.exception), visit),
    };
    let (parts, play) = match response.body(()) {
        Ok(response) => (response.into_parts().0, play),
        // Only a header value that is no header value could bring us here, and ours are made of ids and names.
        Err(_) => (Response::new(()).into_parts().0, play),
    };
    Response::from_parts(parts, play)
}
