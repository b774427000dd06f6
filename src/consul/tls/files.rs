//! Certificates and keys in PEM files: read, checked, and compared with how they were read before.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::consul::error::describe_io;
use crate::consul::files::read_file;
use crate::model::{abbreviate, without_byte_order_mark};

/// The most bytes of a file. A bundle of a whole system has 250 KB.
const LONGEST_FILE: u64 = 16 << 20;

/// A failure to use a file: what was being done, and why it cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileError {
    pub(super) doing: String,
    pub(super) reason: String,
}

impl FileError {
    fn new(doing: &str, path: &Path, reason: impl Into<String>) -> Self {
        FileError {
            doing: format!("{doing} {}", abbreviate(&path.display().to_string())),
            reason: reason.into(),
        }
    }
}

/// How a file looks from outside: another size, time or file means that it was written again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Returns `None` for what is no regular file, and can be read once only.
    fn read(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Stamp {
            device: file.dev(),
            inode: file.ino(),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}

/// A file as it was read.
#[derive(Clone, PartialEq, Eq)]
struct ReadFile {
    path: PathBuf,
    stamp: Option<Stamp>,
    bytes: Vec<u8>,
}

/// The files of one connection, as they were read; among them a private key, which is not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct ReadFiles(Vec<ReadFile>);

impl ReadFiles {
    /// Reads a file, or takes one that is no regular file as it was read before.
    fn read(
        &mut self,
        before: &ReadFiles,
        doing: &str,
        path: &Path,
        patience: Duration,
    ) -> Result<&[u8], FileError> {
        // Before it is read: what is written meanwhile is noticed the next time.
        let stamp = Stamp::read(path);
        let known = before.0.iter().find(|file| file.path == path);
        let bytes = match (stamp.is_some(), known) {
            (false, Some(known)) if known.stamp.is_none() => known.bytes.clone(),
            // Connections are not held up by what may never be written.
            (false, _) if !before.0.is_empty() && path.exists() && !path.is_dir() => {
                let reason = "it is no regular file any more";
                return Err(FileError::new(doing, path, reason));
            }
            _ => read_file(path, LONGEST_FILE, patience).map_err(|error| {
                let reason = match error.kind() {
                    io::ErrorKind::FileTooLarge => "it is too long".to_owned(),
                    _ => describe_io(&error),
                };
                FileError::new(doing, path, reason)
            })?,
        };
        self.0.push(ReadFile {
            path: path.to_owned(),
            stamp,
            bytes,
        });
        let bytes: &[u8] = self.0.last().map_or(&[], |file| &file.bytes);
        Ok(without_byte_order_mark(bytes))
    }

    /// Whether a file that can be read again looks different from outside.
    pub(super) fn look_changed(&self) -> bool {
        let mut files = self.0.iter();
        files.any(|file| file.stamp.is_some() && file.stamp != Stamp::read(&file.path))
    }

    /// Whether the files have the same contents.
    pub(super) fn have_contents_of(&self, other: &ReadFiles) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len()
            && pairs.all(|(one, other)| one.path == other.path && one.bytes == other.bytes)
    }
}

/// The authorities of files.
pub(super) struct Authorities {
    pub(super) roots: RootCertStore,
    /// Their certificates, with those that cannot be an authority's.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    fn empty() -> Self {
        Authorities {
            roots: RootCertStore::empty(),
            certificates: Vec::new(),
        }
    }
}

/// Reads files, as they are now, or, where they are pipes, as they were `before`.
pub(super) struct Reading<'a> {
    pub(super) before: &'a ReadFiles,
    pub(super) files: ReadFiles,
    pub(super) patience: Duration,
}

