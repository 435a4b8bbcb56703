//! What is measured: programs before the stand-in, and the ways through each.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::{env, fs, io};

use anyhow::{Context, Result, bail};

use super::built;
use super::process::Process;

const KEY: &str = "sk-bench-0123456789abcdef0123456789abcdef";

/// One way through a target.
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    /// What the client speaks, as `bench-load` calls it.
    pub(crate) dialect: &'static str,
    pub(crate) model: &'static str,
    /// The lane of the stand-in that answers the same without anything between.
    pub(crate) direct: usize,
    /// The same wire on both sides: the stricter bars hold.
    pub(crate) same_wire: bool,
}

const INVOKE: usize = 0;
const CONVERSE: usize = 1;
const CLAUDE: &str = "claude-sonnet-4-5-20250929";
const NOVA: &str = "amazon.nova-pro-v1:0";

const fn lane(
    name: &'static str,
    dialect: &'static str,
    model: &'static str,
    direct: usize,
    same_wire: bool,
) -> Lane {
    Lane { name, dialect, model, direct, same_wire }
}

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
    /// The stand-in itself; its lanes stand at the places [`Lane::direct`] names.
    pub(crate) fn direct(upstream: &Upstream) -> Self {
        Target {
            name: "direct".to_owned(),
            port: upstream.port,
            key: None,
            lanes: vec![
                lane("InvokeModel", "invoke", CLAUDE, INVOKE, true),
                lane("Converse", "converse", NOVA, CONVERSE, true),
            ],
            command: None,
            environment: Vec::new(),
            log: PathBuf::new(),
            process: None,
        }
    }

    /// nginx hands on the Bedrock bytes as they are.
    pub(crate) fn nginx(upstream: &Upstream, scratch: &Path) -> Result<Self> {
        let port = free_port()?;
        let config = scratch.join("nginx.conf");
        let folder = scratch.display();
        fs::write(&config, nginx_config(&folder.to_string(), port, upstream.port))?;
        let program = nginx_program().context("no nginx")?;
        let command =
            [program.as_os_str(), "-p".as_ref(), scratch.as_os_str(), "-c".as_ref(), config.as_os_str()];
        Ok(Target {
            name: "nginx".to_owned(),
            port,
            key: None,
            lanes: vec![lane("Bedrock bytes, converts nothing", "invoke", CLAUDE, INVOKE, true)],
            command: Some(command.into_iter().map(OsString::from).collect()),
            environment: Vec::new(),
            log: scratch.join("nginx.log"),
            process: None,
        })
    }

    pub(crate) fn product(upstream: &Upstream, scratch: &Path) -> Result<Self> {
        let port = free_port()?;
        let data = scratch.join("data");
        let mut environment = aws(upstream, scratch);
        environment.push(("SWITCHBOARD_LOCAL_KEY", KEY.into()));
        let port_text = OsString::from(port.to_string());
        Ok(Target {
            name: "Switchboard".to_owned(),
            port,
            key: Some(KEY.to_owned()),
            lanes: vec![
                lane("Anthropic → Claude", "anthropic", CLAUDE, INVOKE, true),
                lane("OpenAI → Claude", "openai", CLAUDE, INVOKE, false),
                lane("Anthropic → Converse", "anthropic", NOVA, CONVERSE, false),
            ],
            command: Some(vec![
                built("switchboard").into(),
                "serve".into(),
                "--port".into(),
                port_text,
                "--data-dir".into(),
                data.into(),
            ]),
            environment,
            log: scratch.join("switchboard.log"),
            process: None,
        })
    }

    pub(crate) fn peer(peer: &Peer, upstream: &Upstream, scratch: &Path) -> Self {
        let port = upstream.port.to_string();
        Target {
            name: peer.name.clone(),
            port: peer.port,
            key: Some(peer.key.clone()),
            lanes: vec![lane("Anthropic", "anthropic", CLAUDE, INVOKE, true)],
            command: Some(peer.command.iter().map(|word| word.replace("{upstream}", &port).into()).collect()),
            environment: aws(upstream, scratch),
            log: scratch.join("peer.log"),
            process: None,
        }
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
            if ["aws_", "switchboard_"].iter().any(|prefix| lower.starts_with(prefix))
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

/// An account that leads to the stand-in, and nothing of the person's own.
fn aws(upstream: &Upstream, scratch: &Path) -> Vec<(&'static str, OsString)> {
    let url = format!("http://127.0.0.1:{}", upstream.port);
    vec![
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".into()),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("AWS_ENDPOINT_URL_BEDROCK", url.clone().into()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.into()),
        ("HOME", scratch.into()),
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
