//! TLS: what is trusted and presented, every way in which it fails, and files that are written anew.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::harness::{
    Agent, Authority, Certificate, Faulty, Kvw, Presents, Scope, TlsFront, Valid, pem,
};

/// A key of RSA for tests; rcgen makes none. PKCS #8.
const RSA: &str = "\
    MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDGXY3jFCgzsOpe9tiypJ+NJyrkl2Vkht0S7ibYwMzg+YT\
    NxFi47d59IL9t3UuizKqfO/xDFeLDnCq8FbctZyVhfG7K7srcrCzVQ7AAuwTLX0CsVNW6jSHc26+bQJiJ/ZrVxjkIKqf6c5\
    ZCWPzT47IqkR29zTYSRKppvcw1pmD06GzauSwhtp9+cWFArgt3tFgkdnU2lfgJarUVvt3rXfMK5cLjeM/QLgZueXSB7qTk4\
    lBaN48DDbCQP0oyuzQHlj3LSavwS+g7hSJD7n9bXQ27xasHg37MZsIHINcD78HtUARD10aOCEZSN1QNpQtYNLS8YBP89ouM\
    I7kolzP8Rf13AgMBAAECggEAQazDx0TrMoIGdr5/bFX4xUEMgHZniWrlUtkqX2Ul7+5su7ugLEoE+aSX/IXh/tqIOwQfNw7\
    N7zmLJI6EATI/PBF4lROOcpVGmq04XmWM5tB4lxXXVVZYuci6UUqHtlgSpWhlhYCp8M/IFdtkibq/SDyXfjmtB0tYqH3AWJ\
    rnSu37oRq6dmHqYKM8pOLdx4BM7wA2e4i9O8qiU1xNE+ofkibPL1MDrVVbJ3dtwt64akyNP2y+g415BCZYMfME7PWX5Nqu2\
    I6OQb7VFaogjGaANhHrVoLPk3kGhBFIaEzXxo3vZJXdVDPmgXr23NPwSmluC5uBduz1HmKDT3UXfJ87UQKBgQDonKjn5L1c\
    pN0FLfuRyHJbCh+lTJDJsXlo4imEb7zsuRpXaDfTt4Y3GlrvxWZr3EnamfshavJsFa7k872A79MDjTDzTD+EKU8H9/zN1iC\
    JrPTd76lt72I1kGqZNCbhmBosrTOK2w5xwn8QsgiujGZkQ/qG4kjdrJIqo/qgfhJTRQKBgQDaT2chg7A4dfuOZznjfNSvE7\
    fxKjBOf96hnxUSsMElUn9+YXvkzWTEHEhdTY0ptRNbTKLcovACFQ8O5wgwlH0EdeVUz/gEdDgNK8qLSaR5tz83gktmR6TXQ\
    I9ZPGKhkqjOPO8UC06m4rcmaD/HlyQ5bYAVsznLqPhk/P84+sibiwKBgQDVW1xR1y0ZXN6dcZ/eB81cU9zS8XeciHykB02t\
    fA/90YqnwZ/zQdKJmFLwuk9Hf7b+G16NOFtDaGATAL5BFbim+Up83uMjhgBHft8SreUKYun252ywuXGLT/t2qq8/HRRlBjj\
    QlDybe5qw5Zuw/nasYO3Z6pSLP06SbfXkX77PQQKBgQCo3d7Cd+Dp66loX8TRiQ/jVXdlXuL69cI6dpmQWZUtz4C7O6DgPV\
    iCsfXv5jsZVe3hI4ie7pKEqdF6D4+wNEv4FVINpskMePGajpMf5xkI5YxK3ciBF04VCuVXe3Q30wAsd8nfUVfHk3tkhCNBu\
    lHU8jSvlHFSbiOlymWJp8NhPQKBgCRGLbuMwx9c5hocV64P7QMwuXp2qFU2c9OJqOUDPDoqpCRYsd8AfFfj6Apu0zBuY8xV\
    DFjcgiexMaTkRCDwNPLh7K3N0yJHtxCTWdKT7Hd5Lm+8+lyfzy9vvs7VArW/J3HVjzWCig620Ifn7X0ImH5S71l8jHQNt5R\
    HMUoxzX4W";

