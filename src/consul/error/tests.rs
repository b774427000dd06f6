use super::*;
use crate::consul::failed_phase::FailedPhase;
use crate::consul::tls::TlsFault;

fn context(write: bool) -> RequestContext {
    RequestContext {
        doing: "reading key app/name".to_owned(),
        address: "127.0.0.1:8500".to_owned(),
        write,
        anonymous: false,
        redactor: Redactor::default(),
    }
}

fn io(kind: io::ErrorKind) -> ureq::Error {
    ureq::Error::Io(io::Error::from(kind))
}

fn marked(failed: FailedPhase) -> ureq::Error {
    ureq::Error::Other(Box::new(failed))
}

#[test]
fn statuses_mean_what_consul_means_by_them() {
    for (status, text, cause) in [
        (301, "", Cause::Redirected),
        (307, "", Cause::Redirected),
        (400, "", Cause::Refused),
        (400, "Invalid index", Cause::Refused),
        (
            400,
            "Client sent an HTTP request to an HTTPS server.",
            Cause::Tls,
        ),
        (
            400,
            "<html><title>400 The plain HTTP request was sent to HTTPS port</title>",
            Cause::Tls,
        ),
        (
            400,
            "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
            Cause::Tls,
        ),
        (401, "", Cause::Denied),
        (403, "Permission denied", Cause::Denied),
        (
            403,
            "Permission denied: token with AccessorID '…' lacks permission 'key:read' on \"a\"",
            Cause::Denied,
        ),
        (403, "ACL not found", Cause::UnknownToken),
        (404, "", Cause::NotConsul),
        (408, "", Cause::Server),
        (504, "Gateway Time-out", Cause::Server),
        (524, "", Cause::Server),
        (405, "method POST not allowed", Cause::Refused),
        (
            413,
            "Request body(524289 bytes) too large, max size: 524288 bytes.",
            Cause::TooLarge,
        ),
        (
            413,
            "Transaction contains too many operations (65 > 64)",
            Cause::TooLarge,
        ),
        (429, "", Cause::RateLimited),
        (
            429,
            "rate limit exceeded, try again later or against a different server",
            Cause::RateLimited,
        ),
        (
            429,
            "Your IP is issuing too many concurrent connections, please rate limit your calls",
            Cause::TooManyConnections,
        ),
        (431, "", Cause::Refused),
        (500, "No cluster leader", Cause::NoLeader),
        (500, "No known Consul servers", Cause::NoLeader),
        (500, "rpc error making call: EOF", Cause::LeaderLost),
        (
            500,
            "rpc error getting client: failed to get conn: dial tcp",
            Cause::NoLeader,
        ),
        (
            500,
            "leadership lost while committing log",
            Cause::LeaderLost,
        ),
        (500, "No path to datacenter", Cause::UnknownDatacenter),
        (
            500,
            "raft apply failed: invalid session \"x\"",
            Cause::UnknownSession,
        ),
        (
            500,
            "invalid key name, must not begin with '/'",
            Cause::Refused,
        ),
        (
            500,
            "rpc error making call: rate limit exceeded, try again later",
            Cause::RateLimited,
        ),
        (500, "Missing node registration", Cause::Unregistered),
        (
            500,
            "apply failed: Missing check 'web' registration",
            Cause::Unregistered,
        ),
        (500, "Check 'web' is in critical state", Cause::Unregistered),
        (500, "strconv.ParseUint: parsing", Cause::Server),
        (501, "kvw dev has no such endpoint", Cause::Refused),
        (502, "<html>", Cause::Server),
        (
            503,
            "rate limit exceeded for operation that can only be performed by the leader",
            Cause::RateLimited,
        ),
        (503, "upstream connect error", Cause::Server),
        (204, "", Cause::InvalidAnswer),
    ] {
        assert_eq!(classify_status(status, text), cause, "{status} {text}");
    }
}

