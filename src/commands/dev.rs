//! `kvw dev`

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::Context as _;
use clap::Args;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use crate::agent::DevServer;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::model::{DocumentReader, Exported};

/// Where a Consul agent listens, and where clients look for one.
const DEFAULT_ADDRESS: &str = "127.0.0.1:8500";

/// Run an embedded in-memory agent for trying and testing
///
/// It has Consul's KV, blocking queries, transactions and sessions, and nothing else. Everything
/// is gone when it ends. Its address is printed as the only line on stdout.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8500, a free port with CMD]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,

    /// Start with the entries of FILE, as `export` writes them
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,

    /// Put P in front of each loaded key
    #[arg(
        long,
        value_name = "P",
        requires = "load",
        default_value = "",
        hide_default_value = true
    )]
    prefix: String,

    /// Run CMD with CONSUL_HTTP_ADDR set and kvw on PATH, and end with its status
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs the verb.
pub fn run(ctx: &mut Context, args: DevArgs) -> anyhow::Result<Exit> {
    let DevArgs {
        listen,
        load,
        prefix,
        command,
    } = args;
    raise_descriptor_limit();
    let server = bind(listen.as_deref(), !command.is_empty())?;
    if let Some(file) = load {
        read_entries(&server, &file, &prefix)?;
    }
    let address = format!("http://{}", reachable(server.address()));
    if !server.address().ip().is_loopback() {
        ctx.ui
            .warn("whoever reaches this address can read and write everything");
    }
    // Taken before anything is served: from here on a signal is an orderly end.
    let signals = signals(!command.is_empty()).context("taking over signals")?;
    server.start().context("starting the server")?;
    ctx.ui
        .status("kvw dev keeps everything in memory and is not for production");
    if command.is_empty() {
        writeln!(ctx.ui.out(), "{address}")?;
        ctx.ui.flush()?;
        return serve(signals);
    }
    ctx.ui.status(&address);
    run_command(&command, &address, signals)
}

/// A blocked query is an open socket, and common soft limits end at 1024.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where it cannot be raised, there is room for fewer connections.
    let _ = setrlimit(Resource::Nofile, raised);
}

fn bind(listen: Option<&str>, with_command: bool) -> anyhow::Result<DevServer> {
    let address = match listen {
        Some(address) => address,
        None if with_command => "127.0.0.1:0",
        None => DEFAULT_ADDRESS,
    };
    if let Some(invalid) = malformed(address) {
        return Err(invalid.into());
    }
    DevServer::bind(address).map_err(|error| {
        let failure = Failure::new(
            Exit::Unavailable,
            format!("listening on {address}: {error}"),
        );
        let failure = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.hint("--listen 127.0.0.1:0 takes a free port and prints it")
            }
            _ => failure,
        };
        failure.into()
    })
}

/// The address as a client of this machine takes it: one that stands for all is none to speak to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn malformed(address: &str) -> Option<Failure> {
    let well_formed = address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if well_formed {
        return None;
    }
    let failure = Failure::usage(format!("--listen {address:?} is not HOST:PORT"));
    Some(failure.hint("for example 127.0.0.1:8500, or port 0 for a free one"))
}

/// Puts the entries of an export document in. Nothing is served yet, so a bad one leaves nothing.
fn read_entries(server: &DevServer, file: &Path, prefix: &str) -> anyhow::Result<()> {
    let shown = file.display();
    let opened =
        File::open(file).map_err(|error| Failure::usage(format!("opening {shown}: {error}")))?;
    for entry in DocumentReader::new(BufReader::new(opened)) {
        let Exported { key, flags, value } = entry.with_context(|| format!("loading {shown}"))?;
        server.load(format!("{prefix}{key}"), value, flags);
    }
    Ok(())
}

/// The signals that end the agent; a command is given some more to pass on.
fn signals(with_command: bool) -> std::io::Result<Signals> {
    let mut numbers = vec![SIGTERM, SIGINT, SIGHUP];
    if with_command {
        numbers.extend([SIGQUIT, SIGUSR1, SIGUSR2]);
    }
    Signals::new(numbers)
}

/// Serves until a signal comes, and ends by it.
fn serve(mut signals: Signals) -> anyhow::Result<Exit> {
    let signal = signals
        .forever()
        .next()
        .context("waiting for a signal: the end of all signals")?;
    Ok(Exit::Signal(signal))
}

enum ChildEvent {
    Signal(i32),
    Ended(std::io::Result<ExitStatus>),
}

/// Runs the command, passes signals on to it, and gives its status.
fn run_command(command: &[OsString], address: &str, signals: Signals) -> anyhow::Result<Exit> {
    let mut child = command_line(command, address).spawn().map_err(|error| {
        let shown = command[0].to_string_lossy();
        Failure::usage(format!("running {shown}: {error}"))
    })?;
    let pid = Pid::from_child(&child);
    let (send, events) = channel();
    pass_signals(signals, send.clone());
    thread::spawn(move || send.send(ChildEvent::Ended(child.wait())));
    wait(&events, pid)
}

fn command_line(words: &[OsString], address: &str) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"CONSUL_") {
            command.env_remove(name);
        }
    }
    command.env("CONSUL_HTTP_ADDR", address);
    if let Some(path) = path_with_kvw() {
        command.env("PATH", path);
    }
    command
}

/// The search path with our own folder in front.
fn path_with_kvw() -> Option<OsString> {
    let own = std::env::current_exe().ok()?.parent()?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).ok()
}

fn pass_signals(mut signals: Signals, events: Sender<ChildEvent>) {
    thread::spawn(move || {
        for signal in signals.forever() {
            if events.send(ChildEvent::Signal(signal)).is_err() {
                return;
            }
        }
    });
}

/// Until the command ends. A key press at the terminal reaches the command by itself, because it
/// is in our process group: sent again, one Ctrl-C would count as two.
fn wait(events: &Receiver<ChildEvent>, pid: Pid) -> anyhow::Result<Exit> {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
    let mut last = None;
    for event in events {
        match event {
            ChildEvent::Signal(signal) => {
                last = Some(signal);
                let by_itself = terminal && matches!(signal, SIGINT | SIGQUIT);
                if let Some(signal) = Signal::from_named_raw(signal).filter(|_| !by_itself) {
                    // It may have ended just now.
                    let _ = kill_process(pid, signal);
                }
            }
            ChildEvent::Ended(status) => {
                return Ok(end(status.context("waiting for the command")?, last));
            }
        }
    }
    anyhow::bail!("waiting for the command: nobody does")
}

/// The command's status; a death by the signal that we were sent too is ours as well.
fn end(status: ExitStatus, last: Option<i32>) -> Exit {
    let number = |code: i32| u8::try_from(code).unwrap_or(u8::MAX);
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Child(number(code)),
        (None, Some(signal)) if last == Some(signal) => Exit::Signal(signal),
        (None, signal) => Exit::Child(number(128 + signal.unwrap_or_default())),
    }
}
