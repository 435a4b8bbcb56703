//! Tokens of a text by a public vocabulary.
//!
//! Claude's own vocabularies are not published. The one that is nearest among those a library ships is `cl100k_base`,
//! OpenAI's of 2023. Held against a reconstruction of Claude's counts that agrees with Anthropic's own on recorded
//! texts, over Markdown, Rust, Python, JSON and lock files, Claude up to 4.6 has 1.07 to 1.27 times as many tokens, and
//! from 4.7 on, with the smaller vocabulary that came then, 1.39 to 1.65 times. Outside ASCII the two are about even:
//! 1.1 for Chinese between Latin words, 0.93 for Chinese alone, 0.8 for Russian.
//!
//! So an estimate is within 15 % for prose and code in Latin letters, and up to 30 % too high for other scripts. A rule of
//! so many letters to a token is off by up to 40 % for the same texts, and counts too few where it matters: JSON, code,
//! newer models. Other vendors' vocabularies are of that size, and their tokens are taken as they are counted.
//!
//! The vocabulary takes about 11 MB once it is used, and stays; until somebody counts it takes nothing.

use std::sync::LazyLock;

use llm::{Category, Error, Model, Request};
use tiktoken::CoreBpe;
use tokio::sync::Semaphore;

use super::{Measure, sum};
use crate::bedrock::claude_generation;

/// Tokens of Claude up to 4.6 for one of the vocabulary's, in ASCII.
const OLDER: f64 = 1.18;
/// The same from 4.7 on.
const NEWER: f64 = 1.5;
const NEW: (u8, u8) = (4, 7);

static CL100K: LazyLock<CoreBpe> = LazyLock::new(tiktoken::encoding::cl100k_base);

/// How many count at once. Each thread that counts has a cache of about a megabyte, and Claude Code counts thirty times
/// at once: that they wait for each other takes milliseconds.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Tokens of a request's input, on a thread of its own: a body may have megabytes, and the first count reads the
/// vocabulary, which takes a tenth of a second.
///
/// # Errors
/// [`Category::InvalidRequest`] when the request has no meaning.
pub(crate) async fn count(asked: &Request, model: &Model) -> Result<u64, Error> {
    let (asked, factor) = (asked.afresh(), factor(model));
    let failed =
        |what: String| Error::new(Category::Internal, format!("Tokens could not be counted: {what}."));
    let _turn = TURNS.acquire().await.map_err(|error| failed(error.to_string()))?;
    let work = move || Ok(sum(asked.meaning()?, &Vocabulary { factor }));
    tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.to_string()))?
}

fn factor(model: &Model) -> f64 {
    if !model.is_claude() {
        return 1.0;
    }
    match claude_generation(&model.name) {
        Some(generation) if generation < NEW => OLDER,
        // What we do not know is new.
        _ => NEWER,
    }
}

struct Vocabulary {
    factor: f64,
}

impl Measure for Vocabulary {
    fn text(&self, text: &str) -> f64 {
        let ascii = text.bytes().filter(u8::is_ascii).count();
        let share = ascii as f64 / text.len().max(1) as f64;
        CL100K.count(text) as f64 * (self.factor - 1.0).mul_add(share, 1.0)
    }

    fn schema(&self, schema: &serde_json::Value) -> f64 {
        self.text(&serde_json::to_string(schema).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use llm::{Hints, RawBody, Wire};
    use wire::ServerCodec;
    use wire::anthropic::server::AnthropicServer;

    use super::*;
    use crate::Catalog;

    fn model(name: &str) -> std::sync::Arc<Model> {
        Catalog::built_in().iter().find(|entry| entry.model.name == name).unwrap().served(None)
    }

    /// What Claude really counts, by the reconstruction that the factors come from.
    #[test]
    fn what_is_known_of_claude_is_met() {
        let prose = include_str!("fixtures/prose.txt");
        let code = include_str!("fixtures/code.txt");
        let json = include_str!("fixtures/json.txt");
        let chinese = include_str!("fixtures/chinese.txt");
        for (text, older, newer) in
            [(prose, 262, 353), (code, 381, 493), (json, 305, 416), (chinese, 220, 221)]
        {
            for (factor, known) in [(OLDER, older), (NEWER, newer)] {
                let off = Vocabulary { factor }.text(text) / f64::from(known) - 1.0;
                assert!(
                    off.abs() < 0.15,
                    "{off:+.2} for {known}: {}",
                    text.split_whitespace().next().unwrap()
                );
            }
        }
    }

    #[tokio::test]
    async fn the_model_decides_and_the_request_stays_as_it_is() {
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
        let body = serde_json::json!({
            "model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": text}],
        });
        let asked =
            AnthropicServer::new().read_request(&http::HeaderMap::new(), body.to_string().into()).unwrap();
        let mut counts = Vec::new();
        for name in ["nova-pro", "claude-sonnet-4-5", "claude-opus-4-8"] {
            counts.push(count(&asked, &model(name)).await.unwrap());
        }
        assert_eq!(counts, [1005, 1186, 1506]);
        let empty = RawBody::empty(Wire::AnthropicMessages);
        let senseless = Request::new(empty, String::new(), false, Hints::default(), |_| {
            Err(Error::new(Category::InvalidRequest, "no"))
        });
        assert_eq!(
            count(&senseless, &model("nova-pro")).await.unwrap_err().category,
            Category::InvalidRequest
        );
    }

    /// The worst that a text can be, long runs of one letter, must cost no more than any other.
    #[test]
    fn no_text_takes_long() {
        LazyLock::force(&CL100K);
        for text in ["a", " ", "=", "Zm9v", "\u{4e2d}", "\u{1f600}", "\n"] {
            let text = text.repeat(130_000 / text.len());
            let began = std::time::Instant::now();
            assert!(Vocabulary { factor: 1.0 }.text(&text) > 100.0);
            assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
        }
    }
}