/// A key of P-521, which ring does not use. PKCS #8.
const P521: &str = "\
    MIHcAgEBBEIBcxs2qZFjrH+lH94e+4kfM/acDsehD0zO7MrT/6K5EqZ45/7meP7tLBJuMJ6F+++BuYsfdEkEbDKFdw\
    BA2hia792gBwYFK4EEACOhgYkDgYYABAGKuGpV7ud6KAexXAoH1B+yXDYYkYBwWJt8bWzVIoOyvCToj/raarlAgV5T\
    cw1WLs2XX0jWiJ0RhjuzL5jMueQaBwGbuNh1RNAms7siCruSs8TTf7dLz2aLHobA4gqR8aPYVoytNCoTonCDIhB4sT\
    Yn2hwMQmw3iU1LLNOwXrtJ6dzPKA==";

/// The names that a server of Consul has in its certificate.
const NAMES: [&str; 3] = ["server.dc1.consul", "localhost", "127.0.0.1"];

/// An authority, and files of it.
struct Pki {
    folder: tempfile::TempDir,
    ca: Authority,
}

impl Pki {
    fn new() -> Self {
        let pki = Pki {
            folder: tempfile::tempdir().unwrap(),
            ca: Authority::new("kvw test CA"),
        };
        std::fs::write(pki.path("ca.pem"), pki.ca.pem()).unwrap();
        pki
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn server(&self) -> Certificate {
        self.ca.server(&NAMES)
    }

    /// Trusts the authority.
    fn kvw<const N: usize>(&self, address: &str, args: [&str; N]) -> Kvw {
        Kvw::at(address)
            .args(args)
            .env("CONSUL_CACERT", self.path("ca.pem"))
    }

    /// Trusts the authority and has a certificate of it.
    fn kvw_with_certificate<const N: usize>(&self, address: &str, args: [&str; N]) -> Kvw {
        let (certificate, key) = self.ca.client().write(self.folder.path(), "client");
        with_client(self.kvw(address, args), &certificate, &key)
    }
}

fn with_client(kvw: Kvw, certificate: &Path, key: &Path) -> Kvw {
    kvw.env("CONSUL_CLIENT_CERT", certificate)
        .env("CONSUL_CLIENT_KEY", key)
}

/// A server of TLS in front of the shared one, that wants no client certificate.
fn front(scope: &Scope, certificate: &Certificate) -> TlsFront {
    TlsFront::start(&scope.address(), &Presents::new(certificate))
}

#[test]
fn everything_that_works_on_loopback_works_over_tls_with_a_client_certificate() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    let server = pki.server();
    let presents = Presents::new(&server).wanting(&pki.ca);
    let tls = TlsFront::start(&scope.address(), &presents);
    let key = scope.key("a");
    let kvw = |args: [&str; 3]| pki.kvw_with_certificate(&tls.address(), args);
    kvw(["put", &key, "1"]).ok();
    assert_eq!(kvw(["get", &key, "-oraw"]).ok(), "1");
    // Above the server's limit of a value: refused before it is sent.
    let large = "x".repeat(700_000);
    let refused = kvw(["put", &scope.key("large"), "-"]).stdin(large).run();
    refused.expect(2).one_line();
    // Several records of TLS in each direction.
    let long = "y".repeat(400_000);
    kvw(["put", &scope.key("long"), "-"]).stdin(&*long).ok();
    assert_eq!(kvw(["get", &scope.key("long"), "-oraw"]).ok(), long);
    let watch = ["watch", scope.prefix(), "--initial=run"];
    let mut watch = kvw(watch).spawn();
    assert!(watch.line().contains("a"));
    assert!(watch.line().contains("long"));
    scope.put("b", "2");
    assert!(watch.line().contains("b"));
    watch.stop();
    let exported = kvw(["export", scope.prefix(), "-q"]).ok();
    assert!(exported.contains("Mg=="), "{exported}");
    kvw(["delete", &key, "-q"]).ok();
    assert_eq!(scope.value("a"), None);
}

