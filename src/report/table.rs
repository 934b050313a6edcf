//! A report as a table in a terminal, and as CSV.
use super::operator::OperatorLine;
use super::queue::QueueLine;
use super::slot::{DAY_MS, Interval, Slot};
use super::words::{self, Word, word};
use super::{Kind, Lines, Report};
use crate::clock::Zone;
use crate::machine::Wall;
use crate::queue::AttemptResult;
use crate::say::Language;
use serde_json::Value;

/// Rows of cells under headings; text to the left, figures to the right.
struct Table {
    /// Heading, and whether figures stand below it.
    columns: Vec<(&'static str, bool)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn write(&self, out: &mut String) {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.columns[column].0.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let headings = self.columns.iter().map(|(heading, _)| heading.to_string()).collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), (_, figures)) in row.iter().zip(&widths).zip(&self.columns) {
                let space = " ".repeat(width - cell.chars().count());
                match figures {
                    true => line.extend([&*space, cell]),
                    false => line.extend([cell, &*space]),
                }
                line.push_str("  ");
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

pub(super) fn text(report: &Report, language: Language) -> String {
    let say = |both: Word| word(language, both);
    let title = match report.query.kind {
        Kind::Daily => say(("Отчёт по дням", "Daily report")),
        Kind::Queue => say(("Отчёт по очередям", "Report by queue")),
        Kind::Operator => say(("Отчёт по операторам", "Report by operator")),
    };
    let zone = &report.zone;
    let last = Wall(report.query.to.0 - 1);
    let mut out = format!(
        "{title}: {} – {} ({})\n\n",
        moment(zone, report.query.from, false),
        moment(zone, last, true),
        zone.name()
    );
    let nothing = say(("За это время ничего не было.\n", "Nothing happened in this time.\n"));
    match &report.lines {
        Lines::Queues(lines) => {
            let lines: Vec<_> = lines.iter().filter(|line| line.tally.offered > 0).collect();
            match lines.is_empty() {
                true => out.push_str(nothing),
                false => queues(report, &lines, language, &mut out),
            }
        }
        Lines::Operators(lines) => {
            let worth = |line: &&OperatorLine| line.work.rung() > 0 || !line.work.spent.signed_in.is_zero();
            let lines: Vec<_> = lines.iter().filter(worth).collect();
            match lines.is_empty() {
                true => out.push_str(nothing),
                false => operators(report, &lines, language, &mut out),
            }
        }
    }
    out
}

fn queues(report: &Report, lines: &[&QueueLine], language: Language, out: &mut String) {
    let say = |both: Word| word(language, both);
    let mut columns = Vec::new();
    if report.query.interval.is_some() {
        columns.push((say(("время", "time")), false));
    }
    let by_queue = report.query.kind == Kind::Queue;
    if by_queue {
        columns.push((say(("очередь", "queue")), false));
    }
    columns.extend([
        (say(("класс", "class")), false),
        (say(("звонки", "offered")), true),
        (say(("ответ", "answered")), true),
        ("P10", true),
        ("SL", true),
        (say(("≤3 с", "≤3 s")), true),
        (say(("≤10 с", "≤10 s")), true),
        (say((">10 с", ">10 s")), true),
        (say(("иначе", "other")), true),
        ("ASA", true),
        (say(("макс", "max")), true),
        ("AHT", true),
    ]);
    let row = |line: &&QueueLine| {
        let tally = &line.tally;
        let mut row = Vec::new();
        if let Some(interval) = report.query.interval {
            row.push(when(&report.zone, line.slot, interval, report.query.from, report.query.to));
        }
        if by_queue {
            let all = say(("всего", "total"));
            row.push(line.queue.as_ref().map_or(all.to_string(), |queue| queue.to_string()));
        }
        let other = tally.left + tally.exited() + tally.moved + tally.lost + tally.open;
        row.extend([
            words::class(language, line.class).to_string(),
            tally.offered.to_string(),
            tally.connected.to_string(),
            words::percent(language, line.p10()),
            words::percent(language, line.service_level()),
            tally.hung_up_at_once.to_string(),
            tally.hung_up_in_promise.to_string(),
            tally.hung_up_later.to_string(),
            other.to_string(),
            words::wait(language, tally.average_speed_of_answer()),
            words::wait(language, (tally.connected > 0).then_some(tally.connected_wait_max)),
            words::time_or_none(tally.average_handling()),
        ]);
        row
    };
    Table { columns, rows: lines.iter().map(row).collect() }.write(out);
    out.push('\n');
    out.push_str(say((
        "P10  соединены за 10 с ÷ (звонки − положившие трубку за 10 с)\n\
         SL   соединены за срок своего класса ÷ (звонки − положившие трубку за 5 с)\n\
         ≤3 с, ≤10 с, >10 с: положили трубку за 3 с, от 3 до 10 с, позже\n\
         иначе: ушли по клавише, выход из очереди, перевод, ждут сейчас\n\
         ASA  среднее ожидание соединённых; AHT  разговор + удержание + обработка\n",
        "P10  connected within 10 s ÷ (offered − hung up within 10 s)\n\
         SL   connected within their class's time ÷ (offered − hung up within 5 s)\n\
         ≤3 s, ≤10 s, >10 s: hung up within 3 s, from 3 to 10 s, later\n\
         other: left by a key, queue exits, moved on, waiting now\n\
         ASA  mean wait of those connected; AHT  talk + hold + wrap-up\n",
    )));
    // The formulas that others use, by name, so that figures can be compared.
    if let Some(total) = lines.iter().rev().find(|line| line.queue.is_none() && line.class.is_none())
        && report.query.interval.is_none()
    {
        out.push_str(&format!(
            "{} {}; {} {}\n",
            say(("Другие формулы: в срок из соединённых", "Other formulas: in time, of those answered")),
            words::percent(language, total.tally.answered_in_target_of_answered()),
            say(("положившие трубку в срок как успех", "hung up in time as a success")),
            words::percent(language, total.service_level_with_abandons()),
        ));
    }
}

fn operators(report: &Report, lines: &[&OperatorLine], language: Language, out: &mut String) {
    let say = |both: Word| word(language, both);
    let mut columns = Vec::new();
    if report.query.interval.is_some() {
        columns.push((say(("время", "time")), false));
    }
    columns.extend([
        (say(("оператор", "operator")), false),
        (say(("имя", "name")), false),
        (say(("звонков", "rung")), true),
        (say(("ответ", "answered")), true),
        (say(("пропущено", "missed")), true),
        ("AHT", true),
        (say(("разговор", "talk")), true),
        (say(("удержание", "hold")), true),
        (say(("обработка", "wrap-up")), true),
        (say(("на месте", "signed in")), true),
        (say(("перерывы", "breaks")), true),
        (say(("занятость", "occupancy")), true),
    ]);
    let row = |line: &&OperatorLine| {
        let work = &line.work;
        let mut row = Vec::new();
        if let Some(interval) = report.query.interval {
            row.push(when(&report.zone, line.slot, interval, report.query.from, report.query.to));
        }
        let all = say(("всего", "total"));
        row.extend([
            line.operator.as_ref().map_or(all.to_string(), |operator| operator.to_string()),
            line.name.clone(),
            work.rung().to_string(),
            work.of(AttemptResult::Answered).to_string(),
            work.missed().to_string(),
            words::time_or_none(work.average_handling()),
            words::time(work.talk),
            words::time(work.hold),
            words::time(work.wrap_up),
            words::time(work.spent.signed_in),
            words::time(work.spent.breaks),
            words::percent(language, work.spent.occupancy()),
        ]);
        row
    };
    Table { columns, rows: lines.iter().map(row).collect() }.write(out);
    out.push('\n');
    out.push_str(say((
        "занятость: (звонок + разговор + удержание + обработка) ÷ (на месте − перерывы)\n\
         пропущено: не ответил или отклонил\n",
        "occupancy: (ring + talk + hold + wrap-up) ÷ (signed in − breaks)\n\
         missed: did not answer, or rejected\n",
    )));
}

/// How a line's slot is called: the day, the time of day, or both when the report is longer than a day. On a day on
/// which an hour comes twice its offset tells them apart.
fn when(zone: &Zone, slot: Slot, interval: Interval, from: Wall, to: Wall) -> String {
    let civil = zone.civil(slot.from);
    let day = format!("{:02}.{:02}.{:04}", civil.day, civil.month, civil.year);
    if interval == Interval::Day {
        return day;
    }
    let time = format!("{:02}:{:02}", civil.hour, civil.minute);
    let (first, next) = zone.day(slot.from);
    let time = match next.0 - first.0 {
        DAY_MS => time,
        _ => {
            let text = zone.rfc3339(slot.from);
            format!("{time} {}", text.get(text.len() - 6..).unwrap_or_default())
        }
    };
    match to.0 - from.0 > DAY_MS + 3_600_000 {
        true => format!("{day} {time}"),
        false => time,
    }
}

/// `22.11.2026`, with the time where it is not the day's first (or, for an end, its last) minute.
fn moment(zone: &Zone, at: Wall, end: bool) -> String {
    let civil = zone.civil(at);
    let (first, next) = zone.day(at);
    let whole = if end { at.0 + 1 == next.0 } else { at == first };
    let day = format!("{:02}.{:02}.{:04}", civil.day, civil.month, civil.year);
    let shown = zone.civil(Wall(at.0 + i64::from(end)));
    match whole {
        true => day,
        false => format!("{day} {:02}:{:02}", shown.hour, shown.minute),
    }
}

pub(super) fn csv(report: &Report) -> Result<String, csv::Error> {
    let rows: Vec<Vec<(&'static str, Value)>> = match &report.lines {
        Lines::Queues(lines) => lines.iter().map(|line| line.columns(&report.zone)).collect(),
        Lines::Operators(lines) => lines.iter().map(|line| line.columns(&report.zone)).collect(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (index, row) in rows.iter().enumerate() {
        if index == 0 {
            writer.write_record(row.iter().map(|(name, _)| *name))?;
        }
        writer.write_record(row.iter().map(|(_, value)| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
