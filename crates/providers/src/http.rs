//! The one HTTP client: every byte to and from an upstream goes through here.
//!
//! It speaks HTTP/1.1 alone (an answer is one long stream, and a connection of its own keeps one slow stream from
//! holding up the others), follows no redirect (a signed request must not be sent to a host it was not signed for)
//! and knows nothing of vendors. Nothing here spawns a task: an answer is pulled by whoever reads it, and dropping
//! it closes the upstream connection.

mod aws_connector;
mod clock;
mod failure;
mod incoming;
mod payload_body;
mod witness;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{HeaderMap, Method};
use llm::{Category, Error, Payload};
use reqwest::redirect::Policy;
use tokio::runtime::{Handle, RuntimeFlavor};
use url::{Host, Url};
use witness::Watched;

use crate::Account;

pub(crate) use aws_connector::AwsConnector;
pub use clock::clock_offset;
pub(crate) use failure::chain as error_chain;
pub(crate) use incoming::Incoming;
pub(crate) use witness::witness;
pub use witness::{Sent, Witness, witnessed};

/// An account's option: its own proxy, for HTTP or SOCKS.
pub(crate) const PROXY: &str = "proxy";
const OPTION: &str = "options.proxy";

/// Who we say we are upstream.
const USER_AGENT: &str = concat!("switchboard/", env!("CARGO_PKG_VERSION"));

/// How long a connection without a request is kept. AWS front ends close theirs after about a minute; ours must
/// go first, or a request is written into a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// Load balancers and NAT gateways forget a silent connection after 350 s, and a model may think for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(45);

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Until the connection is up, TLS included.
    pub connect_timeout: Duration,
    /// To begin with: the person may change it while we run.
    pub patience: Patience,
    /// PEM file with certificate authorities to trust beside the system's, for companies that open TLS.
    pub ca_file: Option<PathBuf>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), patience: Patience::default(), ca_file: None }
    }
}

/// How long an upstream may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From sending the request to the answer's status line.
    pub first_byte: Duration,
    /// Between two pieces of an answer.
    pub chunk: Duration,
}

impl Default for Patience {
    /// Five minutes each: models think for long.
    fn default() -> Self {
        Self { first_byte: Duration::from_secs(300), chunk: Duration::from_secs(300) }
    }
}

/// A request ready to go, signed if it must be.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

/// The client. Connections are pooled; a clone shares them.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
    /// The proxy of one account, which comes before that of all.
    via: Option<Arc<str>>,
}

struct Shared {
    way: ArcSwap<Settled>,
    patience: ArcSwap<Patience>,
    clients: ArcSwap<PerLoop>,
}

/// How the outside is reached. May be changed while we run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayOut {
    /// Until the connection is up, TLS included.
    pub connect_timeout: Duration,
    /// `http://host:port`; without one the system's own settings count.
    pub proxy: Option<String>,
    /// PEM file with certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// A way out whose files were read.
struct Settled {
    way: WayOut,
    authorities: Vec<reqwest::Certificate>,
    proxy: Option<reqwest::Proxy>,
}

/// The clients of each event loop and account's proxy. A pooled connection lives on the loop that made it; used from
/// another it would wake two threads for every piece of an answer. Runtimes that share work among their threads share
/// one entry, `None`.
type PerLoop = Vec<((Option<ThreadId>, Option<Arc<str>>), Arc<Clients>)>;

/// One client for each way out, made on first use: reading the system's certificates takes milliseconds that a
/// start with nothing but plain loopback upstreams need not spend.
#[derive(Default)]
struct Clients {
    /// Respects the proxy of the system and of the environment.
    outside: OnceLock<reqwest::Client>,
    /// For addresses that no proxy could reach: loopback and link-local.
    nearby: OnceLock<reqwest::Client>,
    /// The same without TLS.
    plain: OnceLock<reqwest::Client>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Outside,
    Nearby,
    Plain,
}

