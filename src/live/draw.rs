//! The state of the view on a buffer. Everything that is stored or sent by a server is escaped here.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Sparkline, Widget};

use super::state::{
    ContactState, Cover, FRESH, HandlerState, LiveState, LogLine, Picture, RECENT, SECONDS,
};
use super::tree::Row;
use crate::model::{ChangeKind, Entry};
use crate::output::changes::{self, ChangeStyle};
use crate::output::{TimeFormat, brief_value};
use crate::term;

const HELP: &str = "\
arrows, hjkl   move; left folds, right unfolds
enter          the whole value, or open and close a folder
PgUp PgDn g G  by pages, to the start and the end
/              filter keys; esc clears the filter
space          pause: the picture stands still, changes are counted
y              copy the key
r              run the handler now, with every entry
?              this help
q              quit

+ created   ~ updated   - deleted: bright when new, then fading";

const HINTS: &str = " ?:help  /:filter  enter:value  space:pause  y:copy  r:run  q:quit";

/// How foreign text is written.
const ESCAPED: term::Style = term::Style {
    terminal: true,
    color: false,
};

/// Draws the state.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut LiveState, time: &TimeFormat) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.is_empty() {
        return;
    }
    let handlers = state.picture().handlers.len().min(4) as u16;
    let [title, status, body, rate, handler_lines, hints] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(u16::from(area.height >= 8)),
        Constraint::Length(if area.height >= 12 { handlers } else { 0 }),
        Constraint::Length(u16::from(area.height >= 5)),
    ])
    .areas(area);
    let (tree, log) = split(body);
    state.lay_out(usize::from(tree.height));
    put(buffer, title, title_line(state, title.width));
    put(
        buffer,
        status,
        status_line(state.picture(), &state.address, time, status.width),
    );
    draw_tree(buffer, tree, state);
    draw_log(buffer, log, state.picture(), time);
    draw_rate(buffer, rate, state.picture());
    for (handler, row) in state.picture().handlers.iter().zip(handler_lines.rows()) {
        put(buffer, row, handler_line(handler));
    }
    put(buffer, hints, hint_line(state));
    match state.cover.clone() {
        Some(Cover::Help { from }) => {
            let lines: Vec<Line<'_>> = HELP.lines().map(Line::from).collect();
            let from = draw_cover(buffer, body, "Keys of the live view", &lines, from);
            state.cover = Some(Cover::Help { from });
        }
        Some(Cover::Value { key, from }) => {
            let lines = value_lines(state.entry(&key));
            let lines: Vec<Line<'_>> = lines.iter().map(|line| Line::from(&**line)).collect();
            let title = escape(&key).into_owned();
            let from = draw_cover(buffer, body, &title, &lines, from);
            state.cover = Some(Cover::Value { key, from });
        }
        None => {}
    }
}

/// Divides into the tree and the log: side by side where there is room.
fn split(body: Rect) -> (Rect, Rect) {
    if body.width >= 100 {
        let sides = [Constraint::Fill(1), Constraint::Fill(1)];
        let [tree, log] = Layout::horizontal(sides).areas(body);
        return (tree, log);
    }
    let log = if body.height >= 9 { body.height / 3 } else { 0 };
    let [tree, log] = Layout::vertical([Constraint::Fill(1), Constraint::Length(log)]).areas(body);
    (tree, log)
}

fn escape(text: &str) -> Cow<'_, str> {
    ESCAPED.key(text)
}

fn put(buffer: &mut Buffer, area: Rect, line: Line<'_>) {
    if !area.is_empty() {
        line.render(area, buffer);
    }
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// The target, the number of keys, the filter and the pause. Where they do not fit, the target is cut.
fn title_line(state: &LiveState, width: u16) -> Line<'static> {
    let picture = state.picture();
    let keys = term::plural(picture.entries.len(), "key");
    let mut spans = vec![Span::raw(format!("  {keys}"))];
    if state.typing || !state.filter.is_empty() {
        let cursor = if state.typing { "▏" } else { "" };
        let filter = format!("  filter: {}{cursor}", escape(&state.filter));
        spans.push(Span::styled(filter, Color::Yellow));
    }
    if let Some(held) = state.held() {
        let held = format!("  paused, {} since", term::plural(held, "change"));
        let style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
        spans.push(Span::styled(held, style));
    }
    let taken: usize = spans.iter().map(Span::width).sum();
    let target = format!(" {}", escape(&state.title));
    let target = cut_to_width(&target, usize::from(width).saturating_sub(taken));
    spans.insert(0, Span::styled(target, bold()));
    Line::from(spans)
}

