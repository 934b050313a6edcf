//! `hotline top`: queues, callers and operators of a running server in a terminal, fresh each second. Plain ANSI, so that
//! it works wherever a shell does; 80×24 is enough.
use super::{Common, Done, Exit, Failure, installation};
use crate::clock::{Clock, Zone};
use crate::machine::Wall;
use crate::say::Language;
use crate::web::client;
use clap::Args;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use serde_json::Value;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// When the terminal does not say, and for `--once`.
const WIDTH: usize = 80;
/// A promise that is kept less often is shown in red (docs/queues.md).
const P10_GOOD: f64 = 0.95;
/// Rows that callers and operators get at least, however many queues there are.
const ROWS_MIN: usize = 3;

#[derive(Args)]
pub struct TopArgs {
    /// Show it once, whole, and end: for scripts
    #[arg(long)]
    once: bool,
    /// The same as JSON
    #[arg(long, conflicts_with = "once")]
    json: bool,
    /// ru or en, instead of the installation's
    #[arg(long)]
    language: Option<String>,
}

pub fn top(common: &Common, args: TopArgs) -> Done {
    let installation = installation::load(common)?;
    let language = match &args.language {
        Some(text) => Language::parse(text)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("--language {text}: expected ru or en")))?,
        None => installation.config.language,
    };
    let (socket, zone) = (installation.socket_path(), installation.zone());
    let show = Show { language, zone, colours: colours() };
    super::runtime()?.block_on(async {
        if args.json {
            println!("{:#}", view(&socket).await?);
            return Ok(Exit::Ok);
        }
        if args.once || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            let text = show.page(&view(&socket).await?, Clock::wall(), WIDTH, None).join("\n");
            // Nobody may read to the end (`| head`).
            let _ = writeln!(std::io::stdout(), "{text}");
            return Ok(Exit::Ok);
        }
        watch(&socket, &show).await
    })
}

async fn view(socket: &Path) -> Result<Value, Failure> {
    client::get(socket, "/api/v1/view").await.map_err(|error| Failure::new(Exit::CannotConnect, error))
}

fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
}

async fn watch(socket: &Path, show: &Show) -> Done {
    // Asked before the screen is taken, so that "no server" stands in an ordinary terminal.
    let mut last = view(socket).await?;
    let screen =
        Screen::take().map_err(|error| Failure::new(Exit::Usage, format!("the terminal: {error}")))?;
    let mut keys = keys();
    let mut every = tokio::time::interval(REFRESH_EVERY);
    let mut lost = None;
    loop {
        tokio::select! {
            _ = every.tick() => match view(socket).await {
                Ok(view) => (last, lost) = (view, None),
                // It may come back (a restart); what is seen is the past until then.
                Err(failure) => lost = Some(failure.message),
            },
            key = keys.recv() => match key {
                Some(b'q' | b'Q') | None => return Ok(Exit::Ok),
                Some(_) => {}
            },
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Ok),
        }
        let (width, height) = size();
        let mut page = show.page(&last, Clock::wall(), width, Some(height));
        if let (Some(lost), Some(second)) = (&lost, page.get_mut(1)) {
            *second = show.alarm(&cut(lost, width));
        }
        screen.draw(&page);
    }
}

/// Keys as they are pressed. The thread ends with the process: a read cannot be called off.
fn keys() -> mpsc::Receiver<u8> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for byte in std::io::stdin().lock().bytes().map_while(Result::ok) {
            if sender.blocking_send(byte).is_err() {
                return;
            }
        }
    });
    receiver
}

fn size() -> (usize, usize) {
    match termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (WIDTH, 24),
    }
}

/// The terminal's second screen, keys unseen and read one by one. Dropped, everything is as it was.
struct Screen {
    before: Termios,
}

impl Screen {
    fn take() -> std::io::Result<Screen> {
        let before = termios::tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        print!("\x1b[?1049h\x1b[?25l");
        Ok(Screen { before })
    }