#[test]
fn failures_on_the_way_mean_what_is_known_about_them() {
    let timeout = || ureq::Error::Timeout(ureq::Timeout::RecvResponse);
    for (error, cause, text) in [
        (
            marked(FailedPhase::Connecting(io(
                io::ErrorKind::ConnectionRefused,
            ))),
            Cause::Unreachable,
            "connection refused",
        ),
        (
            marked(FailedPhase::Connecting(ureq::Error::Timeout(
                ureq::Timeout::Connect,
            ))),
            Cause::Unreachable,
            "connecting took too long",
        ),
        (
            marked(FailedPhase::Sending(io(io::ErrorKind::BrokenPipe))),
            Cause::Unsent,
            "the connection broke while sending, so nothing was done: broken pipe",
        ),
        (
            marked(FailedPhase::Unanswered),
            Cause::Dropped,
            "the connection was closed without an answer",
        ),
        (
            marked(FailedPhase::Tls),
            Cause::Tls,
            "the answer is TLS, not HTTP",
        ),
        (timeout(), Cause::TimedOut, "no answer in time"),
        (
            io(io::ErrorKind::ConnectionReset),
            Cause::Lost,
            "the connection was lost: connection reset",
        ),
        (
            io(io::ErrorKind::HostUnreachable),
            Cause::Lost,
            "the connection was lost: host unreachable",
        ),
    ] {
        assert_eq!(classify_failure(&error), (cause, text.to_owned()));
    }
}

#[test]
fn a_body_that_breaks_off_is_lost_and_one_that_is_no_json_is_an_invalid_answer() {
    let json = |text: &str| {
        let error = serde_json::from_str::<Vec<String>>(text).unwrap_err();
        context(false).map_json(error)
    };
    assert_eq!(json("[\"a\"").cause(), Cause::Lost);
    assert_eq!(json("<html>").cause(), Cause::InvalidAnswer);
    let timed_out = io::Error::other(ureq::Error::Timeout(ureq::Timeout::PerRead));
    assert_eq!(context(false).map_body(&timed_out).cause(), Cause::TimedOut);
    let cut = io::Error::new(io::ErrorKind::UnexpectedEof, "Peer disconnected");
    assert_eq!(
        context(false).map_body(&cut).to_string(),
        "reading key app/name at 127.0.0.1:8500: the answer was cut off"
    );
}