/// The connection behind address, leader and index. Where they do not fit, what matters least is left out:
/// the leader, the index, then the address. The reason of an outage may be cut to keep the address.
fn status_line(picture: &Picture, address: &str, time: &TimeFormat, width: u16) -> Line<'static> {
    let (connection, color) = match &picture.connection {
        ContactState::Connecting => ("connecting".to_owned(), Color::Yellow),
        ContactState::Connected(since) => {
            let text = format!("connected since {}", time.clock(*since));
            (text, Color::Green)
        }
        ContactState::Lost(since, reason) => {
            let text = format!("no answer since {}: {}", time.clock(*since), escape(reason));
            (text, Color::Red)
        }
    };
    let address = format!(" {} ", escape(address));
    let leader = picture.leader.as_deref().map(escape);
    let leader = leader.map_or_else(String::new, |leader| format!(" leader {leader} "));
    let index = format!(" index {} ", picture.index);
    let width = usize::from(width);
    let places = [
        format!("{address}{leader}{index} "),
        format!("{address}{index} "),
        format!("{address} "),
    ];
    // The columns that the connection needs beside an address: all, or those of the start of a reason.
    let least = match picture.connection {
        ContactState::Lost(..) => 40,
        ContactState::Connecting | ContactState::Connected(_) => usize::MAX,
    };
    let needed = Span::raw(&*connection).width();
    let room = |place: &String| width.saturating_sub(Span::raw(&**place).width());
    let whole = places.iter().find(|place| room(place) >= needed);
    let cut = places.last().filter(|place| room(place) >= least);
    let place = whole.or(cut).map_or(" ", |place| &**place).to_owned();
    let connection = cut_to_width(&connection, width - Span::raw(&*place).width().min(width));
    Line::from(vec![Span::raw(place), Span::styled(connection, color)])
}

/// Cuts text to so many columns, with an ellipsis as the last of them.
fn cut_to_width(text: &str, width: usize) -> String {
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    match width {
        0 => String::new(),
        1 => "…".to_owned(),
        _ => format!("{}…", split_at_width(text, width - 1).0),
    }
}

fn draw_tree(buffer: &mut Buffer, area: Rect, state: &LiveState) {
    let (rows, entries) = state.rows();
    let shown = rows.iter().enumerate().skip(state.from);
    for ((place, row), line) in shown.zip(area.rows()) {
        let spans = row_spans(row, entries, state, line.width);
        put(buffer, line, Line::from(spans));
        if place == state.cursor {
            let style = Style::new().add_modifier(Modifier::REVERSED);
            buffer.set_style(line, style);
        }
    }
    if rows.is_empty() && !area.is_empty() {
        let text = match (&state.picture().connection, state.filter.is_empty()) {
            (ContactState::Connecting, _) => "",
            (_, true) => " no keys",
            (_, false) => " no key matches the filter",
        };
        put(buffer, area, Line::styled(text, dim()));
    }
}

fn row_spans(row: &Row, entries: &[Entry], state: &LiveState, width: u16) -> Vec<Span<'static>> {
    let indent = "  ".repeat(row.depth().min(usize::from(width) / 4));
    let name = row.name(entries);
    let picture = state.picture();
    // Of a long indentation the name is what counts.
    let own = match name.trim_end_matches('/').rfind('/') {
        Some(slash) if slash + 1 >= state.base => &name[slash + 1..],
        _ => &name[state.base.min(name.len())..],
    };
    let (sign, style) = match row {
        Row::Key { .. } => mark_of(picture, name),
        Row::Folder {
            entries: range,
            open: false,
            ..
        } => newest_mark(picture, &entries[range.clone()]),
        Row::Folder { .. } => (' ', Style::new()),
    };
    let mut spans = vec![Span::styled(format!("{sign} "), style), Span::raw(indent)];
    match row {
        Row::Folder {
            entries: range,
            open,
            ..
        } => {
            let arrow = if *open { "▾ " } else { "▸ " };
            spans.push(Span::raw(arrow));
            let folder = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
            spans.push(Span::styled(escape(own).into_owned(), folder));
            let keys = range.len() - count_ghosts(picture, &entries[range.clone()]);
            spans.push(Span::styled(format!("  {keys}"), dim()));
        }
        Row::Key { entry, .. } => {
            let shown = if own.is_empty() { "/" } else { own };
            spans.push(Span::styled(escape(shown).into_owned(), style));
            if sign != '-' {
                let value = entries[*entry].value();
                // Only what may be seen of it is escaped.
                let start = &value[..value.len().min(usize::from(width) * 4)];
                let seen = match std::str::from_utf8(value) {
                    Ok(_) => start
                        .utf8_chunks()
                        .next()
                        .map_or("", |chunk| chunk.valid())
                        .as_bytes(),
                    Err(_) => value,
                };
                let text = brief_value(seen, false);
                spans.push(Span::styled(format!(" = {text}"), dim()));
            }
        }
    }
    spans
}