#[test]
fn each_form_of_a_key_is_taken() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let server = pki.server();
    let presents = Presents::new(&server).wanting(&pki.ca);
    let tls = TlsFront::start(&scope.address(), &presents);
    let rsa = STANDARD.decode(RSA).unwrap();
    let rsa = PrivatePkcs8KeyDer::from(rsa);
    let rsa = KeyPair::from_pkcs8_der_and_sign_algo(&rsa, &rcgen::PKCS_RSA_SHA256).unwrap();
    let (ec, rsa) = (pki.ca.client(), pki.ca.certify(&["c"], Valid::Now, &rsa));
    // As `openssl ecparam -genkey` writes it.
    let parameters = pem("EC PARAMETERS", &[6, 8, 42, 134, 72, 206, 61, 3, 1, 7]);
    for (certificate, key) in [
        (&ec, ec.key_pem()),
        (&ec, ec.plain_key_pem("EC PRIVATE KEY")),
        (&ec, parameters + &ec.plain_key_pem("EC PRIVATE KEY")),
        // One file may hold both.
        (&ec, ec.pem() + &ec.key_pem()),
        // As an editor may write it.
        (&ec, "\u{feff}".to_owned() + &ec.key_pem()),
        (&rsa, rsa.key_pem()),
        (&rsa, rsa.plain_key_pem("RSA PRIVATE KEY")),
    ] {
        let certificate = pki.file("c.pem", certificate.pem());
        let key = pki.file("k.pem", key);
        let kvw = pki.kvw(&tls.address(), ["get", &scope.key("a")]);
        with_client(kvw, &certificate, &key).ok();
    }
    // A pipe, as of `<(…)`, can be read once.
    let kvw = pki.kvw_with_certificate(&tls.address(), ["get", &scope.key("a")]);
    let piped = kvw.under([
        "sh",
        "-c",
        r#"cat "$CONSUL_CLIENT_KEY" | CONSUL_CLIENT_KEY=/dev/stdin exec "$0" "$@""#,
    ]);
    piped.ok();
}

/// Gets a key at an address, in these surroundings.
fn get(scope: &Scope, address: &str) -> Kvw {
    Kvw::at(address).args(["get", &scope.key("a"), "--retry-for=0"])
}

#[test]
fn a_certificate_that_is_not_trusted_is_named_with_the_side_that_objects() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let foreign = Authority::new("another CA");
    let between = pki.ca.intermediate("kvw test intermediate");
    let names = |names: &[&str]| pki.ca.server(names);
    let many: Vec<String> = (0..9).map(|n| format!("n{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (certificate, words) in [
        (
            foreign.server(&NAMES),
            &["signed by an authority that is not trusted", "--ca-file"][..],
        ),
        (
            pki.ca.certificate(&NAMES, Valid::Before),
            &["the server's certificate expired at 2020-01-02", "clock"],
        ),
        (
            pki.ca.certificate(&NAMES, Valid::Later),
            &["is not valid before 2100-01-02", "clock"],
        ),
        (
            names(&["server.dc1.consul", "10.0.0.1"]),
            &[
                "not for 127.0.0.1, but for server.dc1.consul, 10.0.0.1",
                "--tls-server-name",
            ],
        ),
        (names(&many), &["n5.example and 3 more"]),
        (names(&[]), &["no host"]),
    ] {
        let tls = front(&scope, &certificate);
        let output = get(&scope, &tls.address())
            .env("CONSUL_CACERT", pki.path("ca.pem"))
            .run();
        output.expect(3).one_line().says(words);
        // Where only the name or the time is wrong, it is no matter of trust.
        assert!(output.stderr.contains(&tls.address()), "{output}");
        let output = get(&scope, &tls.address())
            .args(["--tls-skip-verify"])
            .run();
        output.expect(0).says(&["warning: ", "not verified"]);
        assert_eq!(output.stderr.lines().count(), 1, "{output}");
        let output = get(&scope, &tls.address())
            .env("CONSUL_HTTP_SSL_VERIFY", "false")
            .run();
        output.expect(0).says(&["not verified"]);
    }
    // The chain that the server sends leads to the authority.
    let chained = between.server(&NAMES);
    let tls = front(&scope, &chained);
    pki.kvw(&tls.address(), ["get", &scope.key("a")]).ok();
}

#[test]
fn a_certificate_that_is_given_itself_is_trusted_for_its_names_while_it_is_valid() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let made = |names: &[&str], valid| Certificate::self_signed(names, valid);
    let trusting = |tls: &TlsFront, trusted: &Certificate| {
        let file = pki.file("trusted.pem", pki.ca.pem() + &trusted.pem());
        let kvw = get(&scope, &tls.address());
        kvw.env("CONSUL_CACERT", file).run()
    };
    // As `openssl req -x509` makes it: an authority's, and the server's.
    let both = made(&NAMES, Valid::Now);
    let tls = front(&scope, &both);
    trusting(&tls, &both).expect(0);
    let folder = pki.path("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("server.pem"), both.pem()).unwrap();
    let by_folder = get(&scope, &tls.address()).env("CONSUL_CAPATH", &folder);
    by_folder.run().expect(0);
    // One of the same names is another one.
    let output = trusting(&tls, &made(&NAMES, Valid::Now));
    output.expect(3).one_line().says(&[
        "that of an authority, and not among those that are trusted",
        "--ca-file",
    ]);
    // One that an authority signed which is not trusted.
    let foreign = Authority::new("another CA").server(&NAMES);
    let tls = front(&scope, &foreign);
    trusting(&tls, &foreign).expect(0);
    trusting(&tls, &both).expect(3).says(&["not trusted"]);
    for (certificate, words) in [
        (
            made(&["server.dc1.consul"], Valid::Now),
            "not for 127.0.0.1",
        ),
        (made(&NAMES, Valid::Before), "expired at 2020-01-02"),
        (made(&NAMES, Valid::Later), "not valid before 2100-01-02"),
        (
            Authority::new("another CA").certificate(&NAMES, Valid::Before),
            "expired at 2020-01-02",
        ),
        (
            Authority::new("another CA").server(&["server.dc1.consul"]),
            "not for 127.0.0.1",
        ),
    ] {
        let tls = front(&scope, &certificate);
        let output = trusting(&tls, &certificate);
        output.expect(3).one_line().says(&[words]);
    }
}

