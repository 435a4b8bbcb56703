//! What was changed of what the client asked, in words a person can look up.

/// Stable tokens such as `max_tokens:64000`, each once, in the order things happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Notes `what:how`. Names come from clients and end up in a response header: only plain characters stay.
    pub(super) fn add(&mut self, what: &str, how: &str) {
        let plain = |text: &str| -> String {
            text.chars()
                .take(200)
                .map(|c| if c.is_ascii_alphanumeric() || "._-(),*".contains(c) { c } else { '_' })
                .collect()
        };
        let note = format!("{}:{}", plain(what), plain(how));
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(super) fn dropped(&mut self, what: &str) {
        self.add(what, "dropped");
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}