/// The sign of the last change of a key, and the style that fades.
fn mark_of(picture: &Picture, key: &str) -> (char, Style) {
    match picture.marks.get(key) {
        Some((kind, at)) => styled(*kind, picture.at.saturating_duration_since(*at)),
        None => (' ', Style::new()),
    }
}

/// How many of these entries are deleted keys, which are shown until their marks have faded.
fn count_ghosts(picture: &Picture, entries: &[Entry]) -> usize {
    let deleted = picture
        .marks
        .iter()
        .filter(|(_, (kind, _))| *kind == ChangeKind::Delete);
    let shown = |key: &str| {
        entries
            .binary_search_by(|entry| entry.key().cmp(key))
            .is_ok()
    };
    deleted.filter(|(key, _)| shown(key)).count()
}

/// The mark of the last change below a closed folder.
fn newest_mark(picture: &Picture, entries: &[Entry]) -> (char, Style) {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return (' ', Style::new());
    };
    let below = |key: &String| (first.key()..=last.key()).contains(&key.as_str());
    let newest = picture
        .marks
        .iter()
        .filter(|(key, _)| below(key))
        .max_by_key(|(_, (_, at))| *at);
    match newest {
        Some((_, (_, at))) => styled(
            ChangeKind::Update,
            picture.at.saturating_duration_since(*at),
        ),
        None => (' ', Style::new()),
    }
}

fn styled(kind: ChangeKind, age: Duration) -> (char, Style) {
    let (sign, color) = match kind {
        ChangeKind::Create => ('+', Color::Green),
        ChangeKind::Delete => ('-', Color::Red),
        ChangeKind::Update | ChangeKind::Lock | ChangeKind::Unlock => ('~', Color::Yellow),
    };
    let style = Style::new().fg(color);
    let style = match age {
        age if age < FRESH => style.add_modifier(Modifier::BOLD),
        age if age < RECENT => style,
        _ => style.add_modifier(Modifier::DIM),
    };
    (sign, style)
}

/// Draws the latest changes, the last at the bottom.
fn draw_log(buffer: &mut Buffer, area: Rect, picture: &Picture, time: &TimeFormat) {
    if area.height < 2 {
        return;
    }
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    put(buffer, head, Line::styled("Changes", bold()));
    let how = ChangeStyle {
        style: ESCAPED,
        values: true,
        full: false,
        time: TimeFormat::None,
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for entry in picture.log.iter().rev() {
        if lines.len() >= usize::from(body.height) {
            break;
        }
        let (at, color, texts) = match entry {
            LogLine::Change(change) => {
                let (_, style) = styled(change.kind(), Duration::ZERO);
                let texts = changes::lines(change, &how);
                (change.seen, style.fg.unwrap_or_default(), texts)
            }
            LogLine::Note(at, text) => (*at, Color::Yellow, vec![escape(text).into_owned()]),
        };
        let mut texts = texts.into_iter();
        let first = texts.next().unwrap_or_default();
        let rest: Vec<Line<'_>> = texts.map(|text| diff_line(&text)).collect();
        lines.extend(rest.into_iter().rev());
        lines.push(Line::from(vec![
            Span::styled(format!("{} ", time.clock(at)), dim()),
            Span::styled(first, color),
        ]));
    }
    lines.truncate(usize::from(body.height));
    for (line, row) in lines.into_iter().rev().zip(body.rows()) {
        put(buffer, row, line);
    }
}

fn diff_line(text: &str) -> Line<'static> {
    let color = match text.as_bytes().first() {
        Some(b'+') => Color::Green,
        Some(b'-') => Color::Red,
        _ => Color::Reset,
    };
    // A tab would stand in one cell.
    Line::styled(text.replace('\t', "    "), color)
}

