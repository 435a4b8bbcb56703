use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message as SmithyMessage};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const STREAMS: [&[u8]; 4] = [
    include_bytes!("../../tests/fixtures/bedrock/02-invoke-stream.bin"),
    include_bytes!("../../tests/fixtures/bedrock/03-converse-stream-exception.bin"),
    include_bytes!("../../tests/fixtures/bedrock/03-invoke-stream-exception.bin"),
    include_bytes!("../../tests/fixtures/bedrock/05-converse-stream.bin"),
];

/// Feeds the pieces one by one, taking messages after each.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(Vec<Message>, bool), DecodeError> {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        while let Some(message) = decoder.next()? {
            messages.push(message);
        }
    }
    Ok((messages, decoder.is_empty()))
}

fn with_checksums(mut frame: Vec<u8>) -> Vec<u8> {
    let prelude = crc32fast::hash(&frame[..8]);
    frame[8..12].copy_from_slice(&prelude.to_be_bytes());
    let end = frame.len() - 4;
    let checksum = crc32fast::hash(&frame[..end]);
    frame[end..].copy_from_slice(&checksum.to_be_bytes());
    frame
}

#[test]
fn reads_what_aws_tools_wrote() {
    let counts: Vec<usize> =
        STREAMS.iter().map(|stream| decode([*stream]).expect("a good stream").0.len()).collect();
    assert_eq!(counts, [16, 3, 4, 12]);
    let (messages, empty) = decode([STREAMS[2]]).expect("a good stream");
    assert!(empty);
    assert_eq!(messages[0].message_type(), Some("event"));
    assert_eq!(messages[0].event_type(), Some("chunk"));
    assert_eq!(messages[0].content_type(), Some("application/json"));
    let last = &messages[3];
    assert_eq!(last.message_type(), Some("exception"));
    assert_eq!(last.exception_type(), Some("throttlingException"));
    assert_eq!(last.event_type(), None);
    assert_eq!(last.payload, &br#"{"message":"Too many tokens, please wait before trying again."}"#[..]);
}

#[test]
fn agrees_with_the_frame_vectors() {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/frame-vectors.json")).expect("JSON");
    let frame_of = |vector: &Value| hex::decode(vector["frame_hex"].as_str().expect("text")).expect("hex");
    for vector in file["vectors"].as_array().expect("a list") {
        let frame = frame_of(vector);
        let headers: Vec<(&str, &str)> = vector["headers"]
            .as_object()
            .expect("headers")
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().expect("text")))
            .collect();
        let payload = vector["payload_utf8"].as_str().expect("text");
        assert_eq!(encode(&headers, payload.as_bytes()), frame, "{}", vector["name"]);
        let (messages, empty) = decode([frame.as_slice()]).expect("a good frame");
        assert!(empty);
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].payload, payload.as_bytes());
        for (name, value) in headers {
            assert_eq!(messages[0].header(name), Some(value));
        }
    }
    for vector in file["bad_vectors"].as_array().expect("a list") {
        let frame = frame_of(vector);
        match (vector["name"].as_str(), decode([frame.as_slice()])) {
            (Some("bad_prelude_crc"), result) => assert_eq!(result, Err(DecodeError::PreludeChecksum)),
            (Some("bad_message_crc"), result) => assert_eq!(result, Err(DecodeError::MessageChecksum)),
            (Some("cut_short"), result) => assert_eq!(result, Ok((vec![], false))),
            other => panic!("an unknown vector: {other:?}"),
        }
    }
}

#[test]
fn a_frame_in_one_feed_is_not_copied() {
    let stream = Bytes::from_static(STREAMS[0]);
    let range = stream.as_ptr_range();
    let mut decoder = Decoder::new();
    decoder.push(stream.clone());
    while let Some(message) = decoder.next().expect("a good stream") {
        assert!(range.contains(&message.payload.as_ptr()));
    }
    assert!(decoder.is_empty());
}

