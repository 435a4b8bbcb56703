//! `bench-upstream`: answers as Bedrock, Kiro and Anthropic do, from frames built beforehand, so that what is measured
//! is the proxy before it. One thread; reads nothing of a request that it does not need.

mod answer;
mod control;
mod knobs;
mod stand_in;

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::rc::Rc;

use anyhow::{Context, Result};
use clap::Parser;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, LocalSet};

use crate::knobs::Knobs;
use crate::stand_in::StandIn;

#[derive(Parser)]
#[command(about = "An upstream stand-in for measurements")]
struct Args {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Pieces of text in an answer
    #[arg(long, default_value_t = 100)]
    pieces: usize,
    /// Bytes in a piece
    #[arg(long, default_value_t = 20)]
    bytes: usize,
    /// Microseconds between two pieces
    #[arg(long, default_value_t = 0)]
    gap_us: u64,
    /// End when standard input closes, so that a measurement that was killed leaves nothing behind
    #[arg(long)]
    with_parent: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(args))
}

async fn serve(args: Args) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
        .await
        .with_context(|| format!("cannot listen on port {}", args.port))?;
    let knobs = Knobs { pieces: args.pieces, bytes: args.bytes, gap_us: args.gap_us, stamped: false };
    let stand_in = Rc::new(RefCell::new(StandIn::new(knobs)));
    println!("http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let orphaned = orphaned(args.with_parent);
    tokio::pin!(orphaned);
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            Some(_) = connections.join_next() => continue,
            () = &mut orphaned => return Ok(()),
        };
        socket.set_nodelay(true)?;
        let stand_in = stand_in.clone();
        connections.spawn_local(async move {
            let answer = service_fn(|request| stand_in::answer(stand_in.clone(), request));
            // A client that leaves in the middle is no failure of ours.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), answer).await;
        });
    }
}

/// Resolves when standard input ends; never if nobody asked.
async fn orphaned(with_parent: bool) {
    if !with_parent {
        return std::future::pending().await;
    }
    let (gone, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        let _ = gone.send(());
    });
    let _ = told.await;
}
