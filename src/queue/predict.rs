//! Foretelling the promise (Q3): what share of Priority callers will wait longer than ten seconds, and what everybody else
//! waits, with `r` operators held back.
//!
//! The pool as a birth-death chain: M/M/c with two ranks and a cut-off (Taylor and Templeton, 1980). A state is the number
//! of operators at work with Priority callers who wait for one (the *phase*) and the number of others who wait (the
//! *level*). Priority takes any operator; others only when more than `r` are ready, security when more than one is.
//!
//! ```text
//!   phase   0 … c−r−1      c−r … c−1              c, c+1 …
//!           nobody waits   others wait            Priority waits too
//!           anybody  ─▶    Priority ─▶            Priority ─▶
//!           ◀─ talks end   ◀─ talks end; at c−r the next of the others takes his place (level − 1)
//! ```
//! A level is left downwards at the phase c−r alone, so one pass upwards solves the chain exactly: the crossings between two
//! levels balance, and inside a level the phases are a tridiagonal system. Callers who give up are the one approximation:
//! their number is right at each level, but all are taken out at the phase c−r.
//!
//! A Priority caller then needs a ready operator (Erlang, if all are at work) *and* somebody to pick up: the first phone, the
//! second at 4 s and the third at 6 s if they find an operator.
use super::measures::PROMISE;
use super::pick_up;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Q3: "whose predicted share of Priority misses is ≤ 5 %".
const MISSES_MAX: f64 = 0.05;
/// What the model says is raised by this before it is compared: rates are known to some 10 %, and a rate that is higher than
/// thought costs more misses than a lower one saves. Measured by `the_promise_is_kept_to_nineteen_of_twenty`: without it
/// 100 operators at 105 % load and 30 % Priority keep 94.9 %, with it 95.6 %.
const RATES_WRONG: f64 = 1.15;
/// The time grid between a Priority caller's arrival and the promise.
const STEP_S: f64 = 0.25;
/// Levels and phases of less than this share of the time are left out.
const NEGLIGIBLE: f64 = 1e-6;
/// A pool with more others waiting than this is lost whatever `r` is.
const LEVELS_MAX: usize = 5000;
/// Priority callers who wait at once, in the chain. Where more are not negligible the promise is lost anyway.
const PRIORITY_WAITING_MAX: usize = 24;
/// So many spreads above zero, the number of others who wait is never zero.
const BACKLOG_SPREADS: f64 = 6.0;
/// Sums are scaled down beyond this, far from the end of `f64`.
const LARGE: f64 = 1e100;

/// What a pool is asked for. Rates are per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Demand {
    pub priority: f64,
    pub security: f64,
    /// Everybody else.
    pub ordinary: f64,
    /// Operator-seconds that one connected call costs: ringing, talk, wrap-up and what failed before.
    pub handling_s: f64,
    /// Of those who are not Priority: the mean time until they give up or `max_wait` ends it.
    pub patience_s: f64,
}

/// How phones answer a Priority caller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Phones {
    /// [`pick_up::PickUp::unanswered`].
    pub unanswered: Vec<f64>,
    /// When another phone is added (Q5).
    pub added: Vec<Duration>,
}

/// What comes of holding back `r`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Outlook {
    /// The share of Priority callers who are not connected within the promise.
    pub misses: f64,
    /// The mean wait of everybody else for an operator, those who give up included.
    pub ordinary_wait_s: f64,
    /// The share of time in which somebody else waits.
    pub backlog: f64,
}

impl Outlook {
    pub fn keeps_the_promise(&self) -> bool {
        keeps_the_promise(self.misses)
    }
}

/// Whether so small a share of misses, as the model says it, keeps the promise.
pub(super) fn keeps_the_promise(misses: f64) -> bool {
    misses * RATES_WRONG <= MISSES_MAX
}

/// A pool of which only the reserve is open.
pub(super) struct Pool {
    servers: u32,
    demand: Demand,
    late: Late,
}

