//! The observer that draws, and takes keys.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;

use super::draw;
use super::keyboard::{Keyboard, read_keys};
use super::screen::{self, PlainBackend};
use super::state::{ContactState, HandlerState, LiveState, ViewRequest};
use crate::exit::Exit;
use crate::handlers::{HandlerEvent, RunOutcome};
use crate::model::{Filter, Target, TargetId};
use crate::output::TimeFormat;
use crate::process::ChildStatus;
use crate::term::Ui;
use crate::watch::{Event, Flow, Observer, RouteId, WithheldChange};

/// The shortest time between two frames: 20 a second at most.
const FRAME: Duration = Duration::from_millis(50);

/// SIGHUP: what a terminal that goes away sends.
const HANGUP: i32 = 1;

/// What comes from other threads.
#[derive(Debug)]
pub enum LiveInput {
    /// From the keyboard.
    Keyboard(KeyboardInput),
    /// The leader, as the servers know it.
    Leader(Option<String>),
}

/// What comes from the keyboard.
#[derive(Debug)]
pub struct KeyboardInput(Keyboard);

/// What a view is made of.
pub struct LiveSetup {
    /// The targets.
    pub targets: Vec<Target>,
    /// The keys that are shown.
    pub filter: Filter,
    /// The addresses that may answer.
    pub addresses: Vec<String>,
    /// The names of the handlers; none where there are no handlers.
    pub routes: Vec<String>,
    /// Whether what exists at startup is reported as created: that is not fresh.
    pub reports_existing: bool,
    /// How times are written.
    pub time: TimeFormat,
    /// Whether there are colours.
    pub color: bool,
}

/// The live view. It has the terminal until it is dropped, or until the watch ends.
pub struct LiveView<'a> {
    ui: &'a Ui,
    state: LiveState,
    terminal: Terminal<PlainBackend>,
    inputs: Receiver<LiveInput>,
    ask_leader: Box<dyn Fn() + 'a>,
    setup: LiveSetup,
    /// The targets whose next changes are those of the start.
    starting: Vec<TargetId>,
    drawn: Instant,
    dirty: bool,
    left: bool,
}

