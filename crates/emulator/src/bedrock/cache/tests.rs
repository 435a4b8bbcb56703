use serde_json::json;

use super::*;

const LONG: usize = 4000;

fn prefixes(least: u64, blocks: &[Value]) -> Prefixes {
    let mut prefixes = Prefixes::new(&["model", "key"], least);
    blocks.iter().for_each(|block| prefixes.block(block));
    prefixes
}

fn text(letter: &str, marked: Option<&str>) -> Value {
    let mut block = json!({ "type": "text", "text": letter.repeat(LONG) });
    if let Some(ttl) = marked {
        block["cache_control"] = json!({ "type": "ephemeral", "ttl": ttl });
    }
    block
}

#[test]
fn a_prefix_is_written_then_read_then_forgotten() {
    let mut cache = PromptCache::default();
    let start = Instant::now();
    let blocks = [text("a", Some("1h")), text("b", None), text("c", Some("5m")), text("d", None)];
    let first = cache.account(&prefixes(100, &blocks), start);
    let written = first.cache_write.unwrap();
    assert!(written >= 3 * LONG as u64 / 4 && first.cache_read == Some(0));
    assert_eq!(first.cache_write_1h.unwrap() + first.cache_write_5m.unwrap(), written);
    assert!(first.cache_write_1h.unwrap() < first.cache_write_5m.unwrap());
    assert!(first.input.unwrap() >= LONG as u64 / 4);

    let again = cache.account(&prefixes(100, &blocks), start);
    assert_eq!((again.cache_read, again.cache_write), (Some(written), Some(0)));
    assert_eq!(again.input, first.input);

    // The marker moved on by a turn: the old prefix is read, the new part is written.
    let grown = [text("a", None), text("b", None), text("c", None), text("d", None), text("e", Some("5m"))];
    let usage = cache.account(&prefixes(100, &grown), start);
    assert_eq!(usage.cache_read, Some(written));
    assert!(usage.cache_write.unwrap() >= LONG as u64 / 2);

    let later = cache.account(&prefixes(100, &blocks[..2]), start + Duration::from_secs(301));
    assert_eq!(later.cache_read, first.cache_write_1h);
    let much_later = cache.account(&prefixes(100, &blocks[..2]), start + Duration::from_secs(7300));
    assert_eq!(much_later.cache_read, Some(0));
}

#[test]
fn short_prefixes_and_other_callers_are_not_cached() {
    let mut cache = PromptCache::default();
    let now = Instant::now();
    let blocks = [text("a", Some("5m"))];
    assert_eq!(cache.account(&prefixes(5000, &blocks), now).cache_write, Some(0));
    assert!(cache.account(&prefixes(100, &blocks), now).cache_write.unwrap() > 0);
    let mut other = Prefixes::new(&["model", "other"], 100);
    other.block(&blocks[0]);
    assert_eq!(cache.account(&other, now).cache_read, Some(0));
}