impl Pool {
    pub fn new(servers: u32, demand: &Demand, phones: &Phones) -> Pool {
        let late = Late::new(phones, f64::from(servers) / demand.handling_s, most_waiting(servers, demand));
        Pool { servers, demand: *demand, late }
    }

    pub fn outlook(&self, reserve: u32) -> Outlook {
        let demand = &self.demand;
        if self.servers == 0 {
            return Outlook { misses: 1.0, ordinary_wait_s: demand.patience_s, backlog: 1.0 };
        }
        let chain = Chain::solve(self.servers as usize, reserve.min(self.servers - 1) as usize, demand);
        let others = demand.security + demand.ordinary;
        Outlook {
            misses: chain.misses(&self.late),
            ordinary_wait_s: if others > 0.0 { chain.level_mean / others } else { 0.0 },
            backlog: chain.backlog,
        }
    }
}

/// Q3: "r_max = 0 for c < 3, else ⌈0.15·c⌉, never above c − 1".
pub(super) fn reserve_max(servers: u32, setting: Option<u32>) -> u32 {
    if servers < 3 {
        return 0;
    }
    setting.unwrap_or_else(|| (servers * 15).div_ceil(100)).min(servers - 1)
}

/// The chain's stationary distribution.
struct Chain {
    servers: usize,
    /// Time in each phase, all levels together.
    phases: Vec<f64>,
    level_mean: f64,
    backlog: f64,
}

impl Chain {
    fn solve(servers: usize, reserve: usize, demand: &Demand) -> Chain {
        let (mu, theta) = (1.0 / demand.handling_s, 1.0 / demand.patience_s);
        let cutoff = servers - reserve;
        let top = servers + most_waiting(servers as u32, demand);
        // Security still comes in while more than one is ready.
        let open = |phase: usize| phase + 1 < servers;
        let birth = |phase: usize| match phase {
            phase if phase == top => 0.0,
            phase => demand.priority + if open(phase) { demand.security } else { 0.0 },
        };
        let queued = |phase: usize| demand.ordinary + if open(phase) { 0.0 } else { demand.security };
        let death = |phase: usize| phase.min(servers) as f64 * mu;

        if let Some(chain) = Chain::always_backlog(servers, cutoff, top, birth, demand) {
            return chain;
        }
        // Phases above the cut-off, inside one level: the same tridiagonal system for each, factored once.
        let count = top - cutoff;
        let (mut ratio, mut pivot) = (vec![0.0; count], vec![0.0; count]);
        for row in 0..count {
            let phase = cutoff + 1 + row;
            let below = if row == 0 { 0.0 } else { birth(phase - 1) * ratio[row - 1] };
            pivot[row] = birth(phase) + queued(phase) + death(phase) - below;
            ratio[row] = if phase == top { 0.0 } else { death(phase + 1) / pivot[row] };
        }
        // `level[i]`: phase cutoff + i. Its first entry is given, the rest follows from it and from the level below.
        let up: Vec<f64> = (0..=count).map(|i| queued(cutoff + i)).collect();
        let births: Vec<f64> = (0..=count).map(|i| birth(cutoff + i)).collect();
        let fill = |level: &mut [f64], below: Option<&[f64]>| {
            for row in 0..count {
                let inflow = below.map_or(0.0, |below| up[row + 1] * below[row + 1]);
                level[row + 1] = (inflow + births[row] * level[row]) / pivot[row];
            }
            for row in (0..count.saturating_sub(1)).rev() {
                level[row + 1] += ratio[row] * level[row + 2];
            }
        };
        // The level above nothing, for one unit of time at the cut-off: the lowest level, and a part of every other.
        let mut unit = vec![0.0; count + 1];
        unit[0] = 1.0;
        fill(&mut unit, None);
        let unit_mass: f64 = unit.iter().sum();
        let mut level = unit.clone();

        let mut phases = vec![0.0; top + 1];
        let all = demand.priority + demand.security + demand.ordinary;
        phases[cutoff] = 1.0;
        for phase in (0..cutoff).rev() {
            phases[phase] = if all > 0.0 { phases[phase + 1] * death(phase + 1) / all } else { 0.0 };
        }
        phases[cutoff..].copy_from_slice(&level);
        let mut total: f64 = phases.iter().sum();
        let (mut waiting_mass, mut weighted) = (0.0, 0.0);
        let mut before = level.clone();
        let mut mass_before: f64 = level.iter().sum();
        for q in 1..LEVELS_MAX {
            // As much comes up from the level below as goes down again: served at the cut-off, or given up anywhere.
            let crossing: f64 = before.iter().zip(&up).map(|(time, rate)| time * rate).sum();
            let give_up = theta * q as f64;
            level[0] = 0.0;
            fill(&mut level, Some(&before));
            let come_up: f64 = level.iter().sum();
            let at_cutoff = (crossing - give_up * come_up) / (cutoff as f64 * mu + give_up * unit_mass);
            if at_cutoff <= 0.0 {
                break; // Far above the mean level.
            }
            for (time, unit) in level.iter_mut().zip(&unit) {
                *time += at_cutoff * unit;
            }
            let mass: f64 = level.iter().sum();
            for (phase, time) in phases[cutoff..].iter_mut().zip(&level) {
                *phase += time;
            }
            total += mass;
            waiting_mass += mass;
            weighted += q as f64 * mass;
            if mass <= NEGLIGIBLE * total && mass <= mass_before {
                break;
            }
            if total > LARGE {
                let small = 1.0 / total;
                for value in phases.iter_mut().chain(&mut level) {
                    *value *= small;
                }
                waiting_mass *= small;
                weighted *= small;
                total = 1.0;
                mass_before = mass * small;
            } else {
                mass_before = mass;
            }
            std::mem::swap(&mut before, &mut level);
        }
        for phase in &mut phases {
            *phase /= total;
        }
        Chain { servers, phases, level_mean: weighted / total, backlog: waiting_mass / total }
    }

