//! What lists have in common: moments, cursors and limits.
use super::super::App;
use super::super::problem::Problem;
use crate::machine::Wall;
use crate::office::{CallCursor, PAGE, PAGE_MAX};

/// Characters of any parameter; a whole number, a word of a search box.
const PARAMETER_CHARS_MAX: usize = 128;

/// A day or a moment; as an end, a day is included.
pub fn moment(app: &App, name: &str, text: Option<&str>, is_end: bool) -> Result<Option<Wall>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let zone = app.desk.zone();
    let at = crate::clock::parse(text, zone).ok_or_else(|| {
        Problem::bad_request(format!(
            "{name}: expected a day (2026-11-22) or a moment (2026-11-22T18:30:00+03:00)"
        ))
    })?;
    let is_day = text.len() == "2026-11-22".len();
    Ok(Some(if is_end && is_day { zone.day(at).1 } else { at }))
}

pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(PAGE),
        Some(limit @ 1..=PAGE_MAX) => Ok(limit),
        Some(_) => Err(Problem::bad_request(format!("limit: expected 1 to {PAGE_MAX}"))),
    }
}

/// A word that is looked for; an empty one is none.
pub fn word(name: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    let Some(text) = text.map(|text| text.trim().to_string()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // SQLite ends a text at a zero byte, and no word of ours holds a control character.
    if text.chars().count() > PARAMETER_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!(
            "{name}: expected at most {PARAMETER_CHARS_MAX} characters on one line"
        )));
    }
    Ok(Some(text))
}

/// The key of the last row shown, as `next` gave it.
pub fn number_cursor(text: Option<&str>) -> Result<Option<u64>, Problem> {
    text.map(|text| text.parse::<u64>().map_err(|_| bad_cursor())).transpose()
}

pub fn call_cursor(text: Option<&str>) -> Result<Option<CallCursor>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.split_once('.').and_then(|(at, id)| {
        Some(CallCursor { started_at: Wall(at.parse().ok()?), id: crate::ids::CallId::parse(id)? })
    });
    parts.map(Some).ok_or_else(bad_cursor)
}

pub fn call_cursor_text(cursor: &CallCursor) -> String {
    format!("{}.{}", cursor.started_at.0, cursor.id)
}

pub fn bad_cursor() -> Problem {
    Problem::bad_request("cursor: expected what `next` of the page before said")
}

/// A text of a person's: trimmed, not empty, so long at most; line breaks stay.
pub fn written(name: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 || count > chars_max || text.contains('\0') {
        return Err(Problem::unusable(format!(
            "`{name}`: expected 1 to {chars_max} characters, got {count}"
        )));
    }
    Ok(text.to_string())
}
