//! A person at work: the editor, the questions, and the signals meanwhile.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::args::check_runner::CheckRunner;
use crate::exit::Exit;
use crate::process::{ChildStatus, ProcessGroups, pass_signals, thread_error};
use crate::term::{Ui, escape_line};

/// How long an editor may take to end that was asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a signal may wait for its turn, while Consul is asked.
const TAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest time between two looks at the editor.
const INTERVAL: Duration = Duration::from_secs(1);

/// What the signal thread and the main thread share.
#[derive(Default)]
struct SignalState {
    /// The signal that asks to end, or 0.
    stop: AtomicI32,
    /// Whether the main thread knows of it.
    is_taken: AtomicBool,
    /// Whether an editor runs, which a Ctrl-C is for.
    is_editing: AtomicBool,
    /// The file that is named when the main thread cannot.
    file: Mutex<PathBuf>,
}

impl SignalState {
    fn stop(&self) -> Option<i32> {
        let signal = self.stop.load(Ordering::SeqCst);
        self.is_taken.fetch_or(signal != 0, Ordering::SeqCst);
        Some(signal).filter(|signal| *signal != 0)
    }

    /// Takes a signal that arrived.
    fn arrive(self: &Arc<Self>, signal: i32) {
        let is_editing = self.is_editing.load(Ordering::SeqCst);
        if signal == SIGCHLD || matches!(signal, SIGINT | SIGQUIT) && is_editing {
            return;
        }
        if self.stop.swap(signal, Ordering::SeqCst) == 0 {
            let state = Arc::clone(self);
            // Without the thread, the main thread takes it when Consul has answered.
            let _ = thread::Builder::new()
                .name("signal-timeout".to_owned())
                .spawn(move || {
                    thread::sleep(TAKE_TIMEOUT);
                    if !state.is_taken.load(Ordering::SeqCst) {
                        state.die(signal);
                    }
                });
        }
    }

    /// Names the file, and dies of the signal.
    fn die(&self, signal: i32) {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = escape_line(file.as_os_str().as_encoded_bytes());
        let _ = writeln!(io::stderr(), "error: stopped by a signal\n{shown}");
        let code = Exit::Signal(signal).code();
        let _ = Exit::Signal(signal).end();
        std::process::exit(code.into());
    }
}

/// How an editor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorEnd {
    /// It ended so.
    Exited(ChildStatus),
    /// A signal asks kvw to end, and the editor was asked too.
    Stopped(i32),
}

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptAnswer {
    /// The letter of a choice.
    Choice(char),
    /// There is nobody who answers any more.
    End,
    /// A signal asks kvw to end.
    Stopped(i32),
}

/// The modes of the terminal, as they were before an editor took it.
struct TerminalModes(Termios);

impl TerminalModes {
    /// Remembers them; `None` without a terminal.
    fn save() -> Option<Self> {
        tcgetattr(io::stdin()).ok().map(TerminalModes)
    }

    /// Gives the terminal back that an editor has left raw, as vi does when a signal ends it.
    fn restore(&self) {
        // In the background, kvw would be stopped for it.
        if tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp()) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
        }
    }
}

/// The editor, the questions, and the signals meanwhile.
pub struct Interaction {
    state: Arc<SignalState>,
    wake: Receiver<()>,
    waker: SyncSender<()>,
}

impl Interaction {
    /// Listens for signals while a person works at a file. Returns a runner of checks that obeys them too.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(file: PathBuf) -> io::Result<(Self, CheckRunner)> {
        let state = Arc::new(SignalState {
            file: Mutex::new(file),
            ..SignalState::default()
        });
        let (waker, wake) = sync_channel(1);
        let (check_waker, check_wake) = sync_channel(1);
        let (arrived, own_waker) = (Arc::clone(&state), waker.clone());
        pass_signals([SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD], move |signal| {
            arrived.arrive(signal);
            // A full channel wakes too.
            let _ = own_waker.try_send(());
            let _ = check_waker.try_send(());
        })?;
        let stopped = Arc::clone(&state);
        let runner =
            CheckRunner::with_signals(ProcessGroups::new(), move || stopped.stop(), check_wake);
        Ok((Interaction { state, wake, waker }, runner))
    }

    /// Returns the signal that asks to end, if one has come.
    pub fn stop(&self) -> Option<i32> {
        self.state.stop()
    }

    /// Runs an editor to its end. It is in the process group of kvw, so that the terminal is its: a Ctrl-C
    /// is for the editor, and a Ctrl-Z stops both. What it leaves running is left alone.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_editor(&self, mut command: Command) -> io::Result<EditorEnd> {
        let terminal = TerminalModes::save();
        self.state.is_editing.store(true, Ordering::SeqCst);
        let ended = command.spawn().and_then(|child| self.wait_for(child));
        self.state.is_editing.store(false, Ordering::SeqCst);
        let is_well = matches!(&ended, Ok(EditorEnd::Exited(status)) if status.success());
        if let Some(terminal) = terminal.filter(|_| !is_well) {
            terminal.restore();
        }
        ended
    }

    fn wait_for(&self, mut child: Child) -> io::Result<EditorEnd> {
        let mut stopping: Option<(i32, Instant)> = None;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(match stopping {
                    Some((signal, _)) => EditorEnd::Stopped(signal),
                    None => EditorEnd::Exited(status.into()),
                });
            }
            match (stopping, self.stop()) {
                (None, Some(signal)) => {
                    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                    if let Some(id) = id {
                        // So that it gives the terminal back.
                        let _ = kill_process(id, Signal::TERM);
                    }
                    stopping = Some((signal, Instant::now() + STOP_TIMEOUT));
                }
                // Its text may be nowhere else: it is not killed.
                (Some((signal, until)), _) if Instant::now() >= until => {
                    return Ok(EditorEnd::Stopped(signal));
                }
                _ => {}
            }
            let _ = self.wake.recv_timeout(INTERVAL);
        }
    }

    /// Asks a question on the terminal until the first letter of a line is one of the choices.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn ask(&self, ui: &Ui, question: &str, choices: &[char]) -> io::Result<PromptAnswer> {
        loop {
            ui.question(question)?;
            let Some(line) = self.read_line()? else {
                return Ok(self.stop().map_or(PromptAnswer::End, PromptAnswer::Stopped));
            };
            let letter = line.trim_start().chars().next();
            let choice = letter.map(|letter| letter.to_ascii_lowercase());
            if let Some(choice) = choice.filter(|choice| choices.contains(choice)) {
                return Ok(PromptAnswer::Choice(choice));
            }
        }
    }

    /// Reads a line, on a thread of its own, so that a signal ends the wait; `None` at the end of stdin, and
    /// when a signal asks to end.
    fn read_line(&self) -> io::Result<Option<String>> {
        let (send, answer) = channel();
        let waker = self.waker.clone();
        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || {
                let mut line = String::new();
                let read = io::stdin().read_line(&mut line);
                let _ = send.send(read.map(|read| (read > 0).then_some(line)));
                let _ = waker.try_send(());
            })
            .map_err(|error| thread_error("for the answer", &error))?;
        loop {
            if let Ok(line) = answer.try_recv() {
                return line;
            }
            if self.stop().is_some() {
                return Ok(None);
            }
            let _ = self.wake.recv_timeout(INTERVAL);
        }
    }
}