    /// Far beyond its capacity somebody always waits: the phases are a birth-death chain of their own, and as many give up as
    /// are not served. `None`: now and then nobody waits.
    fn always_backlog(
        servers: usize,
        cutoff: usize,
        top: usize,
        birth: impl Fn(usize) -> f64,
        demand: &Demand,
    ) -> Option<Chain> {
        let mu = 1.0 / demand.handling_s;
        let others = demand.security + demand.ordinary;
        // The level's mean is at most this, with nobody served, and its spread the root of it.
        let waiting_max = others * demand.patience_s;
        if waiting_max <= BACKLOG_SPREADS * BACKLOG_SPREADS {
            return None;
        }
        let mut phases = vec![0.0; top + 1];
        phases[cutoff] = 1.0;
        for phase in cutoff..top {
            phases[phase + 1] =
                phases[phase] * birth(phase) / (phase.saturating_add(1).min(servers) as f64 * mu);
        }
        let total: f64 = phases.iter().sum();
        for phase in &mut phases {
            *phase /= total;
        }
        let busy: f64 = phases.iter().enumerate().map(|(phase, time)| phase.min(servers) as f64 * time).sum();
        let served = busy * mu - demand.priority * (1.0 - phases[top]);
        let level_mean = (others - served) * demand.patience_s;
        let far = level_mean > BACKLOG_SPREADS * waiting_max.sqrt();
        far.then_some(Chain { servers, phases, level_mean, backlog: 1.0 })
    }

    /// A Priority caller sees the chain as it is on average (PASTA).
    fn misses(&self, late: &Late) -> f64 {
        let (ready, all_busy) = self.phases.split_at(self.servers);
        let others_ready = ready.iter().enumerate().map(|(busy, time)| (self.servers - 1 - busy, time));
        let at_once: f64 = others_ready.map(|(others, time)| time * late.with(others)).sum();
        let later: f64 = all_busy.iter().zip(&late.waiting).map(|(time, late)| time * late).sum();
        (at_once + later).clamp(0.0, 1.0)
    }
}

