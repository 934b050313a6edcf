//! The two formulas that call centres are planned with, for the same inputs as a simulation.
//!
//! - Erlang C (M/M/c): everybody waits until he is served. No answer at a load of 1 or more: the queue grows for ever.
//! - Erlang A (M/M/c+M; Palm 1957): callers hang up after an exponential patience.
//!
//! Both know one class, one queue, and operators who are never called in vain: no Priority, no reserve, no phone that
//! rings for nobody. The ring before the answer is no wait to them, it is a part of the service.
use std::time::Duration;

/// States beyond which the probability of a queue that long is left out.
const NEGLIGIBLE: f64 = 1e-12;
/// No queue is looked at beyond this length.
const QUEUE_MAX: usize = 20_000;
/// Steps of the integration over the wait.
const STEPS: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inputs {
    pub arrivals_per_s: f64,
    /// Mean time that a call takes of an operator.
    pub service: Duration,
    pub operators: u32,
}

impl Inputs {
    fn service_s(&self) -> f64 {
        self.service.as_secs_f64()
    }

    /// Offered load in Erlang.
    pub fn erlangs(&self) -> f64 {
        self.arrivals_per_s * self.service_s()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Answer {
    /// Share of callers who have to wait.
    pub waits: f64,
    /// Share who hang up.
    pub hang_up: f64,
    /// Mean wait of everybody.
    pub wait_s: f64,
    /// Share who begin to be served within the asked time.
    pub within: f64,
}

/// `None` when the load is 1 or more.
pub fn erlang_c(inputs: Inputs, within: Duration) -> Option<Answer> {
    let (load, servers) = (inputs.erlangs(), f64::from(inputs.operators));
    if load >= servers {
        return None;
    }
    // Erlang B by its recursion, which does not overflow; C follows from it.
    let blocked = (1..=inputs.operators).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    let waits = blocked / (1.0 - load / servers * (1.0 - blocked));
    let drain = (servers - load) / inputs.service_s();
    Some(Answer {
        waits,
        hang_up: 0.0,
        wait_s: waits / drain,
        within: 1.0 - waits * (-drain * within.as_secs_f64()).exp(),
    })
}

pub fn erlang_a(inputs: Inputs, patience: Duration, within: Duration) -> Answer {
    let servers = inputs.operators as usize;
    let (arrive, serve) = (inputs.arrivals_per_s, 1.0 / inputs.service_s());
    let leave = 1.0 / patience.as_secs_f64();
    // Birth and death: weights relative to the state "all busy, nobody waits".
    let below: f64 = (1..=servers)
        .rev()
        .scan(1.0, |weight, n| {
            *weight *= n as f64 * serve / arrive;
            Some(*weight)
        })
        .sum();
    let mut queue = vec![1.0];
    while let Some(last) = queue.last().copied() {
        let n = queue.len() as f64;
        let weight = last * arrive / (servers as f64 * serve + n * leave);
        if weight < NEGLIGIBLE || queue.len() == QUEUE_MAX {
            break;
        }
        queue.push(weight);
    }
    let all = below + queue.iter().sum::<f64>();
    let length: f64 = queue.iter().enumerate().map(|(n, weight)| n as f64 * weight / all).sum();
    let served = served_within(queue.len(), servers as f64 * serve, leave, within);
    Answer {
        waits: queue.iter().sum::<f64>() / all,
        hang_up: length * leave / arrive,
        wait_s: length / arrive,
        within: (below + queue.iter().zip(&served).map(|(weight, share)| weight * share).sum::<f64>()) / all,
    }
}

/// The probability of being served within a time with 0, 1, 2, … callers before oneself. By the backward equations:
/// the head is served at the rate of all operators; whoever stands before and oneself may leave.
fn served_within(lengths: usize, serve: f64, leave: f64, within: Duration) -> Vec<f64> {
    let mut share = vec![0.0; lengths];
    // Small enough for the fastest rate to stay well below one event a step.
    let fastest = serve + lengths as f64 * leave + leave;
    let steps = STEPS.max((fastest * within.as_secs_f64() * 10.0) as usize);
    let step = within.as_secs_f64() / steps as f64;
    for _ in 0..steps {
        for ahead in (0..lengths).rev() {
            let moves = serve + ahead as f64 * leave;
            let next = if ahead == 0 { 1.0 } else { share[ahead - 1] };
            share[ahead] += step * (moves * (next - share[ahead]) - leave * share[ahead]);
        }
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    /// 20 operators, 240 s, load 0.9: C(20, 18) is 0.5508 in published tables.
    #[test]
    fn erlang_c_agrees_with_the_tables() {
        let inputs =
            Inputs { arrivals_per_s: 18.0 / 240.0, service: Duration::from_secs(240), operators: 20 };
        let answer = erlang_c(inputs, TEN).unwrap();
        assert!((answer.waits - 0.5508).abs() < 0.0005, "{answer:?}");
        assert!((answer.wait_s - answer.waits * 120.0).abs() < 1e-9);
        let overload = Inputs { arrivals_per_s: 21.0 / 240.0, ..inputs };
        assert_eq!(erlang_c(overload, TEN), None);
    }

    #[test]
    fn erlang_a_with_endless_patience_is_erlang_c() {
        let inputs =
            Inputs { arrivals_per_s: 16.0 / 240.0, service: Duration::from_secs(240), operators: 20 };
        let (a, c) =
            (erlang_a(inputs, Duration::from_secs(1_000_000_000), TEN), erlang_c(inputs, TEN).unwrap());
        assert!((a.waits - c.waits).abs() < 1e-4, "{a:?} {c:?}");
        assert!((a.wait_s - c.wait_s).abs() < 0.01);
        assert!((a.within - c.within).abs() < 1e-3);
        assert!(a.hang_up < 1e-6);
    }

    #[test]
    fn under_overload_those_who_hang_up_make_room_for_the_others() {
        let inputs =
            Inputs { arrivals_per_s: 24.0 / 240.0, service: Duration::from_secs(240), operators: 20 };
        let answer = erlang_a(inputs, Duration::from_secs(300), TEN);
        // The operators serve 20 Erlang at most: at least 4 of 24 have to go.
        assert!(answer.hang_up > 4.0 / 24.0 && answer.hang_up < 0.25, "{answer:?}");
        assert!(answer.waits > 0.8 && answer.within < 0.3);
    }
}