impl Http {
    /// Makes a client.
    ///
    /// # Errors
    /// [`Category::InvalidRequest`] when the file of certificate authorities cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self, Error> {
        let HttpOptions { connect_timeout, patience, ca_file } = options;
        let settled = Settled::new(WayOut { connect_timeout, proxy: None, ca_file })?;
        let shared = Shared {
            way: ArcSwap::from_pointee(settled),
            patience: ArcSwap::from_pointee(patience),
            clients: ArcSwap::default(),
        };
        Ok(Self { shared: Arc::new(shared), via: None })
    }

    /// The same for what is asked in the name of an account, which may have a proxy of its own.
    pub(crate) fn of(&self, account: &Account) -> Self {
        let via = account.options.get(PROXY).and_then(serde_json::Value::as_str);
        Self { shared: Arc::clone(&self.shared), via: via.map(Arc::from) }
    }

    /// Takes another way out from the next request on. Running answers go on.
    ///
    /// # Errors
    /// [`Category::InvalidRequest`], with the member in `param`, when proxy or file cannot be used; then all is as
    /// before.
    pub fn go_by(&self, way: WayOut) -> Result<(), Error> {
        if self.shared.way.load().way != way {
            self.shared.way.store(Arc::new(Settled::new(way)?));
            self.renew();
        }
        Ok(())
    }

    /// Forgets every pooled connection, e.g. after the machine slept. Running answers go on.
    pub fn renew(&self) {
        self.shared.clients.store(Arc::default());
    }

    /// Waits so long from the next request on. Running answers go on as they began.
    pub(crate) fn wait(&self, patience: Patience) {
        self.shared.patience.store(Arc::new(patience));
    }

    /// Sends a request and returns once the answer's status and headers are here.
    ///
    /// # Errors
    /// [`Category::Unreachable`] when no connection came about, [`Category::Upstream`] when it was lost before the
    /// answer, [`Category::Timeout`] when the answer did not begin in time.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Error> {
        let mut watched = Watched::begin(&outgoing);
        let mut request = reqwest::Request::new(outgoing.method, outgoing.url);
        *request.headers_mut() = outgoing.headers;
        if !outgoing.payload.is_empty() {
            *request.body_mut() = Some(payload_body::body(outgoing.payload));
        }
        let pending = self.execute(request)?;
        let Patience { first_byte, chunk } = **self.shared.patience.load();
        let error = match tokio::time::timeout(first_byte, pending).await {
            Ok(Ok(response)) => {
                if let Some(watched) = &watched {
                    watched.answered(response.status().as_u16(), response.headers());
                }
                return Ok(Incoming::new(response, chunk, watched));
            }
            Ok(Err(error)) => failure::before_answer(error),
            Err(_) => Error::new(
                Category::Timeout,
                format!("The upstream did not answer within {} s.", first_byte.as_secs()),
            ),
        };
        if let Some(watched) = &mut watched {
            watched.ended(Some(&error));
        }
        Err(error)
    }

    fn execute(
        &self,
        request: reqwest::Request,
    ) -> Result<impl Future<Output = reqwest::Result<reqwest::Response>> + use<>, Error> {
        let way = match (is_nearby(request.url()), request.url().scheme()) {
            (false, _) => Way::Outside,
            (true, "http") => Way::Plain,
            (true, _) => Way::Nearby,
        };
        let clients = self.shared.clients(self.via.as_ref());
        let slot = match way {
            Way::Outside => &clients.outside,
            Way::Nearby => &clients.nearby,
            Way::Plain => &clients.plain,
        };
        if let Some(client) = slot.get() {
            return Ok(client.execute(request));
        }
        // Two requests may both build one; the first to be done is kept and both use it.
        let built = self.shared.build(way, self.via.as_deref())?;
        Ok(slot.get_or_init(|| built).execute(request))
    }
}

impl Settled {
    fn new(way: WayOut) -> Result<Self, Error> {
        let authorities = match &way.ca_file {
            None => Vec::new(),
            Some(path) => read_authorities(path).map_err(|error| error.with_param("ca_file"))?,
        };
        let proxy = way.proxy.as_deref().map(reqwest::Proxy::all).transpose();
        let proxy = proxy.map_err(|_| wrong_proxy("upstream_proxy"))?;
        Ok(Self { way, authorities, proxy })
    }
}