/// So many Priority callers may wait that more are negligible.
fn most_waiting(servers: u32, demand: &Demand) -> usize {
    let load = demand.priority * demand.handling_s / f64::from(servers);
    if load <= 0.0 {
        return 1;
    }
    let enough = NEGLIGIBLE.ln() / load.min(0.99).ln();
    (enough.ceil() as usize).clamp(2, PRIORITY_WAITING_MAX)
}

/// The chance of not being connected within the promise.
struct Late {
    /// By the number of further operators who are ready when the first phone rings.
    ready: Vec<f64>,
    /// For the first, second, … of those who wait for a talk to end.
    waiting: Vec<f64>,
}

impl Late {
    /// Talks that end per second while all are at work, and how many may wait at most.
    fn new(phones: &Phones, completions: f64, most_waiting: usize) -> Late {
        let steps = (PROMISE.as_secs_f64() / STEP_S) as usize;
        let unanswered: Vec<f64> =
            (0..=steps).map(|step| pick_up::at(&phones.unanswered, step as f64 * STEP_S)).collect();
        let added: Vec<usize> =
            phones.added.iter().map(|after| (after.as_secs_f64() / STEP_S) as usize).collect();
        let ended = |steps: usize| 1.0 - (-completions * steps as f64 * STEP_S).exp();
        // A phone that is added at `after`, or when the next operator is ready.
        let next = |left: usize, after: usize| {
            if after >= left {
                return 1.0;
            }
            let mut sum = ended(after) * unanswered[left - after];
            for step in after..left {
                let middle = (unanswered[left - step] + unanswered[left - step - 1]) / 2.0;
                sum += (ended(step + 1) - ended(step)) * middle;
            }
            sum + 1.0 - ended(left)
        };
        let with = |others: usize, left: usize| {
            let mut late = unanswered[left];
            for (n, after) in added.iter().enumerate() {
                late *= match n {
                    n if n < others => unanswered[left.saturating_sub(*after)],
                    n if n == others => next(left, *after),
                    _ => 1.0,
                };
            }
            late
        };
        // With nobody else ready, by the steps that are left when the first phone rings.
        let alone: Vec<f64> = (0..=steps).map(|left| with(0, left)).collect();
        Late {
            ready: (0..=added.len()).map(|others| with(others, steps)).collect(),
            waiting: after_completions(&alone, completions, most_waiting + 1),
        }
    }

    fn with(&self, others_ready: usize) -> f64 {
        let most = self.ready.len() - 1;
        self.ready[others_ready.min(most)]
    }
}