#[test]
fn false_claims_are_refused_at_twelve_bytes() {
    let claim = |total: u32, headers: u32| {
        let mut prelude = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
        prelude
    };
    for (total, headers, error) in [
        (1 << 31, 0, DecodeError::FrameLength(1 << 31)),
        (16 * 1024 * 1024 + 1, 0, DecodeError::FrameLength(16 * 1024 * 1024 + 1)),
        (15, 0, DecodeError::FrameLength(15)),
        (0, 0, DecodeError::FrameLength(0)),
        (100, 85, DecodeError::HeadersLength(85)),
        (16, u32::MAX, DecodeError::HeadersLength(u32::MAX)),
    ] {
        let prelude = claim(total, headers);
        assert_eq!(decode([prelude.as_slice()]), Err(error));
        assert_eq!(decode(prelude.chunks(1)), Err(error));
        assert_eq!(decode([&prelude[..11]]), Ok((vec![], false)));
    }
    for (total, headers) in [(16 * 1024 * 1024, 0), (16, 0), (100, 84)] {
        let prelude = claim(total, headers);
        assert_eq!(decode([prelude.as_slice()]), Ok((vec![], false)));
    }
}

#[test]
fn headers_that_leave_their_room_are_refused() {
    let good = encode(&[(":message-type", "event"), ("n", "v")], b"payload");
    for length in (1..=35).filter(|length| ![22, 28].contains(length)) {
        let mut frame = good.clone();
        frame[4..8].copy_from_slice(&u32::to_be_bytes(length));
        let frame = with_checksums(frame);
        assert_eq!(decode([frame.as_slice()]), Err(DecodeError::Headers), "{length}");
        assert!(read_message_from(frame.as_slice()).is_err(), "{length}");
    }
}

#[test]
fn an_error_is_for_ever() {
    let mut decoder = Decoder::new();
    let mut bad = STREAMS[0].to_vec();
    bad[20] ^= 1;
    decoder.push(bad.into());
    assert_eq!(decoder.next(), Err(DecodeError::MessageChecksum));
    decoder.push(Bytes::from_static(STREAMS[0]));
    assert_eq!(decoder.next(), Err(DecodeError::MessageChecksum));
    assert!(!decoder.is_empty());
}

#[test]
fn long_names_and_values_are_cut_at_characters() {
    let name = "é".repeat(200);
    let value = "€".repeat(20_000);
    let (messages, _) = decode([encode(&[(&name, &value)], b"").as_slice()]).expect("a good frame");
    assert_eq!(messages[0].header(&"é".repeat(127)), Some("€".repeat(10_922).as_str()));
}

fn any_header() -> impl Strategy<Value = Header> {
    let value = prop_oneof![
        any::<bool>().prop_map(HeaderValue::Bool),
        any::<i8>().prop_map(HeaderValue::Byte),
        any::<i16>().prop_map(HeaderValue::Int16),
        any::<i32>().prop_map(HeaderValue::Int32),
        any::<i64>().prop_map(HeaderValue::Int64),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| HeaderValue::ByteArray(bytes.into())),
        ".{0,20}".prop_map(|text| HeaderValue::String(text.into())),
        any::<u128>().prop_map(HeaderValue::Uuid),
        (0_i64..4_000_000_000_000)
            .prop_map(|millis| HeaderValue::Timestamp(aws_smithy_types::DateTime::from_millis(millis))),
    ];
    ("[a-zé:-]{0,12}", value).prop_map(|(name, value)| Header::new(name, value))
}

prop_compose! {
    fn any_message()(
        headers in prop::collection::vec(any_header(), 0..5),
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) -> SmithyMessage {
        SmithyMessage::new_from_parts(headers, payload)
    }
}

fn smithy_bytes(message: &SmithyMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message_to(message, &mut bytes).expect("writable");
    bytes
}