fn draw_rate(buffer: &mut Buffer, area: Rect, picture: &Picture) {
    let now = picture.rate.back().copied().unwrap_or_default();
    let label = format!(" {now}/s ");
    let [left, graph] = Layout::horizontal([
        Constraint::Length(label.len() as u16),
        Constraint::Max(SECONDS as u16),
    ])
    .areas(area);
    put(buffer, left, Line::raw(label));
    if !graph.is_empty() {
        let skipped = SECONDS.saturating_sub(usize::from(graph.width));
        let data: Vec<u64> = picture.rate.iter().skip(skipped).copied().collect();
        let line = Sparkline::default().data(data);
        line.style(Color::Cyan).render(graph, buffer);
    }
}

fn handler_line(handler: &HandlerState) -> Line<'static> {
    let name = match &handler.name {
        Some(name) => format!(" handler [{}]: ", escape(name)),
        None => " handler: ".to_owned(),
    };
    let mut spans = vec![Span::raw(name)];
    match (&handler.last, handler.running) {
        (_, true) => spans.push(Span::styled("running", Color::Yellow)),
        (Some((well, text)), false) => {
            let color = if *well { Color::Green } else { Color::Red };
            spans.push(Span::styled(escape(text).into_owned(), color));
        }
        (None, false) => spans.push(Span::styled("has not run yet", dim())),
    }
    if handler.pending > 0 {
        spans.push(Span::raw(format!(
            ", {} pending",
            term::plural(handler.pending, "change")
        )));
    }
    Line::from(spans)
}

fn hint_line(state: &LiveState) -> Line<'static> {
    match &state.note {
        Some(note) => Line::raw(format!(" {}", escape(note))),
        None if state.typing => Line::styled(" enter keeps the filter, esc clears it", dim()),
        None if state.cover.is_some() => Line::styled(" esc closes, arrows scroll", dim()),
        None => Line::styled(HINTS, dim()),
    }
}

/// The whole value, by lines.
fn value_lines(entry: Option<&Entry>) -> Vec<String> {
    let Some(entry) = entry else {
        return vec!["the key does not exist any more".to_owned()];
    };
    let value = entry.value();
    let mut lines = vec![format!(
        "{}, index {}, flags {}, session {}",
        term::bytes(value.len() as u64),
        entry.modified(),
        entry.flags(),
        escape(entry.session().unwrap_or("-"))
    )];
    lines.push(String::new());
    let pretty = serde_json::from_slice::<serde_json::Value>(value)
        .ok()
        .filter(|value| value.is_object() || value.is_array())
        .map(|value| format!("{value:#}"));
    match (pretty, std::str::from_utf8(value)) {
        (Some(pretty), _) => lines.extend(pretty.lines().map(|line| escape(line).into_owned())),
        (None, Ok(text)) => lines.extend(text.lines().map(|line| {
            let line = line.replace('\t', "    ");
            escape(&line).into_owned()
        })),
        (None, Err(_)) => lines.extend(value.chunks(16).map(|bytes| {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let is_seen = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
            let text: String = bytes
                .iter()
                .map(|byte| {
                    if is_seen(byte) {
                        char::from(*byte)
                    } else {
                        '.'
                    }
                })
                .collect();
            format!("{:<48} {text}", hex.join(" "))
        })),
    }
    lines
}

/// Draws lines over the body, from one of them on; returns from which, where there were fewer. Long lines go on
/// in the next row.
fn draw_cover(
    buffer: &mut Buffer,
    area: Rect,
    title: &str,
    lines: &[Line<'_>],
    from: usize,
) -> usize {
    if area.is_empty() {
        return from;
    }
    for row in area.rows() {
        buffer.set_string(
            row.x,
            row.y,
            " ".repeat(usize::from(row.width)),
            Style::reset(),
        );
    }
    let mut rows = area.rows();
    if let Some(head) = rows.next() {
        let style = bold().add_modifier(Modifier::REVERSED);
        buffer.set_style(head, style);
        put(buffer, head, Line::styled(format!(" {title}"), style));
    }
    let from = from.min(lines.len().saturating_sub(1));
    let mut rows = rows.peekable();
    for line in &lines[from..] {
        let text: String = line.spans.iter().map(|span| &*span.content).collect();
        let mut rest = text.as_str();
        loop {
            let Some(row) = rows.next() else {
                return from;
            };
            let width = usize::from(row.width).max(1);
            let (shown, left) = split_at_width(rest, width);
            put(buffer, row, Line::raw(shown.to_owned()));
            rest = left;
            if rest.is_empty() {
                break;
            }
        }
    }
    from
}

/// Splits where the columns end, after one character at least.
fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    use unicode_width::UnicodeWidthChar as _;
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        passed += c.width().unwrap_or(1);
        if passed > width && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests;