#[test]
fn a_server_that_ends_the_handshake_before_it_chose_anything_has_nothing_in_common() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    // The alert of a failed handshake, in answer to the first message.
    let address = raw_server(&[0x15, 3, 3, 0, 2, 2, 40]);
    let output = get(&scope, &address)
        .env("CONSUL_CACERT", pki.path("ca.pem"))
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["no cipher, or no kind of certificate, in common", "P-256"]);
    assert!(!output.stderr.contains("--client-cert"), "{output}");
}

#[test]
fn a_name_is_expected_instead_of_the_host() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let tls = front(&scope, &pki.ca.server(&["server.dc1.consul"]));
    let key = scope.key("a");
    let kvw = || pki.kvw(&tls.address(), ["get", &key, "--retry-for=0"]);
    kvw().run().expect(3);
    kvw().args(["--tls-server-name", "server.dc1.consul"]).ok();
    kvw()
        .env("CONSUL_TLS_SERVER_NAME", "server.dc1.consul:8501")
        .ok();
    let other = kvw().args(["--tls-server-name", "server.dc2.consul"]).run();
    other
        .expect(3)
        .says(&["not for server.dc2.consul, but for server.dc1.consul"]);
    // Without it the host counts, which is a name here.
    let named = front(&scope, &pki.ca.server(&["localhost"]));
    pki.kvw(&named.address_as("localhost"), ["get", &key]).ok();
    pki.kvw(&named.address(), ["get", &key]).run().expect(3);
}

#[test]
fn a_client_certificate_is_missing_or_refused() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let server = pki.server();
    let foreign = Authority::new("another CA").client();
    let expired = pki.ca.certificate(&["c"], Valid::Before);
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let presents = Presents {
            versions,
            ..Presents::new(&server).wanting(&pki.ca)
        };
        let tls = TlsFront::start(&scope.address(), &presents);
        let asks = |args: [&str; 3]| pki.kvw(&tls.address(), args).env("CONSUL_HTTP_TOKEN", "t");
        let key = scope.key("a");
        let get = || asks(["get", &key, "--retry-for=0"]);
        // The outcome of a write is known too.
        let put = || asks(["put", &key, "2"]);
        for kvw in [get(), put()] {
            kvw.run()
                .expect(3)
                .one_line()
                .says(&["the server requires a client certificate", "--client-cert"]);
        }
        for certificate in [&foreign, &expired] {
            for kvw in [get(), put()] {
                let (certificate, key) = certificate.write(pki.folder.path(), "bad");
                let output = with_client(kvw, &certificate, &key).run();
                output
                    .expect(3)
                    .one_line()
                    .says(&["the server refused the client certificate"]);
            }
        }
        assert_eq!(scope.value("a").unwrap(), b"1");
    }
    // An intermediate certificate is sent with the client's.
    let presents = Presents::new(&server).wanting(&pki.ca);
    let tls = TlsFront::start(&scope.address(), &presents);
    let chained = pki.ca.intermediate("between").client();
    let (certificate, key) = chained.write(pki.folder.path(), "chained");
    let kvw = pki.kvw(&tls.address(), ["get", &scope.key("a")]);
    with_client(kvw, &certificate, &key).ok();
}

