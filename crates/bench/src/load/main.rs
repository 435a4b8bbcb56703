//! `bench-load`: asks over a fixed number of keep-alive connections, each waiting for its answer, compares every
//! answer with the text that was sent, prints one JSON object. One thread.

mod body;
mod check;
mod connection;
mod event;
mod head;
mod tally;
mod worker;

use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::{Result, ensure};
use bench::conversation::{Form, Size};
use clap::Parser;
use tokio::task::LocalSet;

/// Whose answers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dialect {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions.
    Openai,
    /// Bedrock InvokeModel, as the stand-in answers it.
    Invoke,
    /// Bedrock Converse, as the stand-in answers it.
    Converse,
    /// Amazon Q's GenerateAssistantResponse, as the stand-in answers it: always a stream.
    AmazonQ,
}

impl Dialect {
    /// Whether there are no answers in one piece.
    pub(crate) fn only_streams(self) -> bool {
        self == Dialect::AmazonQ
    }
}

#[derive(Parser, Clone)]
#[command(about = "A load generator that checks every answer")]
pub(crate) struct Args {
    /// Where to ask: an address of this machine and its port
    #[arg(long)]
    to: SocketAddr,
    #[arg(long, value_enum)]
    dialect: Dialect,
    #[arg(long, value_enum, default_value = "small")]
    size: Size,
    #[arg(long, default_value = "claude-sonnet-4-5-20250929")]
    model: String,
    /// The local key of the proxy
    #[arg(long)]
    key: Option<String>,
    /// Ask for a stream
    #[arg(long)]
    stream: bool,
    #[arg(long, short, default_value_t = 1)]
    connections: usize,
    /// Answers to measure
    #[arg(long, short = 'n', default_value_t = 100)]
    requests: u64,
    /// Answers to take first and not to measure
    #[arg(long, default_value_t = 0)]
    warmup: u64,
    /// No new question after this many seconds
    #[arg(long, default_value_t = 30.0)]
    max_secs: f64,
    /// Seconds one answer may take
    #[arg(long, default_value_t = 30.0)]
    patience: f64,
    /// Pieces of text each answer must hold
    #[arg(long, default_value_t = 100)]
    pieces: usize,
    /// Bytes in each piece
    #[arg(long, default_value_t = 20)]
    bytes: usize,
    /// The pieces carry their send times: measure how late they come
    #[arg(long)]
    stamped: bool,
    /// Ask until the first right answer, whatever goes wrong before it
    #[arg(long)]
    until_right: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.to.ip().is_loopback(), "this is no tool against other machines");
    ensure!(args.connections > 0 && args.bytes > 0, "nothing to do");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = LocalSet::new().block_on(&runtime, worker::run(Rc::new(args)));
    println!("{}", tally.report());
    Ok(())
}

impl Args {
    /// The whole request, head and body.
    pub(crate) fn request(&self) -> Vec<u8> {
        let (form, path) = match (self.dialect, self.stream) {
            (Dialect::Anthropic, _) => (Form::Anthropic, "/v1/messages"),
            (Dialect::Openai, _) => (Form::Openai, "/v1/chat/completions"),
            (Dialect::Invoke, false) => {
                (Form::Bedrock, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke")
            }
            (Dialect::Invoke, true) => (
                Form::Bedrock,
                "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream",
            ),
            (Dialect::Converse, false) => (Form::Bedrock, "/model/amazon.nova-pro-v1%3A0/converse"),
            (Dialect::Converse, true) => (Form::Bedrock, "/model/amazon.nova-pro-v1%3A0/converse-stream"),
            (Dialect::AmazonQ, _) => (Form::Bedrock, "/generateAssistantResponse"),
        };
        let body = bench::conversation::body(form, self.size, &self.model, self.stream);
        let key = match (&self.key, self.dialect) {
            (None, _) => String::new(),
            (Some(key), Dialect::Anthropic) => format!("x-api-key: {key}\r\n"),
            (Some(key), _) => format!("authorization: Bearer {key}\r\n"),
        };
        let version =
            if self.dialect == Dialect::Anthropic { "anthropic-version: 2023-06-01\r\n" } else { "" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: bench-load\r\naccept: */*\r\n{key}{version}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.to,
            body.len()
        );
        [head.as_bytes(), &body].concat()
    }
}
