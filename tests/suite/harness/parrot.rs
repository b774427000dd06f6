//! A server that answers every request with the same bytes, over plain HTTP or TLS, and ends as the test says.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::certificates::Authority;
use super::tls_front::Presents;
use super::{Kvw, Output};

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Plain,
    Tls,
}

/// How a connection ends after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it should: over TLS the end is announced.
    Closes,
    /// Over TLS nothing announces the end: whoever stands between may have cut it.
    Breaks,
    /// The connection is reset.
    Resets,
    /// What follows is an alert that is not encrypted.
    Alerts,
    /// What follows is a record that cannot be decrypted.
    Garbles,
}

/// A server that answers every request with the same bytes and closes.
pub struct Parrot {
    pub transport: Transport,
    /// `host:port`, or `https://host:port`.
    address: String,
    ca: tempfile::NamedTempFile,
    speech: Arc<Mutex<Speech>>,
}

#[derive(Clone)]
struct Speech {
    answer: Arc<[u8]>,
    ending: Ending,
}

impl Parrot {
    /// One for each way to be spoken to.
    pub fn on_each_transport() -> [Parrot; 2] {
        [Transport::Plain, Transport::Tls].map(Parrot::new)
    }

    pub fn new(transport: Transport) -> Self {
        let authority = Authority::new("Parrot CA");
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&ca, authority.pem()).unwrap();
        // 0.0.0.0 is this machine, by an address that is not known to be loopback.
        let certificate = authority.server(&["127.0.0.1", "0.0.0.0"]);
        let config = Presents::new(&certificate).config();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let speech = Arc::new(Mutex::new(Speech {
            answer: Arc::default(),
            ending: Ending::Closes,
        }));
        let shared = speech.clone();
        // It lives as long as the suite.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let speech = shared.lock().unwrap().clone();
                let config = config.clone();
                // A client that went away early is no matter here.
                thread::spawn(move || match transport {
                    Transport::Plain => speech.answer_plain(&stream),
                    Transport::Tls => speech.answer_tls(stream, config),
                });
            }
        });
        let address = match transport {
            Transport::Plain => address,
            Transport::Tls => format!("https://{address}"),
        };
        Parrot {
            transport,
            address,
            ca,
            speech,
        }
    }

    /// Answers with this from now on, and closes.
    pub fn says(&self, answer: &[u8]) {
        self.ends(answer, Ending::Closes);
    }

    /// Answers with this from now on, and ends so.
    pub fn ends(&self, answer: &[u8], ending: Ending) {
        *self.speech.lock().unwrap() = Speech {
            answer: answer.into(),
            ending,
        };
    }

    /// `kvw`, speaking to it.
    pub fn kvw(&self) -> Kvw {
        Kvw::at(&self.address).env("CONSUL_CACERT", self.ca.path())
    }

    /// `kvw`, speaking to it by an address that is not known to be loopback.
    pub fn kvw_from_afar(&self) -> Kvw {
        let address = self.address.replace("127.0.0.1", "0.0.0.0");
        Kvw::at(&address).env("CONSUL_CACERT", self.ca.path())
    }

    /// One try of a command that is answered so.
    pub fn run(&self, args: &[&str], answer: &[u8]) -> Output {
        self.says(answer);
        self.run_again(args)
    }

    /// One try of a command.
    pub fn run_again(&self, args: &[&str]) -> Output {
        let limits = ["--retry-for", "0", "--request-timeout", "5s"];
        self.kvw().args(args).args(limits).run()
    }
}

impl Speech {
    fn answer_plain(&self, mut stream: &TcpStream) -> io::Result<()> {
        read_request(&mut stream)?;
        stream.write_all(&self.answer)?;
        self.end(stream)
    }

    fn answer_tls(&self, stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(tls, stream);
        read_request(&mut tls)?;
        tls.write_all(&self.answer)?;
        if self.ending == Ending::Closes {
            tls.conn.send_close_notify();
        }
        tls.flush()?;
        self.end(&tls.sock)
    }

    fn end(&self, mut stream: &TcpStream) -> io::Result<()> {
        match self.ending {
            Ending::Closes | Ending::Breaks => {}
            Ending::Resets => {
                // Nothing is lost on the way to this machine's own client, so it has read all of it by then.
                thread::sleep(Duration::from_millis(20));
                set_socket_linger(stream, Some(Duration::ZERO))?;
                return Ok(());
            }
            Ending::Alerts => stream.write_all(b"\x15\x03\x03\x00\x02\x02\x50")?,
            Ending::Garbles => {
                stream.write_all(&[&b"\x17\x03\x03\x00\x30"[..], &[0x5a; 0x30]].concat())?;
            }
        }
        stream.shutdown(Shutdown::Write)?;
        // Closing with unread bytes would be a reset.
        let mut part = [0; 4096];
        while stream.read(&mut part)? > 0 {}
        Ok(())
    }
}

/// Reads a request, its short body included.
fn read_request(stream: &mut impl Read) -> io::Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part)?;
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if body.len() >= length || read == 0 {
            return Ok(());
        }
    }
}