#[test]
fn a_write_whose_answer_is_missing_may_have_happened() {
    for (cause, read, write) in [
        (
            Cause::Unreachable,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::Unsent,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::TimedOut,
            ErrorClass::Unavailable,
            ErrorClass::Unknown,
        ),
        (Cause::Lost, ErrorClass::Unavailable, ErrorClass::Unknown),
        (Cause::Dropped, ErrorClass::Unavailable, ErrorClass::Unknown),
        (
            Cause::TooManyConnections,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::RateLimited,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::NoLeader,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::LeaderLost,
            ErrorClass::Unavailable,
            ErrorClass::Unknown,
        ),
        (Cause::Server, ErrorClass::Unavailable, ErrorClass::Unknown),
        (
            Cause::InvalidAnswer,
            ErrorClass::Unavailable,
            ErrorClass::Unknown,
        ),
        (
            Cause::UnknownDatacenter,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::Redirected,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (
            Cause::NotConsul,
            ErrorClass::Unavailable,
            ErrorClass::Unavailable,
        ),
        (Cause::Tls, ErrorClass::Unavailable, ErrorClass::Unavailable),
        (Cause::Denied, ErrorClass::Denied, ErrorClass::Denied),
        (Cause::UnknownToken, ErrorClass::Denied, ErrorClass::Denied),
        (Cause::Refused, ErrorClass::Refused, ErrorClass::Refused),
        (
            Cause::RolledBack,
            ErrorClass::RolledBack,
            ErrorClass::RolledBack,
        ),
        (
            Cause::UnknownSession,
            ErrorClass::Refused,
            ErrorClass::Refused,
        ),
        (Cause::TooLarge, ErrorClass::Refused, ErrorClass::Refused),
        (Cause::Setup, ErrorClass::Refused, ErrorClass::Refused),
    ] {
        assert_eq!(context(false).error(cause, "").class(), read, "{cause:?}");
        let error = context(true).error(cause, "");
        assert_eq!(error.class(), write, "{cause:?}");
        if write == ErrorClass::Unknown {
            assert!(error.hint().unwrap().contains("read it back"), "{cause:?}");
        }
    }
}

#[test]
fn what_is_tried_again_within_seconds_is_transient_for_a_watch_too() {
    for (cause, retryable, transient) in [
        (Cause::Unreachable, false, true),
        (Cause::TimedOut, false, true),
        (Cause::Lost, true, true),
        (Cause::Dropped, true, true),
        (Cause::RateLimited, true, true),
        (Cause::NoLeader, true, true),
        (Cause::LeaderLost, true, true),
        (Cause::Server, true, true),
        (Cause::UnknownDatacenter, false, true),
        (Cause::InvalidAnswer, false, true),
        (Cause::Denied, false, false),
        (Cause::Refused, false, false),
        (Cause::RolledBack, false, false),
        (Cause::TooLarge, false, false),
        (Cause::Redirected, false, false),
    ] {
        let error = context(false).error(cause, "");
        assert_eq!(
            (error.is_retryable(), error.is_transient()),
            (retryable, transient),
            "{cause:?}"
        );
    }
}

#[test]
fn the_error_of_several_addresses_names_each_and_means_what_may_pass() {
    let error = |address: &str, cause, text: &str| {
        let address = address.to_owned();
        RequestContext {
            address,
            ..context(false)
        }
        .error(cause, text)
    };
    let tls = Cause::Handshake(TlsFault::UnknownAuthority);
    let of = |causes: &[Cause]| {
        let errors = causes.iter().zip(["h:1", "h:2", "h:3"]);
        let errors = errors.map(|(cause, address)| error(address, *cause, "why"));
        Error::at_all(errors.collect()).unwrap()
    };
    let all = of(&[tls, Cause::Unreachable, Cause::NoLeader]);
    assert_eq!(all.cause(), Cause::NoLeader);
    assert_eq!(
        all.to_string(),
        "reading key app/name at h:1: why; at h:2: why; at h:3: why"
    );
    assert_eq!(of(&[tls, Cause::Unreachable]).cause(), Cause::Unreachable);
    assert_eq!(of(&[tls, tls]).cause(), tls);
    assert_eq!(Error::at_all(Vec::new()), None);
}

#[test]
fn an_error_is_one_line_that_says_what_was_being_done_where() {
    let error = context(false).map_status(403, "");
    assert_eq!(
        error.to_string(),
        "reading key app/name at 127.0.0.1:8500: permission denied"
    );
    let error = context(false).map_status(403, "Permission denied: no rule");
    assert_eq!(
        error.to_string(),
        "reading key app/name at 127.0.0.1:8500: permission denied: no rule"
    );
    let error = context(false).map_status(500, "No cluster\n  leader\n");
    assert_eq!(
        error.to_string(),
        "reading key app/name at 127.0.0.1:8500: the server answered 500: No cluster leader"
    );
    let page = context(false)
        .map_status(502, &"é ".repeat(5000))
        .to_string();
    assert!(page.ends_with('…') && page.chars().count() < 500, "{page}");
}

#[test]
fn a_rollback_is_named_for_a_denied_permission_or_its_first_reason() {
    let key = |name| crate::model::Key::new(name).unwrap();
    let ops = ["a", "b"].map(|name| Op::Delete { key: key(name) });
    let error = |op, kind, what: &str| OpError {
        op,
        kind,
        what: what.to_owned(),
    };
    let other = error(0, OpErrorKind::Other, "out of order");
    let denied = error(1, OpErrorKind::Denied, "Permission denied: no rule");
    for (write, ops, errors, class, text) in [
        (
            true,
            &ops[..],
            vec![other.clone(), denied.clone()],
            ErrorClass::Denied,
            "key b: permission denied: no rule",
        ),
        (
            true,
            &ops[..],
            vec![other.clone()],
            ErrorClass::RolledBack,
            "key a: rolled back: out of order",
        ),
        (
            true,
            &ops[..1],
            vec![other.clone()],
            ErrorClass::RolledBack,
            "rolled back: out of order",
        ),
        // Exit 1 of a read would say that the key is missing.
        (
            false,
            &ops[..1],
            vec![other],
            ErrorClass::Refused,
            "the server refused it: out of order",
        ),
    ] {
        let error = context(write).rolled_back(ops, &errors);
        assert_eq!(error.class(), class, "{error}");
        assert_eq!(
            error.to_string(),
            format!("reading key app/name at 127.0.0.1:8500: {text}")
        );
    }
}

#[test]
fn a_page_of_a_proxy_is_named_and_not_printed() {
    for page in [
        "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n</html>",
        "<!DOCTYPE html><p>Bad</p>",
        "<HTML><BODY>no</BODY></HTML>",
    ] {
        let error = context(false).map_status(504, page).to_string();
        assert!(
            error.contains("a proxy answered 504 with an HTML page"),
            "{error}"
        );
        assert!(!error.contains('<'), "{error}");
    }
    let error = context(false)
        .map_status(403, "<html><b>no</b>")
        .to_string();
    assert!(error.contains("permission denied by a proxy"), "{error}");
}