impl Reading<'_> {
    /// Reads the authorities of one file.
    pub(super) fn ca_file(&mut self, path: &Path) -> Result<Authorities, FileError> {
        let mut roots = Authorities::empty();
        self.add_authorities(path, &mut roots)?;
        Ok(roots)
    }

    /// Reads the authorities of all files of a folder. As for Consul's own client, each of them must
    /// hold certificates: one that is passed over in silence is missed later. Hidden files are left
    /// out, and folders within it: Kubernetes keeps the versions of a mounted secret there.
    pub(super) fn ca_folder(&mut self, folder: &Path) -> Result<Authorities, FileError> {
        let doing = "reading the CA folder";
        let fail = |error: &io::Error| FileError::new(doing, folder, describe_io(error));
        let mut paths = Vec::new();
        for file in fs::read_dir(folder).map_err(|error| fail(&error))? {
            let file = file.map_err(|error| fail(&error))?;
            let hidden = file.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && !file.path().is_dir() {
                paths.push(file.path());
            }
        }
        paths.sort();
        let mut roots = Authorities::empty();
        for path in &paths {
            self.add_authorities(path, &mut roots)?;
        }
        if paths.is_empty() {
            return Err(FileError::new(doing, folder, "there is no file in it"));
        }
        Ok(roots)
    }

    fn add_authorities(
        &mut self,
        path: &Path,
        authorities: &mut Authorities,
    ) -> Result<(), FileError> {
        let doing = "reading the CA file";
        let certificates = self.certificates(doing, path)?;
        let roots = &mut authorities.roots;
        let (added, _) = roots.add_parsable_certificates(certificates.iter().cloned());
        authorities.certificates.extend(certificates);
        if added == 0 {
            let reason = "none of its certificates can be used as that of an authority";
            return Err(FileError::new(doing, path, reason));
        }
        Ok(())
    }

    /// Reads a client certificate, and the intermediate ones after it.
    pub(super) fn client_certificate(
        &mut self,
        path: &Path,
    ) -> Result<Vec<CertificateDer<'static>>, FileError> {
        self.certificates("reading the client certificate", path)
    }

    fn certificates(
        &mut self,
        doing: &str,
        path: &Path,
    ) -> Result<Vec<CertificateDer<'static>>, FileError> {
        let bytes = self.files.read(self.before, doing, path, self.patience)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
        let certificates =
            certificates.map_err(|error| FileError::new(doing, path, describe_pem(&error)))?;
        if certificates.is_empty() {
            return Err(FileError::new(doing, path, no_pem(bytes, "certificate")));
        }
        Ok(certificates)
    }

    /// Reads a private key: PKCS #1, PKCS #8, or SEC 1, as `consul tls cert create` writes.
    pub(super) fn client_key(&mut self, path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
        let doing = "reading the client key";
        let bytes = self.files.read(self.before, doing, path, self.patience)?;
        // `BEGIN ENCRYPTED PRIVATE KEY`, or a header of the older form.
        if memchr::memmem::find(bytes, b"ENCRYPTED").is_some() {
            let reason = "it is encrypted, and kvw asks for no passphrase: decrypt it with \
                          openssl pkey -in FILE -out FILE";
            return Err(FileError::new(doing, path, reason));
        }
        PrivateKeyDer::from_pem_slice(bytes).map_err(|error| {
            let reason = match error {
                pem::Error::NoItemsFound => no_pem(bytes, "private key"),
                error => describe_pem(&error),
            };
            FileError::new(doing, path, reason)
        })
    }
}

fn no_pem(bytes: &[u8], what: &str) -> String {
    match bytes {
        [] => "it is empty".to_owned(),
        // A sequence of ASN.1.
        [0x30, 0x80..=0xff, ..] => format!("it is DER, not PEM: openssl converts it ({what})"),
        _ => format!("there is no {what} in PEM form in it"),
    }
}

fn describe_pem(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "its last PEM section has no end".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a PEM section has no valid beginning".to_owned(),
        pem::Error::Base64Decode(_) => "a PEM section is not valid base64".to_owned(),
        // No other one comes of text that is in memory.
        error => error.to_string(),
    }
}
