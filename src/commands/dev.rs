//! `kvw dev`

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use crate::agent::{DevServer, ListenAddress, ServerConfig};
use crate::args::input::document_as_name;
use crate::args::key::KeyArgs;
use crate::args::key_mapping::{ImportEntry, KeyMapping};
use crate::args::program::{exit_of, guard};
use crate::args::size::size;
use crate::consul::ConsulEndpoint;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::handlers::Policies;
use crate::model::{DocumentReader, Exported, Invalid, abbreviate};
use crate::process::{
    ForegroundChild, ProcessGroups, SweepPolicy, describe_unstarted, process_error, thread_error,
};
use crate::term::Ui;

/// Run an embedded in-memory agent for experiments and tests
///
/// The agent implements Consul's KV store, blocking queries, transactions and sessions, and nothing
/// else. It keeps all data in memory, and prints its address as the only line on stdout. It is not
/// for production. On a loopback address it answers only to clients that call it localhost, 127.0.0.0/8
/// or ::1, so that no website can reach it by way of a browser.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kvw dev                              # on the default address
  kvw dev --load config.json           # with the entries of an export
  kvw dev --listen 127.0.0.1:0         # on a free port
  kvw dev -- ./integration-tests.sh    # for the time of one command")]
pub struct DevArgs {
    #[arg(
        long,
        value_name = "ADDR",
        help = format!(
            "HOST:PORT to listen on, port 0 for a free one, or unix:///PATH \
             [default: {}, or a free port with CMD]",
            ConsulEndpoint::default().address
        )
    )]
    listen: Option<String>,

    /// Allow --listen on an address that other machines can reach: they can read and write everything
    #[arg(long, hide_short_help = true)]
    allow_public: bool,

    /// Most bytes to store, keys included; an answer may have twice as many
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = size,
        default_value = "256M",
        hide_short_help = true
    )]
    memory: usize,

    /// Load the entries of FILE, in the format of export, at startup
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,

    /// Prepend P to each loaded key
    #[arg(
        long,
        value_name = "P",
        requires = "load",
        default_value = "",
        hide_default_value = true
    )]
    prefix: String,

    #[command(flatten)]
    key_args: KeyArgs,

    /// Run CMD with CONSUL_HTTP_ADDR set and kvw on PATH; exit with its status
    ///
    /// What CMD leaves behind in its process group has a second to end by itself, or none after a signal, and
    /// is then ended; so are CMD and all of that when kvw is killed. Daemons that left the group live on.
    #[arg(last = true, value_name = "CMD", value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
}

/// What the command may leave behind in its group: what a handler may.
fn left_behind() -> SweepPolicy {
    let usual = Policies::default();
    SweepPolicy {
        linger: usual.linger,
        stop_timeout: usual.stop_timeout,
        ends_daemons: false,
    }
}

/// Runs the verb.
pub fn run(ctx: &Context, args: DevArgs) -> anyhow::Result<Exit> {
    let DevArgs {
        listen,
        allow_public,
        memory,
        load,
        prefix,
        key_args,
        command,
    } = args;
    raise_descriptor_limit();
    let address = match listen {
        Some(address) => address,
        None if !command.is_empty() => "127.0.0.1:0".to_owned(),
        None => ConsulEndpoint::default().address.to_string(),
    };
    let server = bind(&address, allow_public, ServerConfig { memory })?;
    if let Some(file) = load {
        let names = KeyMapping {
            strip: String::new(),
            prefix,
            exact: key_args.allows_any(),
        };
        load_entries(&ctx.ui, &server, &file, &names)?;
    }
    // Removed in the end.
    let socket = server.address().socket_file();
    let address = match server.address() {
        ListenAddress::Unix(path) => format!("unix://{}", path.display()),
        ListenAddress::Tcp(address) => {
            if !is_loopback(address) {
                ctx.ui
                    .warn("everyone who can reach this address can read and write everything");
            }
            format!("http://{}", reachable(*address))
        }
    };
    // Before anything is served, so that from here on a signal ends the agent in order.
    let signals = handle_signals(!command.is_empty()).context("installing signal handlers")?;
    server
        .start()
        .map_err(|error| thread_error("for the server", &error))?;
    ctx.ui
        .status("kvw dev keeps everything in memory and is not for production");
    if command.is_empty() {
        writeln!(&ctx.ui, "{address}")?;
        ctx.ui.flush()?;
        let exit = serve(signals);
        drop(socket);
        return exit;
    }
    ctx.ui.status(&address);
    let exit = run_command(&ctx.ui, &command, &address, signals);
    drop(socket);
    exit
}

