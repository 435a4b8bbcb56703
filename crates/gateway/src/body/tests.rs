use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, Stream, StreamExt};
use http::header::CONTENT_ENCODING;
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

const MIB: usize = 1024 * 1024;

fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
}

fn pieces(of: Vec<Bytes>) -> StreamBody<impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Unpin> {
    StreamBody::new(stream::iter(of.into_iter().map(|piece| Ok(Frame::data(piece)))))
}

/// A body that counts what is taken from it.
fn endless(
    taken: Arc<AtomicUsize>,
) -> StreamBody<impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Unpin> {
    let piece = Bytes::from(vec![b' '; 64 * 1024]);
    StreamBody::new(stream::repeat_with(move || {
        taken.fetch_add(piece.len(), Ordering::SeqCst);
        Ok(Frame::data(piece.clone()))
    }))
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn category(headers: &HeaderMap, sent: Vec<u8>) -> Category {
    read(headers, Full::new(Bytes::from(sent))).await.unwrap_err().category
}

#[tokio::test]
async fn one_piece_of_the_told_size_is_not_copied() {
    let piece = Bytes::from_static(b"{\"model\":1}");
    let told = headers(&[(CONTENT_LENGTH, "11")]);
    let body = read(&told, Full::new(piece.clone())).await.unwrap();
    assert_eq!(body.as_ptr(), piece.as_ptr());
}

#[tokio::test]
async fn pieces_are_joined_with_and_without_a_told_size() {
    let parts = vec![Bytes::from_static(b"ab"), Bytes::new(), Bytes::from_static(b"cde")];
    for told in [headers(&[(CONTENT_LENGTH, "5")]), HeaderMap::new()] {
        assert_eq!(read(&told, pieces(parts.clone())).await.unwrap(), "abcde");
    }
    assert_eq!(read(&HeaderMap::new(), pieces(vec![])).await.unwrap(), "");
}

#[tokio::test]
async fn a_told_size_above_the_limit_is_refused_before_a_byte_is_read() {
    let taken = Arc::new(AtomicUsize::new(0));
    for size in [LIMIT + 1, 33 * MIB, usize::MAX] {
        let told = headers(&[(CONTENT_LENGTH, &size.to_string())]);
        let error = read(&told, endless(Arc::clone(&taken))).await.unwrap_err();
        assert_eq!(error.category, Category::TooLarge);
    }
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_endless_body_is_refused_at_the_limit() {
    let taken = Arc::new(AtomicUsize::new(0));
    let error = read(&HeaderMap::new(), endless(Arc::clone(&taken))).await.unwrap_err();
    assert_eq!(error.category, Category::TooLarge);
    assert!(taken.load(Ordering::SeqCst) <= LIMIT + 64 * 1024);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken() {
    let body = pieces(vec![Bytes::from(vec![0; LIMIT - 1]), Bytes::from_static(b"x")]);
    assert_eq!(read(&HeaderMap::new(), body).await.unwrap().len(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_drip_is_refused_soon_after_half_a_minute() {
    let start = Instant::now();
    let drip = StreamBody::new(Box::pin(stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), ()))
    })));
    let error = read(&HeaderMap::new(), drip).await.unwrap_err();
    assert_eq!(error.category, Category::SlowRequest);
    assert!((30..45).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stall_after_a_good_start_is_refused_too() {
    let start = Instant::now();
    let stalled = StreamBody::new(
        stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; MIB])))]).chain(stream::pending()),
    );
    let error = read(&HeaderMap::new(), stalled).await.unwrap_err();
    assert_eq!(error.category, Category::SlowRequest);
    assert!(start.elapsed().as_secs() < 45);
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_may_take_its_time() {
    let slow = StreamBody::new(Box::pin(stream::unfold(0, |count| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (count < 120).then(|| (Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; 1100]))), count + 1))
    })));
    assert_eq!(read(&HeaderMap::new(), slow).await.unwrap().len(), 120 * 1100);
}