#[test]
fn the_other_protocol_on_a_port_is_recognized() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    let tls = front(&scope, &pki.server());
    // HTTP to a port of TLS.
    let plain = tls.address().replace("https://", "");
    let output = get(&scope, &plain).run();
    output
        .expect(3)
        .one_line()
        .says(&["TLS", "starts with https://"]);
    // TLS to a port of HTTP, on the server of the suite. Go reads to the end of a line, which a first
    // message of TLS holds by chance: it answers at once, or not at all.
    let output = get(&scope, &format!("https://{}", scope.address()))
        .args(["--connect-timeout=1s"])
        .run();
    output.expect(3).one_line().says(&["8501"]);
    let refusal = b"HTTP/1.1 400 Bad Request\r\n\r\n400 Bad Request";
    let address = raw_server(refusal).replace("https://", "http://");
    let output = get(&scope, &address).env("CONSUL_HTTP_SSL", "true").run();
    output
        .expect(3)
        .one_line()
        .says(&["not TLS", "plain HTTP", "CONSUL_HTTP_SSL"]);
    // What a server says that speaks only older versions: its own version, or an alert.
    let too_old = b"\x15\x03\x01\x00\x02\x02\x46".as_slice();
    for (raw, words) in [
        (too_old, "versions of TLS before 1.2"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "in common"),
        (
            b"\x15\x03\x03\x00\x02\x02\x70",
            "no certificate for 127.0.0.1",
        ),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not TLS"),
        (b"", "closed during the TLS handshake"),
    ] {
        let server = raw_server(raw);
        let output = get(&scope, &server).run();
        output.expect(3).one_line().says(&[words]);
    }
}

/// A server that answers whatever comes with these bytes and closes.
fn raw_server(answer: &'static [u8]) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // All of the client's first message, or the answer is lost with a reset.
            let read = stream.read(&mut [0; 8192]).unwrap();
            assert!(read > 0);
            stream.write_all(answer).unwrap();
        }
    });
    format!("https://{address}")
}

#[test]
fn a_server_that_says_nothing_is_given_up_within_the_time_to_connect() {
    let scope = Agent::shared();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", silent.local_addr().unwrap());
    let output = get(&scope, &address)
        .args(["--connect-timeout=300ms"])
        .run();
    output
        .expect(3)
        .one_line()
        .says(&["the TLS handshake took too long"]);
}

#[test]
fn files_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    let tls = front(&scope, &pki.server());
    let (certificate, key) = pki.ca.client().write(pki.folder.path(), "client");
    let (_, other_key) = pki.ca.client().write(pki.folder.path(), "other");
    let encrypted = pki.file("encrypted.pem", pem("ENCRYPTED PRIVATE KEY", b"x"));
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                 DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let older = pki.file("older.pem", older);
    let empty = pki.file("empty.pem", "");
    let text = pki.file("text.pem", "no certificate");
    let der = pki.file("der.pem", pki.ca.der());
    let cut = pki.file("cut.pem", &pki.ca.pem()[..200]);
    let garbage = pki.file("garbage.pem", pem("CERTIFICATE", b"garbage"));
    let none = pki.path("none.pem");
    let p521 = pem("PRIVATE KEY", &STANDARD.decode(P521).unwrap());
    let p521 = pki.file("p521.pem", p521);
    let between = pki.ca.intermediate("kvw test intermediate");
    let chained = between.client();
    let chained_key = pki.file("chained-key.pem", chained.key_pem());
    let turned = pki.file("turned.pem", between.pem() + &chained.pem());
    let folder = |name: &str, files: &[(&str, String)]| {
        let folder = pki.path(name);
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        folder
    };
    let empty_folder = folder("empty", &[]);
    let mixed = folder(
        "mixed",
        &[("a.pem", pki.ca.pem()), ("README", "text".to_owned())],
    );
    let flag = |flag: &str, path: &Path| vec![flag.to_owned(), path.display().to_string()];
    let client = |certificate: &Path, key: &Path| {
        [
            flag("--client-cert", certificate),
            flag("--client-key", key),
        ]
        .concat()
    };
    for (flags, words) in [
        (
            flag("--ca-file", &none),
            &["reading the CA file", "no such file"][..],
        ),
        (flag("--ca-file", &empty), &["empty.pem", "it is empty"]),
        (flag("--ca-file", &text), &["no certificate in PEM form"]),
        (flag("--ca-file", &der), &["DER, not PEM"]),
        (flag("--ca-file", &cut), &["has no end"]),
        (
            flag("--ca-file", &garbage),
            &["none of its certificates can be used"],
        ),
        (flag("--ca-file", &key), &["no certificate in PEM form"]),
        (flag("--ca-file", pki.folder.path()), &["directory"]),
        (flag("--ca-path", &empty_folder), &["no file in it"]),
        (flag("--ca-path", &mixed), &["README", "no certificate"]),
        (
            flag("--ca-path", &none),
            &["reading the CA folder", "no such file"],
        ),
        (
            client(&none, &key),
            &["reading the client certificate", "no such file"],
        ),
        (
            client(&certificate, &none),
            &["reading the client key", "no such file"],
        ),
        (
            client(&certificate, &encrypted),
            &["it is encrypted", "openssl pkey"],
        ),
        (client(&certificate, &older), &["it is encrypted"]),
        (
            client(&certificate, &certificate),
            &["no private key in PEM form"],
        ),
        (
            client(&certificate, &other_key),
            &["using the client certificate", "that of another one"],
        ),
        (
            client(&turned, &chained_key),
            &["that of a later certificate in it, which has to be the first"],
        ),
        (
            client(&certificate, &p521),
            &["no use for a key of the kind of", "P-256 or P-384"],
        ),
    ] {
        let output = get(&scope, &tls.address()).args(&flags).run();
        output.expect(2).one_line().says(words);
    }
    assert_eq!(tls.handshakes(), 0);
}

