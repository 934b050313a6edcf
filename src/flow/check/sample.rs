//! A moment and a caller on which expressions are tried.
use crate::clock::Civil;
use crate::flow::event::Facts;
use crate::flow::expression::Scope;
use crate::flow::vars::Vars;
use crate::say::Language;

pub fn scope<'a>(vars: &'a Vars, settings: &'a Vars, facts: &'a Facts) -> Scope<'a> {
    Scope {
        vars,
        settings,
        facts,
        language: Language::Ru,
        now: Civil { year: 2026, month: 11, day: 22, weekday: 7, hour: 23, minute: 10, second: 0 },
        position: 3,
        expected_wait_s: 120,
        callback: true,
    }
}
