//! Who may do what: the roles of people and programs.
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What a person or a program may do. Each role includes those before it, but `Api` is apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Supervisor,
    Admin,
    /// A program with a token.
    Api,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Viewer, Role::Operator, Role::Supervisor, Role::Admin, Role::Api];

    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
            Role::Api => "api",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a token is narrowed to, beside its role: `area:read` and `area:write`, where the area is the first part of a
/// route's path (`calls:read`, `tickets:write`). `None`: everything that the role may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(pub Option<BTreeSet<String>>);

impl Scopes {
    pub fn all() -> Scopes {
        Scopes(None)
    }

    /// Whoever may write an area may read it.
    pub fn allow(&self, area: &str, writes: bool) -> bool {
        let Some(scopes) = &self.0 else { return true };
        scopes.contains(&format!("{area}:write")) || (!writes && scopes.contains(&format!("{area}:read")))
    }

    /// Whether somebody with these may hand out those.
    pub fn include(&self, others: &Scopes) -> bool {
        match (&self.0, &others.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(others)) => others.iter().all(|scope| match scope.split_once(':') {
                Some((area, what)) => self.allow(area, what == "write"),
                None => false,
            }),
        }
    }
}

/// Somebody who has signed in, or a program behind its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub role: Role,
    /// Nothing is allowed but changing the password.
    pub must_change: bool,
    /// A program's token may be narrower than its role; a person's session never is.
    pub scopes: Scopes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_by_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("king"), None);
    }

    #[test]
    fn who_may_write_may_read_and_nobody_hands_out_more_than_he_has() {
        let scopes = |list: &[&str]| Scopes(Some(list.iter().map(|scope| scope.to_string()).collect()));
        let mine = scopes(&["tickets:write", "calls:read"]);
        assert!(mine.allow("tickets", true) && mine.allow("tickets", false) && mine.allow("calls", false));
        assert!(!mine.allow("calls", true) && !mine.allow("users", false));
        assert!(mine.include(&scopes(&["tickets:read", "calls:read"])));
        assert!(!mine.include(&scopes(&["calls:write"])) && !mine.include(&Scopes::all()));
        assert!(Scopes::all().include(&mine) && Scopes::all().allow("users", true));
    }
}
