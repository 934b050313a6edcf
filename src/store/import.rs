//! CSV files of subscribers, payments and agents.
//!
//! The first line names the columns, in any order; optional ones may be missing. A file is taken whole or not at all: the
//! first bad row is named with its line. UTF-8, with or without a byte order mark; `,` or `;` between the values.
use super::answer::kopecks;
use super::{Agent, Import, Payment, PaymentStatus, Subscriber};
use crate::class::Class;
use crate::clock::{self, Zone};
use crate::number::Number;
use csv::StringRecord;
use std::collections::BTreeMap;

/// A few million rows. A larger file is no list of this kind.
pub const FILE_BYTES_MAX: u64 = 256 << 20;
/// Receipt, terminal and agent numbers are keyed in; nobody keys more.
const KEYED_DIGITS_MAX: usize = 32;
const TEXT_CHARS_MAX: usize = 200;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Subscribers,
    Payments,
    Agents,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Subscribers => "subscriber",
            Kind::Payments => "payment",
            Kind::Agents => "agent",
        }
    }

    const fn required(self) -> &'static [&'static str] {
        match self {
            Kind::Subscribers => &["number", "class"],
            Kind::Payments => &["number", "terminal", "paid_at", "amount", "status"],
            Kind::Agents => &["id"],
        }
    }

    const fn optional(self) -> &'static [&'static str] {
        match self {
            Kind::Subscribers => &["name", "email"],
            Kind::Payments => &[],
            Kind::Agents => &["name", "active"],
        }
    }

    /// `number,class[,name,email]`
    fn first_line(self) -> String {
        let mut text = self.required().join(",");
        if !self.optional().is_empty() {
            text.push_str(&format!("[,{}]", self.optional().join(",")));
        }
        text
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ImportError {
    pub line: u64,
    pub what: String,
}

/// Reads a whole file. A moment without an offset is in `zone`.
pub fn parse(kind: Kind, bytes: &[u8], zone: &Zone) -> Result<Import, ImportError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        ImportError { line, what: "expected UTF-8 text; save the file as CSV UTF-8".to_string() }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or("");
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let columns = match records.next() {
        Some(record) => columns(kind, &read(text, record)?)?,
        None => {
            let what = format!("the file is empty; expected a first line {}", kind.first_line());
            return Err(ImportError { line: 1, what });
        }
    };
    let rows = Rows { columns, zone, text };
    match kind {
        Kind::Subscribers => {
            rows.all(records, Rows::subscriber, |row| row.number.to_string()).map(Import::Subscribers)
        }
        Kind::Payments => rows
            .all(records, Rows::payment, |row| format!("{} {}", row.number, row.terminal))
            .map(Import::Payments),
        Kind::Agents => rows.all(records, Rows::agent, |row| row.id.clone()).map(Import::Agents),
    }
}

fn columns(kind: Kind, record: &StringRecord) -> Result<BTreeMap<String, usize>, ImportError> {
    let fault = |what: String| ImportError { line: 1, what };
    let expected = kind.first_line();
    let mut columns = BTreeMap::new();
    for (i, name) in record.iter().enumerate() {
        let name = name.to_ascii_lowercase();
        if !kind.required().contains(&name.as_str()) && !kind.optional().contains(&name.as_str()) {
            return Err(fault(format!("unknown column `{name}`; expected a first line {expected}")));
        }
        if columns.insert(name.clone(), i).is_some() {
            return Err(fault(format!("column `{name}` is named twice")));
        }
    }
    match kind.required().iter().find(|name| !columns.contains_key(**name)) {
        Some(missing) => {
            Err(fault(format!("column `{missing}` is missing; expected a first line {expected}")))
        }
        None => Ok(columns),
    }
}

fn read(text: &str, record: Result<StringRecord, csv::Error>) -> Result<StringRecord, ImportError> {
    record.map_err(|error| {
        let line = line(text, error.position());
        let what = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("expected {expected_len} values as in the first line, got {len}")
            }
            _ => error.to_string(),
        };
        ImportError { line, what }
    })
}

/// The line on which a record begins. The reader's own count stops before the empty lines that it skips.
fn line(text: &str, at: Option<&csv::Position>) -> u64 {
    let byte = at.and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or(0);
    let rest = text.as_bytes().get(byte..).unwrap_or_default();
    let skipped = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let before = text.as_bytes().get(..byte + skipped).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count() as u64
}

