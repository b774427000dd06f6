use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path) -> (Journal, Vec<u8>) {
    Journal::open(path).unwrap().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_file_that_is_not_there_is_none_and_can_be_made() {
    let folder = folder();
    let path = folder.path().join("state");
    assert!(Journal::open(&path).unwrap().is_none());
    drop(Journal::create(&path, b"base\n").unwrap());
    assert_eq!(open(&path).1, b"base\n");
    assert_eq!(names(folder.path()), ["state"]);
}

#[test]
fn the_file_is_private_whatever_it_was() {
    let folder = folder();
    let path = folder.path().join("state");
    let mode = || fs::metadata(&path).unwrap().mode() & 0o777;
    let mut journal = Journal::create(&path, b"base\n").unwrap();
    assert_eq!(mode(), PRIVATE);
    journal.replace(b"again\n").unwrap();
    assert_eq!(mode(), PRIVATE);
    drop(journal);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    open(&path);
    assert_eq!(mode(), PRIVATE);
}

#[test]
fn one_file_has_one_holder_also_after_a_replacement() {
    let folder = folder();
    let path = folder.path().join("state");
    let mut first = Journal::create(&path, b"base\n").unwrap();
    assert!(matches!(Journal::open(&path), Err(OpenError::InUse)));
    first.replace(b"base 2\n").unwrap();
    assert!(matches!(Journal::open(&path), Err(OpenError::InUse)));
    assert!(matches!(Journal::create(&path, b""), Err(OpenError::InUse)));
    drop(first);
    assert_eq!(open(&path).1, b"base 2\n");
}

#[test]
fn appended_bytes_follow_what_stands() {
    let folder = folder();
    let path = folder.path().join("state");
    let mut journal = Journal::create(&path, b"base\n").unwrap();
    journal.append(b"one\n").unwrap();
    journal.append(b"two\n").unwrap();
    journal.cut(9).unwrap();
    journal.append(b"three\n").unwrap();
    drop(journal);
    let (mut journal, bytes) = open(&path);
    assert_eq!(bytes, b"base\none\nthree\n");
    journal.append(b"four\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"base\none\nthree\nfour\n");
}

#[test]
fn what_a_killed_replacement_left_is_no_state_and_is_cleared_away() {
    let folder = folder();
    let path = folder.path().join("state");
    drop(Journal::create(&path, b"old\n").unwrap());
    for left in [&b""[..], b"ne", b"new\n"] {
        fs::write(folder.path().join("state.new"), left).unwrap();
        assert_eq!(open(&path).1, b"old\n");
        assert_eq!(names(folder.path()), ["state"]);
    }
}

#[test]
fn a_replacement_through_a_link_replaces_what_it_leads_to() {
    let folder = folder();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    drop(Journal::create(&real, b"old\n").unwrap());
    std::os::unix::fs::symlink(&real, &link).unwrap();
    open(&link).0.replace(b"new\n").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&real).unwrap(), b"new\n");
}

#[test]
fn a_link_in_the_place_of_the_replacement_is_not_followed() {
    let folder = folder();
    let path = folder.path().join("state");
    drop(Journal::create(&path, b"old\n").unwrap());
    let victim = folder.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("state.new")).unwrap();
    assert!(matches!(Journal::open(&path), Err(OpenError::Io(_))));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_file_that_was_taken_away_is_noticed_and_made_again() {
    let folder = folder();
    let path = folder.path().join("state");
    let mut journal = Journal::create(&path, b"base\n").unwrap();
    assert!(journal.is_intact().unwrap());
    fs::remove_file(&path).unwrap();
    assert!(!journal.is_intact().unwrap());
    journal.replace(b"base\n").unwrap();
    assert!(journal.is_intact().unwrap());
    fs::write(&path, b"").unwrap();
    assert!(!journal.is_intact().unwrap());
}

#[test]
fn a_file_that_another_kvw_made_meanwhile_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("state");
    let mut first = Journal::create(&path, b"first\n").unwrap();
    fs::remove_file(&path).unwrap();
    let second = Journal::create(&path, b"second\n").unwrap();
    assert!(matches!(first.replace(b"first\n"), Err(OpenError::InUse)));
    assert_eq!(fs::read(&path).unwrap(), b"second\n");
    drop(second);
    first.replace(b"first\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first\n");
}

#[test]
fn what_is_no_file_is_refused_without_blocking() {
    for path in ["/dev/null", "/"] {
        assert!(matches!(
            Journal::open(Path::new(path)),
            Err(OpenError::Io(_))
        ));
    }
    let folder = folder();
    let missing = folder.path().join("none/state");
    assert!(matches!(Journal::open(&missing), Err(OpenError::Io(_))));
}