    /// Line over line, so that nothing flickers.
    fn draw(&self, page: &[String]) {
        let mut text = String::from("\x1b[H");
        for (index, line) in page.iter().enumerate() {
            if index > 0 {
                text.push_str("\r\n");
            }
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        print!("\x1b[?25h\x1b[?1049l");
        let _ = std::io::stdout().flush();
        let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// How things are written.
struct Show {
    language: Language,
    zone: Zone,
    colours: bool,
}

/// A cell, and how it is coloured.
struct Cell {
    text: String,
    paint: Paint,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Paint {
    Plain,
    Good,
    Bad,
    Busy,
    Faint,
}

fn cell(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), paint: Paint::Plain }
}

fn painted(text: impl Into<String>, paint: Paint) -> Cell {
    Cell { text: text.into(), paint }
}

/// A heading, its width, and whether figures stand below it (to the right).
type Column = (&'static str, usize, bool);

impl Show {
    fn say(&self, ru: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Ru => ru,
            Language::En => en,
        }
    }

    /// The whole page; `height`: no more lines than that.
    fn page(&self, view: &Value, now: Wall, width: usize, height: Option<usize>) -> Vec<String> {
        let list = |name: &str| view[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let (queues, operators) = (list("queues"), list("operators"));
        let mut calls: Vec<&Value> = list("calls").iter().collect();
        // Who waits stands first, the longest at the top; then those whom somebody rings or serves.
        calls.sort_by_key(|call| (rank(&call["stage"]), std::cmp::Reverse(call["since_ms"].as_u64())));
        let mut lines = vec![self.head(&calls, now, width), self.banner(view, width)];
        let fixed = lines.len() + 1 + 2 * 2;
        let (queue_rows, rest) = match height {
            None => (usize::MAX, usize::MAX),
            Some(height) => {
                let queue_rows = queues.len().min(height.saturating_sub(fixed + 2 * ROWS_MIN).max(1));
                (queue_rows, height.saturating_sub(fixed + queue_rows))
            }
        };
        self.table(&mut lines, &self.queue_columns(), queues, queue_rows, width, |q| self.queue(q));
        // Operators get what callers leave, and the other way round.
        let call_rows = match rest {
            usize::MAX => usize::MAX,
            rest => calls.len().min(rest.saturating_sub(operators.len().min(rest / 2))),
        };
        lines.push(String::new());
        self.table(&mut lines, &self.call_columns(), &calls, call_rows, width, |call| self.call(call));
        let operator_rows = rest.saturating_sub(call_rows.min(calls.len()));
        lines.push(String::new());
        let rows = operator_rows;
        self.table(&mut lines, &self.operator_columns(), operators, rows, width, |o| self.operator(o));
        if let Some(height) = height {
            lines.truncate(height);
        }
        lines
    }

    fn head(&self, calls: &[&Value], now: Wall, width: usize) -> String {
        let at = self.zone.civil(now);
        let count = |stages: &[&str]| {
            calls.iter().filter(|call| stages.iter().any(|stage| call["stage"] == *stage)).count()
        };
        let left = format!(
            "Hotline  {:02}:{:02}:{:02}   {} {}   {} {}   {} {}",
            at.hour,
            at.minute,
            at.second,
            self.say("на линии", "calls"),
            calls.len(),
            self.say("ждут", "waiting"),
            count(&["waiting", "ringing"]),
            self.say("говорят", "talking"),
            count(&["talking"]),
        );
        let right = self.say("q выход", "q quit");
        let gap = width.saturating_sub(left.chars().count() + right.chars().count()).max(1);
        self.paint(&cut(&format!("{left}{}{right}", " ".repeat(gap)), width), "1")
    }

    fn banner(&self, view: &Value, width: usize) -> String {
        let text = match (view["disk_nearly_full"] == true, view["draining"] == true) {
            (true, _) => self.say(
                "Диск записей почти заполнен: новых записей нет, звонки принимаются",
                "The disk of recordings is nearly full: nothing new is recorded, calls go on",
            ),
            (false, true) => self.say(
                "Новые звонки не принимаются: сервер завершает последние",
                "New calls are refused: the server is finishing its last ones",
            ),
            (false, false) => return String::new(),
        };
        self.alarm(&cut(text, width))
    }

    fn alarm(&self, text: &str) -> String {
        self.paint(text, "1;37;41")
    }

    fn queue_columns(&self) -> [Column; 11] {
        [
            (self.say("очередь", "queue"), 12, false),
            (self.say("ждут", "wait"), 4, true),
            (self.say("приор", "prio"), 5, true),
            (self.say("дольше", "longest"), 7, true),
            ("P10", 6, true),
            ("SL", 6, true),
            (self.say("прогноз", "expect"), 7, true),
            (self.say("своб", "ready"), 5, true),
            (self.say("говор", "talk"), 5, true),
            (self.say("перер", "break"), 5, true),
            (self.say("резерв", "held"), 6, true),
        ]
    }

    fn queue(&self, queue: &Value) -> Vec<Cell> {
        let waiting = queue["waiting"].as_object();
        let all: u64 = waiting.into_iter().flat_map(|w| w.values()).filter_map(Value::as_u64).sum();
        let priority = queue["waiting"]["priority"].as_u64().unwrap_or(0);
        let longest = queue["longest_wait_s"].as_f64().unwrap_or(0.0);
        let ready = queue["operators"]["ready"].as_u64().unwrap_or(0);
        let number = |n: u64, paint| painted(n.to_string(), if n > 0 { paint } else { Paint::Faint });
        let p10 = queue["p10"].as_f64();
        let p10_paint = match p10 {
            None => Paint::Faint,
            Some(share) if share < P10_GOOD => Paint::Bad,
            Some(_) => Paint::Good,
        };
        let operators = |state: &str| queue["operators"][state].as_u64().unwrap_or(0);
        vec![
            cell(text(&queue["name"])),
            number(all, Paint::Busy),
            number(priority, Paint::Bad),
            if all > 0 { cell(clock(longest)) } else { painted("–", Paint::Faint) },
            painted(self.percent(p10), p10_paint),
            painted(self.percent(queue["service_level"].as_f64()), Paint::Plain),
            cell(queue["expected_wait_s"].as_f64().map_or("–".to_string(), clock)),
            number(ready, Paint::Good),
            number(operators("talking"), Paint::Plain),
            number(operators("paused"), Paint::Plain),
            number(queue["reserve"].as_u64().unwrap_or(0), Paint::Plain),
        ]
    }

    fn call_columns(&self) -> [Column; 6] {
        [
            (self.say("номер", "caller"), 14, false),
            (self.say("класс", "class"), 12, false),
            (self.say("этап", "stage"), 10, false),
            (self.say("очередь, шаг", "queue, step"), 22, false),
            (self.say("время", "since"), 8, true),
            (self.say("оператор", "operator"), 8, false),
        ]
    }

    fn call(&self, call: &Value) -> Vec<Cell> {
        let class = match call["class"].as_str() {
            Some("priority") => painted(self.say("приоритет", "priority"), Paint::Bad),
            Some("security") => cell(self.say("безопасность", "security")),
            Some("agent_line") => cell(self.say("агенты", "agent line")),
            Some("standard") => painted(self.say("обычный", "standard"), Paint::Faint),
            other => cell(other.unwrap_or_default()),
        };
        let stage = match call["stage"].as_str() {
            Some("waiting") => painted(self.say("ждёт", "waiting"), Paint::Busy),
            Some("ringing") => painted(self.say("звонит", "ringing"), Paint::Busy),
            Some("talking") => painted(self.say("говорит", "talking"), Paint::Good),
            Some("menu") => painted(self.say("меню", "menu"), Paint::Faint),
            other => cell(other.unwrap_or_default()),
        };
        let place = call["queue"].as_str().or(call["step"].as_str()).unwrap_or_default();
        let number = text(&call["caller"]);
        vec![
            cell(if number.is_empty() { self.say("скрыт", "withheld").to_string() } else { number }),
            class,
            stage,
            cell(place),
            cell(clock(call["since_ms"].as_u64().unwrap_or(0) as f64 / 1000.0)),
            cell(text(&call["operator"])),
        ]
    }

    fn operator_columns(&self) -> [Column; 5] {
        [
            (self.say("оператор", "operator"), 9, false),
            (self.say("имя", "name"), 20, false),
            (self.say("состояние", "state"), 24, false),
            (self.say("время", "since"), 8, true),
            (self.say("очереди", "queues"), 20, false),
        ]
    }

    fn operator(&self, operator: &Value) -> Vec<Cell> {
        let (word, paint) = match operator["state"].as_str() {
            Some("ready") => (self.say("свободен", "ready"), Paint::Good),
            Some("claimed" | "ringing") => (self.say("звонит", "ringing"), Paint::Busy),
            Some("talking") => (self.say("говорит", "talking"), Paint::Busy),
            Some("wrap_up") => (self.say("обработка", "wrap-up"), Paint::Busy),
            Some("paused") => (self.say("перерыв", "break"), Paint::Plain),
            Some("unreachable") => (self.say("нет связи", "unreachable"), Paint::Bad),
            Some("offline") => (self.say("не на месте", "offline"), Paint::Faint),
            _ => ("?", Paint::Plain),
        };
        let state = match operator["reason"].as_str() {
            Some(reason) => format!("{word}: {reason}"),
            None => word.to_string(),
        };
        let queues: Vec<&str> =
            operator["queues"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        vec![
            cell(text(&operator["id"])),
            cell(text(&operator["name"])),
            painted(state, paint),
            cell(clock(operator["since_ms"].as_u64().unwrap_or(0) as f64 / 1000.0)),
            painted(queues.join(" "), Paint::Faint),
        ]
    }

    /// A heading and `room` rows; what does not fit is counted in the last of them.
    fn table<T>(
        &self,
        lines: &mut Vec<String>,
        columns: &[Column],
        items: &[T],
        room: usize,
        width: usize,
        row: impl Fn(&T) -> Vec<Cell>,
    ) {
        let headings: Vec<Cell> =
            columns.iter().map(|(heading, ..)| painted(*heading, Paint::Faint)).collect();
        lines.push(self.row(columns, headings, width));
        let shown = if items.len() <= room { items.len() } else { room.saturating_sub(1) };
        lines.extend(items[..shown].iter().map(|item| self.row(columns, row(item), width)));
        if shown < items.len() && room > 0 {
            let more = format!("{} {}", self.say("… и ещё", "… and"), items.len() - shown);
            let more = match self.language {
                Language::Ru => more,
                Language::En => format!("{more} more"),
            };
            lines.push(self.paint(&more, "2"));
        }
    }

    /// Columns that do not fit into the width are left out, the last of those that do is cut.
    fn row(&self, columns: &[Column], cells: Vec<Cell>, width: usize) -> String {
        let mut line = String::new();
        let mut used = 0;
        for ((_, wide, figures), cell) in columns.iter().zip(cells) {
            let gap = usize::from(used > 0);
            let room = width.saturating_sub(used + gap).min(*wide);
            if room == 0 {
                break;
            }
            let text = cut(&cell.text, room);
            let space = " ".repeat(room - text.chars().count());
            line.push_str(&" ".repeat(gap));
            let code = match cell.paint {
                Paint::Plain => "",
                Paint::Good => "32",
                Paint::Bad => "1;31",
                Paint::Busy => "33",
                Paint::Faint => "2",
            };
            let text = if code.is_empty() { text } else { self.paint(&text, code) };
            match figures {
                true => line.extend([&*space, &*text]),
                false => line.extend([&*text, &*space]),
            }
            used += gap + room;
        }
        line.trim_end().to_string()
    }

    fn paint(&self, text: &str, code: &str) -> String {
        match self.colours {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_string(),
        }
    }

    /// Cut, so that 100% means all of them.
    fn percent(&self, share: Option<f64>) -> String {
        let Some(share) = share else { return "–".to_string() };
        let tenths = (share * 1000.0 + 1e-9).floor() as u64;
        match (tenths, self.language) {
            (1000.., _) => "100%".to_string(),
            (tenths, Language::Ru) => format!("{},{}%", tenths / 10, tenths % 10),
            (tenths, Language::En) => format!("{}.{}%", tenths / 10, tenths % 10),
        }
    }
}

fn rank(stage: &Value) -> u8 {
    match stage.as_str() {
        Some("waiting") => 0,
        Some("ringing") => 1,
        Some("talking") => 2,
        _ => 3,
    }
}

/// What came from outside shows no control character in a terminal.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_string(),
        false => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// `0:07`, `12:40`, `1:02:03`
fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn show() -> Show {
        Show { language: Language::Ru, zone: Zone::utc(), colours: false }
    }

    fn view(callers: usize, operators: usize) -> Value {
        let queue = json!({
            "name": "wallet", "pool": "main", "waiting": {"priority": 1, "standard": 3}, "longest_wait_s": 41.2,
            "p10": 0.9499, "service_level": 1.0, "expected_wait_s": 125.0, "reserve": 1,
            "operators": {"ready": 0, "talking": 5, "paused": 1, "other": 0},
        });
        let call = |n: usize| {
            json!({
                "id": "x", "caller": "+7916***4567", "class": if n == 0 { "priority" } else { "standard" },
                "stage": if n.is_multiple_of(2) { "waiting" } else { "talking" }, "queue": "wallet",
                "step": "specialist", "since_ms": 41_200 + n * 1000, "operator": null,
            })
        };
        let operator = |n: usize| {
            json!({
                "id": format!("{}", 101 + n), "name": "Оператор с очень длинным именем", "state": "paused",
                "reason": "обед", "since_ms": 600_000, "queues": ["wallet", "terminals", "security"],
            })
        };
        json!({
            "draining": false, "disk_nearly_full": false, "queues": [queue],
            "calls": (0..callers).map(call).collect::<Vec<_>>(),
            "operators": (0..operators).map(operator).collect::<Vec<_>>(),
        })
    }

    #[test]
    fn a_page_fits_into_its_terminal_whatever_happens() {
        for (callers, operators) in [(0, 0), (3, 2), (200, 1), (1, 200), (200, 200)] {
            for (width, height) in [(80, 24), (40, 10), (200, 60), (20, 5), (1, 1)] {
                let page = show().page(&view(callers, operators), Wall(0), width, Some(height));
                assert!(page.len() <= height, "{callers} {operators} {width}x{height}: {page:#?}");
                let widest = page.iter().map(|line| line.chars().count()).max().unwrap_or(0);
                assert!(widest <= width, "{widest} > {width}: {page:#?}");
            }
        }
        let page = show().page(&view(200, 200), Wall(0), 80, Some(24));
        assert_eq!(page.len(), 24, "all of it is used: {page:#?}");
        assert!(page.iter().filter(|line| line.contains("… и ещё")).count() == 2, "{page:#?}");
    }

    #[test]
    fn who_waits_longest_stands_first_and_a_broken_promise_is_not_rounded_away() {
        let page = show().page(&view(4, 1), Wall(0), 80, None).join("\n");
        assert!(page.contains("wallet          4     1    0:41  94,9%   100%    2:05"), "{page}");
        let (first, second) = (page.find("0:43").unwrap(), page.rfind("0:41").unwrap());
        assert!(first < second, "{page}");
        assert!(page.contains("перерыв: обед") && page.contains("Оператор с очень дл…"), "{page}");
    }

    #[test]
    fn a_name_from_outside_cannot_speak_to_the_terminal() {
        assert_eq!(text(&json!("a\x1b[2Jb\nc")), "a[2Jbc");
        assert_eq!(cut("очередь", 4), "оче…");
    }
}
