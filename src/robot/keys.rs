//! What a robot presses, and when: `1,w3,hash,1234`.
//!
//! Items stand between commas: `w` and seconds to wait (`w3`, `w0.5`), or keys that are pressed one after the other
//! (`1`, `1234`, `*`, `star`, `hash`).
use crate::digit::Digit;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// A longer script is refused.
pub const STEPS_MAX: usize = 1000;
/// A longer wait is refused.
pub const WAIT_MAX: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Press(Digit),
    Wait(Duration),
}

/// A script of key presses. Its `Debug` shows no keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeysError {
    #[error(
        "expected keys (0-9, A-D, star, hash) or a wait such as w3 or w0.5, got an item that is neither at place {0}"
    )]
    Item(usize),
    #[error("the wait at place {0} is longer than {max} s", max = WAIT_MAX.as_secs())]
    Wait(usize),
    #[error("expected at most {STEPS_MAX} keys and waits")]
    TooMany,
}

impl Keys {
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn presses(&self) -> usize {
        self.0.iter().filter(|step| matches!(step, Step::Press(_))).count()
    }
}

impl From<Vec<Step>> for Keys {
    fn from(steps: Vec<Step>) -> Keys {
        Keys(steps)
    }
}

impl FromStr for Keys {
    type Err = KeysError;

    fn from_str(text: &str) -> Result<Keys, KeysError> {
        let mut steps = Vec::new();
        let items = text.split(',').map(str::trim).enumerate();
        for (at, item) in items.filter(|(_, item)| !item.is_empty()) {
            let place = at + 1;
            if let Some(seconds) = item.strip_prefix(['w', 'W']) {
                let seconds: f64 = seconds.parse().map_err(|_| KeysError::Item(place))?;
                let wait = Duration::try_from_secs_f64(seconds).map_err(|_| KeysError::Item(place))?;
                if wait > WAIT_MAX {
                    return Err(KeysError::Wait(place));
                }
                steps.push(Step::Wait(wait));
            } else if let Some(digit) = Digit::from_name(item) {
                steps.push(Step::Press(digit));
            } else {
                for c in item.chars() {
                    steps.push(Step::Press(Digit::from_char(c).ok_or(KeysError::Item(place))?));
                }
            }
            if steps.len() > STEPS_MAX {
                return Err(KeysError::TooMany);
            }
        }
        Ok(Keys(steps))
    }
}

impl fmt::Display for Keys {
    /// How much is pressed, not what: keys may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.presses())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_waits_are_read_in_order() {
        let press = |c| Step::Press(Digit::from_char(c).unwrap());
        let keys: Keys = "1, w0.5,hash,42*".parse().unwrap();
        let wait = Step::Wait(Duration::from_millis(500));
        assert_eq!(keys.steps(), [press('1'), wait, press('#'), press('4'), press('2'), press('*')]);
        assert_eq!(keys.presses(), 5);
        assert!("".parse::<Keys>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_key_is_named_by_its_place() {
        assert_eq!("1,x".parse::<Keys>(), Err(KeysError::Item(2)));
        assert_eq!("w".parse::<Keys>(), Err(KeysError::Item(1)));
        assert_eq!("w-1".parse::<Keys>(), Err(KeysError::Item(1)));
        assert_eq!("w99999".parse::<Keys>(), Err(KeysError::Wait(1)));
        assert_eq!("1".repeat(1001).parse::<Keys>(), Err(KeysError::TooMany));
    }
}
