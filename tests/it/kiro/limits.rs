//! What ends an answer, and what the service has no word for.

use serde_json::json;

use super::{OPUS, adjusted};
use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::TestApp;

/// The service is told no limit: ours is kept by estimate, and the upstream is left.
#[tokio::test]
async fn a_short_limit_cuts_an_answer_on_our_side() {
    let (app, _) = TestApp::kiro("social").await;
    let words = "many words ".repeat(60);
    for dialect in DIALECTS {
        for stream in [false, true] {
            let body = dialect.limited(dialect.asking(CLAUDE, &words, stream), 10);
            let answer = app.ask(dialect, &body).await;
            let said = dialect.read(&answer);
            assert_eq!(said.stop, dialect.stop_word("max_tokens"), "{dialect:?} {stream}");
            let whole = format!("echo: {words}");
            assert!(whole.starts_with(&said.text) && (20..=40).contains(&said.text.len()), "{:?}", said.text);
            let row = app.row(&answer).await;
            assert_eq!((&row["stop_reason"], &row["incomplete"]), (&json!("max_tokens"), &json!(false)));
            assert_eq!((&row["output_tokens"], &row["usage_estimated"]), (&json!(10), &json!(true)));
            assert_eq!(app.last_chat().get("additionalModelRequestFields"), None);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_model_that_takes_limits_is_told_and_the_rest_is_cut_here() {
    let (app, _) = TestApp::kiro("social").await;
    app.learn_models().await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            for (asked, told, note) in [
                // Below the least that it takes.
                (10, 1024, None),
                (5000, 5000, None),
                (10_000_000, 128_000, Some("max_tokens:128000")),
            ] {
                let body = dialect.limited(dialect.asking(OPUS, &"many words ".repeat(60), stream), asked);
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                let stop = if asked == 10 { "max_tokens" } else { "end_turn" };
                assert_eq!(said.stop, dialect.stop_word(stop), "{dialect:?} {stream} {asked}");
                assert_eq!(said.text.len() < 50, asked == 10, "{:?}", said.text);
                assert_eq!(app.last_chat()["additionalModelRequestFields"]["max_tokens"], told);
                assert_eq!(adjusted(&answer), Vec::from_iter(note), "{dialect:?} {stream} {asked}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_stop_sequence_is_found_wherever_it_is_torn() {
    let (app, _) = TestApp::kiro("social").await;
    // Responses has none.
    for dialect in DIALECTS.into_iter().filter(|dialect| *dialect != Dialect::Responses) {
        // Pieces of an answer are cut at random places: often enough within the sequence.
        for round in 0..10 {
            let stream = usize::is_multiple_of(round, 2);
            let before = "x".repeat(100 + round);
            let mut body = dialect.asking(CLAUDE, &format!("{before}</the-end-of-it> more"), stream);
            let member = if dialect == Dialect::Messages { "stop_sequences" } else { "stop" };
            body[member] = json!(["</the-end-of-it>"]);
            let answer = app.ask(dialect, &body).await;
            let said = dialect.read(&answer);
            assert_eq!(said.text, format!("echo: {before}"), "{dialect:?}");
            assert_eq!(said.stop, dialect.stop_word("stop_sequence"));
            let expected = (dialect == Dialect::Messages).then(|| "</the-end-of-it>".to_owned());
            assert_eq!(said.stop_sequence, expected);
            // What the upstream still had to say nobody waits for.
            assert_eq!(app.row(&answer).await["incomplete"], false);
        }
    }
    app.emulator.journal().wait_idle().await;
    app.finish().await;
}

#[tokio::test]
async fn sampling_has_no_words_and_its_loss_is_told() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            let mut body = dialect.asking(CLAUDE, "hello", stream);
            body["temperature"] = json!(0.5);
            body["top_p"] = json!(0.9);
            let answer = app.ask(dialect, &body).await;
            assert_eq!(dialect.read(&answer).text, "echo: hello");
            let told = adjusted(&answer);
            assert_eq!(told, ["temperature:dropped", "top_p:dropped"], "{dialect:?}");
            assert_eq!(app.row(&answer).await["adjustments"], json!(told));
        }
    }
    app.finish().await;
}
