//! What the live view shows, and what keys do. Pure: events and time come in as arguments.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant, SystemTime};

use super::keyboard::KeyPress;
use super::tree::{Row, rows};
use crate::model::{Change, ChangeKind, Entry, Index};

/// The changes that the log keeps.
const LOG: usize = 1000;

/// The seconds of the sparkline.
pub(super) const SECONDS: usize = 60;

/// How long a change is marked, and until when it is bright.
pub(super) const FRESH: Duration = Duration::from_secs(1);
pub(super) const RECENT: Duration = Duration::from_secs(5);
pub(super) const FADED: Duration = Duration::from_secs(15);

/// A line of the log.
#[derive(Debug, Clone)]
pub(super) enum LogLine {
    /// A key changed.
    Change(Change),
    /// Something else happened then: an outage, a warning.
    Note(SystemTime, String),
}

/// Whether Consul answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ContactState {
    /// Nothing was seen yet.
    Connecting,
    /// It has answered since this time.
    Connected(SystemTime),
    /// It has not answered since this time, for this reason.
    Lost(SystemTime, String),
}

/// What a handler does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HandlerState {
    /// The name of its route, where there are several.
    pub(super) name: Option<String>,
    /// Whether it runs.
    pub(super) running: bool,
    /// How the last run ended, and whether well.
    pub(super) last: Option<(bool, String)>,
    /// The changes that wait for it.
    pub(super) pending: usize,
}

/// All that is shown and that changes by itself: a pause keeps a copy of it.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// The entries, by key.
    pub(super) entries: Vec<Entry>,
    /// The keys that changed lately, how and when. A deleted key is shown until its mark has faded.
    pub(super) marks: HashMap<String, (ChangeKind, Instant)>,
    pub(super) log: VecDeque<LogLine>,
    /// The changes of the last seconds, the latest last.
    pub(super) rate: VecDeque<u64>,
    /// The second that `rate` ends with, counted from the start.
    second: u64,
    pub(super) index: Index,
    pub(super) connection: ContactState,
    pub(super) leader: Option<String>,
    pub(super) handlers: Vec<HandlerState>,
    /// The time that marks fade by.
    pub(super) at: Instant,
    /// Rises when a key comes or goes: rows are made again.
    version: u64,
}

/// What covers the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cover {
    /// The value of a key, from this line on.
    Value { key: String, from: usize },
    /// The help, from this line on.
    Help { from: usize },
}

/// What a key asks of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ViewRequest {
    /// Nothing but to draw again.
    Draw,
    /// End the watch.
    Quit,
    /// Run the handlers.
    Run,
    /// Copy this key.
    Copy(String),
}

/// The state of the view.
#[derive(Debug)]
pub(super) struct LiveState {
    started: Instant,
    /// What is watched, where, as a title.
    pub(super) title: String,
    pub(super) address: String,
    /// The bytes that all keys begin with, and that rows leave out.
    pub(super) base: usize,
    picture: Picture,
    /// The picture of a pause, and the changes that came since.
    paused: Option<(Box<Picture>, u64)>,
    /// Whether folders are open that were not opened or closed by hand; not decided before the first drawing.
    open_all: Option<bool>,
    toggled: HashSet<String>,
    /// The folders that were closed by hand among those that the filter shows, which are all open first.
    toggled_in_filter: HashSet<String>,
    pub(super) filter: String,
    /// Whether what is typed goes to the filter.
    pub(super) typing: bool,
    pub(super) cover: Option<Cover>,
    /// What the last key did, until the next one.
    pub(super) note: Option<String>,
    /// The name of the selected row.
    selected: String,
    /// Its place.
    pub(super) cursor: usize,
    /// The first row that is shown.
    pub(super) from: usize,
    /// The rows that fit, as drawn last.
    height: usize,
    /// The entries that the filter passes, with those deleted lately; and their rows.
    view: View,
}

/// The rows, and what they were made of.
#[derive(Debug, Default)]
struct View {
    version: Option<u64>,
    entries: Vec<Entry>,
    rows: Vec<Row>,
    /// Whether a deleted key stands among the entries until the mark fades.
    ghosts: bool,
}