fn same(ours: &Message, theirs: &SmithyMessage) -> bool {
    let mut seen = Vec::new();
    ours.payload == *theirs.payload()
        && theirs.headers().iter().all(|header| match header.value() {
            HeaderValue::String(value) if !seen.contains(&header.name().as_str()) => {
                seen.push(header.name().as_str());
                ours.header(header.name().as_str()) == Some(value.as_str())
            }
            _ => true,
        })
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for length in cuts.iter().cycle().take_while(|_| !cuts.is_empty()) {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces
}

proptest! {
    #[test]
    fn agrees_with_the_aws_decoder(messages in prop::collection::vec(any_message(), 0..6)) {
        let bytes: Vec<u8> = messages.iter().flat_map(smithy_bytes).collect();
        let (ours, empty) = decode([bytes.as_slice()]).expect("a good stream");
        prop_assert!(empty);
        prop_assert_eq!(ours.len(), messages.len());
        prop_assert!(ours.iter().zip(&messages).all(|(ours, theirs)| same(ours, theirs)));
    }

    #[test]
    fn any_cutting_gives_the_same_messages(which in 0..STREAMS.len(), cuts in prop::collection::vec(1_usize..700, 1..20)) {
        let whole = decode([STREAMS[which]]).expect("a good stream");
        let pieces = cut(STREAMS[which], &cuts);
        prop_assert_eq!(&decode(pieces.iter().map(Vec::as_slice)).expect("a good stream"), &whole);
        // The same without taking messages in between.
        let mut decoder = Decoder::new();
        pieces.into_iter().for_each(|piece| decoder.push(piece.into()));
        let mut late = Vec::new();
        while let Some(message) = decoder.next().expect("a good stream") {
            late.push(message);
        }
        prop_assert_eq!((late, decoder.is_empty()), whole);
    }

    #[test]
    fn the_aws_decoder_reads_what_we_write(name in ".{1,40}", value in ".{0,80}", payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let frame = encode(&[(&name, &value)], &payload);
        let theirs = read_message_from(frame.as_slice()).expect("readable");
        prop_assert_eq!(theirs.payload(), &payload);
        prop_assert_eq!(theirs.headers().len(), 1);
        prop_assert_eq!(theirs.headers()[0].name().as_str(), name.as_str());
        prop_assert_eq!(theirs.headers()[0].value().as_string().expect("a string").as_str(), value.as_str());
    }

    /// Whatever is done to a frame, we give a message only where the AWS decoder gives the same one, and give an
    /// error as soon as it must be one.
    #[test]
    fn damage_never_gives_a_wrong_message(
        message in any_message(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..=255), 1..4),
        repair in any::<bool>(),
    ) {
        let good = smithy_bytes(&message);
        let mut bad = good.clone();
        for (at, flip) in damage {
            let at = at.index(bad.len());
            bad[at] ^= flip;
        }
        if repair {
            bad = with_checksums(bad);
        }
        let theirs = read_message_from(bad.as_slice());
        match decode([bad.as_slice()]) {
            Ok((ours, empty)) if ours.is_empty() => {
                let claimed = u32::from_be_bytes([bad[0], bad[1], bad[2], bad[3]]) as usize;
                prop_assert!(!empty && claimed > bad.len() && claimed <= MAX_FRAME);
            }
            Ok((ours, _)) => prop_assert!(same(&ours[0], &theirs.expect("the referee agrees"))),
            Err(_) => prop_assert!(theirs.is_err() || bad == good),
        }
    }

    #[test]
    fn a_cut_stream_is_never_empty(which in 0..STREAMS.len(), end in any::<prop::sample::Index>()) {
        let stream = STREAMS[which];
        let whole = decode([stream]).expect("a good stream").0;
        let end = end.index(stream.len());
        let (messages, empty) = decode([&stream[..end]]).expect("no damage seen yet");
        prop_assert_eq!(&whole[..messages.len()], messages.as_slice());
        let boundary: usize = messages.iter().map(|m| MIN_FRAME + m.headers.len() + m.payload.len()).sum();
        prop_assert_eq!(empty, boundary == end);
    }

    #[test]
    fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..50) {
        let _ = decode(bytes.chunks(size));
    }
}
