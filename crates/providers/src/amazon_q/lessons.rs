//! What refusals taught, so that the same mistake is made once and not with every turn.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// Lessons kept; the oldest goes first. A person has a few accounts, models and conversations under way.
const KEPT: usize = 128;

/// One lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lesson {
    /// The account may send this model no `additionalModelRequestFields`.
    NoFields,
    /// The tools' schemas of this conversation must lose everything that constrains values.
    BareSchemas,
    /// This conversation holds a thought that the service does not accept back.
    NoReasoning,
    /// The service takes no more under this conversation's id.
    NewConversation,
    /// Old hosts refuse this account's requests with its profile, and accept them without.
    NoLegacyProfile,
}

impl Lesson {
    /// The token in the list of adjustments.
    pub(super) const fn token(self) -> &'static str {
        match self {
            Self::NoFields => "fields:refused",
            Self::BareSchemas => "tools:schema_bare",
            Self::NoReasoning => "reasoning:dropped",
            Self::NewConversation => "conversation:renewed",
            Self::NoLegacyProfile => "profile:dropped",
        }
    }
}

/// The lessons of this process. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Lessons(ArcSwap<Vec<Arc<Learned>>>);

#[derive(Debug)]
struct Learned {
    lesson: Lesson,
    account: String,
    /// The model or the conversation, whichever the lesson is about; empty when it is about the account.
    about: String,
}

impl Learned {
    fn is(&self, lesson: Lesson, account: &str, about: &str) -> bool {
        self.lesson == lesson && self.account == account && self.about == about
    }
}

impl Lessons {
    pub(super) fn has(&self, lesson: Lesson, account: &str, about: &str) -> bool {
        self.0.load().iter().any(|learned| learned.is(lesson, account, about))
    }

    pub(super) fn learn(&self, lesson: Lesson, account: &str, about: &str) {
        let new = Arc::new(Learned { lesson, account: account.to_owned(), about: about.to_owned() });
        self.0.rcu(|all| {
            let others = all.iter().filter(|learned| !learned.is(lesson, account, about));
            std::iter::once(&new).chain(others).take(KEPT).cloned().collect::<Vec<_>>()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_counts_where_it_was_learned_until_it_is_old() {
        let lessons = Lessons::default();
        lessons.learn(Lesson::NoFields, "a", "claude-opus-4.8");
        assert!(lessons.has(Lesson::NoFields, "a", "claude-opus-4.8"));
        assert!(!lessons.has(Lesson::BareSchemas, "a", "claude-opus-4.8"));
        assert!(!lessons.has(Lesson::NoFields, "b", "claude-opus-4.8"));
        assert!(!lessons.has(Lesson::NoFields, "a", "claude-opus-5"));
        for number in 0..KEPT {
            lessons.learn(Lesson::BareSchemas, "a", &number.to_string());
        }
        assert!(!lessons.has(Lesson::NoFields, "a", "claude-opus-4.8"));
        assert_eq!(lessons.0.load().len(), KEPT);
    }
}
