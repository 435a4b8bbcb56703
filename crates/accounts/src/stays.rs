//! Conversations that went on with another account than the first: they stay with it while they can, for what they said
//! so far is in its prompt cache and in nobody else's. A conversation with the account that is asked first anyway needs
//! no place here, so this is empty most of the time, and costs nothing then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::vault::lock;

/// Conversations that are remembered at the same time; the one that was silent longest makes room.
const MOST: usize = 4096;

/// The longest-lived prompt cache is gone after an hour without use.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// What tells one conversation, with one model, from others: a digest of what its client says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conversation(pub u64);

#[derive(Debug, Default)]
pub(crate) struct Stays {
    /// How many places there are, for those who only want to know whether to ask at all.
    count: AtomicUsize,
    /// Counts the person's choices; what was planned before one must not outlive it.
    choice: AtomicU64,
    places: Mutex<HashMap<Conversation, Place>>,
}

#[derive(Debug)]
struct Place {
    /// The account's id.
    account: String,
    used: Instant,
}

impl Stays {
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    pub(crate) fn choice(&self) -> u64 {
        self.choice.load(Ordering::Acquire)
    }

    /// The id of the account that a conversation stays with.
    pub(crate) fn find(&self, conversation: Conversation, now: Instant) -> Option<String> {
        let mut places = lock(&self.places);
        let place = places.get_mut(&conversation)?;
        if now.saturating_duration_since(place.used) > REMEMBERED {
            places.remove(&conversation);
            self.counted(&places);
            return None;
        }
        place.used = now;
        Some(place.account.clone())
    }

    /// Remembers where a conversation went on, unless the person chose anew since `choice`.
    pub(crate) fn remember(&self, conversation: Conversation, account: &str, choice: u64, now: Instant) {
        let mut places = lock(&self.places);
        if self.choice() != choice {
            return;
        }
        if places.len() >= MOST && !places.contains_key(&conversation) {
            let oldest = places.iter().min_by_key(|(_, place)| place.used).map(|(oldest, _)| *oldest);
            oldest.and_then(|oldest| places.remove(&oldest));
        }
        places.insert(conversation, Place { account: account.to_owned(), used: now });
        self.counted(&places);
    }

    /// The person chose: from the next request on that counts, for every conversation.
    pub(crate) fn forget_all(&self) {
        let mut places = lock(&self.places);
        self.choice.fetch_add(1, Ordering::AcqRel);
        places.clear();
        self.counted(&places);
    }

    fn counted(&self, places: &MutexGuard<'_, HashMap<Conversation, Place>>) {
        self.count.store(places.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_was_silent_longest_makes_room_and_an_hour_of_silence_ends_it() {
        let stays = Stays::default();
        let start = Instant::now();
        let at = |second: usize| start + Duration::from_millis(second as u64);
        for number in 0..=MOST {
            stays.remember(Conversation(number as u64), "b", 0, at(number));
            // The first one speaks all the time.
            assert!(stays.find(Conversation(0), at(number)).is_some());
        }
        assert_eq!(stays.count.load(Ordering::Relaxed), MOST);
        assert_eq!(stays.find(Conversation(1), at(MOST)), None);
        assert_eq!(stays.find(Conversation(2), at(MOST)).as_deref(), Some("b"));
        assert_eq!(stays.find(Conversation(2), at(MOST) + REMEMBERED).as_deref(), Some("b"));
        assert_eq!(stays.find(Conversation(3), at(MOST) + REMEMBERED), None);
        assert_eq!(stays.count.load(Ordering::Relaxed), MOST - 1);
    }

    #[test]
    fn what_was_planned_before_a_choice_is_not_remembered_after_it() {
        let stays = Stays::default();
        let planned = stays.choice();
        stays.forget_all();
        stays.remember(Conversation(1), "b", planned, Instant::now());
        assert!(stays.is_empty());
        stays.remember(Conversation(1), "b", stays.choice(), Instant::now());
        assert!(!stays.is_empty());
    }
}
