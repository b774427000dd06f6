use std::io::Write;
use std::os::unix::fs::symlink;

use super::*;

const OTHER: u32 = 1000;
const USER: u32 = 2000;

fn find(path: &Path) -> io::Result<Destination> {
    Destination::find(path, Links::Follow)
}

#[track_caller]
fn expect_refusal(path: &Path, reason: &str) {
    let error = find(path).map(|found| found.path).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let destination = find(path)?;
    let mut temporary = destination.temporary(0o600)?;
    temporary.write_all(bytes)?;
    destination.replace(temporary)
}

#[test]
fn files_of_the_user_and_of_root_are_trusted_and_in_a_shared_folder_only_the_users() {
    for (owner, user, shared, trusted) in [
        (USER, USER, false, true),
        (ROOT, USER, false, true),
        (OTHER, USER, false, false),
        (USER, USER, true, true),
        (ROOT, USER, true, false),
        (OTHER, USER, true, false),
        (ROOT, ROOT, true, true),
        (USER, ROOT, false, false),
    ] {
        assert_eq!(
            is_trusted(owner, user, shared),
            trusted,
            "{owner} {user} {shared}"
        );
    }
}

#[test]
fn a_folder_is_shared_if_others_may_write_to_it() {
    for (owner, mode, shared) in [
        (USER, 0o40755, false),
        (ROOT, 0o40755, false),
        (ROOT, 0o41777, true),
        (USER, 0o40777, true),
        (USER, 0o40775, true),
        (OTHER, 0o40755, true),
    ] {
        assert_eq!(is_shared(owner, mode, USER), shared, "{owner} {mode:o}");
    }
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [folder.path(), &socket] {
        expect_refusal(path, "not a regular file");
    }
    for path in [
        "/dev/null",
        "/",
        ".",
        "..",
        "new/..",
        "/dev/stdout",
        "/dev/fd/7",
        "new/",
    ] {
        expect_refusal(Path::new(path), "not a regular file");
    }
}

#[test]
fn a_file_of_several_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [path, twin] = ["file", "twin"].map(|name| folder.path().join(name));
    fs::write(&path, "old").unwrap();
    find(&path).unwrap();
    fs::hard_link(&path, &twin).unwrap();
    expect_refusal(&path, "2 hard links");
    fs::remove_file(&twin).unwrap();
    // A name that comes while the file is held is left its content.
    let file = find(&path).unwrap().open_for_writing().unwrap().unwrap();
    fs::hard_link(&path, &twin).unwrap();
    let again = Destination::again_with(&path, &file).unwrap();
    again.replace(again.temporary(0o600).unwrap()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(fs::read(&twin).unwrap(), b"old");
    // The one that is there now is another file.
    fs::hard_link(&path, folder.path().join("third")).unwrap();
    assert!(Destination::again_with(&path, &file).is_err());
}

#[test]
fn a_link_is_kept_and_what_it_leads_to_is_replaced_or_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sub")).unwrap();
    symlink("sub/second", path("first")).unwrap();
    symlink("../file", path("sub/second")).unwrap();
    for bytes in [b"new", b"old"] {
        put(&path("first"), bytes).unwrap();
        assert!(path("first").is_symlink() && path("sub/second").is_symlink());
        assert!(!path("file").is_symlink());
        assert_eq!(fs::read(path("file")).unwrap(), bytes);
    }
    let error = Destination::find(&path("first"), Links::Refuse).unwrap_err();
    assert_eq!(error.to_string(), "it is a symbolic link");
    symlink("loop", path("loop")).unwrap();
    expect_refusal(&path("loop"), "too many symbolic links");
}

#[test]
fn a_path_leads_where_the_system_says() {
    let root = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(root.path()).unwrap();
    let path = |name: &str| root.join(name);
    fs::create_dir_all(path("a/b")).unwrap();
    fs::create_dir_all(path("c")).unwrap();
    symlink(path("a/b"), path("c/absolute")).unwrap();
    symlink("../a/b", path("c/relative")).unwrap();
    symlink("c/relative/..", path("up")).unwrap();
    fs::write(path("a/file"), "").unwrap();
    fs::write(path("a/b/file"), "").unwrap();
    for name in [
        "a/file",
        "./a//./b/file",
        "c/absolute/file",
        "c/relative/file",
        "c/relative/../file",
        "up/file",
        "up/b/../b/file",
    ] {
        let found = follow(&path(name), Links::Follow).unwrap();
        assert_eq!(found, fs::canonicalize(path(name)).unwrap(), "{name}");
    }
    for (name, reason) in [
        ("none/file", "No such file"),
        ("none/../a/file", "No such file"),
        ("a/file/file", "Not a directory"),
        ("up", "not a regular file"),
    ] {
        expect_refusal(&path(name), reason);
    }
}

#[test]
fn what_comes_after_the_look_is_neither_followed_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let [path, victim] = ["file", "victim"].map(|name| folder.path().join(name));
    fs::write(&victim, "precious").unwrap();
    // Nothing was there: whatever comes stays.
    let destination = find(&path).unwrap();
    let temporary = destination.temporary(0o600).unwrap();
    symlink(&victim, &path).unwrap();
    let error = destination.replace(temporary).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert!(path.is_symlink());
    // A file was there.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "old").unwrap();
    let destination = find(&path).unwrap();
    let temporary = destination.temporary(0o600).unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&victim, &path).unwrap();
    assert!(destination.open().is_err());
    assert!(destination.replace(temporary).is_err());
    assert!(path.is_symlink());
    // It is gone: made anew.
    let temporary = destination.temporary(0o600).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(destination.open().unwrap().is_none());
    destination.replace(temporary).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_temporary_file_has_a_random_name_in_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let destination = find(&folder.path().join("file")).unwrap();
    let [one, other] = [0o600, 0o600].map(|mode| destination.temporary(mode).unwrap());
    assert_ne!(one.path(), other.path());
    for temporary in [&one, &other] {
        assert_eq!(
            temporary.path().parent(),
            Some(destination.path.parent().unwrap())
        );
        let mode = temporary.as_file().metadata().unwrap().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
    drop((one, other));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
