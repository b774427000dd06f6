//! The live view of a watch.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use anyhow::Context as _;

use crate::consul::Client;
use crate::live::{HOOKS, LiveInput, LiveSetup, LiveView};
use crate::term::Ui;
use crate::watch::Engine;

/// A live view that was asked for.
pub struct Live {
    /// Asks for the leader.
    pub client: Client,
    /// What it is made of.
    pub setup: LiveSetup,
}

impl Live {
    /// Opens the view, as an observer of the watch.
    ///
    /// # Errors
    /// When the terminal cannot be taken, or the system has no threads to give.
    pub fn attach<'a>(self, ui: &'a Ui, engine: &mut Engine<'a>) -> anyhow::Result<()> {
        let client = self.client;
        let (ask, asked) = channel::<()>();
        let ask_leader = |answers: std::sync::mpsc::Sender<LiveInput>, wake: _| {
            // A request takes its time: neither keys nor changes wait for it.
            let started = thread::Builder::new()
                .name("leader".to_owned())
                .spawn(move || ask_for_leader(&client, &asked, &answers, wake));
            // Without the thread, the leader is not shown.
            drop(started);
            Box::new(move || _ = ask.send(())) as Box<dyn Fn() + 'a>
        };
        let wake = engine.waker();
        let view = LiveView::open(ui, self.setup, wake, ask_leader, Instant::now())
            .context("taking the terminal")?;
        engine.take_terminal(HOOKS);
        engine.add_observer(Box::new(view));
        Ok(())
    }
}

fn ask_for_leader(
    client: &Client,
    asked: &std::sync::mpsc::Receiver<()>,
    answers: &std::sync::mpsc::Sender<LiveInput>,
    wake: impl Fn(),
) {
    while asked.recv().is_ok() {
        // An outage is seen by the watch.
        let leader = client.leader().ok().flatten();
        if answers.send(LiveInput::Leader(leader)).is_err() {
            return;
        }
        wake();
    }
}