/// Raises the limit of open files: each blocked query is an open socket, and 1024 is a common soft
/// limit.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Without it fewer connections are possible.
    let _ = setrlimit(Resource::Nofile, raised);
}

fn bind(address: &str, allow_public: bool, config: ServerConfig) -> anyhow::Result<DevServer> {
    if let Some(path) = address.strip_prefix("unix://") {
        return Ok(bind_socket(address, path, config)?);
    }
    check_address(address)?;
    let listening = |error: std::io::Error| {
        let failure = Failure::new(
            Exit::Unavailable,
            format!("listening on {address}: {error}"),
        );
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.hint("--listen 127.0.0.1:0 uses a free port and prints it")
            }
            _ => failure,
        }
    };
    let resolved: Vec<SocketAddr> = address.to_socket_addrs().map_err(listening)?.collect();
    // Before anything is bound: not even for a moment may others connect.
    let public = resolved.iter().find(|address| !is_loopback(address));
    if let Some(public) = public.filter(|_| !allow_public) {
        let failure = Failure::usage(format!(
            "--listen {address}: other machines may reach {}, and could read and write everything",
            public.ip()
        ));
        return Err(failure
            .hint("--allow-public permits it, 127.0.0.1 is for this machine only")
            .into());
    }
    Ok(DevServer::bind(&*resolved, config).map_err(listening)?)
}

/// Listens on a unix socket. Its path is made absolute, because the command may run elsewhere.
fn bind_socket(address: &str, path: &str, config: ServerConfig) -> Result<DevServer, Failure> {
    let listening = |error: std::io::Error| {
        let failure = Failure::new(
            Exit::Unavailable,
            format!("listening on {address}: {error}"),
        );
        match error.kind() {
            std::io::ErrorKind::AddrInUse => failure.hint("another server, or a file, is there"),
            _ => failure,
        }
    };
    if path.is_empty() {
        return Err(Failure::usage("--listen unix:// has no path"));
    }
    let path = std::path::absolute(path).map_err(listening)?;
    DevServer::bind_unix(&path, config).map_err(listening)
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Returns an address that clients on this machine can connect to, also where the agent listens on
/// all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn check_address(address: &str) -> Result<(), Failure> {
    let well_formed = address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if well_formed {
        return Ok(());
    }
    let failure = Failure::usage(format!(
        "--listen {address:?} is neither HOST:PORT nor unix:///PATH"
    ));
    Err(failure.hint("for example 127.0.0.1:8500, or port 0 for a free port"))
}

/// Loads the entries of an export document, before anything is served.
fn load_entries(
    ui: &Ui,
    server: &DevServer,
    file: &Path,
    names: &KeyMapping,
) -> anyhow::Result<()> {
    let shown = file.to_string_lossy();
    let opened = File::open(file).map_err(|error| {
        document_as_name(&shown, &error)
            .unwrap_or_else(|| Failure::usage(format!("opening {}: {error}", abbreviate(&shown))))
    })?;
    let mut first = None;
    let mut foreign = None;
    for (number, entry) in (1..).zip(DocumentReader::new(BufReader::new(opened))) {
        let loading = || format!("loading {}", abbreviate(&shown));
        let entry = entry.with_context(loading)?;
        names.check(&entry.key).map_err(|failure| {
            let message = format!("{}: entry {number}: {}", loading(), failure.message);
            Failure { message, ..failure }
        })?;
        if foreign.is_none() {
            foreign = elsewhere(&entry);
        }
        let entry = names
            .import_entry(entry)
            .map_err(|what| Invalid::new(format!("entry {number}"), what))
            .with_context(loading)?;
        if let Some(ImportEntry { key, value, flags }) = entry {
            first.get_or_insert_with(|| key.clone());
            server
                .load(key.to_string(), value, flags)
                .map_err(|error| Failure::usage(format!("{}: key {key}: {error}", loading())))?;
        }
    }
    if let Some(place) = foreign {
        ui.warn(format!("{place}, and kvw dev has only the default one"));
    }
    if let Some(first) = first {
        names.note_first_key(ui, first.as_str());
    }
    Ok(())
}