/// The chance of being late behind nobody, one, … who wait for a talk to end, too.
fn after_completions(alone: &[f64], completions: f64, count: usize) -> Vec<f64> {
    let steps = alone.len() - 1;
    // Not enough talks have ended by each step: the Poisson sum, one term more for each place in the row.
    let mut not_yet: Vec<f64> = vec![0.0; steps + 1];
    let mut term: Vec<f64> = (0..=steps).map(|step| (-completions * step as f64 * STEP_S).exp()).collect();
    let late = (0..count).map(|place| {
        for (step, (sum, term)) in not_yet.iter_mut().zip(&mut term).enumerate() {
            if place > 0 {
                *term *= completions * step as f64 * STEP_S / place as f64;
            }
            *sum += *term;
        }
        let mut late = not_yet[steps];
        for step in 0..steps {
            let middle = (alone[steps - step] + alone[steps - step - 1]) / 2.0;
            late += (not_yet[step] - not_yet[step + 1]) * middle;
        }
        late
    });
    late.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(servers: u32, reserve: u32, demand: &Demand, phones: &Phones) -> Outlook {
        Pool::new(servers, demand, phones).outlook(reserve)
    }

    /// 20 operators, 240 s, 10 % Priority, 95 % load: the design's reference.
    fn reference() -> Demand {
        let all = 0.95 * 20.0 / 240.0;
        Demand { priority: 0.1 * all, security: 0.0, ordinary: 0.9 * all, handling_s: 240.0, patience_s: 1e7 }
    }

    fn instant() -> Phones {
        Phones {
            unanswered: vec![1.0, 0.0, 0.0],
            added: vec![Duration::from_secs(4), Duration::from_secs(6)],
        }
    }

    fn people() -> Phones {
        Phones { unanswered: pick_up::PickUp::default().unanswered(), ..instant() }
    }

    /// P(all c at work) of M/M/c with `load` Erlang.
    fn erlang_c(servers: u32, load: f64) -> f64 {
        let mut blocked = 1.0;
        for n in 1..=servers {
            blocked = load * blocked / (f64::from(n) + load * blocked);
        }
        let used = load / f64::from(servers);
        blocked / (1.0 - used * (1.0 - blocked))
    }

    #[test]
    fn with_nobody_held_back_it_is_the_formula_of_the_rule() {
        // P(W > t) = C(c, a)·e^(−(cμ−λp)t)
        let demand = reference();
        let bound = erlang_c(20, 19.0) * (-(20.0 / 240.0 - demand.priority) * 9.75f64).exp();
        let got = outlook(20, 0, &demand, &instant()).misses;
        assert!((got - bound).abs() < 0.01, "{got} {bound}");
    }

    #[test]
    fn the_figures_are_the_designs() {
        let kept = |reserve| 1.0 - outlook(20, reserve, &reference(), &instant()).misses;
        assert!((kept(0) - 0.64).abs() < 0.01, "{}", kept(0));
        assert!((kept(1) - 0.945).abs() < 0.015, "{}", kept(1));
        assert!(kept(2) > 0.98, "{}", kept(2));
        // Without patience two held back would let the others wait for ever; with it their wait about doubles.
        let wait = |reserve| {
            let demand = Demand { patience_s: 900.0, ..reference() };
            outlook(20, reserve, &demand, &instant()).ordinary_wait_s
        };
        assert!((1.8..2.2).contains(&(wait(2) / wait(0))), "{} {}", wait(0), wait(2));
    }

    #[test]
    fn more_held_back_is_never_worse_for_priority_nor_better_for_others() {
        for servers in [3, 5, 20, 100] {
            for load in [0.5, 0.85, 0.95, 1.05, 1.5] {
                for share in [0.05, 0.3] {
                    let all = load * f64::from(servers) / 240.0;
                    let demand = Demand {
                        priority: share * all,
                        security: 0.1 * all,
                        ordinary: (0.9 - share) * all,
                        handling_s: 240.0,
                        patience_s: 300.0,
                    };
                    let most = reserve_max(servers, None);
                    let looks: Vec<_> = (0..=most).map(|r| outlook(servers, r, &demand, &people())).collect();
                    for pair in looks.windows(2) {
                        assert!(
                            pair[1].misses <= pair[0].misses + 1e-9,
                            "{servers} {load} {share} {looks:?}"
                        );
                        assert!(
                            pair[1].ordinary_wait_s >= pair[0].ordinary_wait_s,
                            "{servers} {load} {share}"
                        );
                    }
                }
            }
        }
    }

    /// The same chain without the one approximation, by plain iteration.
    fn iterated(servers: usize, reserve: usize, demand: &Demand) -> (Vec<f64>, f64) {
        let (mu, theta) = (1.0 / demand.handling_s, 1.0 / demand.patience_s);
        let (cutoff, top, levels) = (servers - reserve, servers + 6, 40);
        let mut time = vec![vec![1.0 / (levels * top) as f64; top + 1]; levels + 1];
        let step = 0.9 / (servers as f64 * mu + demand.priority + demand.ordinary + levels as f64 * theta);
        for _ in 0..2_000 {
            let mut next = time.clone();
            for q in 0..=levels {
                for n in 0..=top {
                    let mut flow = |to_q: usize, to_n: usize, rate: f64| {
                        next[q][n] -= time[q][n] * rate * step;
                        next[to_q][to_n] += time[q][n] * rate * step;
                    };
                    if q > 0 && n < cutoff {
                        continue;
                    }
                    if n < top {
                        flow(q, n + 1, demand.priority);
                    }
                    match n < cutoff {
                        true => flow(q, n + 1, demand.ordinary),
                        false if q < levels => flow(q + 1, n, demand.ordinary),
                        false => {}
                    }
                    if q > 0 {
                        flow(q - 1, n, theta * q as f64);
                    }
                    match (n, q) {
                        (0, _) => {}
                        (n, q) if n == cutoff && q > 0 => flow(q - 1, n, n as f64 * mu),
                        (n, q) => flow(q, n - 1, n.min(servers) as f64 * mu),
                    }
                }
            }
            time = next;
        }
        let reachable: f64 = time
            .iter()
            .enumerate()
            .map(|(q, level)| level[if q > 0 { cutoff } else { 0 }..].iter().sum::<f64>())
            .sum();
        let phase = |n: usize| {
            time.iter()
                .enumerate()
                .filter(|(q, _)| *q == 0 || n >= cutoff)
                .map(|(_, level)| level[n])
                .sum::<f64>()
                / reachable
        };
        let backlog: f64 = time[1..].iter().map(|level| level[cutoff..].iter().sum::<f64>()).sum();
        ((0..=top).map(phase).collect(), backlog / reachable)
    }

    #[test]
    fn one_pass_upwards_solves_the_chain() {
        for load in [0.95, 1.05] {
            let all = load * 5.0 / 24.0;
            let demand = Demand {
                priority: 0.2 * all,
                security: 0.0,
                ordinary: 0.8 * all,
                handling_s: 24.0,
                patience_s: 30.0,
            };
            let chain = Chain::solve(5, 1, &demand);
            let (phases, backlog) = iterated(5, 1, &demand);
            assert!((chain.backlog - backlog).abs() < 0.015, "{} {backlog}", chain.backlog);
            for (n, (got, want)) in chain.phases.iter().zip(&phases).enumerate() {
                assert!((got - want).abs() < 0.005, "{load}: phase {n}: {got} for {want}");
            }
        }
    }

    #[test]
    fn far_beyond_its_capacity_the_chain_is_that_of_those_who_always_wait() {
        let demand = |load: f64| Demand {
            priority: 0.1 * load / 12.0,
            security: 0.05 * load / 12.0,
            ordinary: 0.85 * load / 12.0,
            handling_s: 240.0,
            patience_s: 300.0,
        };
        // On both sides of the border between the two ways to reckon.
        let mut before = outlook(20, 2, &demand(1.5), &people());
        for step in 0..150 {
            let now = outlook(20, 2, &demand(1.5 + f64::from(step) * 0.01), &people());
            assert!((now.misses - before.misses).abs() < 0.005, "{step} {before:?} {now:?}");
            let rise = now.ordinary_wait_s / before.ordinary_wait_s;
            assert!((1.0..1.02).contains(&rise), "{step} {before:?} {now:?}");
            before = now;
        }
        assert_eq!(before.backlog, 1.0);
    }

    #[test]
    fn two_operators_are_never_held_back() {
        assert_eq!([0, 1, 2, 3, 5, 7, 20, 100].map(|c| reserve_max(c, None)), [0, 0, 0, 1, 1, 2, 3, 15]);
        assert_eq!(reserve_max(5, Some(9)), 4);
        assert_eq!(reserve_max(2, Some(9)), 0);
        assert_eq!(reserve_max(20, Some(0)), 0);
    }
}
