//! Ending as a service manager asks for it.

use std::time::{Duration, Instant};

use emulator::{AccessKey, Emulator};
use serde_json::json;

use super::{Machine, account, ask};

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_instance_writes_its_rows_and_goes() {
    let machine = Machine::new();
    let serving = machine.serve().await;
    for number in 0..20 {
        serving.caller.served_by(&number.to_string()).await;
    }
    let started = Instant::now();
    // At once: the last rows wait for their commit.
    let ended = serving.terminate().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stderr.contains("Stopping."), "{ended:?}");
    assert_eq!(machine.serve().await.caller.rows().await.len(), 20);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_answer_gets_a_grace_and_a_row() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = machine.serve().await;
    serving.caller.use_account(&account("main", &emulator, &AccessKey::sandbox())).await;
    let mut endless = ask("[[fault:stall-after 3]] never ends");
    endless["stream"] = json!(true);
    let mut short = ask("[[fault:pace 100]] ends within the grace");
    short["stream"] = json!(true);
    let whole = ask("[[fault:stall-after 0]] never ends and is not streamed");
    let caller = serving.caller.clone();
    let clients = async {
        let endless = async { caller.attempt("POST", "/v1/messages", &endless).await };
        let whole = async { caller.attempt("POST", "/v1/messages", &whole).await };
        let short = async { caller.attempt("POST", "/v1/messages", &short).await };
        tokio::join!(endless, whole, short)
    };
    let journal = emulator.journal();
    let end = async {
        journal.wait_for(3).await;
        let started = Instant::now();
        (serving.terminate().await, started.elapsed())
    };
    let ((endless, whole, short), (ended, took)) = tokio::join!(clients, end);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    let short = short.expect("the short answer came to its end").text();
    assert!(short.contains("event: message_stop"), "{short}");
    let endless = endless.expect("an end in band").text();
    assert!(
        !endless.contains("event: message_stop") && endless.contains("Switchboard is quitting"),
        "{endless}"
    );
    let whole = whole.expect("an answer");
    assert_eq!(whole.status, 503, "{}", whole.text());
    assert!(whole.text().contains("Switchboard is quitting"), "{}", whole.text());
    let rows = machine.serve().await.caller.rows().await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["error_category"].is_null()).count(), 1, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["error_category"] == "unavailable").count(), 2, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["incomplete"] == true).count(), 1, "{rows:?}");
}
