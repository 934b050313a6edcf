//! Standing orders (`call/order.rs`) and what supervisors do with callers who wait: move them, raise them.
//!
//! ```text
//!   Order ─▶ in force ── until, or Revoke ─▶ gone          each change is kept in the store, and comes back at a start
//! ```
use super::view::{AnnouncementView, ClosedView, View};
use super::{Action, Outcome, Switchboard};
use crate::call::order::{ANNOUNCEMENT, Order, Ordered, RuleAction, closed_key, rule_key};
use crate::call::{self, Call, Keep};
use crate::class::Class;
use crate::ids::{CallId, QueueName};
use crate::machine::{Instant, Now, Wall};
use crate::number::Number;
use crate::queue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Caller rules by API and command line; more than this is a case for the configuration or the trunk.
pub const ORDERS_MAX: usize = 10_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Orders {
    by_key: BTreeMap<String, Order>,
    /// When the next one ends. Ends are civil times, so this is a guess that is looked at again.
    ends_at: Option<Instant>,
}

impl Orders {
    pub fn deadline(&self) -> Option<Instant> {
        self.ends_at
    }

    /// What people have ordered about this number: the most exact rule that is in force.
    pub fn rule_for(&self, caller: &Number, now: Wall) -> Option<&RuleAction> {
        let first = rule_key("");
        let rules = self.by_key.range(first.clone()..).take_while(|(key, _)| key.starts_with(&first));
        let holding = rules.filter(|(_, order)| order.until.is_none_or(|until| now < until));
        let fitting = holding.filter_map(|(_, order)| match &order.what {
            Ordered::CallerRule { number, action } if caller.matches(number) => Some((number.len(), action)),
            _ => None,
        });
        fitting.max_by_key(|(length, _)| *length).map(|(_, action)| action)
    }

    fn plan(&mut self, now: Now) {
        let ends = self.by_key.values().filter_map(|order| order.until).min();
        self.ends_at = ends.map(|at| {
            now.mono + Duration::from_millis(u64::try_from(at.0.saturating_sub(now.wall.0)).unwrap_or(0))
        });
    }
}

impl Switchboard {
    pub(super) fn give_order(&mut self, order: Order, now: Now, out: &mut Vec<Action>) -> Outcome {
        if let Ordered::Closed { queue } = &order.what
            && !self.pool_of_queue.contains_key(queue)
        {
            return Outcome::NoSuchQueue;
        }
        let key = order.what.key();
        if self.orders.by_key.len() >= ORDERS_MAX && !self.orders.by_key.contains_key(&key) {
            return Outcome::TooManyOrders;
        }
        out.push(Action::Keep(Keep::Order { key: key.clone(), order: Some(Box::new(order.clone())) }));
        self.orders.by_key.insert(key, order.clone());
        self.apply(&order.what, true, now, out);
        self.orders.plan(now);
        Outcome::Done
    }

    pub(super) fn revoke_order(&mut self, key: &str, now: Now, out: &mut Vec<Action>) -> Outcome {
        let Some(order) = self.orders.by_key.remove(key) else { return Outcome::NoSuchOrder };
        out.push(Action::Keep(Keep::Order { key: key.to_string(), order: None }));
        self.apply(&order.what, false, now, out);
        self.orders.plan(now);
        Outcome::Done
    }

    /// Those of the last process, before any input. What has ended meanwhile ends with the first look.
    pub fn restore_orders(&mut self, orders: Vec<Order>, now: Now) {
        let mut nobody_waits = Vec::new();
        for mut order in orders {
            if let Ordered::Withdrawn { arm, version } = &order.what
                && self.flow_version(&arm.flow) != Some(*version)
            {
                // The flow was changed meanwhile.
                order.until = Some(now.wall);
            }
            self.apply(&order.what, true, now, &mut nobody_waits);
            self.orders.by_key.insert(order.what.key(), order);
        }
        self.orders.plan(now);
    }

    pub(super) fn end_orders(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.orders.ends_at.is_none_or(|at| now.mono < at) {
            return;
        }
        let over = |(_, order): &(&String, &Order)| order.until.is_some_and(|until| until <= now.wall);
        let over: Vec<String> = self.orders.by_key.iter().filter(over).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.revoke_order(&key, now, out);
        }
        self.orders.plan(now);
    }

    fn apply(&mut self, what: &Ordered, holds: bool, now: Now, out: &mut Vec<Action>) {
        match what {
            Ordered::Closed { queue } => {
                if let Some(pool) = self.pool_of_queue.get(queue).copied() {
                    let (queue, closed) = (queue.clone(), holds);
                    self.tell_pool(pool, queue::Event::Closed { queue, closed }, now, out);
                }
            }
            Ordered::Announcement { say } => {
                self.settings.rules.announcement = if holds { say.clone() } else { Vec::new() };
                if holds {
                    for call in self.calls.keys().copied().collect::<Vec<_>>() {
                        self.tell_call(call, call::Event::Announce, now, out);
                    }
                }
            }
            Ordered::Withdrawn { arm, version } => self.apply_withdrawal(arm, *version, holds),
            // Asked for at the door.
            Ordered::CallerRule { .. } => {}
        }
    }

    pub fn announcement(&self) -> Option<&Order> {
        self.orders.by_key.get(ANNOUNCEMENT)
    }

    pub fn closure(&self, queue: &str) -> Option<&Order> {
        self.orders.by_key.get(&closed_key(&QueueName::from(queue)))
    }

    /// Of the installation: times that people read are in it.
    pub fn zone(&self) -> &crate::clock::Zone {
        &self.settings.rules.zone
    }

    pub(super) fn show_orders(&self, view: &mut View) {
        let zone = &self.settings.rules.zone;
        let until = |order: &Order| order.until.map(|until| zone.rfc3339(until));
        for queue in &mut view.queues {
            queue.closed = self.closure(&queue.name).map(|order| ClosedView {
                until: until(order),
                reason: order.reason.clone(),
                by: order.by.clone(),
            });
        }
        view.announcement = self.announcement().map(|order| AnnouncementView {
            say: self.settings.rules.announcement.clone(),
            until: until(order),
            reason: order.reason.clone(),
            by: order.by.clone(),
        });
    }

    /// Orders of one kind, by key.
    pub fn orders(&self) -> impl Iterator<Item = (&String, &Order)> {
        self.orders.by_key.iter()
    }

    pub(super) fn move_caller(
        &mut self,
        id: CallId,
        queue: QueueName,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        if !self.pool_of_queue.contains_key(&queue) {
            return Outcome::NoSuchQueue;
        }
        self.tell_waiting(id, call::Event::Move { queue }, now, out)
    }

    pub(super) fn raise_caller(
        &mut self,
        id: CallId,
        class: Class,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Outcome {
        self.tell_waiting(id, call::Event::Raise { class }, now, out)
    }

    fn tell_waiting(&mut self, id: CallId, event: call::Event, now: Now, out: &mut Vec<Action>) -> Outcome {
        match self.calls.get(&id).map(Call::may_be_moved) {
            None => Outcome::NoSuchCall,
            Some(false) => Outcome::NotNow,
            Some(true) => {
                self.tell_call(id, event, now, out);
                Outcome::Done
            }
        }
    }
}
