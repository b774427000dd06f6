//! Where the server listens: TCP, or a unix socket.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The address that a server listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// Host and port.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

/// The file of a unix socket, which is removed when this is dropped, unless something else is there by then.
pub struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl ListenAddress {
    /// Returns the file of a unix socket.
    pub fn socket_file(&self) -> Option<SocketFile> {
        match self {
            ListenAddress::Tcp(_) => None,
            ListenAddress::Unix(path) => Some(SocketFile {
                path: path.clone(),
                identity: identity(path),
            }),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // The next server replaces one that is left.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What tells a file from another one at the same path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let file = fs::symlink_metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

/// A bound socket.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    pub(super) fn bind_tcp(address: impl ToSocketAddrs) -> io::Result<(Self, ListenAddress)> {
        let listener = TcpListener::bind(address)?;
        let address = ListenAddress::Tcp(listener.local_addr()?);
        Ok((Listener::Tcp(listener), address))
    }

    /// Binds a path. A socket that nobody listens on any more is what a killed server left, and is
    /// replaced, as by Consul.
    pub(super) fn bind_unix(path: &Path) -> io::Result<(Self, ListenAddress)> {
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
                fs::remove_file(path)?;
                UnixListener::bind(path)?
            }
            result => result?,
        };
        Ok((
            Listener::Unix(listener),
            ListenAddress::Unix(path.to_owned()),
        ))
    }

    /// Accepts a connection. Only calls that both kinds of sockets have are made on it, but for those
    /// that [`ListenAddress`] decides.
    pub(super) fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Listener::Tcp(listener) => listener.accept().map(|(stream, _)| stream),
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok(OwnedFd::from(stream).into())
            }
        }
    }
}

/// Whether the path is a socket that refuses connections.
fn is_abandoned(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).is_err_and(refused)
}
