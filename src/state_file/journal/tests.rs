use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path) -> (Journal, Vec<u8>) {
    let mut journal = Journal::open(path).unwrap().unwrap();
    let bytes = journal.read().unwrap();
    journal.claim().unwrap();
    (journal, bytes)
}

fn replace(journal: &mut Journal, bytes: &[u8]) -> Result<(), OpenError> {
    journal.replace(bytes, |other| Ok(other.read()?.ends_with(b"base\n")))
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
    replace(&mut journal, b"again\n").unwrap();
    assert_eq!(mode(), PRIVATE);
    drop(journal);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    // It may be another's as long as it was not read.
    let mut journal = Journal::open(&path).unwrap().unwrap();
    journal.read().unwrap();
    assert_eq!(mode(), 0o644);
    journal.claim().unwrap();
    assert_eq!(mode(), PRIVATE);
}

#[test]
fn one_file_has_one_holder_also_after_a_replacement() {
    let folder = folder();
    let path = folder.path().join("state");
    let mut first = Journal::create(&path, b"base\n").unwrap();
    assert!(matches!(Journal::open(&path), Err(OpenError::InUse)));
    replace(&mut first, b"base 2\n").unwrap();
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
fn files_beside_it_are_not_touched_whatever_their_names() {
    let folder = folder();
    let path = folder.path().join("state");
    let beside = folder.path().join("state.new");
    fs::write(&beside, b"precious").unwrap();
    let mut journal = Journal::create(&path, b"old\n").unwrap();
    replace(&mut journal, b"new\n").unwrap();
    drop(journal);
    open(&path);
    assert_eq!(fs::read(&beside).unwrap(), b"precious");
    assert_eq!(names(folder.path()), ["state", "state.new"]);
}

#[test]
fn a_replacement_through_a_link_replaces_what_it_leads_to() {
    let folder = folder();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    drop(Journal::create(&real, b"old\n").unwrap());
    std::os::unix::fs::symlink(&real, &link).unwrap();
    replace(&mut open(&link).0, b"new\n").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&real).unwrap(), b"new\n");
}

#[test]
fn a_file_that_was_taken_away_is_noticed_and_made_again() {
    let folder = folder();
    let path = folder.path().join("state");
    let mut journal = Journal::create(&path, b"base\n").unwrap();
    assert!(journal.is_intact().unwrap());
    fs::remove_file(&path).unwrap();
    assert!(!journal.is_intact().unwrap());
    replace(&mut journal, b"base\n").unwrap();
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
    let second = Journal::create(&path, b"second base\n").unwrap();
    let in_use = replace(&mut first, b"first\n");
    assert!(matches!(in_use, Err(OpenError::InUse)));
    assert_eq!(fs::read(&path).unwrap(), b"second base\n");
    drop(second);
    replace(&mut first, b"first\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first\n");
}

#[test]
fn what_else_was_put_in_its_place_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("state");
    let victim = folder.path().join("victim");
    let mut journal = Journal::create(&path, b"base\n").unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"precious").unwrap();
    assert!(!journal.is_intact().unwrap());
    let replaced = replace(&mut journal, b"new\n");
    assert!(matches!(replaced, Err(OpenError::Replaced)));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::rename(&path, &victim).unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    assert!(matches!(
        replace(&mut journal, b"new\n"),
        Err(OpenError::Io(_))
    ));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
    replace(&mut journal, b"new\n").unwrap();
    assert_eq!(names(folder.path()), ["state", "victim"]);
}

#[test]
fn a_name_that_the_file_is_given_while_it_is_held_is_not_written_through() {
    let folder = folder();
    let path = folder.path().join("state");
    let backup = folder.path().join("backup");
    let mut journal = Journal::create(&path, b"base\n").unwrap();
    fs::hard_link(&path, &backup).unwrap();
    assert!(!journal.is_intact().unwrap());
    replace(&mut journal, b"new\n").unwrap();
    assert!(journal.is_intact().unwrap());
    assert_eq!(fs::read(&backup).unwrap(), b"base\n");
    drop(journal);
    fs::remove_file(&backup).unwrap();
    fs::hard_link(&path, &backup).unwrap();
    assert!(matches!(Journal::open(&path), Err(OpenError::Io(_))));
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
