use bytes::Bytes;
use futures_util::{StreamExt, stream};
use llm::{Event, Opening, StopReason, Wire};
use providers::ByteStream;
use wire::FrameReader;

use super::*;

/// A wire without an end of its own: every byte is a word, `!` says that the answer is complete, and why it stopped
/// is known only then.
#[derive(Default)]
pub(crate) struct Endless {
    fed: Vec<u8>,
    opened: bool,
    done: bool,
}

fn chunk(events: Vec<Event>, content: bool) -> Chunk {
    Chunk { wire: Wire::AmazonQ, events, frame: None, content }
}

impl FrameReader for Endless {
    fn push(&mut self, data: Bytes) {
        self.fed.extend(data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        if self.done || self.fed.is_empty() {
            return Ok(None);
        }
        let byte = self.fed.remove(0);
        if byte == b'!' {
            self.done = true;
            return Ok(None);
        }
        let mut events = vec![Event::TextDelta { index: 0, text: char::from(byte).to_string() }];
        if !std::mem::replace(&mut self.opened, true) {
            events.insert(0, Event::BlockStart { index: 0, block: Opening::Text });
        }
        Ok(Some(chunk(events, true)))
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        if !self.opened {
            return Err(Error::new(Category::Truncated, "nothing was said"));
        }
        let stop = Event::Stop { reason: StopReason::MaxTokens, sequence: None };
        Ok(Some(chunk(vec![Event::BlockEnd { index: 0 }, stop], false)))
    }
}

/// An answer read from an upstream that sends the pieces, and then ends or stays open for ever.
fn answer(pieces: &[&'static str], ends: bool) -> Upstream {
    Frames::new(upstream(pieces, ends), Box::<Endless>::default()).into()
}

pub(crate) fn upstream(pieces: &[&'static str], ends: bool) -> ByteStream {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
    if ends {
        Box::pin(stream::iter(pieces))
    } else {
        Box::pin(stream::iter(pieces).chain(stream::pending()))
    }
}

#[tokio::test]
async fn what_only_the_end_tells_is_part_of_the_answer() {
    for (pieces, ends) in [(&["a", "b"][..], true), (&["ab!", "x"][..], false)] {
        let started = collect(answer(pieces, ends)).await;
        let Ok(Started::Answer(answer)) = started else { panic!("an answer") };
        assert_eq!(answer.content, [llm::Block::text("ab")]);
        assert_eq!(answer.stop, Some(StopReason::MaxTokens));
    }
}

#[tokio::test]
async fn an_answer_may_be_complete_before_it_says_anything() {
    let reader = Endless { opened: true, ..Endless::default() };
    let started = begin(Frames::new(upstream(&["!"], false), Box::new(reader)).into()).await;
    let Ok(Started::Stream { held, live: None }) = started else { panic!("a whole answer") };
    assert!(matches!(held[..], [Chunk { content: false, .. }]));
}

#[tokio::test]
async fn an_upstream_that_ends_silently_has_not_answered() {
    let started = begin(answer(&[], true)).await;
    let error = started.map(drop).map_err(before_content).expect_err("nothing came");
    assert_eq!(error.category, Category::Upstream);
}
