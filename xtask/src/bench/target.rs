//! What is measured: programs before the stand-in.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::{env, fs, io};

use anyhow::{Context, Result, bail};

use super::built;
use super::figures::NGINX;
use super::lane::{Interface, Lane, Service};
use super::process::Process;

const KEY: &str = "sk-bench-0123456789abcdef0123456789abcdef";

/// The stand-in, running.
pub(crate) struct Upstream {
    pub(crate) port: u16,
    // Ends with us: it watches its standard input.
    _process: Process,
}

impl Upstream {
    pub(crate) fn start() -> Result<Self> {
        let mut process =
            Process::start(Command::new(built("bench-upstream")).arg("--with-parent"), Path::new("."))?;
        let url = process.first_line()?;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        Ok(Upstream { port: port.with_context(|| format!("no port in {url:?}"))?, _process: process })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Turns the knobs given as JSON.
    pub(crate) fn turn(&self, knobs: &str) -> Result<()> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let request = format!(
            "POST /__knobs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{knobs}",
            knobs.len()
        );
        io::Write::write_all(&mut socket, request.as_bytes())?;
        let answer = io::read_to_string(socket)?;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!("the stand-in refuses {knobs}: {answer}");
        }
        Ok(())
    }
}

/// A proxy named on the command line.
#[derive(Clone)]
pub(crate) struct Peer {
    name: String,
    command: Vec<String>,
    port: u16,
    key: String,
}

impl FromStr for Peer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, rest) = text.split_once('=').context("NAME=COMMAND,PORT,KEY")?;
        let mut parts = rest.rsplitn(3, ',');
        let (key, port, command) = (parts.next(), parts.next(), parts.next());
        let command: Vec<_> =
            command.context("NAME=COMMAND,PORT,KEY")?.split_whitespace().map(str::to_owned).collect();
        if command.is_empty() {
            bail!("no command");
        }
        Ok(Peer {
            name: name.to_owned(),
            command,
            port: port.unwrap_or_default().parse().context("port")?,
            key: key.unwrap_or_default().to_owned(),
        })
    }
}

pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) key: Option<String>,
    pub(crate) lanes: Vec<Lane>,
    command: Option<Vec<OsString>>,
    environment: Vec<(&'static str, OsString)>,
    log: PathBuf,
    process: Option<Process>,
}

impl Target {
    /// The stand-in itself, with a lane for each of its interfaces.
    pub(crate) fn direct(upstream: &Upstream) -> Self {
        Target {
            name: "direct".to_owned(),
            port: upstream.port,
            key: None,
            lanes: vec![
                Interface::Invoke.itself("InvokeModel"),
                Interface::Converse.itself("Converse"),
                Interface::Kiro.itself("GenerateAssistantResponse"),
            ],
            command: None,
            environment: Vec::new(),
            log: PathBuf::new(),
            process: None,
        }
    }

    /// nginx hands on the stand-in's bytes as they are.
    pub(crate) fn nginx(upstream: &Upstream, scratch: &Path) -> Result<Self> {
        let port = free_port()?;
        let config = scratch.join("nginx.conf");
        let folder = scratch.display();
        fs::write(&config, nginx_config(&folder.to_string(), port, upstream.port))?;
        let program = nginx_program().context("no nginx")?;
        let command =
            [program.as_os_str(), "-p".as_ref(), scratch.as_os_str(), "-c".as_ref(), config.as_os_str()];
        Ok(Target {
            name: NGINX.to_owned(),
            port,
            key: None,
            lanes: vec![
                Interface::Invoke.itself("Bedrock bytes, converts nothing"),
                Interface::Kiro.itself("Kiro bytes, converts nothing"),
            ],
            command: Some(command.into_iter().map(OsString::from).collect()),
            environment: Vec::new(),
            log: scratch.join("nginx.log"),
            process: None,
        })
    }

    /// The product with one account, that of `service`: with two of them one question would have two ways.
    pub(crate) fn product(service: Service, upstream: &Upstream, scratch: &Path) -> Result<Self> {
        let port = free_port()?;
        let (folder, lanes, mut environment) = match service {
            Service::Bedrock => (
                "bedrock",
                vec![
                    Interface::Invoke.anthropic("Anthropic → Claude"),
                    Interface::Invoke.openai("OpenAI → Claude"),
                    Interface::Converse.anthropic("Anthropic → Converse"),
                ],
                aws(upstream),
            ),
            Service::Kiro => (
                "kiro",
                vec![Interface::Kiro.anthropic("Anthropic → Kiro"), Interface::Kiro.openai("OpenAI → Kiro")],
                kiro(upstream),
            ),
        };
        environment.push(("HOME", scratch.into()));
        environment.push(("SWITCHBOARD_KEYCHAIN", "off".into()));
        environment.push(("SWITCHBOARD_LOCAL_KEY", KEY.into()));
        let port_text = OsString::from(port.to_string());
        Ok(Target {
            name: "Switchboard".to_owned(),
            port,
            key: Some(KEY.to_owned()),
            lanes,
            command: Some(vec![
                built("switchboard").into(),
                "serve".into(),
                "--port".into(),
                port_text,
                "--data-dir".into(),
                scratch.join(folder).into(),
            ]),
            environment,
            log: scratch.join(folder).with_extension("log"),
            process: None,
        })
    }

