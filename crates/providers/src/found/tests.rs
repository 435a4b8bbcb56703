use std::fs;

use super::*;

#[cfg(unix)]
#[test]
fn what_others_may_change_is_not_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = home.path();
    let put = |path: &Path, mode: u32| {
        fs::write(path, "text").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    put(&root.join("own"), 0o600);
    put(&root.join("shared"), 0o644);
    put(&root.join("open"), 0o666);
    put(&elsewhere.path().join("planted"), 0o600);
    fs::create_dir(root.join("wide")).unwrap();
    put(&root.join("wide/file"), 0o600);
    fs::set_permissions(root.join("wide"), fs::Permissions::from_mode(0o777)).unwrap();
    symlink(root.join("own"), root.join("link")).unwrap();
    // Temporary folders lie where everybody may write, whoever made them.
    symlink(elsewhere.path().join("planted"), root.join("out")).unwrap();
    symlink("/nowhere", root.join("broken")).unwrap();
    for good in ["own", "shared", "link"] {
        assert_eq!(read(&root.join(good), root).unwrap().unwrap(), b"text", "{good}");
    }
    for missing in ["absent", "broken", "own/below"] {
        assert!(read(&root.join(missing), root).unwrap().is_none(), "{missing}");
    }
    for bad in ["open", "wide/file", "out", "."] {
        assert!(read(&root.join(bad), root).is_err(), "{bad}");
    }
}

#[test]
fn a_long_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("long");
    fs::write(&path, vec![b' '; 1024 * 1024]).unwrap();
    assert!(read(&path, home.path()).is_ok());
    fs::write(&path, vec![b' '; 1024 * 1024 + 1]).unwrap();
    assert!(read(&path, home.path()).is_err());
}

#[test]
fn what_is_shown_is_short_and_plain() {
    assert_eq!(shown(" a\u{1b}[31mb\n").as_deref(), Some("a[31mb"));
    assert_eq!(shown(&"x".repeat(500)).unwrap().len(), 200);
    assert_eq!(shown(" \n"), None);
}

#[test]
fn places_follow_the_variables() {
    assert!(Places::read(|_| None).is_none());
    let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    let places = |more: &'static [(&'static str, &'static str)]| {
        Places::read(move |name| {
            let all = [(home, "/h")].into_iter().chain(more.iter().copied());
            all.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
        })
        .unwrap()
    };
    assert_eq!(places(&[]).aws_config, Path::new("/h").join(".aws").join("config"));
    assert_eq!(places(&[("AWS_CONFIG_FILE", "/x")]).aws_config, Path::new("/x"));
    if cfg!(target_os = "linux") {
        assert_eq!(places(&[]).local_data, Path::new("/h/.local/share"));
        assert_eq!(places(&[("XDG_DATA_HOME", "/d")]).local_data, Path::new("/d"));
    }
}
