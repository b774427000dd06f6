//! The proxy of a connection: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` as Go's clients understand them.

use std::net::IpAddr;

use super::env::Env;
use crate::consul::{Address, Scheme, Secret};

/// Returns the proxy, which may hold a password, for this address, unless `NO_PROXY` exempts it. The
/// client itself never uses a proxy for loopback addresses.
pub fn proxy_for(env: &Env, address: &Address) -> Option<Secret> {
    let Address::Tcp {
        scheme, authority, ..
    } = address
    else {
        return None;
    };
    let proxy = match scheme {
        Scheme::Https => env.var("HTTPS_PROXY").or_else(|| env.var("https_proxy")),
        // A CGI program's HTTP_PROXY is the client's `Proxy:` header.
        Scheme::Http if env.var("REQUEST_METHOD").is_some() => None,
        Scheme::Http => env.var("HTTP_PROXY").or_else(|| env.var("http_proxy")),
    };
    let proxy = proxy?.to_str()?;
    let except = env.var("NO_PROXY").or_else(|| env.var("no_proxy"));
    let except = except.and_then(|text| text.to_str()).unwrap_or("");
    (!exempts(except, authority, scheme.default_port())).then(|| {
        if proxy.contains("://") {
            Secret::new(proxy)
        } else {
            Secret::new(format!("http://{proxy}"))
        }
    })
}

/// Whether `NO_PROXY` names this host: `*`, a domain and its subdomains, `.domain` for only the
/// subdomains, an address, a network in CIDR form, each with or without a port.
fn exempts(except: &str, authority: &str, default_port: &str) -> bool {
    let (host, port) = split_port(authority);
    let port = port.unwrap_or(default_port);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    except
        .split([',', ' '])
        .filter(|pattern| !pattern.is_empty())
        .any(|pattern| matches(&pattern.to_ascii_lowercase(), &host, port))
}

fn matches(pattern: &str, host: &str, port: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if let Some((network, bits)) = pattern.split_once('/') {
        return in_network(host, network, bits).unwrap_or(false);
    }
    let (pattern, only_port) = split_port(pattern);
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    if let (Ok(pattern), Ok(host)) = (pattern.parse::<IpAddr>(), host.parse::<IpAddr>()) {
        return pattern == host;
    }
    let pattern = pattern.strip_prefix('*').unwrap_or(pattern);
    match pattern.strip_prefix('.') {
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.')),
        None => host
            .strip_suffix(pattern)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
    }
}

/// Whether the host is in the network; `None` if either is not an address.
fn in_network(host: &str, network: &str, bits: &str) -> Option<bool> {
    let bits: u32 = bits.parse().ok()?;
    let (host, network, width) = match (host.parse().ok()?, network.parse().ok()?) {
        (IpAddr::V4(host), IpAddr::V4(network)) => (
            u128::from(host.to_bits()),
            u128::from(network.to_bits()),
            32,
        ),
        (IpAddr::V6(host), IpAddr::V6(network)) => (host.to_bits(), network.to_bits(), 128),
        _ => return Some(false),
    };
    let shift = u32::checked_sub(width, bits)?;
    Some(host.checked_shr(shift).unwrap_or(0) == network.checked_shr(shift).unwrap_or(0))
}

/// Splits host and port, and removes the brackets of an IPv6 address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some(rest) = authority.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => (rest, None),
        };
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_parsed_as_in_go() {
        for (except, authority, exempt) in [
            ("*", "consul.example:8500", true),
            ("consul.example", "consul.example:8500", true),
            ("example", "consul.example:8500", true),
            (".example", "consul.example:8500", true),
            (".consul.example", "consul.example:8500", false),
            ("*.example", "consul.example:8500", true),
            ("ample", "consul.example:8500", false),
            ("other, CONSUL.example", "consul.Example:8500", true),
            ("consul.example:8500", "consul.example:8500", true),
            ("consul.example:80", "consul.example:8500", false),
            ("consul.example:80", "consul.example", true),
            ("10.0.0.1", "10.0.0.1:8500", true),
            ("10.0.0.0/8", "10.1.2.3:8500", true),
            ("10.0.0.0/8", "11.1.2.3:8500", false),
            ("0.0.0.0/0", "11.1.2.3:8500", true),
            ("10.0.0.0/99", "10.1.2.3:8500", false),
            ("fd00::/8", "[fd12::1]:8500", true),
            ("::1", "[::1]:8500", true),
            ("", "consul.example:8500", false),
        ] {
            assert_eq!(
                exempts(except, authority, "80"),
                exempt,
                "{except} {authority}"
            );
        }
    }

    #[test]
    fn the_proxy_comes_from_the_environment_unless_a_request_could_have_set_it() {
        let proxy_of = |scheme, set: &[(&str, &str)]| {
            let address = Address::Tcp {
                scheme,
                authority: "consul.example:8500".to_owned(),
                path: String::new(),
            };
            let proxy = proxy_for(&Env::with(set), &address);
            proxy.map(|proxy| proxy.expose().to_owned())
        };
        let proxy = |set: &[(&str, &str)]| proxy_of(Scheme::Http, set);
        let both = [("HTTP_PROXY", "p:1"), ("HTTPS_PROXY", "q:2")];
        assert_eq!(proxy(&both).as_deref(), Some("http://p:1"));
        let https = proxy_of(Scheme::Https, &both);
        assert_eq!(https.as_deref(), Some("http://q:2"));
        assert_eq!(proxy_of(Scheme::Https, &both[..1]), None);
        let socket = Address::Unix("/s".into());
        assert_eq!(proxy_for(&Env::with(&both), &socket), None);
        assert_eq!(proxy(&[]), None);
        assert_eq!(proxy(&[("HTTP_PROXY", "")]), None);
        assert_eq!(
            proxy(&[("HTTP_PROXY", "p:3128"), ("http_proxy", "q")]).as_deref(),
            Some("http://p:3128")
        );
        assert_eq!(
            proxy(&[("http_proxy", "http://q:1")]).as_deref(),
            Some("http://q:1")
        );
        assert_eq!(proxy(&[("HTTP_PROXY", "p"), ("NO_PROXY", "example")]), None);
        assert_eq!(
            proxy(&[("HTTP_PROXY", "p"), ("REQUEST_METHOD", "GET")]),
            None
        );
    }
}
