//! The table of docs/capacity.md: pools of three sizes, three shares of Priority, three loads; each with operators held
//! back, without, and, where the dispatcher says that some are missing, with so many more.
use super::bare;
use super::ledger::Figures;
use super::population::Plan;
use super::report::percent;
use crate::class::Class;
use crate::queue::PoolSettings;
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

const OPERATORS: [u32; 3] = [5, 20, 100];
const PRIORITY: [f64; 3] = [0.05, 0.10, 0.30];
const LOADS: [f64; 3] = [0.85, 0.95, 1.05];
/// Each run is as long as it takes for so many Priority callers: the standard error of a P10 of 95 % is then 0.34 %.
const PRIORITY_CALLERS: f64 = 4_000.0;
/// Alerts that hold for less than this share of the time are chance: the load varies around its mean.
const AT_RISK_MIN: f64 = 0.5;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub operators: u32,
    pub priority_share: f64,
    pub load: f64,
    pub without: Figures,
    pub with: Figures,
    /// How many more the dispatcher asked for, and what they bring.
    pub more: Option<(u32, Figures)>,
}

/// The 27 situations; everything that the table does not vary is the base's.
pub fn situations(base: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for operators in OPERATORS {
        for priority_share in PRIORITY {
            for load in LOADS {
                let plan = Plan { operators, priority_share, load, ..base.clone() };
                let per_hour = plan.arrivals_per_s() * 3600.0 * priority_share;
                let length = Duration::from_secs_f64(PRIORITY_CALLERS / per_hour * 3600.0);
                all.push(Plan { length, ..plan });
            }
        }
    }
    all
}

pub fn run(plan: &Plan, pool: &PoolSettings, whisper: Duration) -> Row {
    let figures = |plan: &Plan| bare::run(pool.clone(), plan, whisper).figures();
    let with = figures(plan);
    let without = figures(&Plan { reserve: Some(0), ..plan.clone() });
    let more = (with.at_risk >= AT_RISK_MIN).then(|| {
        let operators = plan.operators + with.missing;
        // The same callers for more operators.
        let load = plan.load * f64::from(plan.operators) / f64::from(operators);
        (with.missing, figures(&Plan { operators, load, ..plan.clone() }))
    });
    let Plan { operators, priority_share, load, .. } = *plan;
    Row { operators, priority_share, load, without, with, more }
}

/// In Markdown, aligned.
pub fn table(rows: &[Row]) -> String {
    let p10 = |figures: &Figures| percent(figures.class(Class::Priority).and_then(|class| class.p10));
    let security =
        |figures: &Figures| percent(figures.class(Class::Security).and_then(|class| class.service_level));
    let wait = |figures: &Figures| format!("{:.0} s", figures.ordinary_wait_s.unwrap_or(0.0));
    let mut lines = vec![
        ["operators", "Priority", "load", "in 10 s", "without", "held back", "others wait", "without"]
            .iter()
            .chain(&["Security in 30 s", "promise_at_risk", "with +N in 10 s"])
            .map(|cell| cell.to_string())
            .collect::<Vec<String>>(),
    ];
    for row in rows {
        let (asked, reached) = match &row.more {
            Some((more, figures)) => (format!("+{more}"), p10(figures)),
            None => ("-".to_string(), "-".to_string()),
        };
        lines.push(vec![
            row.operators.to_string(),
            format!("{:.0} %", row.priority_share * 100.0),
            format!("{:.2}", row.load),
            p10(&row.with),
            p10(&row.without),
            format!("{:.1}", row.with.reserve_mean),
            wait(&row.with),
            wait(&row.without),
            security(&row.with),
            asked,
            reached,
        ]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "| {cell:>width$} ");
        }
        text.push_str("|\n");
        if n == 0 {
            for width in &widths {
                let _ = write!(text, "|-{}:", "-".repeat(*width));
            }
            text.push_str("|\n");
        }
    }
    text
}