/// Says which namespace or partition an entry belongs to, if it is not the default one.
fn elsewhere(entry: &Exported) -> Option<String> {
    let namespace = ("namespace", &entry.namespace);
    let places = [namespace, ("partition", &entry.partition)];
    places.into_iter().find_map(|(kind, name)| {
        let name = name.as_deref()?;
        let other = !name.is_empty() && !name.eq_ignore_ascii_case("default");
        let key = abbreviate(&entry.key);
        other.then(|| format!("key {key} belongs to {kind} {}", abbreviate(name)))
    })
}

/// Installs handlers for the signals that end the agent, and with a command for further ones that are
/// passed on to it.
fn handle_signals(with_command: bool) -> std::io::Result<Signals> {
    // As process 1 the agent would be immune to a QUIT without a handler.
    let mut numbers = vec![SIGTERM, SIGINT, SIGHUP, SIGQUIT];
    if with_command {
        numbers.extend([SIGUSR1, SIGUSR2, SIGCHLD]);
    }
    Signals::new(numbers)
}

/// Serves until a signal arrives, and ends by it.
fn serve(mut signals: Signals) -> anyhow::Result<Exit> {
    let signal = signals
        .forever()
        .next()
        .context("waiting for a signal: the signal handlers ended")?;
    Ok(Exit::Signal(signal))
}

/// Runs the command, passes signals on to it, and returns its status.
fn run_command(
    ui: &Ui,
    command: &[OsString],
    address: &str,
    signals: Signals,
) -> anyhow::Result<Exit> {
    let (send, events) = channel();
    // The thread first: without it the command would be left alone.
    pass_signals(signals, send)?;
    let groups = ProcessGroups::new();
    guard(ui, &groups, "the command");
    let child = ForegroundChild::start(groups, &mut command_line(command, address), left_behind())
        .map_err(|error| unstarted(&command[0], &error))?;
    wait_for_command(&events, child)
}

/// Returns the error of a command that cannot be started: a wrong one, or a system that has no
/// process to give.
fn unstarted(program: &OsStr, error: &std::io::Error) -> anyhow::Error {
    let shown = Path::new(program).display();
    match error.kind() {
        std::io::ErrorKind::WouldBlock => process_error(shown, error).into(),
        _ => Failure::usage(describe_unstarted(Some(program), shown, error)).into(),
    }
}

fn start_thread(work: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let started = thread::Builder::new().spawn(run);
    started
        .map(drop)
        .map_err(|error| thread_error(work, &error))
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

/// Returns the search path with the folder of kvw in front.
fn path_with_kvw() -> Option<OsString> {
    let own = std::env::current_exe().ok()?.parent()?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).ok()
}

fn pass_signals(mut signals: Signals, events: Sender<i32>) -> std::io::Result<()> {
    start_thread("for signals", move || {
        for signal in signals.forever() {
            if events.send(signal).is_err() {
                return;
            }
        }
    })
}

/// Waits until the command and what it leaves behind have ended. The terminal sends Ctrl-C to the command
/// too, because it is in the same process group: passed on, one Ctrl-C would count as two.
fn wait_for_command(events: &Receiver<i32>, mut child: ForegroundChild) -> anyhow::Result<Exit> {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
    let mut last = None;
    loop {
        if let Some(status) = child.poll(Instant::now()) {
            return Ok(exit_of(status, last));
        }
        match events.recv_timeout(child.interval()) {
            Ok(SIGCHLD) | Err(RecvTimeoutError::Timeout) => {}
            Ok(signal) => {
                last = Some(signal);
                if terminal && matches!(signal, SIGINT | SIGQUIT) {
                    child.request_end(Instant::now());
                } else {
                    child.signal(signal, !matches!(signal, SIGUSR1 | SIGUSR2));
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                anyhow::bail!("waiting for the command: the thread for signals ended")
            }
        }
    }
}