#[test]
fn a_folder_of_authorities_counts_with_all_its_files() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let tls = front(&scope, &pki.server());
    // As an editor may write it.
    pki.file("marked.pem", "\u{feff}".to_owned() + &pki.ca.pem());
    let marked = get(&scope, &tls.address()).env("CONSUL_CACERT", pki.path("marked.pem"));
    marked.ok();
    let folder = pki.path("cas");
    // As Kubernetes mounts a secret.
    let version = folder.join("..2026_11_27");
    std::fs::create_dir_all(&version).unwrap();
    std::os::unix::fs::symlink(&version, folder.join("..data")).unwrap();
    std::fs::write(version.join("ca.pem"), pki.ca.pem()).unwrap();
    std::os::unix::fs::symlink("..data/ca.pem", folder.join("ca.pem")).unwrap();
    std::fs::write(folder.join("other.crt"), Authority::new("other").pem()).unwrap();
    let kvw = || get(&scope, &tls.address());
    kvw().args(["--ca-path"]).args([&folder]).ok();
    kvw().env("CONSUL_CAPATH", &folder).ok();
    std::fs::remove_file(folder.join("ca.pem")).unwrap();
    let output = kvw().env("CONSUL_CAPATH", &folder).run();
    output.expect(3).says(&["not trusted"]);
}

#[test]
fn the_systems_authorities_count_where_none_is_given() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let tls = front(&scope, &pki.server());
    let output = get(&scope, &tls.address()).run();
    // A machine without any is refused before.
    assert!([2, 3].contains(&output.code), "{output}");
    output.one_line();
    if cfg!(target_os = "linux") {
        let system = get(&scope, &tls.address()).env("SSL_CERT_FILE", pki.path("ca.pem"));
        system.ok();
        // A file that is given replaces them.
        let other = pki.file("other.pem", Authority::new("other").pem());
        let given = get(&scope, &tls.address())
            .env("SSL_CERT_FILE", pki.path("ca.pem"))
            .env("CONSUL_CACERT", other);
        given.run().expect(3).says(&["not trusted"]);
    }
}

