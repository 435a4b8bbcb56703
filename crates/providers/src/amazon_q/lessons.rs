//! What refusals taught, so that the same mistake is made once and not with every turn.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::SignIn;

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
    whose: SignIn,
    /// The model or the conversation, whichever the lesson is about; empty when it is about the account.
    about: String,
}

impl Learned {
    fn is(&self, lesson: Lesson, whose: SignIn, about: &str) -> bool {
        self.lesson == lesson && self.whose == whose && self.about == about
    }
}

impl Lessons {
    pub(super) fn has(&self, lesson: Lesson, whose: SignIn, about: &str) -> bool {
        self.0.load().iter().any(|learned| learned.is(lesson, whose, about))
    }

    pub(super) fn learn(&self, lesson: Lesson, whose: SignIn, about: &str) {
        let new = Arc::new(Learned { lesson, whose, about: about.to_owned() });
        self.0.rcu(|all| {
            let others = all.iter().filter(|learned| !learned.is(lesson, whose, about));
            std::iter::once(&new).chain(others).take(KEPT).cloned().collect::<Vec<_>>()
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::amazon_q::fixture::account;
    use crate::amazon_q::sign_ins::SignIns;

    fn fields(token: &str) -> Map<String, Value> {
        Map::from_iter([("refresh_token".to_owned(), Value::from(token))])
    }

    #[test]
    fn a_lesson_counts_where_it_was_learned_until_it_is_old() {
        let (lessons, sign_ins) = (Lessons::default(), SignIns::default());
        let one = |token: &str| sign_ins.opened(&account(""), &fields(token)).0;
        let (a, b) = (one("a"), one("b"));
        lessons.learn(Lesson::NoFields, a, "claude-opus-4.8");
        assert!(lessons.has(Lesson::NoFields, a, "claude-opus-4.8"));
        assert!(!lessons.has(Lesson::BareSchemas, a, "claude-opus-4.8"));
        assert!(!lessons.has(Lesson::NoFields, b, "claude-opus-4.8"));
        assert!(!lessons.has(Lesson::NoFields, a, "claude-opus-5"));
        for number in 0..KEPT {
            lessons.learn(Lesson::BareSchemas, a, &number.to_string());
        }
        assert!(!lessons.has(Lesson::NoFields, a, "claude-opus-4.8"));
        assert_eq!(lessons.0.load().len(), KEPT);
    }
}
