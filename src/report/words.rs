//! What tables say, in Russian and English, and how figures are written there.
use crate::class::Class;
use crate::say::Language;
use std::time::Duration;

/// The same word in both languages.
pub(super) type Word = (&'static str, &'static str);

pub(super) fn word(language: Language, (ru, en): Word) -> &'static str {
    match language {
        Language::Ru => ru,
        Language::En => en,
    }
}

pub(super) fn class(language: Language, class: Option<Class>) -> &'static str {
    let both = match class {
        Some(Class::Priority) => ("приоритет", "priority"),
        Some(Class::Security) => ("безопасность", "security"),
        Some(Class::AgentLine) => ("агенты", "agent line"),
        Some(Class::Standard) => ("обычный", "standard"),
        None => ("все", "all"),
    };
    word(language, both)
}

/// `97.5%`: cut, not rounded, so that 100% means all of them.
pub(super) fn percent(language: Language, share: Option<f64>) -> String {
    let Some(share) = share else { return "–".to_string() };
    // A share is a quotient of whole numbers; the smallest step up keeps 0.975 from being cut to 97.4.
    let tenths = (share * 1000.0 + 1e-9).floor() as u64;
    format!("{}{}{}%", tenths / 10, point(language), tenths % 10)
}

/// Waits: seconds and tenths below a minute, `2:05` above. Cut, so that 9.9 kept a promise of 10.
pub(super) fn wait(language: Language, wait: Option<Duration>) -> String {
    match wait {
        None => "–".to_string(),
        Some(wait) if wait < Duration::from_secs(60) => {
            let tenths = wait.as_millis() / 100;
            format!("{}{}{}", tenths / 10, point(language), tenths % 10)
        }
        Some(wait) => time(wait),
    }
}

/// `4:05`, `7:45:10`
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

pub(super) fn time_or_none(duration: Option<Duration>) -> String {
    duration.map_or("–".to_string(), time)
}

fn point(language: Language) -> char {
    match language {
        Language::Ru => ',',
        Language::En => '.',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_figure_is_rounded_up_to_a_promise() {
        assert_eq!(percent(Language::Ru, Some(0.9999)), "99,9%");
        assert_eq!(percent(Language::En, Some(1.0)), "100.0%");
        assert_eq!(percent(Language::En, Some(975.0 / 1000.0)), "97.5%");
        assert_eq!(wait(Language::Ru, Some(Duration::from_millis(10_001))), "10,0");
        assert_eq!(wait(Language::En, Some(Duration::from_millis(9_999))), "9.9");
        assert_eq!(wait(Language::En, Some(Duration::from_secs(125))), "2:05");
        assert_eq!(time(Duration::from_secs(7 * 3600 + 45 * 60 + 10)), "7:45:10");
    }
}
