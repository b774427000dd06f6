use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn create(path: &Path) -> io::Result<AtomicFile> {
    AtomicFile::create(path, 0o600, Links::Follow)
}

#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let mut file = create(&path).unwrap();
    file.write_all(b"half").unwrap();
    drop(file);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    for persist in [AtomicFile::persist, AtomicFile::persist_unsynced] {
        let mut file = create(&path).unwrap();
        file.write_all(b"new").unwrap();
        persist(file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_file_that_came_since_is_replaced_by_the_rule_and_one_of_unknown_content_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let [first, second, third] = [(); 3].map(|()| create(&path).unwrap());
    first.persist().unwrap();
    second.persist().unwrap();
    let error = third.persist_unsynced().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    let last = create(&path).unwrap();
    fs::hard_link(&path, folder.path().join("twin")).unwrap();
    let error = last.persist().unwrap_err().to_string();
    assert!(error.contains("2 hard links"), "{error}");
}

#[test]
fn the_bits_that_lend_rights_are_not_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o6755)).unwrap();
    create(&path).unwrap().persist().unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
}

#[test]
fn an_error_does_not_name_the_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/file");
    let error = create(&path).err().unwrap().to_string();
    assert!(
        error.starts_with(&format!("writing {}: ", path.display())),
        "{error}"
    );
    assert!(!error.contains(".kvw-"), "{error}");
    assert!(create(folder.path()).is_err());
}

#[test]
fn a_file_that_is_not_finished_can_be_removed_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = create(&folder.path().join("file")).unwrap();
    let remove = file.remover();
    std::mem::forget(file);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    remove();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_replaced_can_be_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert!(open_replaceable(&path).unwrap().is_none());
    fs::write(&path, "old").unwrap();
    let file = open_replaceable(&path).unwrap().unwrap();
    assert_eq!(io::read_to_string(file).unwrap(), "old");
    let error = open_replaceable(folder.path()).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("replacing {}: not a regular file", folder.path().display())
    );
}

#[test]
fn two_paths_of_one_file_are_the_same_also_where_none_is_yet() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sub")).unwrap();
    std::os::unix::fs::symlink("file", path("link")).unwrap();
    for exists in [false, true] {
        assert!(is_same_file(&path("file"), &path("sub/../file")));
        assert!(is_same_file(&path("file"), &path("link")));
        assert!(!is_same_file(&path("file"), &path("other")));
        assert!(!is_same_file(&path("file"), &path("sub/file")));
        assert_eq!(path("file").exists(), exists);
        fs::write(path("file"), "").unwrap();
    }
}
