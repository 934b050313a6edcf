//! The variables of a call: single values only, which no `Debug` output shows.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A longer text cannot become a variable; the step takes its failure edge.
pub const TEXT_BYTES_MAX: usize = 4096;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Var {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// Digits of a secret step. A snapshot keeps only how many there were.
    Secret(#[serde(serialize_with = "dots")] String),
}

pub type Vars = BTreeMap<String, Var>;

impl Var {
    /// As spoken, sent or compared with a `switch` case.
    pub fn text(&self) -> String {
        match self {
            Var::None => String::new(),
            Var::Bool(value) => value.to_string(),
            Var::Int(value) => value.to_string(),
            Var::Float(value) => value.to_string(),
            Var::Text(text) | Var::Secret(text) => text.clone(),
        }
    }

    pub fn is_true(&self) -> bool {
        match self {
            Var::None => false,
            Var::Bool(value) => *value,
            Var::Int(value) => *value != 0,
            Var::Float(value) => *value != 0.0,
            Var::Text(text) | Var::Secret(text) => !text.is_empty(),
        }
    }

    /// A whole number, also from a text of digits.
    pub fn int(&self) -> Option<i64> {
        match self {
            Var::Int(value) => Some(*value),
            Var::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
            Var::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A sum of roubles (`1500`, `1500.5`, `1500.50`, `1500,50`) in kopecks, without a detour over floating point.
    pub fn kopecks(&self) -> Option<i64> {
        let text = match self {
            Var::Int(value) => return value.checked_mul(100),
            Var::Float(value) if value.abs() < 9e13 => return Some((value * 100.0).round() as i64),
            Var::Text(text) => text.trim().replace(',', "."),
            _ => return None,
        };
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let (roubles, kopecks) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if roubles.is_empty() || kopecks.len() > 2 || !is_number(roubles) || !is_number(kopecks) {
            return None;
        }
        let kopecks: i64 = format!("{kopecks:0<2}").parse().ok()?;
        let sum = roubles.parse::<i64>().ok()?.checked_mul(100)?.checked_add(kopecks)?;
        Some(if negative { -sum } else { sum })
    }
}

/// Values are callers' data: only their kind and length are shown.
impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Var::None => f.write_str("None"),
            Var::Bool(value) => write!(f, "Bool({value})"),
            Var::Int(_) => f.write_str("Int(·)"),
            Var::Float(_) => f.write_str("Float(·)"),
            Var::Text(text) => write!(f, "Text({} characters)", text.chars().count()),
            Var::Secret(text) => write!(f, "Secret({} characters)", text.chars().count()),
        }
    }
}

fn dots<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&"•".repeat(text.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_become_kopecks_exactly() {
        let text = |text: &str| Var::Text(text.into()).kopecks();
        assert_eq!(text("1500.00"), Some(150_000));
        assert_eq!(text("21.5"), Some(2150));
        assert_eq!(text("0,07"), Some(7));
        assert_eq!(text("-3.20"), Some(-320));
        assert_eq!(text("5"), Some(500));
        for wrong in ["", ".", "1.234", "1e3", "abc", "99999999999999999999"] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        assert_eq!(Var::Float(19.99).kopecks(), Some(1999));
    }

    #[test]
    fn a_secret_is_neither_shown_nor_kept() {
        let secret = Var::Secret("4711".into());
        assert_eq!(format!("{secret:?}"), "Secret(4 characters)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#"{"secret":"••••"}"#);
        assert_eq!(format!("{:?}", Var::Text("9161234567".into())), "Text(10 characters)");
    }
}