#[tokio::test]
async fn a_client_that_leaves_is_not_a_bad_request() {
    let broken = StreamBody::new(stream::iter([
        Ok(Frame::data(Bytes::from_static(b"{"))),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]));
    assert_eq!(read(&HeaderMap::new(), broken).await.unwrap_err().category, Category::Cancelled);
}

#[tokio::test]
async fn gzip_and_zstd_come_out_as_they_went_in() {
    let text = "{\"messages\":[]} ".repeat(50_000);
    let zstd = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    for (coding, sent) in [
        ("gzip", gzip(text.as_bytes())),
        ("GZIP", gzip(text.as_bytes())),
        ("x-gzip", gzip(text.as_bytes())),
        ("zstd", zstd),
        ("identity", text.clone().into_bytes()),
    ] {
        let body = read(&headers(&[(CONTENT_ENCODING, coding)]), Full::new(Bytes::from(sent))).await.unwrap();
        assert_eq!(body, text, "{coding}");
    }
}

#[tokio::test]
async fn several_members_and_frames_are_joined() {
    let mut members = gzip(b"ab");
    members.extend(gzip(b"cd"));
    let mut frames = compress_to_vec(&b"ab"[..], CompressionLevel::Fastest);
    // A skippable frame of three bytes.
    frames.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    frames.extend(compress_to_vec(&b"cd"[..], CompressionLevel::Fastest));
    for (coding, sent) in [("gzip", members), ("zstd", frames)] {
        let body = read(&headers(&[(CONTENT_ENCODING, coding)]), Full::new(Bytes::from(sent))).await.unwrap();
        assert_eq!(body, "abcd", "{coding}");
    }
}

#[tokio::test]
async fn bombs_stop_at_the_limit() {
    let bomb = vec![0; 40 * MIB];
    let zstd = compress_to_vec(&bomb[..], CompressionLevel::Fastest);
    assert_eq!(category(&headers(&[(CONTENT_ENCODING, "gzip")]), gzip(&bomb)).await, Category::TooLarge);
    assert_eq!(category(&headers(&[(CONTENT_ENCODING, "zstd")]), zstd).await, Category::TooLarge);
    let whole = gzip(&bomb[..LIMIT]);
    let body = read(&headers(&[(CONTENT_ENCODING, "gzip")]), Full::new(Bytes::from(whole))).await.unwrap();
    assert_eq!(body.len(), LIMIT);
}

#[tokio::test]
async fn damage_and_cuts_are_bad_requests() {
    let (gz, zs) =
        (gzip(b"hello hello hello"), compress_to_vec(&b"hello hello"[..], CompressionLevel::Fastest));
    for (coding, sent) in [
        ("gzip", gz[..gz.len() - 9].to_vec()),
        ("gzip", b"{}".to_vec()),
        ("zstd", zs[..zs.len() - 4].to_vec()),
        ("zstd", b"{\"a\":1}".to_vec()),
        ("zstd", vec![0x50, 0x2a, 0x4d, 0x18, 255, 0, 0, 0, 1]),
    ] {
        assert_eq!(
            category(&headers(&[(CONTENT_ENCODING, coding)]), sent).await,
            Category::InvalidRequest,
            "{coding}"
        );
    }
}

#[tokio::test]
async fn other_codings_are_not_supported() {
    for value in ["br", "deflate", "gzip, gzip", "zstd,gzip", "x"] {
        assert_eq!(
            category(&headers(&[(CONTENT_ENCODING, value)]), vec![]).await,
            Category::UnsupportedMedia,
            "{value}"
        );
    }
    let mut twice = HeaderMap::new();
    twice.append(CONTENT_ENCODING, "gzip".parse().unwrap());
    twice.append(CONTENT_ENCODING, "gzip".parse().unwrap());
    assert_eq!(category(&twice, vec![]).await, Category::UnsupportedMedia);
}

proptest! {
    #[test]
    fn no_bytes_make_inflation_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Coding::Gzip.inflate(&data, 4096);
        let _ = Coding::Zstd.inflate(&data, 4096);
        let framed: Vec<u8> = [0x28, 0xb5, 0x2f, 0xfd].into_iter().chain(data).collect();
        let _ = Coding::Zstd.inflate(&framed, 4096);
    }
}
