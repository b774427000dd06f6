//! The address of the Consul agent in flags and variables.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;

use crate::consul::{Address, Scheme, Secret};

const MISPLACED_AT: &str = "its path holds an '@': in a user or password '/' is written %2F, and in a \
                            path '@' is written %40";
/// What would show a part of a password, if it were taken for an address.
const AMBIGUOUS_COMMA: &str = "in a list each address with a user begins with http:// or https://, and in a \
                               user or password ',' is written %2C";

/// Returns the addresses of a list with commas. The path of a unix socket cannot hold one.
pub fn split(text: &str) -> Result<Vec<&str>, String> {
    if !text.contains(',') {
        return Ok(vec![text]);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split(',').map(str::trim) {
        if part.is_empty() {
            return Err("an address of the list is empty".to_owned());
        }
        // `http://user:8500,rest@host`: nothing of it may be taken for an address, and be shown.
        if !parts.is_empty() && part.contains('@') && !has_scheme(part) {
            return Err(AMBIGUOUS_COMMA.to_owned());
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Whether the text begins with an address that has a scheme.
fn has_scheme(text: &str) -> bool {
    ["http://", "https://", "unix://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

/// Returns the scheme of an address that lacks a slash or the colon behind it.
fn mistyped_scheme(text: &str) -> Option<&'static str> {
    let mistyped = |rest: &str| match rest.strip_prefix(':') {
        Some(rest) => rest.starts_with('/') && !rest.starts_with("//"),
        None => rest.starts_with("//"),
    };
    ["http", "https", "unix"]
        .into_iter()
        .find(|scheme| text.strip_prefix(scheme).is_some_and(mistyped))
}

/// Parses an address as Consul's own tools do, with user and password if it has them.
pub fn parse(text: &str) -> Result<(Address, Option<(String, Secret)>), String> {
    if let Some(scheme) = mistyped_scheme(text) {
        return Err(format!("'{scheme}' is followed by '://'"));
    }
    let (scheme, rest) = match text.split_once("://") {
        None => (Scheme::Http, text),
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("unix", "")) => return Err("it has no path: unix:///PATH".to_owned()),
        Some(("unix", path)) => return Ok((Address::Unix(path.into()), None)),
        // Anything else may be a user and a password.
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(format!("unknown scheme '{scheme}'"));
        }
        Some(_) => {
            return Err(
                "it does not begin with http://, https://, unix:// or HOST:PORT".to_owned(),
            );
        }
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, authority) = match authority.rsplit_once('@') {
        Some((user, authority)) => (Some(parse_user(user)?), authority),
        None => (None, authority),
    };
    // A password with a slash ends the authority too early: nothing of such an address may be taken for
    // a host, and be shown.
    if path.contains('@') {
        return Err(MISPLACED_AT.to_owned());
    }
    // What is shown of it without its scheme would be taken for one.
    if path.contains("://") {
        return Err("its path holds '://': addresses of a list are separated by commas".to_owned());
    }
    let path = path.trim_matches('/');
    let is_url = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
    if !is_url {
        return Err("its path is not valid in a URL".to_owned());
    }
    let authority = parse_authority(authority)?;
    let address = |path: &str| Address::Tcp {
        scheme,
        authority,
        path: if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        },
    };
    match base_of_api(path) {
        Some(base) => Err(format!(
            "its path is that of the API or the user interface: the address is {}",
            address(base)
        )),
        None => Ok((address(path), user)),
    }
}

/// Returns what stands before the path of Consul's API or user interface, if a path ends in one: a
/// request below it would find nothing, or another endpoint.
fn base_of_api(path: &str) -> Option<&str> {
    let starts = path.match_indices('/').map(|(slash, _)| slash + 1);
    let start = [0].into_iter().chain(starts).find(|start| {
        let segment = path[*start..].split('/').next();
        matches!(segment, Some("v1" | "ui"))
    })?;
    Some(path[..start].trim_end_matches('/'))
}

fn parse_user(text: &str) -> Result<(String, Secret), String> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| "its user or password is not valid UTF-8".to_owned())
    };
    Ok((decoded(user)?, Secret::new(decoded(password)?)))
}

