//! A run's figures as people read them.
use super::erlang::{self, Inputs};
use super::ledger::{ClassFigures, Figures};
use super::population::Plan;
use std::fmt::Write;
use std::time::Duration;

const PROMISE: Duration = Duration::from_secs(10);

/// What was simulated, in a sentence or two.
pub fn heading(plan: &Plan, seeds: u64) -> String {
    let mut text = format!(
        "{} operators, load {:.2}: {:.0} calls an hour of {:.0} s (pick-up {:.0}, talk {:.0}, wrap-up {:.0})",
        plan.operators,
        plan.load,
        plan.arrivals_per_s() * 3600.0,
        plan.busy().as_secs_f64(),
        (plan.busy() - plan.handling).as_secs_f64(),
        plan.talk().as_secs_f64(),
        plan.wrap_up.as_secs_f64(),
    );
    if !plan.profile.is_flat() {
        text.push_str(" in the busiest hour");
    }
    let hours = plan.length.as_secs_f64() / 3600.0;
    let runs = if seeds == 1 { String::new() } else { format!(" × {seeds}") };
    let _ = write!(
        text,
        "\n{:.0} % Priority, {:.0} % Security, {:.0} % of rings not answered, patience {}; {hours:.0} h{runs}, seed {}\n",
        plan.priority_share * 100.0,
        plan.security_share * 100.0,
        plan.no_answer * 100.0,
        plan.patience.map_or("without end".to_string(), |mean| format!("{:.0} s", mean.as_secs_f64())),
        plan.seed,
    );
    text
}

/// Classes as rows.
pub fn table(figures: &Figures) -> String {
    let mut text = format!(
        "{:<11}{:>9}{:>11}{:>17}{:>9}{:>11}{:>11}{:>10}{:>7}\n",
        "class", "offered", "in 10 s", "in target", "ASA", "mean wait", "95 % wait", "hung up", "exits"
    );
    for class in &figures.classes {
        let ClassFigures { offered, hung_up, exits, .. } = class;
        let target = format!("{} ({:>3} s)", percent(class.service_level), class.target_s);
        let _ = writeln!(
            text,
            "{:<11}{offered:>9}{:>11}{target:>17}{:>9}{:>11}{:>11}{:>10}{exits:>7}",
            class.class.as_str(),
            percent(class.p10),
            seconds(class.asa_s),
            seconds(class.wait_mean_s),
            seconds(class.wait_95_s),
            percent(Some(*hung_up as f64 / (*offered).max(1) as f64)),
        );
    }
    let _ = writeln!(
        text,
        "operators busy {}; held back for Priority {:.1} on average, {} at most",
        percent(Some(figures.occupancy)),
        figures.reserve_mean,
        figures.reserve_max
    );
    if figures.at_risk > 0.0 {
        let _ = writeln!(
            text,
            "promise_at_risk {} of the time, as a rule with +{} operators missing",
            percent(Some(figures.at_risk)),
            figures.missing
        );
    }
    text
}

/// What holding back costs the others.
pub fn price(with: &Figures, without: &Figures) -> String {
    let p10 = |figures: &Figures| figures.class(crate::class::Class::Priority).and_then(|class| class.p10);
    let waits = |figures: &Figures| figures.ordinary_wait_s.unwrap_or(0.0);
    format!(
        "the price: Priority in 10 s {} instead of {}; everybody else waits {:.1} s instead of {:.1} s ({:+.1} s)\n",
        percent(p10(with)),
        percent(p10(without)),
        waits(with),
        waits(without),
        waits(with) - waits(without),
    )
}

/// What the two formulas say of the same load.
pub fn formulas(plan: &Plan) -> String {
    let inputs =
        Inputs { arrivals_per_s: plan.arrivals_per_s(), service: plan.busy(), operators: plan.operators };
    let mut text = format!(
        "formulas for {:.1} Erlang on {} operators, one class, nobody preferred:\n",
        inputs.erlangs(),
        plan.operators
    );
    let line = |name: &str, answer: erlang::Answer| {
        format!(
            "  {name}  {} have to wait, {:.1} s on average; {} are answered in 10 s; {} hang up\n",
            percent(Some(answer.waits)),
            answer.wait_s,
            percent(Some(answer.within)),
            percent(Some(answer.hang_up))
        )
    };
    match erlang::erlang_c(inputs, PROMISE) {
        Some(answer) => text.push_str(&line("Erlang C", answer)),
        None => text.push_str("  Erlang C  no answer: at a load of 1 or more its queue grows for ever\n"),
    }
    if let Some(patience) = plan.patience {
        text.push_str(&line("Erlang A", erlang::erlang_a(inputs, patience, PROMISE)));
    }
    text
}

pub fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_string(), |share| format!("{:.1} %", share * 100.0))
}

fn seconds(value: Option<f64>) -> String {
    value.map_or("-".to_string(), |value| format!("{value:.1} s"))
}