impl<'a> LiveView<'a> {
    /// Takes the terminal, and reads keys from now on. `wake` wakes the engine; `ask_leader` asks for the leader, whose
    /// name comes by the sender that is given to it.
    ///
    /// # Errors
    /// When the terminal cannot be taken.
    pub fn open<W: Fn() + Clone + Send + 'static>(
        ui: &'a Ui,
        setup: LiveSetup,
        wake: W,
        ask_leader: impl FnOnce(Sender<LiveInput>, W) -> Box<dyn Fn() + 'a>,
        now: Instant,
    ) -> io::Result<Self> {
        let (sender, inputs) = channel();
        let ask_leader = ask_leader(sender.clone(), wake.clone());
        ui.flush()?;
        screen::take()?;
        let started = read_keys(move |keyboard| {
            let _ = sender.send(LiveInput::Keyboard(KeyboardInput(keyboard)));
            wake();
        });
        let backend = PlainBackend::new(setup.color);
        let terminal = started.and_then(|()| Terminal::new(backend));
        let terminal = terminal.inspect_err(|_| screen::leave())?;
        let names: Vec<&str> = setup.targets.iter().map(Target::name).collect();
        let several = setup.routes.len() > 1;
        let handlers = setup.routes.iter().map(|name| HandlerState {
            name: several.then(|| name.clone()),
            ..HandlerState::default()
        });
        let title = match &names[..] {
            [""] => "all keys".to_owned(),
            names => names.join(", "),
        };
        let state = LiveState::new(
            title,
            setup.addresses.first().cloned().unwrap_or_default(),
            common_folder(&names),
            handlers.collect(),
            now,
        );
        Ok(LiveView {
            ui,
            state,
            terminal,
            inputs,
            ask_leader,
            setup,
            starting: Vec::new(),
            drawn: now,
            dirty: true,
            left: false,
        })
    }

    fn draw(&mut self, now: Instant) -> io::Result<()> {
        if self.left {
            return Ok(());
        }
        if screen::take_spoilt() {
            self.terminal.clear()?;
        }
        self.state.advance(now);
        self.dirty = false;
        self.drawn = now;
        let (state, time) = (&mut self.state, &self.setup.time);
        self.terminal.draw(|frame| draw::draw(frame, state, time))?;
        Ok(())
    }

    fn take(&mut self, input: LiveInput) -> io::Result<Flow> {
        self.dirty = true;
        let key = match input {
            LiveInput::Leader(leader) => {
                self.state.update(|picture| picture.leader = leader);
                return Ok(Flow::Continue);
            }
            LiveInput::Keyboard(KeyboardInput(Keyboard::Closed)) => {
                return Ok(Flow::Stop(Exit::Signal(HANGUP)));
            }
            LiveInput::Keyboard(KeyboardInput(Keyboard::Pressed(key))) => key,
        };
        Ok(match self.state.press(key) {
            ViewRequest::Draw => Flow::Continue,
            ViewRequest::Quit => Flow::Stop(Exit::Yes),
            ViewRequest::Run => {
                self.state.note = Some("running the handler with every entry".to_owned());
                Flow::RunHandlers
            }
            ViewRequest::Copy(key) => {
                // OSC 52: the terminal puts it into the clipboard, where it is allowed to.
                let copied = format!("\x1b]52;c;{}\x07", STANDARD.encode(&key));
                screen::send(copied.as_bytes())?;
                self.state.note = Some(format!("copied {key}, if the terminal allows it"));
                Flow::Continue
            }
        })
    }

    fn handler(&mut self, route: usize, event: &HandlerEvent) {
        let at = SystemTime::now();
        let mut note = None;
        self.state.update(|picture| {
            let Some(handler) = picture.handlers.get_mut(route) else {
                return;
            };
            match event {
                HandlerEvent::Started(_) => {
                    handler.running = true;
                    handler.pending = 0;
                }
                HandlerEvent::Ended(report) => {
                    handler.running = false;
                    let well = !report.outcome.has_failed();
                    let took = format!("{:.1}s", report.took.as_secs_f64());
                    let text = match (report.outcome, report.status, &report.error) {
                        (_, _, Some(error)) => format!("could not be started: {error}"),
                        (RunOutcome::Signalled, ..) => "signal sent".to_owned(),
                        (RunOutcome::Succeeded, ..) => format!("succeeded in {took}"),
                        (_, Some(status), _) => describe_end(status, &took),
                        (_, None, _) => format!("ended after {took}"),
                    };
                    if !well {
                        note = Some(format!("handler {text}"));
                        // Its changes are part of the next batch.
                        handler.pending += report.batch.changes.len();
                    }
                    handler.last = Some((well, text));
                }
                HandlerEvent::Dropped(batch) => {
                    let changes = batch.changes.len();
                    note = Some(format!("{changes} changes dropped: the handler is busy"));
                }
                HandlerEvent::Feedback(key) => {
                    note = Some(format!("the handler seems to run because it writes {key}"));
                }
                HandlerEvent::Stopping(_)
                | HandlerEvent::Handled(_)
                | HandlerEvent::Paused(_)
                | HandlerEvent::Leave(_) => {}
            }
        });
        if let Some(note) = note {
            self.state.note(at, note);
        }
    }

    fn target(&self, id: TargetId) -> &Target {
        &self.setup.targets[usize::from(id.0)]
    }

    fn take_event(&mut self, event: &Event<'_>, now: Instant) {
        let at = SystemTime::now();
        match event {
            Event::Present(id, snapshot) => {
                let filter = &self.setup.filter;
                let entries = snapshot.entries().iter();
                self.state
                    .present(entries.filter(|entry| filter.admits(entry.key())));
                if self.setup.reports_existing {
                    self.starting.push(*id);
                }
            }
            Event::Synced(_) => {
                self.state
                    .update(|picture| picture.connection = ContactState::Connected(at));
                (self.ask_leader)();
            }
            Event::Answered(summary) => {
                let index = summary.index;
                if let Some(address) = self.setup.addresses.get(summary.place) {
                    self.state.address.clone_from(address);
                }
                self.state
                    .update(|picture| picture.index = picture.index.max(index));
                if summary.since.is_some() {
                    self.starting.retain(|id| *id != summary.target);
                }
            }
            Event::WentBack(_, _, index) => {
                self.state.update(|picture| picture.index = *index);
                self.state
                    .note(at, format!("the index went back to {index}"));
            }
            Event::Changed(changes) => {
                let start = changes
                    .first()
                    .is_some_and(|change| self.starting.contains(&change.target));
                self.starting.clear();
                self.state.changed(changes, !start, now);
            }
            Event::Unseen(_, cause) | Event::Outage(_, cause) => {
                let text = cause.to_string();
                let begins = matches!(event, Event::Outage(..));
                self.state.update(|picture| {
                    let since = match &picture.connection {
                        ContactState::Lost(since, _) => *since,
                        _ => at,
                    };
                    picture.connection = ContactState::Lost(since, text.clone());
                });
                if begins {
                    self.state.note(at, text);
                }
            }
            Event::Recovered(kind, _) => {
                self.state
                    .update(|picture| picture.connection = ContactState::Connected(at));
                self.state.note(at, kind.recovery().to_owned());
                (self.ask_leader)();
            }
            Event::Withheld(id, change) => {
                let scope = self.target(*id).scope.to_string();
                let text = match change {
                    WithheldChange::Begun(_, keys) => {
                        format!(
                            "{scope}: {} keys are gone, but not reported as deleted",
                            keys.len()
                        )
                    }
                    WithheldChange::Ended(_) => format!("{scope}: nothing is withheld any more"),
                };
                self.state.note(at, text);
            }
            Event::Handler(RouteId(route), event) => self.handler(*route, event),
            Event::Waiting(waiting) => {
                let RouteId(route) = waiting.route;
                let changes = waiting.changes;
                self.state.update(|picture| {
                    if let Some(handler) = picture.handlers.get_mut(route) {
                        handler.pending = changes;
                    }
                });
            }
            Event::Saved(Some(failure)) => self.state.note(at, failure.to_string()),
            Event::Saved(None) => self
                .state
                .note(at, "the state file is up to date again".to_owned()),
            Event::UnmatchedGlob(glob) => {
                let text = format!("{} '{}' matches no existing key", glob.flag, glob.glob);
                self.state.note(at, text);
            }
            Event::Advice(..) | Event::Leaving | Event::Left => {}
        }
        self.dirty = true;
    }
}