    pub(crate) fn peer(peer: &Peer, upstream: &Upstream, scratch: &Path) -> Self {
        let port = upstream.port.to_string();
        let mut environment = aws(upstream);
        environment.push(("HOME", scratch.into()));
        Target {
            name: peer.name.clone(),
            port: peer.port,
            key: Some(peer.key.clone()),
            lanes: vec![Interface::Invoke.anthropic("Anthropic")],
            command: Some(peer.command.iter().map(|word| word.replace("{upstream}", &port).into()).collect()),
            environment,
            log: scratch.join("peer.log"),
            process: None,
        }
    }

    /// Leaves out the lanes to other services.
    pub(crate) fn keep(&mut self, service: Service) {
        self.lanes.retain(|lane| lane.interface.service() == service);
    }

    /// Starts the program, if this target has one; does not wait for it.
    pub(crate) fn start(&mut self, scratch: &Path) -> Result<()> {
        let Some((program, args)) = self.command.as_ref().and_then(|command| command.split_first()) else {
            return Ok(());
        };
        let mut command = Command::new(program);
        command.args(args).current_dir(scratch);
        for (name, _) in env::vars_os() {
            let lower = name.to_string_lossy().to_ascii_lowercase();
            if ["aws_", "amazonq_", "kiro_", "switchboard_"].iter().any(|prefix| lower.starts_with(prefix))
                || lower.ends_with("_proxy")
            {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.process = Some(Process::logged(&mut command, &self.log)?);
        Ok(())
    }

    pub(crate) fn stop(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.stop().map(drop),
            None => Ok(()),
        }
    }

    pub(crate) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// The last it said.
    pub(crate) fn complaint(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// A Bedrock account that leads to the stand-in.
fn aws(upstream: &Upstream) -> Vec<(&'static str, OsString)> {
    vec![
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".into()),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("AWS_ENDPOINT_URL_BEDROCK", upstream.url().into()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", upstream.url().into()),
    ]
}

/// A Kiro account that leads to the stand-in, for its tokens too.
fn kiro(upstream: &Upstream) -> Vec<(&'static str, OsString)> {
    vec![
        ("AMAZONQ_REFRESH_TOKEN", "aorBENCHREFRESHTOKEN".into()),
        ("AMAZONQ_CLIENT_ID", "bench-client".into()),
        ("AMAZONQ_CLIENT_SECRET", "bench-client-secret".into()),
        ("AMAZONQ_PROFILE_ARN", "arn:aws:codewhisperer:us-east-1:000011112222:profile/BENCHPROFILE".into()),
        ("AMAZONQ_ENDPOINT_URL", upstream.url().into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
    ]
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// nginx, also where it is not on the path of an ordinary user.
pub(crate) fn nginx_program() -> Option<PathBuf> {
    ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"]
        .into_iter()
        .find(|program| Command::new(program).arg("-v").output().is_ok_and(|output| output.status.success()))
        .map(PathBuf::from)
}

fn nginx_config(folder: &str, port: u16, upstream: u16) -> String {
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("  {kind}_temp_path \"{folder}/nginx-{kind}\";\n"))
        .collect();
    format!(
        "worker_processes 1;
daemon off;
pid \"{folder}/nginx.pid\";
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_max_body_size 64m;
  client_body_buffer_size 4m;
  keepalive_requests 100000000;
  tcp_nodelay on;
{temp}  upstream stand_in {{
    server 127.0.0.1:{upstream};
    keepalive 1024;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://stand_in;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 300s;
    }}
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_read_from_the_right() {
        let peer: Peer = "floor=env A=b,c floor --port 1,9472,sk-x".parse().unwrap();
        assert_eq!((peer.name.as_str(), peer.port, peer.key.as_str()), ("floor", 9472, "sk-x"));
        assert_eq!(peer.command, ["env", "A=b,c", "floor", "--port", "1"]);
        assert!("floor=cmd,port,key".parse::<Peer>().is_err());
        assert!("floor".parse::<Peer>().is_err());
    }
}
