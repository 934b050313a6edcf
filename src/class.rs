//! Service classes and their promises (queue rules, "Class").
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Rule Q1 gives a seat its target's distance from this ceiling as extra age.
pub const ORDINARY_TARGET: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A subscriber of the "Приоритет" package. Belongs to the caller, in any queue.
    Priority,
    /// Fraud and missing money. Belongs to the queue.
    Security,
    /// The agents' number. Belongs to the queue.
    AgentLine,
    Standard,
}

impl Class {
    pub const ALL: [Class; 4] = [Class::Priority, Class::Security, Class::AgentLine, Class::Standard];

    /// The time to a person that is promised.
    pub fn target(self) -> Duration {
        Duration::from_secs(match self {
            Class::Priority => 10,
            Class::Security => 30,
            Class::AgentLine => 60,
            Class::Standard => 300,
        })
    }

    /// Extra age in rule (2) of Q1.
    pub fn boost(self) -> Duration {
        ORDINARY_TARGET - self.target()
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Class::Priority => "priority",
            Class::Security => "security",
            Class::AgentLine => "agent_line",
            Class::Standard => "standard",
        }
    }

    pub fn parse(text: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boosts_are_those_of_the_rule() {
        let boosts: Vec<_> = Class::ALL.iter().map(|class| class.boost().as_secs()).collect();
        assert_eq!(boosts, [290, 270, 240, 0]);
    }
}
