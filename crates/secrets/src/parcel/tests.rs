use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

#[test]
fn what_is_wrapped_is_unwrapped_by_its_passphrase_alone() {
    let passphrase = secret("correct horse battery");
    let wrapped = wrap(&secret("{\"accounts\": []}"), &passphrase).unwrap();
    assert!(is_parcel(&wrapped) && !wrapped.contains("accounts"));
    let mailed = format!("\n{}", wrapped.replace('\n', "\r\n"));
    assert_eq!(unwrap(&mailed, &passphrase).unwrap().expose(), "{\"accounts\": []}");
    let other = unwrap(&wrapped, &secret("correct horse batterz"));
    assert_eq!(other.unwrap_err(), ParcelError::WrongPassphrase);
    assert_eq!(unwrap("{}", &passphrase).unwrap_err(), ParcelError::Damaged);
    assert_eq!(wrap(&secret("x"), &secret("short")).unwrap_err(), ParcelError::TooShort);
}

#[test]
fn nothing_can_be_cut_off_moved_or_changed() {
    let (key, mut file) = (Zeroizing::new([7; 16]), Vec::new());
    let text: Vec<u8> = (0..150_000_u32).map(|number| number as u8).collect();
    payload::seal(&key, [1; 16], &text, &mut file).unwrap();
    assert_eq!(&*payload::open(&key, &file).unwrap(), &text);
    let piece = 64 * 1024 + 16;
    let cut = &file[..16 + 2 * piece];
    let mut moved = file.clone();
    moved[16..16 + 2 * piece].rotate_left(piece);
    let mut changed = file.clone();
    changed[40_000] ^= 1;
    for wrong in [cut, &moved, &changed, &file[..file.len() - 1], &[]] {
        assert_eq!(payload::open(&key, wrong).unwrap_err(), ParcelError::Damaged);
    }
    let mut empty = Vec::new();
    payload::seal(&key, [1; 16], b"", &mut empty).unwrap();
    assert!(payload::open(&key, &empty).unwrap().is_empty());
}

#[test]
fn the_first_lines_are_proven_and_the_work_they_ask_for_has_a_limit() {
    let (key, passphrase) = (Zeroizing::new([7; 16]), secret("correct horse battery"));
    let lines = |work| Header::new(&key, &passphrase, [2; 16], work).unwrap().written(&key).unwrap();
    let good = lines(4);
    assert_eq!(Header::read(&good).unwrap().0.open(&passphrase).unwrap(), key);
    let text = String::from_utf8(good).unwrap();
    let (front, proof) = text.trim_end().rsplit_once(' ').unwrap();
    let other = format!("{front} {}\n", proof.chars().rev().collect::<String>());
    for (wrong, error) in [
        (other, ParcelError::Damaged),
        (text.replace("scrypt ", "X25519 "), ParcelError::Damaged),
        (text.replace("v1\n", "v2\n"), ParcelError::Damaged),
        (text.replace(" 4\n", " 5\n"), ParcelError::WrongPassphrase),
        (text.replace(" 4\n", " 21\n"), ParcelError::Damaged),
    ] {
        let read = Header::read(wrong.as_bytes()).and_then(|(header, _)| header.open(&passphrase));
        assert_eq!(read.unwrap_err(), error, "{wrong}");
    }
}

/// Made by rage, with the passphrase below.
#[test]
fn a_file_of_another_tool_is_opened() {
    let file = include_str!("../../fixtures/rage.age");
    let text = unwrap(file, &secret("correct horse battery")).unwrap();
    assert_eq!(text.expose(), "written by rage\n");
}