impl Shared {
    /// The clients of the loop that this is called on.
    fn clients(&self, via: Option<&Arc<str>>) -> Arc<Clients> {
        let here = (current_loop(), via.cloned());
        let of =
            |all: &PerLoop| all.iter().find(|(of, _)| *of == here).map(|(_, clients)| Arc::clone(clients));
        if let Some(clients) = of(&self.clients.load()) {
            return clients;
        }
        let fresh = Arc::new(Clients::default());
        self.clients.rcu(|all| match of(all) {
            Some(_) => PerLoop::clone(all),
            None => all.iter().cloned().chain([(here.clone(), Arc::clone(&fresh))]).collect(),
        });
        of(&self.clients.load()).unwrap_or(fresh)
    }

    fn build(&self, way: Way, via: Option<&str>) -> Result<reqwest::Client, Error> {
        let settled = self.way.load();
        let own = via.map(|via| reqwest::Proxy::all(via).map_err(|_| wrong_proxy(OPTION))).transpose()?;
        let mut builder = base(way == Way::Plain)
            .tcp_keepalive(KEEP_ALIVE)
            .connect_timeout(settled.way.connect_timeout)
            .pool_idle_timeout(POOL_IDLE);
        match own.as_ref().or(settled.proxy.as_ref()) {
            _ if way != Way::Outside => builder = builder.no_proxy(),
            Some(proxy) => builder = builder.proxy(proxy.clone()),
            None => {}
        }
        if way != Way::Plain && !settled.authorities.is_empty() {
            builder = builder.tls_certs_merge(settled.authorities.iter().cloned());
        }
        builder.build().map_err(|error| unavailable(&error))
    }
}

/// What all clients have in common. A plain one can speak no TLS and reads no certificates.
fn base(plain: bool) -> reqwest::ClientBuilder {
    // Another part of the process may have chosen a provider before; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true);
    if plain { builder.tls_certs_only([]) } else { builder }
}

/// The thread of a single-threaded runtime.
fn current_loop() -> Option<ThreadId> {
    match Handle::try_current().ok()?.runtime_flavor() {
        RuntimeFlavor::CurrentThread => Some(std::thread::current().id()),
        _ => None,
    }
}

fn wrong_proxy(param: &'static str) -> Error {
    Error::invalid("The address of the proxy cannot be used.").with_param(param)
}

fn unavailable(error: &reqwest::Error) -> Error {
    Error::new(Category::Internal, format!("The HTTP client cannot be set up: {}.", failure::chain(error)))
}

/// A client for addresses on this machine: our own commands use it to talk to a running instance.
///
/// # Errors
/// [`Category::Internal`] when it cannot be set up.
pub fn local_client() -> Result<reqwest::Client, Error> {
    base(true).no_proxy().connect_timeout(Duration::from_secs(5)).build().map_err(|error| unavailable(&error))
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("way", &self.shared.way.load().way).finish_non_exhaustive()
    }
}

fn read_authorities(path: &std::path::Path) -> Result<Vec<reqwest::Certificate>, Error> {
    let unusable = |what: &dyn fmt::Display| {
        Error::invalid(format!(
            "The file of certificate authorities {} cannot be used: {what}.",
            path.display()
        ))
    };
    let pem = std::fs::read(path).map_err(|error| unusable(&error))?;
    let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(&error))?;
    if authorities.is_empty() {
        return Err(unusable(&"it holds no certificate"));
    }
    Ok(authorities)
}

/// What is wrong with an account's own proxy, if anything. A name and a password in it would have to be kept as a
/// secret, which options are not.
pub(crate) fn proxy_complaint(value: &serde_json::Value) -> Option<&'static str> {
    let address = value.as_str().and_then(|text| Url::parse(text).ok());
    let Some(address) = address.filter(|address| address.has_host()) else {
        return Some("must be like http://proxy.example.com:3128 or socks5h://127.0.0.1:1080");
    };
    if !matches!(address.scheme(), "http" | "https" | "socks5" | "socks5h") {
        return Some("must begin with http://, https://, socks5:// or socks5h://");
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Some("must hold no name and no password");
    }
    None
}

/// True for addresses on this machine or its own link (the metadata services of EC2 and ECS live there).
fn is_nearby(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unicast_link_local(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}

/// True for `localhost` and the names under it, which resolvers must answer with loopback (RFC 6761).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests;