#[test]
fn nothing_of_tls_is_read_for_plain_http() {
    let scope = Agent::shared();
    scope.put("a", "1");
    let output = get(&scope, &scope.address())
        .env("CONSUL_CACERT", "/none")
        .env("CONSUL_CAPATH", "/none")
        .env("CONSUL_CLIENT_CERT", "/none")
        .env("CONSUL_CLIENT_KEY", "/none")
        .env("CONSUL_HTTP_SSL_VERIFY", "false")
        .run();
    output.expect(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_handler_finds_the_connection_as_the_flags_said() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let server = pki.server();
    let tls = TlsFront::start(&scope.address(), &Presents::new(&server).wanting(&pki.ca));
    let (certificate, key) = pki.ca.client().write(pki.folder.path(), "client");
    let handler = r#"env | grep ^CONSUL_ | sort; "$KVW" get "$0" -oraw"#;
    let output = Kvw::bare()
        .args([
            "watch",
            scope.prefix(),
            "--once",
            "--http-addr",
            &tls.address(),
        ])
        .args(["--ca-file"])
        .args([pki.path("ca.pem")])
        .args(["--client-cert"])
        .args([&certificate])
        .args(["--client-key"])
        .args([&key])
        .args(["--tls-server-name", "localhost"])
        .env("CONSUL_HTTP_SSL", "false")
        .env("CONSUL_CACERT", "/none")
        .env("KVW", assert_cmd::cargo::cargo_bin!("kvw"))
        .args(["--", "sh", "-c", handler, &scope.key("a")])
        .run();
    output.expect(0);
    let text = output.text();
    let paths = [
        ("CACERT", pki.path("ca.pem")),
        ("CLIENT_CERT", certificate),
        ("CLIENT_KEY", key),
    ];
    for (name, path) in paths {
        let line = format!("CONSUL_{name}={}", path.display());
        assert!(text.contains(&line), "{line}: {output}");
    }
    assert!(
        text.contains(&format!("CONSUL_HTTP_ADDR={}", tls.address())),
        "{output}"
    );
    assert!(
        text.contains("CONSUL_TLS_SERVER_NAME=localhost"),
        "{output}"
    );
    assert!(!text.contains("CONSUL_HTTP_SSL"), "{output}");
    // The kvw of the handler reads over TLS.
    assert!(text.ends_with('1'), "{output}");
}

#[test]
fn certificates_rotate_under_a_running_watch() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let server = pki.server();
    let tls = TlsFront::start(&scope.address(), &Presents::new(&server).wanting(&pki.ca));
    let mut watch = pki
        .kvw_with_certificate(
            &tls.address(),
            ["watch", scope.prefix(), "--initial=run", "-v"],
        )
        .spawn();
    assert!(watch.line().contains("+ "));
    // Another authority signs what both sides have; nothing that was trusted before is.
    let fresh = Authority::new("next CA");
    let next = fresh.server(&NAMES);
    // First the server, as it happens: the watch does not trust it yet.
    tls.change(&Presents::new(&next).wanting(&fresh));
    watch.err_line_with("not trusted");
    scope.put("b", "2");
    // Then the authority, and half of a new pair: what was read before is kept.
    std::fs::write(pki.path("ca.pem"), fresh.pem()).unwrap();
    let client = fresh.client();
    std::fs::write(pki.path("client.pem"), client.pem()).unwrap();
    watch.err_line_with("the ones that were read before are kept");
    std::fs::write(pki.path("client-key.pem"), client.key_pem()).unwrap();
    assert!(watch.line().contains("b"));
    // Now the files first, in the way of a careful writer, and the server later: no outage at all
    // would be seen had it not cut the connection.
    let last = Authority::new("last CA");
    let both = fresh.pem() + &last.pem();
    replace(&pki.path("ca.pem"), &both);
    tls.change(&Presents::new(&last.server(&NAMES)).wanting(&fresh));
    scope.put("c", "3");
    assert!(watch.line().contains("c"));
    scope.delete("a");
    assert!(watch.line().contains("- "));
    let output = watch.stop();
    // Each change once: nothing was lost, and nothing delivered again.
    assert_eq!(output.text().lines().count(), 4, "{output}");
}

#[test]
fn a_file_that_becomes_a_pipe_without_a_writer_holds_up_no_connection() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let server = pki.server();
    let tls = TlsFront::start(&scope.address(), &Presents::new(&server).wanting(&pki.ca));
    let watch = ["watch", scope.prefix(), "--initial=run", "-v"];
    let watch = pki.kvw_with_certificate(&tls.address(), watch);
    let mut watch = watch.args(["--request-timeout=10m"]).spawn();
    assert!(watch.line().contains("+ "));
    let certificate = pki.path("client.pem");
    std::fs::remove_file(&certificate).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &certificate,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    tls.change(&Presents::new(&server).wanting(&pki.ca));
    watch.err_line_with("no regular file any more; the ones that were read before are kept");
    scope.put("b", "2");
    assert!(watch.line().contains("b"));
    watch.stop();
}

/// Replaces a file as a whole.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}

#[test]
fn a_client_certificate_that_expires_under_a_watch_is_an_outage_until_it_is_renewed() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    scope.put("a", "1");
    let server = pki.server();
    let tls = TlsFront::start(&scope.address(), &Presents::new(&server).wanting(&pki.ca));
    let watch = ["watch", scope.prefix(), "--initial=run"];
    let mut watch = pki.kvw_with_certificate(&tls.address(), watch).spawn();
    assert!(watch.line().contains("+ "));
    let next = Authority::new("next CA of clients");
    tls.change(&Presents::new(&server).wanting(&next));
    watch.err_line_with("refused the client certificate");
    next.client().write(pki.folder.path(), "client");
    scope.put("b", "1");
    assert!(watch.line().contains("b"));
    watch.stop();
}

#[test]
fn a_server_that_closes_during_the_handshake_is_an_outage() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    let address = raw_server(b"");
    let mut watch = pki.kvw(&address, ["watch", scope.prefix()]).spawn();
    watch.err_line_with("closed during the TLS handshake");
    assert!(!watch.has_ended());
    watch.stop();
}

#[test]
fn a_watch_whose_first_connection_is_not_trusted_ends() {
    let (scope, pki) = (Agent::shared(), Pki::new());
    let tls = front(&scope, &Authority::new("other").server(&NAMES));
    let output = pki.kvw(&tls.address(), ["watch", scope.prefix()]).run();
    output.expect(3).says(&["not trusted", "--ca-file"]);
}

