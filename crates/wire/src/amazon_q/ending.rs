//! Why an answer ended, on a wire that often does not say.

use llm::{Category, Error, StopReason};

/// What became of an answer by its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome<'a> {
    /// `stopReason`, in any letter case; empty when the service gave none.
    pub(super) word: &'a str,
    /// There is something to show.
    pub(super) said: bool,
    /// A tool was called, completely.
    pub(super) called: bool,
    /// The tool of a call that broke off.
    pub(super) broken: Option<&'a str>,
}

impl Outcome<'_> {
    /// The stop reason. Completed calls win over every word, because a client runs tools for no other reason.
    ///
    /// # Errors
    /// [`Category::ContextLength`] when the window was too small for any answer, [`Category::Upstream`] for an
    /// answer that is malformed or empty.
    pub(super) fn stop_reason(self) -> Result<StopReason, Error> {
        let Self { word, said, called, broken } = self;
        if called {
            return Ok(StopReason::ToolUse);
        }
        let word = word.to_ascii_lowercase();
        match StopReason::parse(&word) {
            StopReason::ContextWindow if !said => Err(Error::new(
                Category::ContextLength,
                "prompt is too long: the conversation fills the model's context, and no answer fits.",
            )),
            StopReason::Malformed => Err(failed(format!(
                "The model produced an answer that the provider could not read ({word})."
            ))),
            // The service says nothing, or that all is well, where a call was too long for it.
            _ if broken.is_some() && said => Ok(StopReason::MaxTokens),
            _ if let Some(tool) = broken => Err(failed(format!(
                "The provider broke off the model's call of the tool '{tool}', most often because its input was too \
                 long. Ask for it in smaller parts."
            ))),
            // These words explain an answer without content.
            reason @ (StopReason::Filtered
            | StopReason::Refusal
            | StopReason::MaxTokens
            | StopReason::StopSequence) => Ok(reason),
            _ if !said => Err(failed("The provider sent an empty answer.".to_owned())),
            StopReason::ToolUse => Ok(StopReason::EndTurn),
            StopReason::Other(_) if word.is_empty() => Ok(StopReason::EndTurn),
            reason => Ok(reason),
        }
    }
}

fn failed(words: String) -> Error {
    Error::new(Category::Upstream, words).with_code("upstream_error")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(word: &str, said: bool, called: bool, broken: bool) -> Result<StopReason, Category> {
        let broken = broken.then_some("write_file");
        Outcome { word, said, called, broken }.stop_reason().map_err(|error| error.category)
    }

    #[test]
    fn words_have_their_meaning_in_any_case() {
        for (word, reason) in [
            ("", StopReason::EndTurn),
            ("END_TURN", StopReason::EndTurn),
            ("End_Turn", StopReason::EndTurn),
            ("TOOL_USE", StopReason::EndTurn),
            ("MAX_TOKENS", StopReason::MaxTokens),
            ("STOP_SEQUENCE", StopReason::StopSequence),
            ("CONTENT_FILTERED", StopReason::Filtered),
            ("guardrail_intervened", StopReason::Filtered),
            ("MODEL_CONTEXT_WINDOW_EXCEEDED", StopReason::ContextWindow),
            ("PAUSE_TURN", StopReason::PauseTurn),
            ("SOMETHING_NEW", StopReason::Other("something_new".into())),
        ] {
            assert_eq!(end(word, true, false, false), Ok(reason), "{word}");
            assert_eq!(end(word, true, true, true), Ok(StopReason::ToolUse), "{word}");
        }
    }

    #[test]
    fn an_answer_without_content_needs_a_reason() {
        for word in ["", "END_TURN", "TOOL_USE", "PAUSE_TURN", "SOMETHING_NEW"] {
            assert_eq!(end(word, false, false, false), Err(Category::Upstream), "{word}");
        }
        assert_eq!(end("CONTENT_FILTERED", false, false, false), Ok(StopReason::Filtered));
        assert_eq!(end("MAX_TOKENS", false, false, false), Ok(StopReason::MaxTokens));
        assert_eq!(end("MODEL_CONTEXT_WINDOW_EXCEEDED", false, false, false), Err(Category::ContextLength));
    }

    #[test]
    fn malformed_answers_are_errors() {
        for word in ["MALFORMED_TOOL_USE", "malformed_model_output"] {
            assert_eq!(end(word, true, false, false), Err(Category::Upstream), "{word}");
            assert_eq!(end(word, true, true, false), Ok(StopReason::ToolUse), "{word}");
        }
    }

    #[test]
    fn a_broken_call_is_a_limit_that_was_hit() {
        for word in ["", "END_TURN", "TOOL_USE", "MAX_TOKENS"] {
            assert_eq!(end(word, true, false, true), Ok(StopReason::MaxTokens), "{word}");
            assert_eq!(end(word, false, false, true), Err(Category::Upstream), "{word}");
        }
        let outcome = Outcome { word: "", said: false, called: false, broken: Some("write_file") };
        assert!(outcome.stop_reason().expect_err("nothing to show").message.contains("write_file"));
    }
}