impl LiveState {
    /// The state of a watch of which nothing was seen yet.
    pub(super) fn new(
        title: String,
        address: String,
        base: usize,
        handlers: Vec<HandlerState>,
        now: Instant,
    ) -> Self {
        LiveState {
            started: now,
            title,
            address,
            base,
            picture: Picture {
                entries: Vec::new(),
                marks: HashMap::new(),
                log: VecDeque::new(),
                rate: std::iter::repeat_n(0, SECONDS).collect(),
                second: 0,
                index: Index::default(),
                connection: ContactState::Connecting,
                leader: None,
                handlers,
                at: now,
                version: 0,
            },
            paused: None,
            open_all: None,
            toggled: HashSet::new(),
            toggled_in_filter: HashSet::new(),
            filter: String::new(),
            typing: false,
            cover: None,
            note: None,
            selected: String::new(),
            cursor: 0,
            from: 0,
            height: 1,
            view: View::default(),
        }
    }

    /// The picture that is shown.
    pub(super) fn picture(&self) -> &Picture {
        match &self.paused {
            Some((picture, _)) => picture,
            None => &self.picture,
        }
    }

    /// The changes that came during the pause, if there is one.
    pub(super) fn held(&self) -> Option<u64> {
        self.paused.as_ref().map(|(_, held)| *held)
    }