fn describe_end(status: ChildStatus, took: &str) -> String {
    format!("{status} after {took}")
}

/// The length of the folder that all targets are in.
fn common_folder(names: &[&str]) -> usize {
    let Some((first, others)) = names.split_first() else {
        return 0;
    };
    let is_common = |length: &usize| {
        let folder = &first[..*length];
        others.iter().all(|name| name.starts_with(folder))
    };
    let ends = first.match_indices('/').map(|(slash, _)| slash + 1);
    ends.filter(is_common).max().unwrap_or(0)
}

impl Observer for LiveView<'_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        match event {
            // What is said from now on is seen on the shell's screen.
            Event::Leaving => {
                self.left = true;
                screen::leave();
            }
            _ if self.left => {}
            event => self.take_event(event, now),
        }
        Ok(Flow::Continue)
    }

    fn wake(&mut self, now: Instant) -> anyhow::Result<Flow> {
        while let Ok(input) = self.inputs.try_recv() {
            match self.take(input)? {
                Flow::Continue => {}
                // What follows is taken with the next wake.
                flow => {
                    self.draw(now)?;
                    return Ok(flow);
                }
            }
        }
        // A key is answered at once; the terminal may have another size.
        self.draw(now)?;
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Instant) -> anyhow::Result<Flow> {
        self.draw(now)?;
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Instant> {
        if self.left {
            return None;
        }
        match self.dirty {
            true => Some(self.drawn + FRAME),
            false => self.state.next_change(self.drawn),
        }
    }
}

impl Drop for LiveView<'_> {
    fn drop(&mut self) {
        screen::leave();
        let _ = self.ui.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_out_the_folder_that_all_targets_are_in() {
        assert_eq!(common_folder(&["config/"]), 7);
        assert_eq!(common_folder(&["config/web/", "config/db/x"]), 7);
        assert_eq!(common_folder(&["a/", "b/"]), 0);
        assert_eq!(common_folder(&[""]), 0);
        assert_eq!(common_folder(&["config/web/port"]), 11);
    }
}
