//! Which requests come from pages and names of this machine only.
//!
//! A page of any website may send requests to a loopback address, and where its own name was made to
//! resolve to one (DNS rebinding) it may read and write here as if it were served from here. A browser
//! says in `Host` and `Origin` by which name it came.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether an authority, as in `Host`, names the loopback interface: `localhost`, 127.0.0.0/8 or
/// `[::1]`, with any port.
pub fn is_loopback(authority: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(authority) else {
        return false;
    };
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(host, port)| {
            host.parse() == Ok(Ipv6Addr::LOCALHOST)
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    let host = match text.split_once(':') {
        Some((_, port)) if !is_port(port) => return false,
        Some((host, _)) => host,
        None => text,
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    name.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback())
}

/// Whether an `Origin` is a page that was served by this machine, over HTTP or HTTPS. `null`, the
/// origin of files and sandboxed pages, can be anybody's.
pub fn is_loopback_origin(origin: &[u8]) -> bool {
    [&b"http://"[..], b"https://"]
        .iter()
        .any(|scheme| origin.strip_prefix(*scheme).is_some_and(is_loopback))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_loopback_interface_are_taken_for_it() {
        for authority in [
            "localhost",
            "LocalHost:8500",
            "localhost.",
            "localhost.:1",
            "127.0.0.1",
            "127.0.0.1:8500",
            "127.255.0.3:1",
            "[::1]",
            "[::1]:8500",
            "[0:0:0:0:0:0:0:1]:1",
            "localhost:",
        ] {
            assert!(is_loopback(authority.as_bytes()), "{authority}");
        }
        for authority in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.evil.example:8500",
            "127.0.0.1@evil.example",
            "localhost:80@evil.example",
            "localhost..",
            "128.0.0.1",
            "0.0.0.0:8500",
            "10.0.0.1",
            "[::2]",
            "[::1]x",
            "[::1]:x",
            "[::1",
            "::1",
            "localhost:x",
            "localhost evil",
        ] {
            assert!(!is_loopback(authority.as_bytes()), "{authority}");
        }
        assert!(!is_loopback(b"localhost\xff"));
    }

    #[test]
    fn an_origin_is_a_scheme_and_an_authority_of_this_machine() {
        for origin in [
            "http://localhost:3000",
            "https://127.0.0.1",
            "http://[::1]:8500",
        ] {
            assert!(is_loopback_origin(origin.as_bytes()), "{origin}");
        }
        for origin in [
            "null",
            "",
            "localhost",
            "http://evil.example",
            "http://localhost.evil.example:8500",
            "https://evil.example:127",
            "file://",
            "chrome-extension://localhost",
        ] {
            assert!(!is_loopback_origin(origin.as_bytes()), "{origin}");
        }
    }
}
