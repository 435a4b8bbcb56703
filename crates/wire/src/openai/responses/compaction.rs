//! Long conversations in short. The client sends all of it and wants one item back that stands for it from then on.

/// Asks the model, as the last words of the conversation.
pub(super) const ASK: &str = "\
The conversation is about to outgrow what you can keep in mind. Write a handover for yourself: whoever goes on has your \
words and nothing else. Say what the user wants, with their own words where they matter; what was decided and why; what \
was done, with the names of files, functions and commands; what was found out; what is left to do, and what comes next. \
Keep to what was said and seen. Call no tools. Answer with the handover alone.";

/// A handover as the model is told it later.
pub(super) fn told(summary: &str) -> String {
    format!(
        "The conversation so far was summed up to save room. This is the handover; go on from it without doing again \
         what is done.\n\n{summary}"
    )
}