struct Rows<'z> {
    columns: BTreeMap<String, usize>,
    zone: &'z Zone,
    text: &'z str,
}

type Parsed<T> = Result<T, String>;

impl Rows<'_> {
    fn all<T>(
        &self,
        records: csv::StringRecordsIter<'_, &[u8]>,
        parse: impl Fn(&Self, &StringRecord) -> Parsed<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, ImportError>
    where
        T: PartialEq,
    {
        let mut rows: Vec<T> = Vec::new();
        let mut seen: BTreeMap<String, (Option<csv::Position>, usize)> = BTreeMap::new();
        for record in records {
            let record = read(self.text, record)?;
            let fault = |what| ImportError { line: line(self.text, record.position()), what };
            let row = parse(self, &record).map_err(fault)?;
            match seen.get(&key(&row)) {
                // Which of two different rows is meant? An exact repetition does no harm.
                Some((first, at)) if rows.get(*at) != Some(&row) => {
                    let first = line(self.text, first.as_ref());
                    return Err(fault(format!("this key stands on line {first} already, with other values")));
                }
                Some(_) => {}
                None => {
                    seen.insert(key(&row), (record.position().cloned(), rows.len()));
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    fn subscriber(&self, record: &StringRecord) -> Parsed<Subscriber> {
        let class = self.value(record, "class");
        Ok(Subscriber {
            number: self.number(record)?,
            class: Class::parse(class)
                .filter(|class| matches!(class, Class::Priority | Class::Standard))
                .ok_or_else(|| format!("class: expected priority or standard, got `{class}`"))?,
            name: self.text(record, "name")?,
            email: self.email(record)?,
        })
    }

    fn payment(&self, record: &StringRecord) -> Parsed<Payment> {
        let (paid_at, amount) = (self.value(record, "paid_at"), self.value(record, "amount"));
        let status = self.value(record, "status");
        Ok(Payment {
            number: self.keyed(record, "number")?,
            terminal: self.keyed(record, "terminal")?,
            paid_at: clock::parse(paid_at, self.zone).ok_or_else(|| {
                format!("paid_at: expected a moment like 2026-11-22T23:10+03:00 or 2026-11-22 23:10, got `{paid_at}`")
            })?,
            kopecks: kopecks(amount)
                .ok_or_else(|| format!("amount: expected roubles like 1500.00, got `{amount}`"))?,
            status: PaymentStatus::parse(status)
                .ok_or_else(|| format!("status: expected processing or done, got `{status}`"))?,
        })
    }

    fn agent(&self, record: &StringRecord) -> Parsed<Agent> {
        let active = match self.value(record, "active") {
            "" | "true" | "yes" | "1" => true,
            "false" | "no" | "0" => false,
            other => return Err(format!("active: expected true or false, got `{other}`")),
        };
        Ok(Agent { id: self.keyed(record, "id")?, name: self.text(record, "name")?, active })
    }

    /// Empty when the column is missing.
    fn value<'r>(&self, record: &'r StringRecord, column: &str) -> &'r str {
        self.columns.get(column).and_then(|i| record.get(*i)).unwrap_or("")
    }

    fn number(&self, record: &StringRecord) -> Parsed<Number> {
        let text = self.value(record, "number");
        Number::parse(text)
            .ok_or_else(|| format!("number: expected a telephone number like 79161234567, got `{text}`"))
    }

    /// What a caller keys in: digits, with spaces and dashes for the eye.
    fn keyed(&self, record: &StringRecord, column: &str) -> Parsed<String> {
        let text = self.value(record, column);
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let fits = !digits.is_empty()
            && digits.len() <= KEYED_DIGITS_MAX
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if fits {
            Ok(digits)
        } else {
            Err(format!("{column}: expected 1 to {KEYED_DIGITS_MAX} digits, got `{text}`"))
        }
    }

    fn text(&self, record: &StringRecord, column: &str) -> Parsed<Option<String>> {
        let text = self.value(record, column);
        if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
            return Err(format!("{column}: expected at most {TEXT_CHARS_MAX} printable characters"));
        }
        Ok((!text.is_empty()).then(|| text.to_string()))
    }

    fn email(&self, record: &StringRecord) -> Parsed<Option<String>> {
        let email = self.text(record, "email")?;
        match &email {
            Some(text)
                if !text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) =>
            {
                Err(format!("email: expected an address like name@example.org, got `{text}`"))
            }
            _ => Ok(email),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone::named("Europe/Moscow").unwrap()
    }

    fn parse_text(kind: Kind, text: &str) -> Result<Import, ImportError> {
        parse(kind, text.as_bytes(), &zone())
    }

    #[test]
    fn columns_stand_in_any_order_and_optional_ones_may_be_missing() {
        let text = "\u{feff}class, Number\r\npriority,8 (916) 123-45-67\r\nstandard,+79031112233\r\n";
        let Import::Subscribers(rows) = parse_text(Kind::Subscribers, text).unwrap() else { panic!() };
        assert_eq!(rows[0].number.as_str(), "79161234567");
        assert_eq!(rows[0].class, Class::Priority);
        assert_eq!(rows[1].name, None);
    }

    #[test]
    fn a_payment_is_read_exactly() {
        let text =
            "number;terminal;paid_at;amount;status\n1000-000-003;77 01;2026-11-22 23:10;\"21,50\";done\n";
        let Import::Payments(rows) = parse_text(Kind::Payments, text).unwrap() else { panic!() };
        let expected = Payment {
            number: "1000000003".into(),
            terminal: "7701".into(),
            paid_at: clock::parse("2026-11-22T20:10:00Z", &zone()).unwrap(),
            kopecks: 2150,
            status: PaymentStatus::Done,
        };
        assert_eq!(rows, [expected]);
    }

    #[test]
    fn agents_are_active_unless_it_says_otherwise() {
        let text = "id,name,active\n100234,ООО «Терминал»,\n100235,,no\n";
        let Import::Agents(rows) = parse_text(Kind::Agents, text).unwrap() else { panic!() };
        assert!(rows[0].active && !rows[1].active);
        assert_eq!(rows[0].name.as_deref(), Some("ООО «Терминал»"));
    }

    #[test]
    fn a_bad_file_is_named_with_its_line() {
        let cases = [
            (Kind::Subscribers, "", 1, "the file is empty"),
            (Kind::Subscribers, "79161234567,priority\n", 1, "unknown column `79161234567`"),
            (Kind::Subscribers, "number,name\n1,x\n", 1, "column `class` is missing"),
            (Kind::Subscribers, "number,class,class\n", 1, "named twice"),
            (Kind::Subscribers, "number,class\n79161234567,vip\n", 2, "got `vip`"),
            (Kind::Subscribers, "number,class\n79161234567,security\n", 2, "got `security`"),
            (Kind::Subscribers, "number,class\n79161234567,priority\nalice,standard\n", 3, "got `alice`"),
            (Kind::Subscribers, "number,class\n79161234567,priority\n79161234567\n", 3, "expected 2 values"),
            (
                Kind::Subscribers,
                "number,class\n79161234567,priority\n\n89161234567,standard\n",
                4,
                "stands on line 2 already",
            ),
            (Kind::Subscribers, "number,class,email\n79161234567,priority,nobody\n", 2, "email:"),
            (
                Kind::Payments,
                "number,terminal,paid_at,amount,status\n1,2,2026-11-22,1e3,done\n",
                2,
                "amount:",
            ),
            (Kind::Payments, "number,terminal,paid_at,amount,status\n1,2,soon,1,done\n", 2, "paid_at:"),
            (Kind::Payments, "number,terminal,paid_at,amount,status\n1,2,2026-11-22,1,lost\n", 2, "status:"),
            (Kind::Payments, "number,terminal,paid_at,amount,status\nA1,2,2026-11-22,1,done\n", 2, "number:"),
            (Kind::Agents, "id,active\n1,maybe\n", 2, "active:"),
            (Kind::Agents, "id\n1\n\"2\n3\n", 3, "id:"),
        ];
        for (kind, text, line, what) in cases {
            let error = parse_text(kind, text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.what.contains(what), "{text:?}: {error}");
        }
        let latin = parse(Kind::Agents, b"id,name\n1,ok\n2,\xcf\xf0\xe8\n", &zone()).unwrap_err();
        assert_eq!((latin.line, latin.what.contains("UTF-8")), (3, true));
    }

    #[test]
    fn an_exact_repetition_does_no_harm() {
        let Import::Agents(rows) = parse_text(Kind::Agents, "id\n1\n1\n").unwrap() else { panic!() };
        assert_eq!(rows.len(), 1);
    }
}
