//! The first start, and the starts that cannot be.

use std::io::{Read, Write};
use std::process::Command;

use super::{Machine, Run};

/// The curl lines of a welcome, in its order.
fn lines(welcome: &str) -> Vec<&str> {
    welcome.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect()
}

/// Runs a line as a person would: pasted into a shell. Where there is no curl, does what curl would do.
async fn pasted(machine: &Machine, line: &str) -> String {
    if Command::new("curl").arg("--version").output().is_err() {
        return without_curl(line);
    }
    let mut shell: Command = machine.program("sh");
    shell.args(["-c", &line.replacen("curl ", "curl --silent --show-error --no-buffer --fail ", 1)]);
    Run::spawn(shell).ended().await.good()
}

fn without_curl(line: &str) -> String {
    // Every second piece stands in quotes; what stands before it says what it is.
    let pieces: Vec<&str> = line.split('\'').collect();
    let url = pieces[0].split_whitespace().nth(1).expect("a URL");
    let (address, path) =
        url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("an address");
    let quoted = |option: &str| {
        pieces
            .chunks_exact(2)
            .filter(|pair| pair[0].trim_end().ends_with(option))
            .map(|pair| pair[1])
            .collect::<Vec<_>>()
    };
    let body = quoted("-d").concat();
    let mut stream = std::net::TcpStream::connect(address).expect("connect");
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n\r\n{body}",
        body.len(),
        quoted("-H").join("\r\n"),
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    body.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_says_everything_and_its_lines_work() {
    let machine = Machine::new();
    let serving = machine.serve().await;
    let (url, key) = (&serving.caller.url, &serving.caller.key);
    let welcome = &serving.welcome;
    for part in [
        format!("Anthropic base URL   {url}\n"),
        format!("OpenAI base URL      {url}/v1\n"),
        format!("Local key            {key}\n"),
        "Active account       Sandbox\n".to_owned(),
        format!("Data                 {}\n", machine.data().display()),
    ] {
        assert!(welcome.contains(&part), "{part} in {welcome}");
    }
    assert!(key.starts_with("sk-switchboard-") && key.len() > 64, "{key}");

    let lines = lines(welcome);
    assert_eq!(lines.len(), 3, "{welcome}");
    for (line, (path, end)) in lines.iter().zip([
        ("/v1/messages", "event: message_stop"),
        ("/v1/chat/completions", "data: [DONE]"),
        ("/v1/completions", "data: [DONE]"),
    ]) {
        assert!(line.contains(&format!("{url}{path} ")), "{line}");
        let whole = pasted(&machine, line).await;
        let answer: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
        assert!(whole.contains("echo: hello"), "{whole}");
        assert!(answer["usage"].is_object(), "{whole}");
        let streaming = line.replacen("-d '{", "-d '{\"stream\":true,", 1);
        let streamed = pasted(&machine, &streaming).await;
        assert!(streamed.contains(end) && !streamed.contains("error"), "{streamed}");
        assert!(streamed.matches("data:").count() >= 3, "{streamed}");
    }
    let rows = serving.caller.all_rows(6).await;
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row["account_name"] == "Sandbox" && row["status"] == 200), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_may_bring_key_and_port() {
    let port = {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        free.local_addr().expect("address").port()
    };
    let machine = Machine::new()
        .with("SWITCHBOARD_LOCAL_KEY", "sk-from-the-environment")
        .with("SWITCHBOARD_PORT", port.to_string());
    let mut command = machine.program(env!("CARGO_BIN_EXE_switchboard"));
    command.arg("serve");
    let mut serving = super::Serving::begin(command).await;
    assert_eq!(serving.caller.url, format!("http://127.0.0.1:{port}"));
    assert_eq!(serving.caller.key, "sk-from-the-environment");
    serving.caller.served_by("with the environment's").await;
    assert_eq!(machine.run(&["key"]).await.good().trim(), "sk-from-the-environment");
    // The stored key is as good, so that an editor set up before still works.
    let stored = Machine { home: machine.home, variables: Vec::new() };
    serving.caller.key = stored.run(&["key"]).await.good().trim().to_owned();
    assert!(serving.caller.key.starts_with("sk-switchboard-"));
    serving.caller.served_by("with the stored one").await;
    serving.caller.key = "sk-neither".to_owned();
    assert_eq!(serving.caller.get("/v1/models").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_instance_is_told_who_is_there() {
    let machine = Machine::new();
    let serving = machine.serve().await;
    let second = machine.run(&["serve", "--port", "0"]).await;
    assert_eq!(second.status.code(), Some(73), "{second:?}");
    assert!(second.stderr.contains(&format!("process {}", serving.pid())), "{second:?}");
    assert!(second.stderr.contains(&serving.caller.url), "{second:?}");
    assert!(second.stdout.is_empty(), "{second:?}");
    serving.caller.served_by("still here").await;

    // Another folder is another instance.
    let other = Machine::new().serve().await;
    other.caller.served_by("me too").await;
    // A killed one does not stand in the way.
    serving.kill().await;
    machine.serve().await.caller.served_by("again").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_said_plainly() {
    let machine = Machine::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("address").port().to_string();
    let said = machine.run(&["serve", "--port", &port]).await.bad();
    let owner = if cfg!(target_os = "linux") {
        format!("(process {})", std::process::id())
    } else {
        "another program".to_owned()
    };
    assert!(said.contains(&format!("port {port} is taken by ")) && said.contains(&owner), "{said}");
    assert!(said.contains("--port"), "{said}");
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said}");
    drop(taken);
    // Nothing is left behind that would keep the next start from working.
    machine.serve().await.caller.served_by("now it is free").await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_made_is_said_plainly() {
    let machine = Machine::new();
    std::fs::write(machine.data(), "in the way").expect("a file");
    let said = machine.run(&["serve", "--port", "0"]).await.bad();
    assert!(said.contains("cannot use the data folder"), "{said}");
    assert!(said.contains(&machine.data().display().to_string()), "{said}");
}