/// Parses `host`, `host:port`, `[address]:port`, and `:port` for this machine, as in Go.
fn parse_authority(text: &str) -> Result<String, String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    if port
        .is_some_and(|port| port.starts_with('+') || !port.parse().is_ok_and(|port: u16| port > 0))
    {
        // What stands there may be a password.
        return Err("it has no valid port".to_owned());
    }
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    match (host, port) {
        _ if !is_host => Err("it is not HOST:PORT".to_owned()),
        ("", Some(port)) => Ok(format!("127.0.0.1:{port}")),
        ("", None) => Err("it has no host".to_owned()),
        (digits, None) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Err(format!(
            "it is a port without a host: :{digits} is that port of this machine"
        )),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<String, String> {
        parse(text).map(|(address, _)| address.to_string())
    }

    #[test]
    fn addresses_are_parsed_as_by_consuls_tools() {
        for (text, shown) in [
            ("10.0.0.1:8500", "10.0.0.1:8500"),
            ("http://consul.example", "consul.example"),
            (
                "http://consul.example:80/behind/proxy/",
                "consul.example:80/behind/proxy",
            ),
            ("h:80/v10/uis", "h:80/v10/uis"),
            ("[::1]:8500", "[::1]:8500"),
            ("http://[::1]", "[::1]"),
            (":8500", "127.0.0.1:8500"),
            ("https://consul.example:8501", "https://consul.example:8501"),
            ("https://u:p@h/behind/", "https://h/behind"),
            ("unix:///run/consul.sock", "unix:///run/consul.sock"),
            ("http:8500", "http:8500"),
            ("https/behind", "https/behind"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(shown));
        }
        for (text, words) in [
            ("unix://", "no path"),
            ("8500", "a port without a host: :8500"),
            ("http://8500/path", ":8500 is that port of this machine"),
            ("https://h:8501/v1/kv", "the address is https://h:8501"),
            ("https://", "no host"),
            ("HTTPS://h", "unknown scheme"),
            ("http:/user:PASS@h:1", "'http' is followed by '://'"),
            ("https//user:PASS@h:1", "'https' is followed by '://'"),
            ("unix:/run/consul.sock", "'unix' is followed by '://'"),
            ("consul.example:0", "no valid port"),
            ("tcp://consul.example", "unknown scheme 'tcp'"),
            ("consul.example:port", "no valid port"),
            ("consul.example:99999", "no valid port"),
            ("consul example:8500", "not HOST:PORT"),
            ("::1", "not HOST:PORT"),
            ("http://", "no host"),
            ("h:1/a b", "path"),
            ("http://h:8500/v1/kv", "the address is h:8500"),
            ("h:8500/v1/", "the address is h:8500"),
            ("http://h:8500/ui/dc1/kv", "the address is h:8500"),
            ("http://h/consul/v1/kv/a", "the address is h/consul"),
            ("http://h:1/a+https://i:1", "separated by commas"),
            ("http://h:1/://", "separated by commas"),
            ("h:1/a@b", "%40"),
            ("http://user:PASS/x@h:1", "%2F"),
            ("user:8500/PASS@h:1", "%2F"),
            ("user:PASS@http://h:1", "HOST:PORT"),
            ("http://user:PASS", "no valid port"),
            ("http://us er:PASS:1", "not HOST:PORT"),
            ("http://PASS%zz@h x:1", "not HOST:PORT"),
        ] {
            let what = address(text).unwrap_err();
            assert!(what.contains(words), "{text}: {what}");
            assert!(!what.contains("PASS"), "{text}: {what}");
        }
    }

    #[test]
    fn a_list_of_addresses_is_split_at_its_commas() {
        for (text, parts) in [
            ("h:1", &["h:1"][..]),
            ("h:1,h:2", &["h:1", "h:2"]),
            (" h:1 , https://h:2", &["h:1", "https://h:2"]),
            (
                "https://u:p%2C@h:1,https://u:p@h:2",
                &["https://u:p%2C@h:1", "https://u:p@h:2"],
            ),
            ("u:p@h:1,h:2", &["u:p@h:1", "h:2"]),
            ("unix:///a,h:1", &["unix:///a", "h:1"]),
            (
                "h:1,unix:///a,unix:///b",
                &["h:1", "unix:///a", "unix:///b"],
            ),
        ] {
            assert_eq!(split(text).unwrap(), parts, "{text}");
        }
        for text in ["h:1,", ",h:1", "h:1,,h:2", ","] {
            assert!(split(text).unwrap_err().contains("empty"), "{text}");
        }
        for text in [
            "http://u:8500,PASS@h:1",
            "u:8500,PASS@h:1",
            "h:1,u:PASS@h:2",
        ] {
            let what = split(text).unwrap_err();
            assert!(what.contains("%2C") && !what.contains("PASS"), "{what}");
        }
    }

    #[test]
    fn user_and_password_are_decoded() {
        let (address, user) = parse("http://us%20er:p%40ss:w@h:1/x").unwrap();
        assert_eq!(address.to_string(), "h:1/x");
        assert_eq!(user, Some(("us er".to_owned(), Secret::new("p@ss:w"))));
    }
}