#[test]
fn a_proxy_that_is_not_spoken_to_is_refused() {
    for (variable, address, proxy) in [
        ("HTTPS_PROXY", "https://consul.example", "https://p:1"),
        ("HTTP_PROXY", "http://consul.example", "socks5://p:1"),
    ] {
        let output = Kvw::at(address)
            .args(["get", "a"])
            .env(variable, proxy)
            .run();
        output
            .expect(2)
            .one_line()
            .says(&["using the proxy", "http://"]);
    }
}

#[test]
fn a_secure_address_is_reached_through_a_proxy() {
    // The proxy reads the request for a tunnel, and refuses.
    let proxy = Faulty::script()
        .on("CONNECT consul.example:443")
        .answers(403, "no")
        .start();
    let output = Kvw::at("https://consul.example")
        .args(["get", "a", "--retry-for=0", "--tls-skip-verify"])
        .env("HTTPS_PROXY", proxy.address())
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .run();
    output.expect(3).says(&["the proxy", "403"]);
}

#[test]
fn a_consul_that_verifies_both_ways_is_read_and_its_certificates_rotate() {
    let pki = Pki::new();
    let Some(mut agent) = Agent::with_tls(&pki.ca.server(&["server.dc1.consul"]), &pki.ca) else {
        return;
    };
    let address = agent.https_address();
    let name = ["--tls-server-name", "server.dc1.consul"];
    let kvw = |args: [&str; 3]| pki.kvw_with_certificate(&address, args).args(name);
    kvw(["put", "a", "1"]).ok();
    assert_eq!(kvw(["get", "a", "-oraw"]).ok(), "1");
    let large = "x".repeat(400_000);
    kvw(["put", "large", "-"]).stdin(&*large).ok();
    assert_eq!(kvw(["get", "large", "-oraw"]).ok(), large);
    kvw(["status", "-q", "-v"]).ok();
    // The name, the authority, and the client's certificate, as Consul says it.
    let get = ["get", "a", "--retry-for=0"];
    let output = pki.kvw_with_certificate(&address, get).run();
    output
        .expect(3)
        .one_line()
        .says(&["not for 127.0.0.1, but for server.dc1.consul"]);
    let foreign = Authority::new("another CA");
    let other = pki.file("other.pem", foreign.pem());
    let output = kvw(get).env("CONSUL_CACERT", other).run();
    output.expect(3).one_line().says(&["not trusted"]);
    for get in [get, ["put", "a", "2"]] {
        let output = pki.kvw(&address, get).args(name).run();
        output
            .expect(3)
            .one_line()
            .says(&["the server requires a client certificate"]);
        for certificate in [foreign.client(), pki.ca.certificate(&["c"], Valid::Before)] {
            let (certificate, key) = certificate.write(pki.folder.path(), "bad");
            let output = with_client(kvw(get), &certificate, &key).run();
            output
                .expect(3)
                .one_line()
                .says(&["the server refused the client certificate"]);
        }
    }
    assert_eq!(kvw(["get", "a", "-oraw"]).ok(), "1");
    let chained = pki.ca.intermediate("between").client();
    let (certificate, key) = chained.write(pki.folder.path(), "chained");
    with_client(kvw(get), &certificate, &key).ok();
    let output = Kvw::at(&address.replace("https://", "")).args(get).run();
    output.expect(3).one_line().says(&["starts with https://"]);
    // All certificates change while a watch runs. Consul keeps its data.
    let mut watch = kvw(["watch", "a", "--initial=run"]).spawn();
    assert!(watch.line().contains("+ a"));
    agent.kill();
    let next = Authority::new("next CA");
    agent.write_certificates(&next.certificate(&["server.dc1.consul"], Valid::Now), &next);
    agent.start();
    watch.err_line_with("not trusted");
    agent.http("PUT", "/v1/kv/a", b"3");
    std::fs::write(pki.path("ca.pem"), next.pem()).unwrap();
    next.client().write(pki.folder.path(), "client");
    assert!(watch.line().contains("~ a: 1 → 3"));
    watch.err_line_with("certificates are accepted again");
    let output = watch.stop();
    assert_eq!(output.text().lines().count(), 2, "{output}");
    // A certificate that is over; Consul starts with it.
    agent.kill();
    agent.write_certificates(
        &next.certificate(&["server.dc1.consul"], Valid::Before),
        &next,
    );
    agent.start();
    let output = kvw(["get", "a", "--retry-for=0"]).run();
    output.expect(3).one_line().says(&["expired at 2020-01-02"]);
}
