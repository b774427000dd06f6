//! A program on a terminal of its own (util-linux's `script`), which a test types into.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use super::waiting::wait_for;

/// A running program and its screen. Killed when the test fails before its end.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// The bytes of the screen that the test has taken.
    taken: usize,
}

impl Terminal {
    /// Starts a line of `sh` on a wide terminal, in the surroundings of the command.
    pub fn start(line: &str, surroundings: &Command) -> Self {
        let line = format!("stty rows 50 cols 500; {line}");
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.env_clear().env("TERM", "dumb");
        let variables = surroundings.get_envs();
        command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = surroundings.get_current_dir() {
            command.current_dir(folder);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let drawn = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                drawn.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Terminal {
            child,
            keyboard,
            screen,
            taken: 0,
        }
    }

    /// The screen of so many rows and columns as a person sees it, once it is as it should be.
    #[track_caller]
    pub fn seen(
        &self,
        rows: u16,
        columns: u16,
        what: &str,
        is_right: impl Fn(&str) -> bool,
    ) -> String {
        wait_for(what, || {
            let mut screen = vt100::Parser::new(rows, columns, 0);
            screen.process(&self.screen.lock().unwrap());
            let text = screen.screen().contents();
            is_right(&text).then_some(text)
        })
    }

    /// All bytes that were drawn.
    pub fn drawn(&self) -> Vec<u8> {
        self.screen.lock().unwrap().clone()
    }

    /// Closes the terminal, as a window that is closed.
    pub fn hang_up(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Types these bytes.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// What is drawn from what was taken before up to and including these words.
    #[track_caller]
    pub fn screen_up_to(&mut self, words: &str) -> String {
        let (screen, taken) = (Arc::clone(&self.screen), self.taken);
        let found = wait_for(&format!("{words:?} on the screen"), || {
            let screen = screen.lock().unwrap();
            let text = &screen[taken..];
            let at = text
                .windows(words.len())
                .position(|part| part == words.as_bytes())?;
            Some(text[..at + words.len()].to_vec())
        });
        self.taken += found.len();
        String::from_utf8_lossy(&found).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let screen = self.screen.lock().unwrap();
            println!(
                "--- screen\n{}",
                String::from_utf8_lossy(&screen).escape_debug()
            );
        }
    }
}