    /// Takes the entries of a target that was seen for the first time.
    pub(super) fn present<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        let all = &mut self.picture.entries;
        all.extend(entries.cloned());
        // Targets may overlap: of a key that several have, the last is the latest.
        all.reverse();
        all.sort_by(|a, b| a.key().cmp(b.key()));
        all.dedup_by(|a, b| a.key() == b.key());
        self.picture.version += 1;
    }

    /// Takes changes. Those of the start are not fresh.
    pub(super) fn changed(&mut self, changes: &[Change], fresh: bool, now: Instant) {
        self.advance(now);
        let picture = &mut self.picture;
        for change in changes {
            let key = change.key();
            picture.index = picture.index.max(change.index);
            let place = picture
                .entries
                .binary_search_by(|entry| entry.key().cmp(key));
            match (&change.after, place) {
                (Some(entry), Ok(at)) => picture.entries[at] = entry.clone(),
                (Some(entry), Err(at)) => {
                    picture.entries.insert(at, entry.clone());
                    picture.version += 1;
                }
                (None, Ok(at)) => {
                    drop(picture.entries.remove(at));
                    picture.version += 1;
                }
                (None, Err(_)) => {}
            }
            if fresh {
                picture.marks.insert(key.to_owned(), (change.kind(), now));
                picture.push_log(LogLine::Change(change.clone()));
            }
        }
        if fresh {
            let count = changes.len() as u64;
            if let Some(last) = picture.rate.back_mut() {
                *last += count;
            }
            if let Some((_, held)) = &mut self.paused {
                *held += count;
            }
        }
        // Values of rows that stay are shown anew too.
        self.refresh_values(changes);
    }

    /// Puts changed values into the rows that are shown, where those need not be made again.
    fn refresh_values(&mut self, changes: &[Change]) {
        if self.paused.is_some() || self.view.version != Some(self.picture.version) {
            return;
        }
        for entry in changes.iter().filter_map(|change| change.after.as_ref()) {
            let entries = &mut self.view.entries;
            let place = entries.binary_search_by(|other| other.key().cmp(entry.key()));
            if let Ok(at) = place {
                entries[at] = entry.clone();
            }
        }
    }

    /// Takes a line for the log.
    pub(super) fn note(&mut self, at: SystemTime, text: String) {
        self.picture.push_log(LogLine::Note(at, text));
    }

    /// Changes what is known of the watch beside its entries.
    pub(super) fn update(&mut self, change: impl FnOnce(&mut Picture)) {
        change(&mut self.picture);
    }

    /// Lets time pass: seconds of the sparkline, marks that fade.
    pub(super) fn advance(&mut self, now: Instant) {
        let picture = &mut self.picture;
        picture.at = now;
        let second = now.saturating_duration_since(self.started).as_secs();
        let passed = second.saturating_sub(picture.second).min(SECONDS as u64);
        for _ in 0..passed {
            picture.rate.pop_front();
            picture.rate.push_back(0);
        }
        picture.second = second;
        let marks = picture.marks.len();
        picture
            .marks
            .retain(|_, (_, at)| now.saturating_duration_since(*at) < FADED);
        if picture.marks.len() != marks && self.view.ghosts {
            picture.version += 1;
        }
    }

    /// The time at which the picture changes by itself; `None` while it stands still.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        if self.paused.is_some() {
            return None;
        }
        let moves =
            !self.picture.marks.is_empty() || self.picture.rate.iter().any(|&count| count > 0);
        moves.then(|| now + Duration::from_secs(1))
    }

    /// Makes the rows for a tree of this height, and scrolls to the selected one.
    pub(super) fn lay_out(&mut self, height: usize) {
        self.height = height.max(1);
        self.make_rows();
        if let (None, ContactState::Connected(_)) = (self.open_all, &self.picture().connection) {
            let all = rows(&self.view.entries, self.base, |_| true).len();
            self.open_all = Some(all <= height);
            self.view.version = None;
            self.make_rows();
        }
        self.cursor = self.cursor.min(self.view.rows.len().saturating_sub(1));
        let first = (self.cursor + 1).saturating_sub(self.height);
        self.from = self.from.clamp(first, self.cursor);
        let last = self.view.rows.len().saturating_sub(self.height);
        self.from = self.from.min(last);
    }

    fn make_rows(&mut self) {
        let picture = match &self.paused {
            Some((picture, _)) => &**picture,
            None => &self.picture,
        };
        if self.view.version == Some(picture.version) {
            return;
        }
        let mut view = std::mem::take(&mut self.view);
        view.version = Some(picture.version);
        let filter = self.filter.to_lowercase();
        let passes = |key: &str| filter.is_empty() || key.to_lowercase().contains(&filter);
        view.entries = picture
            .entries
            .iter()
            .filter(|entry| passes(entry.key()))
            .cloned()
            .collect();
        let ghosts = picture
            .marks
            .iter()
            .filter(|(key, (kind, _))| *kind == ChangeKind::Delete && passes(key));
        view.ghosts = false;
        for (key, _) in ghosts {
            view.ghosts = true;
            let place = view.entries.binary_search_by(|entry| entry.key().cmp(key));
            if let Err(at) = place {
                let ghost = Entry::pack(&crate::model::Fields {
                    key,
                    ..crate::model::Fields::default()
                });
                view.entries.insert(at, ghost);
            }
        }
        let open_all = self.open_all.unwrap_or(false) || !filter.is_empty();
        let toggled = match filter.is_empty() {
            true => &self.toggled,
            false => &self.toggled_in_filter,
        };
        view.rows = rows(&view.entries, self.base, |folder| {
            open_all != toggled.contains(folder)
        });
        // The selected row stays selected, wherever it is now; if it is gone, what follows it.
        let place = view
            .rows
            .iter()
            .position(|row| row.name(&view.entries) == self.selected);
        if let Some(place) = place {
            self.cursor = place;
        }
        self.view = view;
    }

    /// The rows, and the entries that they are made of.
    pub(super) fn rows(&self) -> (&[Row], &[Entry]) {
        (&self.view.rows, &self.view.entries)
    }

    fn selected_row(&self) -> Option<&Row> {
        self.view.rows.get(self.cursor)
    }

    fn select(&mut self, place: usize) {
        self.cursor = place.min(self.view.rows.len().saturating_sub(1));
        let name = self.selected_row().map(|row| row.name(&self.view.entries));
        self.selected = name.unwrap_or_default().to_owned();
    }

    /// Opens or closes a folder.
    fn toggle(&mut self, folder: &str) {
        let toggled = match self.filter.is_empty() {
            true => &mut self.toggled,
            false => &mut self.toggled_in_filter,
        };
        if !toggled.remove(folder) {
            toggled.insert(folder.to_owned());
        }
        self.view.version = None;
    }

    /// Takes a key.
    pub(super) fn press(&mut self, key: KeyPress) -> ViewRequest {
        self.note = None;
        if self.typing {
            self.type_filter(key);
            return ViewRequest::Draw;
        }
        if self.cover.is_some() {
            return self.press_on_cover(key);
        }
        match key {
            KeyPress::Char('q') => return ViewRequest::Quit,
            KeyPress::Up | KeyPress::Char('k') => self.select(self.cursor.saturating_sub(1)),
            KeyPress::Down | KeyPress::Char('j') => self.select(self.cursor + 1),
            KeyPress::PageUp => self.select(self.cursor.saturating_sub(self.height)),
            KeyPress::PageDown => self.select(self.cursor + self.height),
            KeyPress::Home | KeyPress::Char('g') => self.select(0),
            KeyPress::End | KeyPress::Char('G') => self.select(usize::MAX),
            KeyPress::Left | KeyPress::Char('h') => self.fold(),
            KeyPress::Right | KeyPress::Char('l') => self.unfold(),
            KeyPress::Enter => self.enter(),
            KeyPress::Char('/') => self.typing = true,
            KeyPress::Char(' ') => self.pause(),
            KeyPress::Char('?') => self.cover = Some(Cover::Help { from: 0 }),
            KeyPress::Escape => self.set_filter(String::new()),
            KeyPress::Char('r') => return self.run(),
            KeyPress::Char('y') => return self.copy(),
            KeyPress::Char(_) | KeyPress::Backspace => {}
        }
        ViewRequest::Draw
    }

    fn type_filter(&mut self, key: KeyPress) {
        let mut filter = self.filter.clone();
        match key {
            KeyPress::Char(c) => filter.push(c),
            KeyPress::Backspace => _ = filter.pop(),
            KeyPress::Enter => self.typing = false,
            KeyPress::Escape => {
                self.typing = false;
                filter.clear();
            }
            _ => {}
        }
        if filter != self.filter {
            self.set_filter(filter);
        }
    }

    fn set_filter(&mut self, filter: String) {
        self.filter = filter;
        self.toggled_in_filter.clear();
        self.view.version = None;
    }

    fn press_on_cover(&mut self, key: KeyPress) -> ViewRequest {
        let (Some(Cover::Value { from, .. } | Cover::Help { from }), page) =
            (&mut self.cover, self.height)
        else {
            return ViewRequest::Draw;
        };
        match key {
            KeyPress::Up | KeyPress::Char('k') => *from = from.saturating_sub(1),
            KeyPress::Down | KeyPress::Char('j') => *from = from.saturating_add(1),
            KeyPress::PageUp => *from = from.saturating_sub(page),
            KeyPress::PageDown | KeyPress::Char(' ') => *from = from.saturating_add(page),
            KeyPress::Home | KeyPress::Char('g') => *from = 0,
            KeyPress::End | KeyPress::Char('G') => *from = usize::MAX,
            KeyPress::Char('y') => return self.copy(),
            KeyPress::Char('q' | '?' | 'h')
            | KeyPress::Escape
            | KeyPress::Enter
            | KeyPress::Left
            | KeyPress::Backspace => self.cover = None,
            KeyPress::Right | KeyPress::Char(_) => {}
        }
        ViewRequest::Draw
    }

    /// Closes the selected folder, or goes to the one around the selected row.
    fn fold(&mut self) {
        let Some(row) = self.selected_row().cloned() else {
            return;
        };
        if let Row::Folder { open: true, .. } = row {
            let name = row.name(&self.view.entries).to_owned();
            return self.toggle(&name);
        }
        let above = self.view.rows[..self.cursor].iter();
        if let Some(place) = above.clone().rposition(|other| other.depth() < row.depth()) {
            self.select(place);
        }
    }

    /// Opens the selected folder, or goes to its first row.
    fn unfold(&mut self) {
        match self.selected_row() {
            Some(Row::Folder { open: true, .. }) => self.select(self.cursor + 1),
            Some(row @ Row::Folder { .. }) => {
                let name = row.name(&self.view.entries).to_owned();
                self.selected.clone_from(&name);
                self.toggle(&name);
            }
            Some(Row::Key { .. }) | None => {}
        }
    }

    /// Shows the value of the selected key; opens or closes the selected folder.
    fn enter(&mut self) {
        let Some(row) = self.selected_row() else {
            return;
        };
        let name = row.name(&self.view.entries).to_owned();
        match row.is_folder() {
            true => {
                self.selected.clone_from(&name);
                self.toggle(&name);
            }
            false => self.cover = Some(Cover::Value { key: name, from: 0 }),
        }
    }

    fn pause(&mut self) {
        self.paused = match self.paused.take() {
            Some(_) => None,
            None => Some((Box::new(self.picture.clone()), 0)),
        };
        self.view.version = None;
    }

    fn run(&mut self) -> ViewRequest {
        if self.picture.handlers.is_empty() {
            self.note = Some("there is no handler to run".to_owned());
            return ViewRequest::Draw;
        }
        ViewRequest::Run
    }

    fn copy(&mut self) -> ViewRequest {
        match self.selected_row() {
            Some(row) => ViewRequest::Copy(row.name(&self.view.entries).to_owned()),
            None => ViewRequest::Draw,
        }
    }

    /// The entry of a key, as it is shown.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        let entries = &self.picture().entries;
        let place = entries.binary_search_by(|entry| entry.key().cmp(key));
        place.ok().map(|at| &entries[at])
    }
}

impl Picture {
    fn push_log(&mut self, line: LogLine) {
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }
}

#[cfg(test)]
pub(super) mod tests;
